// What a load asks of each part, and where that part ends: figures in, figures out. Pure. Costs are those of docs/scaling/costs.json.

/** Of a core or a process, beyond which waiting grows faster than work. */
export const BUSY = 0.7;
const DAY_SECONDS = 86_400;

/**
 * A load: `jobs`, `mix` (`[{ share, everySeconds }]`, shares of jobs), `retentionDays`, `readsPerSecond`, `writesPerSecond`.
 * @returns {number} fires a second, over all
 */
export function firesPerSecond({ jobs, mix }) {
  return mix.reduce((sum, { share, everySeconds }) => sum + (jobs * share) / everySeconds, 0);
}

/** Cores, bytes and processes that the load needs, each part by itself; nothing of it is rounded but processes. */
export function demandOf(load, costs) {
  const fires = firesPerSecond(load);
  const { readsPerSecond: reads = 0, writesPerSecond: writes = 0 } = load;
  const { fire, request } = costs;
  const cores = (firesMicros, member) =>
    (fires * firesMicros + reads * request.read[member] + writes * request.create[member]) / 1e6;
  const apiCores = cores(0, 'apiMicros');
  const postgresCores = cores(fire.postgresMicros, 'postgresMicros');
  const redisCores = cores(fire.redisMicros, 'redisMicros');
  const schedulerCores = (fires * fire.schedulerMicros) / 1e6;
  const workerCores = (fires * fire.workerMicros) / 1e6;
  const runs = fires * DAY_SECONDS * load.retentionDays;
  return {
    ...{ firesPerSecond: fires, postgresCores, redisCores, schedulerCores, workerCores, apiCores },
    postgres: postgresCores / BUSY,
    workers: Math.ceil(workerCores / BUSY),
    apis: Math.ceil(apiCores / BUSY),
    jobsBytes: load.jobs * costs.job.bytes,
    runsBytes: runs * costs.run.bytes,
    walBytesPerSecond: fires * fire.walBytes,
  };
}

/**
 * The highest rate of fires that each part carries alone, ascending: the first one is where a deployment ends, the next what
 * comes after that is mended. `parts`: `{ postgresCores, workers }`; scheduler and Redis are one process each.
 */
export function limitsOf({ postgresCores, workers }, { fire }) {
  const limit = (part, cores, micros, next) => ({ part, firesPerSecond: (cores * BUSY * 1e6) / micros, next });
  return [
    limit('leader', 1, fire.schedulerMicros, 'leadership shared by a hash of the job'),
    limit('redis', 1, fire.redisMicros, 'delivery from the ledger, or a Redis for each shard'),
    limit('workers', workers, fire.workerMicros, 'more workers'),
    limit('postgres', postgresCores, fire.postgresMicros, 'a larger server, then several databases'),
  ].sort((a, b) => a.firesPerSecond - b.firesPerSecond);
}
