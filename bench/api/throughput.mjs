// How many requests a second one service process answers when all it gets is asked, by turns with what its parts can do.
import { join } from 'node:path';
import { Child } from '../support/child.mjs';
import { ClosedLoop, requestText } from '../support/closed-loop.mjs';
import { cpuBetween, cpuOf, medianOfParts } from '../support/cpu.mjs';
import { listOption, numberOption } from '../support/options.mjs';
import { against, atLeast, cpuRow, none, progress, QUICK, report } from '../support/report.mjs';
import { median, percentiles } from '../support/statistics.mjs';
import { seedTenants } from '../support/tenants.mjs';

const REPEAT = numberOption('repeat', QUICK ? 1 : 3);
const BLOCK_MS = numberOption('block-seconds', QUICK ? 0.6 : 5) * 1_000;
const WARM_UP_MS = QUICK ? 200 : 3_000;
const PROJECTS = 10;
const LIST_ROWS = 20;
const BULK_JOBS = QUICK ? 100 : 1_000;
const BASELINES = join(import.meta.dirname, '..', 'baselines');

/** Of each what it must reach: requests (of bulk: jobs) a second, and its ratio to baselines. */
const GOALS = {
  read: { perSecond: 15_000, ratios: { nest: 0.35 } },
  list: { perSecond: 6_000, ratios: {} },
  create: { perSecond: 3_500, ratios: { insert: 0.45 } },
  bulk: { perSecond: 20_000, ratios: {} },
};
const SHOWN_AGAINST = { read: ['nest', 'json'], list: ['nest', 'select'], create: ['insert'], bulk: ['insert'] };

export async function measureThroughput({ stage, serve, pool, databaseUrl, parts }) {
  // Nobody is called: the jobs are due in half a year.
  const tenants = await seedTenants(pool, PROJECTS, 'http://127.0.0.1:18080/hook', { prefix: 'asked', jobsEach: 100 });
  const service = await serve({ RATE_LIMIT: '10000000/1m' });
  const fastify = new Child(stage, join(BASELINES, 'fastify.mjs'));
  const nest = new Child(stage, join(BASELINES, 'nest.mjs'));
  const { url: fastifyUrl } = await fastify.ask('start', { databaseUrl });
  const { url: nestUrl } = await nest.ask('start');
  const loop = new ClosedLoop(stage);
  const all = [
    { key: 'json', name: 'Fastify, JSON', url: fastifyUrl, pid: fastify.pid, requests: [requestText('GET', '/json')] },
    {
      key: 'nest',
      name: 'Nest on Fastify, trivial',
      url: nestUrl,
      pid: nest.pid,
      requests: [requestText('GET', '/json')],
    },
    { key: 'read', ...ours(service, 'GET /jobs/{id}', readsOf(tenants)) },
    {
      key: 'select',
      name: 'Fastify + SELECT',
      url: fastifyUrl,
      pid: fastify.pid,
      requests: [requestText('GET', '/select/%counter%')],
    },
    { key: 'list', ...ours(service, `GET /jobs, ${LIST_ROWS} rows`, listsOf(tenants)) },
    { key: 'insert', name: 'Fastify + INSERT', url: fastifyUrl, pid: fastify.pid, requests: [insert()], status: 201 },
    { key: 'create', ...ours(service, 'POST /jobs', createsOf(tenants)), status: 201 },
    { key: 'bulk', ...ours(service, 'POST /jobs/bulk', bulksOf(tenants)), connections: 4, jobsEach: BULK_JOBS },
  ];
  const wanted = listOption(
    'kinds',
    all.map(({ key }) => key),
  );
  const sides = all.filter(({ key }) => wanted.includes(key));
  const jobsBefore = await countJobs(pool);
  const results = new Map(sides.map(({ key }) => [key, []]));
  let acknowledged = 0;
  const run = async (side, forMs, seed) => {
    const pids = { ...parts, process: side.pid, generator: loop.pid };
    const before = await cpuOf(pids);
    const { status, connections } = side;
    const result = await loop.run(side.url, side.requests, { status, connections, forMs, seed });
    if (side.key === 'create' || side.key === 'bulk')
      acknowledged += (result.answered - result.faults) * (side.jobsEach ?? 1);
    return {
      ...result,
      cpu: cpuBetween(before, await cpuOf(pids)),
      perSecond: (result.answered * (side.jobsEach ?? 1)) / result.seconds,
    };
  };
  for (const side of sides) side.warmUp = await run(side, WARM_UP_MS, 1);
  for (let round = 1; round <= REPEAT; round += 1) {
    for (const side of sides) {
      const result = await run(side, BLOCK_MS, 1 + round);
      results.get(side.key).push(result);
      progress(
        `round ${round} of ${REPEAT}: ${side.name}: ${Math.round(result.perSecond).toLocaleString('en')} a second`,
      );
    }
  }
  const faults = [...results.values()].flat().concat(sides.map(({ warmUp }) => warmUp));
  report(
    `API: one process, keys checked, limits counted in Redis, cached; median of ${REPEAT} blocks of ${BLOCK_MS / 1_000} s by turns`,
    [
      ...sides.flatMap((side) => rowsOf(side, results, sides)),
      none(
        'faults and wrong answers',
        faults.reduce((sum, result) => sum + result.faults, 0),
      ),
      none(
        'jobs acknowledged, but not there or too many',
        Math.abs((await countJobs(pool)) - jobsBefore - acknowledged),
      ),
    ],
  );
  await Promise.all([service.stop(), fastify.stop(), nest.stop()]);
}

function ours(service, name, requests) {
  return { name, requests, url: service.url, pid: service.child.pid };
}

function rowsOf({ key, name, jobsEach }, results, sides) {
  const of = (which) => median(results.get(which).map(({ perSecond }) => perSecond));
  const unit = jobsEach === undefined ? '/s' : 'jobs/s';
  const goals = GOALS[key];
  const { p50, p99 } = percentiles(
    Float64Array.from(results.get(key).flatMap(({ latencyMs }) => [...latencyMs])).sort(),
  );
  const answers = median(results.get(key).map(({ answered }) => answered));
  const perRequest = Object.fromEntries(
    Object.entries(medianOfParts(results.get(key).map(({ cpu }) => cpu))).map(([part, seconds]) => [
      part,
      (seconds * 1_000) / answers,
    ]),
  );
  const rate =
    goals === undefined ? { figure: name, value: of(key), unit } : atLeast(name, of(key), unit, goals.perSecond);
  const rows = [rate];
  for (const other of (SHOWN_AGAINST[key] ?? []).filter((against) => results.has(against))) {
    const { name: baseline } = sides.find((side) => side.key === other);
    rows.push(
      against({ figure: name, value: of(key), unit }, baseline, of(other), goals.ratios[other] ?? null, {
        least: true,
      }),
    );
  }
  rows.push(
    { figure: `${name}: latency p50`, value: p50, unit: 'ms' },
    { figure: `${name}: latency p99`, value: p99, unit: 'ms' },
  );
  // cpuRow takes seconds and gives milliseconds; here what it gets are milliseconds already.
  rows.push({ ...cpuRow(`${name}: CPU each`, perRequest), unit: 'µs' });
  return rows;
}

async function countJobs(pool) {
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM jobs');
  return rows[0].count;
}

function readsOf(tenants) {
  return tenants.flatMap(({ keys, jobIds }) =>
    jobIds.map((id, n) => requestText('GET', `/jobs/${id}`, { key: keys[n % keys.length] })),
  );
}

function listsOf(tenants) {
  return tenants.flatMap(({ keys }) => keys.map((key) => requestText('GET', `/jobs?limit=${LIST_ROWS}`, { key })));
}

const job = (name) => ({
  name,
  description: 'sends the invoices that fell due, and tells accounting about each of them',
  labels: { team: 'billing', stage: 'production' },
  schedule: { type: 'cron', expression: '0 9 1 1 *', timeZone: 'Europe/Paris' },
  target: {
    url: 'http://127.0.0.1:18080/hook',
    headers: { 'x-origin': 'benchmark' },
    body: { kind: 'invoices', dryRun: false },
  },
});

function createsOf(tenants) {
  const headers = { 'idempotency-key': 'benchmark-%counter%' };
  return tenants.flatMap(({ writers }) =>
    writers.map((key) => requestText('POST', '/jobs', { key, headers, body: job('created-%counter%') })),
  );
}

function bulksOf(tenants) {
  const jobs = Array.from({ length: BULK_JOBS }, (_, n) => job(`bulk-%counter%-${n}`));
  const headers = { 'idempotency-key': 'bulk-%counter%' };
  return tenants.map(({ writers: [key] }) =>
    requestText('POST', '/jobs/bulk', { key, headers, body: { action: 'create', jobs } }),
  );
}

function insert() {
  return requestText('POST', '/insert', { body: job('written-%counter%') });
}
