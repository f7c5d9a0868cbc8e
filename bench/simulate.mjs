// A hundred replicas and a hundred million jobs, computed: the model of docs/scaling.md on the costs that were measured
// (docs/scaling/costs.json). Nothing is started. Usage: node bench/simulate.mjs [--jobs 100000000] [--workers 90] [--postgres-cores 16]
// [--shards 1] [--minutes 10] [--target-ms 50] [--seed 1] [--write (tables and curves of docs/scaling.md)] [--quick] [--json]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveOf } from './capacity/curve.mjs';
import { demandOf, firesPerSecond, limitsOf } from './capacity/model.mjs';
import { arrivalsOf, simulate } from './capacity/simulation.mjs';
import { sizesTable, tablesOf, withTables } from './capacity/tables.mjs';
import { flag, numberOption } from './support/options.mjs';
import { none, progress, QUICK, report } from './support/report.mjs';
import { randomFrom } from './support/random.mjs';
import { lineChart } from './support/svg.mjs';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'docs/scaling');
const PAGE = join(ROOT, 'docs/scaling.md');
const RUNBOOK = join(ROOT, 'docs/runbook.md');
const OUT = flag('write') ? FOLDER : join(ROOT, 'node_modules/.cache/bench-simulate');

/** As such a service's jobs might be; said so in docs/scaling.md, and no measurement. */
const MIX = [
  { share: 0.62, everySeconds: 86_400 },
  { share: 0.25, everySeconds: 3_600 },
  { share: 0.08, everySeconds: 7 * 86_400 },
  { share: 0.05, everySeconds: 900 },
];
const LOAD = {
  jobs: numberOption('jobs', 100_000_000),
  mix: MIX,
  retentionDays: 7,
  readsPerSecond: 5_000,
  writesPerSecond: 500,
};
const SHARDS = numberOption('shards', 1);
const DEPLOYMENT = {
  workers: numberOption('workers', 90) / SHARDS,
  postgresCores: numberOption('postgres-cores', 16),
  concurrency: 500,
};
const SECONDS = Math.round(numberOption('minutes', QUICK ? 1 : 10) * 60);
const TARGET_MS = numberOption('target-ms', 50);
const ON_THE_MINUTE = 0.3;
const SHARES_OF_LIMIT = QUICK ? [0.3, 0.6] : [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

const costs = JSON.parse(await readFile(join(FOLDER, 'costs.json'), 'utf8'));
const random = randomFrom(numberOption('seed', 1));
const rate = firesPerSecond(LOAD) / SHARDS;
const lived = live(rate, ON_THE_MINUTE);
const demand = demandOf(LOAD, costs);
const limits = limitsOf(DEPLOYMENT, costs);
const validation = costs.herds.map(againstMeasured);
const curve = SHARES_OF_LIMIT.map((share) => {
  const fires = limits[0].firesPerSecond * share;
  progress(`${Math.round(fires)} fires a second`);
  return { fires, even: live(fires, 0).latenessMs, minutes: live(fires, ON_THE_MINUTE).latenessMs };
});

report(`Computed, on costs measured on: ${costs.measured.machine}`, [
  { figure: 'jobs', value: LOAD.jobs },
  { figure: 'fires a second, on average', value: demand.firesPerSecond, unit: '/s' },
  { figure: 'shards, each with a leader, a Redis and a database', value: SHARDS },
  { figure: 'fires simulated, in one shard', value: lived.fires },
  { figure: 'lateness p50', value: lived.latenessMs.p50, unit: 'ms' },
  { figure: 'lateness p99', value: lived.latenessMs.p99, unit: 'ms' },
  { figure: 'lateness of the last of a whole minute', value: lived.latenessMs.max, unit: 'ms' },
  ...Object.entries(lived.busy).map(([part, share]) => ({ figure: `busy: ${part}`, value: share * 100, unit: '%' })),
  { figure: 'cores of Postgres, all shards', value: demand.postgres },
  { figure: 'workers', value: demand.workers },
  { figure: 'jobs on disk', value: demand.jobsBytes / 1e9, unit: 'GB' },
  { figure: `runs of ${LOAD.retentionDays} days on disk`, value: demand.runsBytes / 1e12, unit: 'TB' },
  ...limits.map(({ part, firesPerSecond: at }) => ({ figure: `${part} ends at`, value: at, unit: 'fires/s' })),
  ...validation.map(({ workers, size, lastMs, computedMs }) => ({
    figure: `herd of ${size}, ${workers} workers, 2 shared cores: computed`,
    value: computedMs,
    unit: 'ms',
    note: `measured ${lastMs} ms`,
  })),
  none('fires that were not called', lived.fires - lived.called),
]);

await mkdir(OUT, { recursive: true });
await writeFile(join(OUT, 'lateness.svg'), lineChart(curveOf(curve, { costs, deployment: DEPLOYMENT })));
if (flag('write')) {
  const tables = tablesOf({
    costs,
    load: LOAD,
    deployment: DEPLOYMENT,
    shards: SHARDS,
    lived,
    demand,
    limits,
    validation,
  });
  await writeFile(PAGE, withTables(await readFile(PAGE, 'utf8'), tables));
  const sizes = sizesTable(costs, demandOf);
  await writeFile(RUNBOOK, withTables(await readFile(RUNBOOK, 'utf8'), { sizes }));
}
progress(`drew ${join(OUT, 'lateness.svg')}`);

function live(fires, onTheMinute) {
  const arrivals = arrivalsOf({ firesPerSecond: fires, seconds: SECONDS, onTheMinute, random });
  const settings = { deployment: DEPLOYMENT, arrivals, costs: costs.fire, targetMs: TARGET_MS, endMs: SECONDS * 1_000 };
  return simulate(settings);
}

/** The herds that were measured with all parts, the sink and the generator on the cores of one machine. */
function againstMeasured({ workers, size, lastMs, cores }) {
  const deployment = { workers, sharedCores: cores, concurrency: 500 };
  const arrivals = [{ atMs: 0, fires: size }];
  const { lastMs: computedMs } = simulate({ deployment, arrivals, costs: costs.fire, targetMs: 1 });
  return { workers, size, lastMs, computedMs: Math.round(computedMs) };
}
