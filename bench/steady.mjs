// So many jobs that fire every second, against peers by turns, and the highest rate that Carillon keeps up with. Usage: node bench/steady.mjs
// [--rate 1000] [--seconds 60] [--repeat 3] [--only carillon,carillon-redis,bullmq-delayed,bullmq-schedulers,graphile-worker,cron] [--search on|off|only] [--quick] [--json]
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { NAMES, registerAhead, startContestants } from './support/contestants.mjs';
import { cpuBetween, cpuOf, medianOfParts } from './support/cpu.mjs';
import { listOption, numberOption, textOption } from './support/options.mjs';
import { against, atLeast, below, cpuRow, none, progress, QUICK, report } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { median, percentiles } from './support/statistics.mjs';

const RATE = numberOption('rate', QUICK ? 50 : 1_000);
const SECONDS = numberOption('seconds', QUICK ? 2 : 60);
const REPEAT = numberOption('repeat', QUICK ? 1 : 3);
const SHORT = ['carillon', 'carillon-redis', 'bullmq-schedulers', 'graphile-worker'];
const ALL = Object.keys(NAMES).filter((name) => name !== 'carillon-idle');
const ONLY = listOption('only', QUICK ? SHORT : ALL);
const SEARCH = textOption('search', QUICK ? 'off' : 'on');
const SEARCH_SECONDS = numberOption('search-seconds', 10);
const KEEPS_UP_BELOW_MS = 1_000;
const SEARCH_BOUNDS = { from: 1_000, to: 64_000, toWithin: 1.1 };
const GOALS = { p50Ms: 50, p99Ms: 120, highestRate: 5_000 };

await onStage(async (stage) => {
  const sink = await new Sink().start(stage);
  const names = SEARCH === 'only' ? ONLY.filter((name) => name.startsWith('carillon')) : ONLY;
  const { contestants, pids } = await startContestants(stage, names, sink);
  const scene = { sink, pids, turn: 0 };
  for (const contestant of QUICK ? [] : contestants) await fire(scene, contestant, { rate: RATE, seconds: 5 });
  if (SEARCH !== 'only') await race(scene, contestants);
  if (SEARCH === 'off') return;
  for (const contestant of contestants.filter(({ isOurs }) => isOurs)) await search(scene, contestant);
});

/** `rate` jobs, each due at every whole second for so long: the worst way to spread them, and the only one that all know. */
async function fire(scene, contestant, { rate, seconds }) {
  const { sink, pids } = scene;
  scene.turn += 1;
  const names = Array.from({ length: rate }, (_, n) => `steady-${process.pid}-${scene.turn}-${n}`);
  const beforehand = ['bullmq-delayed', 'graphile-worker'].includes(contestant.key);
  const occurrences = beforehand ? rate * seconds : rate; // those to register
  await sink.clear();
  const lastOf = (firstMs) => firstMs + (seconds - 1) * 1_000;
  const { atMs: firstMs, ids } = await registerAhead(contestant, occurrences, 1_000, (at) =>
    contestant.everySecond({ names, firstMs: at, lastMs: lastOf(at) }),
  );
  const lastMs = lastOf(firstMs);
  await new Promise((resolve) => setTimeout(resolve, firstMs - 300 - Date.now()));
  const before = await cpuOf({ ...pids, process: contestant.pid });
  await new Promise((resolve) => setTimeout(resolve, lastMs + 900 - Date.now()));
  const cpu = cpuBetween(before, await cpuOf({ ...pids, process: contestant.pid }));
  await sink.waitFor(rate * seconds, 3_000 + seconds * 1_000);
  const notRecorded = contestant.isOurs ? await contestant.notRecorded(rate * seconds, firstMs, lastMs) : 0;
  const instants = Array.from({ length: seconds }, (_, n) => firstMs + n * 1_000);
  const calls = await sink.calls();
  const result = {
    ...percentiles(latenessesOf(calls)),
    ...{ cpu, notRecorded, memoryMb: await contestant.memoryMb() },
    account: account(calls, occurrencesOf(ids, instants)),
  };
  await contestant.clear();
  return result;
}

async function race(scene, contestants) {
  const results = new Map(contestants.map(({ key }) => [key, []]));
  for (let round = 1; round <= REPEAT; round += 1) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${REPEAT}: ${contestant.name}, ${RATE} fires a second for ${SECONDS} s`);
      const result = await fire(scene, contestant, { rate: RATE, seconds: SECONDS });
      progress(`p50 ${result.p50.toFixed(0)}, p99 ${result.p99.toFixed(0)}, last ${result.max.toFixed(0)} ms`);
      results.get(contestant.key).push(result);
    }
  }
  const rows = [...results].flatMap(([key, rounds]) => rowsOf(key, rounds, results));
  report(`Steady: ${RATE} fires a second for ${SECONDS} s, median of ${REPEAT} rounds by turns`, rows);
}

function rowsOf(key, rounds, results) {
  const name = NAMES[key];
  const isOurs = key.startsWith('carillon');
  const of = (member, which = rounds) => median(which.map((round) => round[member]));
  const p99 = { figure: `${name}: p99`, value: of('p99'), unit: 'ms' };
  const rows = isOurs
    ? [
        below(`${name}: lateness p50`, of('p50'), 'ms', GOALS.p50Ms),
        below(`${name}: p99`, of('p99'), 'ms', GOALS.p99Ms),
        ...[...results]
          .filter(([peer]) => !peer.startsWith('carillon'))
          .map(([peer, theirs]) => against(p99, NAMES[peer], of('p99', theirs), peer === 'graphile-worker' ? 1 : null)),
      ]
    : [{ figure: `${name}: lateness p50`, value: of('p50'), unit: 'ms' }, p99];
  rows.push({ figure: `${name}: last`, value: of('max'), unit: 'ms' });
  rows.push({ figure: `${name}: memory`, value: of('memoryMb'), unit: 'MB' });
  rows.push(cpuRow(`${name}: CPU`, medianOfParts(rounds.map(({ cpu }) => cpu)), { overSeconds: SECONDS }));
  const sum = (member) => rounds.reduce((total, round) => total + round.account[member], 0);
  const faults = [
    none(`${name}: missing`, sum('missing')),
    none(`${name}: doubled, repeated or early`, sum('doubled') + sum('repeated') + sum('early')),
  ];
  if (!isOurs) return [...rows, ...faults.map(({ figure, value }) => ({ figure, value }))];
  const notRecorded = rounds.reduce((total, round) => total + round.notRecorded, 0);
  return [...rows, ...faults, none(`${name}: not recorded as succeeded`, notRecorded)];
}

/** The highest rate at which 99 of 100 calls come within a second and none is missing: doubled until it fails, then halved in. */
async function search(scene, contestant) {
  let kept = null;
  let lostAt = SEARCH_BOUNDS.to;
  let [missing, doubled] = [0, 0];
  for (let rate = SEARCH_BOUNDS.from; rate < lostAt && lostAt / (kept?.rate ?? 1) > SEARCH_BOUNDS.toWithin;) {
    const result = await fire(scene, contestant, { rate, seconds: SEARCH_SECONDS });
    missing += result.account.missing;
    doubled += result.account.doubled + result.account.repeated + result.account.early;
    const keepsUp = result.p99 < KEEPS_UP_BELOW_MS && result.account.missing === 0;
    progress(
      `${contestant.name}: ${rate} fires a second: p99 ${result.p99.toFixed(0)} ms, ${keepsUp ? 'kept up' : 'too many'}`,
    );
    if (keepsUp) kept = { rate, result };
    else lostAt = rate;
    const top = lostAt === SEARCH_BOUNDS.to;
    rate = Math.round((top ? rate * 2 : ((kept?.rate ?? rate / 2) + lostAt) / 2) / 100) * 100;
  }
  const name = contestant.name;
  report(`${name}: the highest rate with p99 < ${KEEPS_UP_BELOW_MS} ms, in runs of ${SEARCH_SECONDS} s`, [
    atLeast('fires a second', kept?.rate ?? 0, '', GOALS.highestRate),
    { figure: 'lateness p50 there', value: kept?.result.p50 ?? NaN, unit: 'ms' },
    { figure: 'p99 there', value: kept?.result.p99 ?? NaN, unit: 'ms' },
    ...(kept === null ? [] : [cpuRow('CPU there', kept.result.cpu, { overSeconds: SEARCH_SECONDS })]),
    none('missing, at the rates that were too many too', missing),
    none('doubled, repeated or early', doubled),
  ]);
}
