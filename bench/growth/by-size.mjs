// The same herds and lists on databases of several sizes, by turns. Without cache: what a list costs is the question.
import { ClosedLoop, requestText } from '../support/closed-loop.mjs';
import { Carillon } from '../support/contestants.mjs';
import { postmasterPid } from '../support/cpu.mjs';
import { seedIdleJobs } from '../support/jobs.mjs';
import { progress, QUICK } from '../support/report.mjs';
import { seedRuns } from '../support/runs.mjs';
import { Sink } from '../support/sink.mjs';
import { median, percentile } from '../support/statistics.mjs';
import { herdOf } from './herds.mjs';

const HERD = QUICK ? 100 : 1_000;
const ASK_MS = QUICK ? 200 : 1_500;
const JOBS_BESIDE_RUNS = QUICK ? 100 : 1_000;
const IDLE_URL = 'http://127.0.0.1:18080/hook';

/** Fires and lists beside so many registered jobs, with an empty ledger. */
export function byJobs(stage, { jobs: sizes, repeat }) {
  const seed = (pool, size) =>
    seedIdleJobs(pool, size, IDLE_URL, { onProgress: (n) => progress(`${n} of ${size} jobs`) });
  const asks = ([id]) => ({
    'GET /jobs, 20 rows': '/jobs?limit=20',
    'GET /jobs by next run': '/jobs?limit=20&sort=nextRunAt',
    'GET /jobs, a text': '/jobs?limit=20&q=idle-77',
    'GET /jobs/{id}': `/jobs/${id}`,
  });
  return bySize(stage, { sizes, repeat, seed, asks });
}

/** Fires and lists beside a ledger of so many ended runs, of a thousand jobs. */
export function byRuns(stage, { runs: sizes, repeat }) {
  const seed = async (pool, size) => {
    await seedIdleJobs(pool, JOBS_BESIDE_RUNS, IDLE_URL);
    await seedRuns(pool, size, { jobs: JOBS_BESIDE_RUNS, onProgress: (n) => progress(`${n} of ${size} runs`) });
  };
  const asks = ([id], runId) => ({
    'GET /runs, 20 rows': '/runs?limit=20',
    'GET /runs, failed ones': '/runs?limit=20&state=failed',
    'GET /jobs/{id}/runs': `/jobs/${id}/runs?limit=20`,
    'GET /runs/{id}': `/runs/${runId}`,
  });
  return bySize(stage, { sizes, repeat, seed, asks });
}

async function bySize(stage, { sizes, repeat, seed, asks }) {
  const serverUrl = await stage.postgres();
  const sink = await new Sink().start(stage);
  const loop = new ClosedLoop(stage);
  const postgres = await postmasterPid(stage.pool(serverUrl));
  const sides = [];
  for (const size of sizes) {
    const databaseUrl = await stage.database(serverUrl, `size_${size}`);
    const pool = stage.pool(databaseUrl);
    await seed(pool, size);
    const jobs = await pool.query('SELECT id FROM jobs ORDER BY id LIMIT 20');
    const runs = await pool.query('SELECT id FROM runs ORDER BY scheduled_for DESC LIMIT 1');
    const service = await stage.service({ DATABASE_URL: databaseUrl, CACHE: 'off' });
    const carillon = new Carillon({ name: 'carillon', service, pool, sink });
    const paths = asks(
      jobs.rows.map(({ id }) => id),
      runs.rows[0]?.id,
    );
    sides.push({
      size,
      carillon,
      paths,
      pids: { service: service.child.pid, postgres },
      herds: [],
      lists: {},
      faults: 0,
    });
  }
  const ask = (side, path, forMs) =>
    loop.run(side.carillon.service.url, [requestText('GET', path)], { connections: 1, forMs });
  for (const side of QUICK ? [] : sides) {
    side.faults += (await herdOf(side.carillon, sink, side.pids, HERD)).faults; // compiles what is measured
    for (const path of Object.values(side.paths)) await ask(side, path, ASK_MS);
  }
  for (let round = 1; round <= repeat; round += 1) {
    for (const side of sides) {
      const herd = await herdOf(side.carillon, sink, side.pids, HERD);
      side.herds.push(herd);
      side.faults += herd.faults;
      for (const [name, path] of Object.entries(side.paths)) {
        const result = await ask(side, path, ASK_MS);
        side.faults += result.faults;
        (side.lists[name] ??= []).push(percentile(result.latencyMs, 0.5));
      }
      progress(`round ${round} of ${repeat}, ${side.size}: ${HERD} delivered after ${herd.max.toFixed(0)} ms`);
    }
  }
  return { figures: sides.map(figuresOf), faults: sides.reduce((sum, { faults }) => sum + faults, 0) };
}

function figuresOf({ size, herds, lists }) {
  const of = (member) => median(herds.map((herd) => herd[member]));
  return {
    at: size,
    'CPU of a fire, service': { value: of('serviceMicros'), unit: 'µs' },
    'CPU of a fire, Postgres': { value: of('postgresMicros'), unit: 'µs' },
    'lateness p50 of a herd': { value: of('p50'), unit: 'ms' },
    'last of a herd': { value: of('max'), unit: 'ms' },
    ...Object.fromEntries(Object.entries(lists).map(([name, each]) => [name, { value: median(each), unit: 'ms' }])),
  };
}
