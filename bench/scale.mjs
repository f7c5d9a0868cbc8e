// A million registered jobs: start-up, memory, idle CPU, and the lateness of due jobs beside them, by turns with few. Usage: node bench/scale.mjs
// [--jobs 1000000] [--repeat 3] [--idle-seconds 15] [--quick] [--json]
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { everySecond } from './support/contestants.mjs';
import { cpuBetween, cpuOf, postmasterPid, usage } from './support/cpu.mjs';
import { createJobs, seedIdleJobs } from './support/jobs.mjs';
import { numberOption } from './support/options.mjs';
import { against, below, cpuRow, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { median, percentiles } from './support/statistics.mjs';

const MANY = numberOption('jobs', QUICK ? 5_000 : 1_000_000);
const FEW = 1_000;
const REPEAT = numberOption('repeat', QUICK ? 1 : 3);
const DUE_SECONDS = QUICK ? 2 : 10;
const DUE_JOBS = 20;
const IDLE_SECONDS = numberOption('idle-seconds', QUICK ? 1 : 15);
const GOALS = { readyMs: 3_000, memoryMb: 250, cpuPercent: 1 };

await onStage(async (stage) => {
  const serverUrl = await stage.postgres();
  const sink = await new Sink().start(stage);
  const pids = { postgres: await postmasterPid(stage.pool(serverUrl)), sink: sink.pid };
  const few = { jobs: FEW, databaseUrl: await stage.database(serverUrl, 'few'), rounds: [] };
  const many = { jobs: MANY, databaseUrl: await stage.database(serverUrl, 'many'), rounds: [] };
  for (const { jobs, databaseUrl } of [few, many]) {
    const onProgress = (count) => progress(`${count} of ${jobs} jobs registered`);
    await seedIdleJobs(stage.pool(databaseUrl), jobs, sink.url, { onProgress });
  }
  for (let round = 1; round <= REPEAT; round += 1) {
    for (const side of [few, many]) {
      const result = await measure(stage, { ...side, sink, pids });
      side.rounds.push(result);
      progress(
        `round ${round} of ${REPEAT} beside ${side.jobs}: ready after ${result.readyMs.toFixed(0)} ms, ` +
          `${result.memoryMb.toFixed(0)} MB, idle ${result.idlePercent.toFixed(2)} %, p99 ${result.p99.toFixed(0)} ms`,
      );
    }
  }
  const of = (side, member) => median(side.rounds.map((round) => round[member]));
  const both = (row, member, limit = null) => against(row, `beside ${FEW}`, of(few, member), limit);
  const sum = (member) =>
    [few, many].flatMap(({ rounds }) => rounds).reduce((total, round) => total + round[member], 0);
  report(`${MANY.toLocaleString('en')} registered jobs, median of ${REPEAT} starts by turns with ${FEW}`, [
    both(below('ready after', of(many, 'readyMs'), 'ms', GOALS.readyMs), 'readyMs'),
    both(below('memory', of(many, 'memoryMb'), 'MB', GOALS.memoryMb), 'memoryMb'),
    both(below('idle CPU of the service', of(many, 'idlePercent'), '% core', GOALS.cpuPercent), 'idlePercent'),
    cpuRow('CPU beside it while idle', many.rounds.at(-1).idleCpu, { overSeconds: IDLE_SECONDS }),
    both({ figure: `lateness p50 of ${DUE_JOBS} jobs a second`, value: of(many, 'p50'), unit: 'ms' }, 'p50'),
    both({ figure: `lateness p99 of ${DUE_JOBS} jobs a second`, value: of(many, 'p99'), unit: 'ms' }, 'p99'),
    none('missing', sum('missing')),
    none('doubled or repeated', sum('doubled')),
  ]);
});

/** One start of the service on a database, and what it costs idle and with little to do. */
async function measure(stage, { databaseUrl, sink, pids }) {
  const service = await stage.service({ DATABASE_URL: databaseUrl });
  await until(
    async () => (await fetch(`${service.url}/health/ready`)).ok,
    30_000,
    () => 'not ready',
  );
  await new Promise((resolve) => setTimeout(resolve, QUICK ? 500 : 2_000));
  const parts = { service: service.child.pid, ...pids };
  const before = await cpuOf(parts);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
  const idleCpu = cpuBetween(before, await cpuOf(parts));
  const idleMemoryMb = (await usage(service.child.pid)).memoryMb;
  const due = await measureDue(service.url, sink);
  const memoryMb = Math.max(idleMemoryMb, (await usage(service.child.pid)).memoryMb);
  await service.stop();
  return { ...due, readyMs: service.readyMs, memoryMb, idleCpu, idlePercent: (idleCpu.service / IDLE_SECONDS) * 100 };
}

/** Some jobs every second for a while. */
async function measureDue(serviceUrl, sink) {
  const first = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const last = first + (DUE_SECONDS - 1) * 1_000;
  const schedule = everySecond(first, last);
  const jobs = Array.from({ length: DUE_JOBS }, (_, n) => ({ name: `due-${first}-${n}`, target: sink.url, schedule }));
  await sink.clear();
  const ids = await createJobs(serviceUrl, jobs);
  await new Promise((resolve) => setTimeout(resolve, last - Date.now()));
  await sink.waitFor(DUE_JOBS * DUE_SECONDS, 10_000);
  await new Promise((resolve) => setTimeout(resolve, 500)); // for one that should not come
  const instants = Array.from({ length: DUE_SECONDS }, (_, n) => first + n * 1_000);
  const calls = await sink.calls();
  const { missing, doubled, repeated } = account(calls, occurrencesOf(ids, instants));
  return { missing, doubled: doubled + repeated, ...percentiles(latenessesOf(calls)) };
}
