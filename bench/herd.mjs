// N jobs due at the same instant, each an HTTP POST to a local sink, against peers by turns. Usage: node bench/herd.mjs
// [--sizes 1000,10000] [--repeat 3] [--idle 1000000] [--only carillon,carillon-redis,carillon-idle,bullmq-delayed,bullmq-schedulers,graphile-worker,cron] [--quick] [--json]
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { NAMES, registerAhead, startContestants } from './support/contestants.mjs';
import { cpuBetween, cpuOf, medianOfParts } from './support/cpu.mjs';
import { listOption, numberOption } from './support/options.mjs';
import { against, below, cpuRow, none, progress, QUICK, report } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { median, percentiles } from './support/statistics.mjs';

const SIZES = listOption('sizes', QUICK ? ['300'] : ['1000', '10000']).map(Number);
const REPEAT = numberOption('repeat', QUICK ? 1 : 3);
const IDLE = numberOption('idle', QUICK ? 0 : 1_000_000);
const ONLY = listOption('only', Object.keys(NAMES)).filter((name) => IDLE > 0 || name !== 'carillon-idle');

/** By size: what was asked for. Ratios: of the largest lateness to that of a peer. */
const GOALS = {
  1000: { maxMs: 200, plannedMs: null, ratios: { 'graphile-worker': 1, 'bullmq-delayed': 1, 'bullmq-schedulers': 1 } },
  10000: { maxMs: 700, plannedMs: 250, ratios: { 'graphile-worker': 0.7, 'bullmq-delayed': 0.5 } },
};

await onStage(async (stage) => {
  const sink = await new Sink().start(stage);
  const { contestants, pids } = await startContestants(stage, ONLY, sink, { idleJobs: IDLE });
  let herds = 0;
  /** One herd of one contestant; `round` 0 warms up what has not run yet. */
  const runOne = async (contestant, size, round) => {
    herds += 1;
    const names = Array.from({ length: size }, (_, n) => `herd-${process.pid}-${herds}-${n}`);
    await sink.clear();
    const { atMs, ids } = await registerAhead(contestant, size, 500, (at) => contestant.herd({ names, atMs: at }));
    const planningBefore = await contestant.planningSoFar?.();
    await waitUntil(atMs - 300);
    const before = await cpuOf({ ...pids, process: contestant.pid });
    await sink.waitFor(size, 60_000 + size * 3);
    const notRecorded = contestant.isOurs ? await contestant.notRecorded(size, atMs, atMs) : 0;
    const cpu = cpuBetween(before, await cpuOf({ ...pids, process: contestant.pid }));
    const calls = await sink.calls();
    const { p50, p99, max } = percentiles(latenessesOf(calls));
    const result = {
      ...{ p50, p99, max, cpu, notRecorded, memoryMb: await contestant.memoryMb() },
      ...{ account: account(calls, occurrencesOf(ids, [atMs])) },
      ...(contestant.isOurs && { plannedMs: await plannedAfter(contestant, planningBefore, atMs) }),
    };
    progress(
      `${size} due at once, ${round === 0 ? 'to warm up' : `round ${round}`}: ${contestant.name}: p50 ${p50.toFixed(0)}, last ${max.toFixed(0)} ms`,
    );
    await contestant.clear();
    return result;
  };

  for (const contestant of QUICK ? [] : contestants) await runOne(contestant, Math.max(...SIZES), 0);
  for (const size of SIZES) {
    const results = new Map(contestants.map((contestant) => [contestant.key, []]));
    for (let round = 1; round <= REPEAT; round += 1) {
      for (const contestant of contestants) results.get(contestant.key).push(await runOne(contestant, size, round));
    }
    const idle = results.has('carillon-idle') ? `, of which one beside ${IDLE.toLocaleString('en')} idle ones` : '';
    report(`Herd: ${size} jobs due at once, median of ${REPEAT} rounds by turns${idle}`, rowsOf(size, results));
  }
});

/** The ledger says when the last batch was begun; how long one takes is known on the mean only. */
async function plannedAfter(contestant, before, atMs) {
  const after = await contestant.planningSoFar();
  const { rows } = await contestant.pool.query(
    'SELECT extract(epoch FROM max(created_at) - $1::timestamptz) * 1000 AS ms FROM runs WHERE scheduled_for = $1::timestamptz',
    [new Date(atMs).toISOString()],
  );
  return Number(rows[0].ms) + (after.ms - before.ms) / (after.batches - before.batches);
}

function rowsOf(size, results) {
  const goals = GOALS[size] ?? { maxMs: null, plannedMs: null, ratios: {} };
  const of = (key, member) => median(results.get(key).map((result) => result[member]));
  const keys = [...results.keys()];
  const rows = [];
  for (const key of keys) {
    const name = NAMES[key];
    const isOurs = key.startsWith('carillon');
    if (isOurs) rows.push(limited(`${name}: all planned after`, of(key, 'plannedMs'), goals.plannedMs));
    rows.push({ figure: `${name}: lateness p50`, value: of(key, 'p50'), unit: 'ms' });
    rows.push({ figure: `${name}: p99`, value: of(key, 'p99'), unit: 'ms' });
    const last = limited(`${name}: last`, of(key, 'max'), isOurs ? goals.maxMs : null);
    rows.push(last);
    if (key === 'carillon-idle' && results.has('carillon')) {
      rows.push(against(last, 'without them', of('carillon', 'max'), 1.1));
    }
    if (key === 'carillon' || key === 'carillon-redis') {
      for (const peer of keys.filter((other) => !other.startsWith('carillon'))) {
        rows.push(
          against(
            { ...last, goal: undefined, goalText: undefined },
            NAMES[peer],
            of(peer, 'max'),
            goals.ratios[peer] ?? null,
          ),
        );
      }
    }
    rows.push({ figure: `${name}: memory`, value: of(key, 'memoryMb'), unit: 'MB' });
    rows.push(cpuRow(`${name}: CPU`, medianOfParts(results.get(key).map(({ cpu }) => cpu))));
    const sum = (member) => results.get(key).reduce((total, result) => total + result.account[member], 0);
    const lost = [
      none(`${name}: missing`, sum('missing')),
      none(
        `${name}: doubled, repeated, early or stray`,
        sum('doubled') + sum('repeated') + sum('early') + sum('stray'),
      ),
    ];
    if (isOurs) {
      const notRecorded = results.get(key).reduce((total, result) => total + result.notRecorded, 0);
      rows.push(...lost, none(`${name}: not recorded as succeeded`, notRecorded));
    } else rows.push(...lost.map(({ figure, value }) => ({ figure, value })));
  }
  return rows;
}

function limited(figure, value, limitMs) {
  return limitMs === null ? { figure, value, unit: 'ms' } : below(figure, value, 'ms', limitMs);
}

function waitUntil(epochMs) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, epochMs - Date.now())));
}
