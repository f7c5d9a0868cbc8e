// What the dashboard asks for, beside a million jobs and ten million runs: each answer within 50 ms, and the CPU that it takes of
// service and Postgres, which other work on the machine does not change. Usage: node bench/dashboard.mjs
// [--jobs 1000000] [--runs 10000000] [--busy 10000] [--times 20] [--quick] [--json]
import { request } from 'undici';
import { asksOf } from './dashboard/asks.mjs';
import { seedDashboard } from './dashboard/seed.mjs';
import { cpuBetween, cpuOf, postmasterPid } from './support/cpu.mjs';
import { numberOption } from './support/options.mjs';
import { against, below, none, progress, QUICK, report } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { percentile } from './support/statistics.mjs';

const JOBS = numberOption('jobs', QUICK ? 2_000 : 1_000_000);
const RUNS = numberOption('runs', QUICK ? 30_000 : 10_000_000);
/** Of the jobs those that have run. */
const BUSY = numberOption('busy', QUICK ? 300 : 10_000);
const TIMES = numberOption('times', QUICK ? 5 : 20);
const GOAL_MS = 50;

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const pool = stage.pool(databaseUrl);
  const startedMs = performance.now();
  await seedDashboard(pool, databaseUrl, { jobs: JOBS, runs: RUNS, busy: BUSY });
  progress(`seeded in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  const asks = await asksOf(pool);
  const service = await stage.service({ DATABASE_URL: databaseUrl, CACHE: 'off' });
  const pids = { service: service.child.pid, postgres: await postmasterPid(pool) };
  const rows = [];
  let wrong = 0;
  for (const { name, path, isRight } of asks) {
    const tookMs = [];
    await timed(service.url, path); // reads what is on disk, and compiles
    const before = await cpuOf(pids);
    for (let time = 0; time < TIMES; time += 1) {
      const { ms, status, body } = await timed(service.url, path);
      tookMs.push(ms);
      if (status === 200 && isRight(body)) continue;
      wrong += 1;
      console.error(`  ! ${name} answered ${status}: ${JSON.stringify(body).slice(0, 300)}`);
    }
    const used = cpuBetween(before, await cpuOf(pids));
    const cpuMs = ((used.service + used.postgres) * 1_000) / TIMES;
    tookMs.sort((one, other) => one - other);
    const [p50, p95] = [percentile(tookMs, 0.5), percentile(tookMs, 0.95)];
    rows.push(against(below(name, p95, 'ms', GOAL_MS), 'its CPU', cpuMs));
    const parts = `service ${((used.service * 1_000) / TIMES).toFixed(1)}, Postgres ${((used.postgres * 1_000) / TIMES).toFixed(1)}`;
    progress(`${name}: p95 ${p95.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms, CPU ${parts} ms`);
  }
  const sizes = [JOBS, RUNS].map((count) => count.toLocaleString('en'));
  report(`The dashboard beside ${sizes[0]} jobs and ${sizes[1]} runs: p95 of ${TIMES}`, [
    ...rows,
    none('answers that were refused or lacked what was seeded', wrong),
  ]);
});

async function timed(url, path) {
  const startedMs = performance.now();
  const { statusCode, body } = await request(url + path);
  const text = await body.text();
  return { ms: performance.now() - startedMs, status: statusCode, body: JSON.parse(text) };
}
