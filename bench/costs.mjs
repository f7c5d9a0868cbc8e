// What a job, a fire, a run and a request cost: bytes on disk, and CPU of each part read from /proc, with the roles apart. The model of
// docs/scaling.md rests on these. Usage: node bench/costs.mjs [--herd 10000] [--jobs 100000] [--runs 200000] [--repeat 3]
// [--write (docs/scaling/costs.json)] [--quick] [--json]
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { ClosedLoop, requestText } from './support/closed-loop.mjs';
import { Carillon, registerAhead } from './support/contestants.mjs';
import { cpuBetween, cpuOf, postmasterPid, redisPid } from './support/cpu.mjs';
import { seedIdleJobs } from './support/jobs.mjs';
import { flag, numberOption } from './support/options.mjs';
import { machine, none, progress, QUICK, report } from './support/report.mjs';
import { seedRuns } from './support/runs.mjs';
import { onStage, until } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { median } from './support/statistics.mjs';

const HERD = numberOption('herd', QUICK ? 200 : 10_000);
const JOBS = numberOption('jobs', QUICK ? 1_000 : 100_000);
const RUNS = numberOption('runs', QUICK ? 2_000 : 200_000);
const REPEAT = numberOption('repeat', QUICK ? 1 : 3);
const WORKERS = QUICK ? [1] : [1, 2, 4];
const ASK_MS = QUICK ? 400 : 5_000;
const FILE = join(import.meta.dirname, '../docs/scaling/costs.json');

await onStage(async (stage) => {
  const serverUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const parts = { postgres: await postmasterPid(stage.pool(serverUrl)), redis: await redisPid(redisUrl) };
  const bytes = await measureBytes(stage, serverUrl);
  const fires = await measureFires(stage, { serverUrl, redisUrl, parts });
  const requests = await measureRequests(stage, { serverUrl, redisUrl, parts });
  const costs = {
    measured: {
      machine: machine(),
      command: 'npm run bench:costs -- --write',
      note: `median of ${REPEAT}; herds of ${HERD}`,
    },
    ...bytes,
    fire: fires.costs,
    request: requests.costs,
    herds: fires.herds,
  };
  report('What things cost', [
    ...rowsOf(costs),
    none('missing, doubled, wrong or not recorded', fires.faults + requests.faults),
  ]);
  if (!flag('write')) return;
  await writeFile(FILE, `${JSON.stringify(costs, null, 2)}\n`);
  progress(`wrote ${FILE}`);
});

/** Tables with their indexes, over the rows that are in them. */
async function measureBytes(stage, serverUrl) {
  const pool = stage.pool(await stage.database(serverUrl, 'costs_bytes'));
  await seedIdleJobs(pool, JOBS, 'https://hooks.example.com/billing/nightly');
  await seedRuns(pool, RUNS, { jobs: Math.min(JOBS, 1_000) });
  const { rows } = await pool.query(`
    SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
            WHERE relname IN ('jobs', 'job_states', 'job_revisions'))::float8 AS jobs,
           (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'runs'::regclass)::float8 AS runs`);
  return { job: { bytes: Math.round(rows[0].jobs / JOBS) }, run: { bytes: Math.round(rows[0].runs / RUNS) } };
}

/** Herds over Redis through one scheduler and so many workers; the API in a process of its own. */
async function measureFires(stage, { serverUrl, redisUrl, parts }) {
  const databaseUrl = await stage.database(serverUrl, 'costs_fires');
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  const herds = [];
  const fires = [];
  let faults = 0;
  for (const workers of WORKERS) {
    const start = (role) => stage.service({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ROLE: role });
    const [api, scheduler, ...rest] = await Promise.all(
      ['api', 'scheduler', ...Array(workers).fill('worker')].map(start),
    );
    await until(
      async () => /^carillon_leader 1$/m.test(await (await fetch(`${scheduler.url}/metrics`)).text()),
      20_000,
      () => 'no leader',
    );
    const carillon = new Carillon({ name: 'carillon-redis', service: api, pool, sink });
    const pids = { ...parts, scheduler: scheduler.child.pid, worker: rest.map(({ child }) => child.pid) };
    const lasts = [];
    for (let round = QUICK ? 1 : 0; round <= REPEAT; round += 1) {
      const herd = await herdOf(carillon, { pids, pool, sink, name: `cost-${workers}-${round}` });
      faults += herd.faults;
      if (round === 0) continue; // compiles what is measured
      fires.push(herd);
      lasts.push(herd.lastMs);
      progress(`${workers} workers, round ${round}: ${HERD} called after ${herd.lastMs.toFixed(0)} ms`);
    }
    herds.push({ workers, size: HERD, lastMs: Math.round(median(lasts)), cores: 2 });
    await Promise.all([api, scheduler, ...rest].map((service) => service.stop()));
  }
  const each = (member) => Number(median(fires.map((herd) => herd[member])).toFixed(1));
  const micros = { schedulerMicros: each('scheduler'), workerMicros: each('worker'), postgresMicros: each('postgres') };
  return { costs: { ...micros, redisMicros: each('redis'), walBytes: Math.round(each('walBytes')) }, herds, faults };
}

async function herdOf(carillon, { pids, pool, sink, name }) {
  await sink.clear();
  const names = Array.from({ length: HERD }, (_, n) => `${name}-${process.pid}-${n}`);
  const { atMs, ids } = await registerAhead(carillon, HERD, 500, (at) => carillon.herd({ names, atMs: at }));
  await new Promise((resolve) => setTimeout(resolve, atMs - 300 - Date.now()));
  const [before, walBefore] = [await cpuOf(pids), await walOf(pool)];
  await sink.waitFor(HERD, 60_000);
  const notRecorded = await carillon.notRecorded(HERD, atMs, atMs);
  const [cpu, wal] = [cpuBetween(before, await cpuOf(pids)), (await walOf(pool)) - walBefore];
  const calls = await sink.calls();
  const { missing, doubled, repeated, early } = account(calls, occurrencesOf(ids, [atMs]));
  const micros = Object.fromEntries(Object.entries(cpu).map(([part, seconds]) => [part, (seconds * 1e6) / HERD]));
  const lastMs = latenessesOf(calls).at(-1);
  return { ...micros, walBytes: wal / HERD, lastMs, faults: missing + doubled + repeated + early + notRecorded };
}

async function walOf(pool) {
  const { rows } = await pool.query(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes`);
  return rows[0].bytes;
}

/** Over 32 connections: what a request costs where many come at once. */
async function measureRequests(stage, { serverUrl, redisUrl, parts }) {
  const databaseUrl = await stage.database(serverUrl, 'costs_requests');
  const pool = stage.pool(databaseUrl);
  await seedIdleJobs(pool, 1_000, 'http://127.0.0.1:18080/hook');
  const { rows } = await pool.query('SELECT id FROM jobs ORDER BY id LIMIT 200');
  const service = await stage.service({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ROLE: 'api' });
  const pids = { ...parts, service: service.child.pid };
  const loop = new ClosedLoop(stage);
  const body = { name: 'made-%counter%', schedule: 'P300D', target: 'http://127.0.0.1:18080/hook' };
  const kinds = {
    read: [rows.map(({ id }) => requestText('GET', `/jobs/${id}`)), 200],
    list: [[requestText('GET', '/jobs?limit=20')], 200],
    create: [[requestText('POST', '/jobs', { body })], 201],
  };
  const costs = {};
  let faults = 0;
  for (const [kind, [texts, status]] of Object.entries(kinds)) {
    const rounds = [];
    for (let round = QUICK ? 1 : 0; round <= REPEAT; round += 1) {
      const before = await cpuOf(pids);
      const result = await loop.run(service.url, texts, { status, forMs: ASK_MS });
      const cpu = cpuBetween(before, await cpuOf(pids));
      faults += result.faults;
      const micros = (part) => (cpu[part] * 1e6) / Math.max(1, result.answered);
      if (round > 0) rounds.push({ service: micros('service'), postgres: micros('postgres'), redis: micros('redis') });
    }
    const each = (part) => Number(median(rounds.map((one) => one[part])).toFixed(1));
    costs[kind] = { apiMicros: each('service'), postgresMicros: each('postgres'), redisMicros: each('redis') };
    progress(`${kind}: ${JSON.stringify(costs[kind])}`);
  }
  return { costs, faults };
}

function rowsOf({ job, run, fire, request, herds }) {
  return [
    { figure: 'a job on disk', value: job.bytes, unit: 'B' },
    { figure: 'a run on disk', value: run.bytes, unit: 'B' },
    ...Object.entries(fire).map(([part, value]) => ({ figure: `a fire, ${part}`, value })),
    ...Object.entries(request).flatMap(([kind, parts]) =>
      Object.entries(parts).map(([part, value]) => ({ figure: `a request (${kind}), ${part}`, value })),
    ),
    ...herds.map(({ workers, size, lastMs }) => ({
      figure: `last call of ${size}, ${workers} workers`,
      value: lastMs,
      unit: 'ms',
    })),
  ];
}
