// N jobs due at the same instant, each an HTTP POST to a local sink. Usage: node bench/herd.mjs [--jobs 10000] [--repeat 3] [--redis] [--idle N] [--quick] [--json]
import { createJobs, seedIdleJobs } from './support/jobs.mjs';
import { below, median, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { percentile, Sink } from './support/sink.mjs';

const option = (name, byDefault) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : Number(process.argv[at + 1]);
};
const JOBS = option('jobs', QUICK ? 500 : 10_000);
const REPEAT = option('repeat', QUICK ? 1 : 3);
const IDLE = option('idle', 0);
const WITH_REDIS = process.argv.includes('--redis');

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const env = { DATABASE_URL: databaseUrl, ...(WITH_REDIS ? { REDIS_URL: await stage.redis() } : {}) };
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  if (IDLE > 0) await seedIdleJobs(pool, IDLE, sink.url, { onProgress: (count) => progress(`${count} idle jobs`) });
  const service = await stage.service(env);

  const figures = { planned: [], batch: [], last: [], p50: [], p99: [], missing: 0, doubled: 0, notSucceeded: 0 };
  for (let round = 1; round <= REPEAT; round += 1) {
    const at = Math.ceil(Date.now() / 1_000) * 1_000 + 5_000 + 2 * JOBS;
    progress(`round ${round}: registers ${JOBS} jobs due at ${new Date(at).toISOString()}`);
    const schedule = { type: 'once', at: new Date(at).toISOString() };
    const names = Array.from({ length: JOBS }, (_, n) => ({ name: `herd-${round}-${n}`, schedule, target: sink.url }));
    const ids = await createJobs(service.url, names);
    if (Date.now() > at - 1_000) throw new Error('registering took too long: the jobs would be due already');
    sink.clear();
    const planningBefore = await planningSoFar(service.url);
    await until(
      () => sink.calls.length >= JOBS,
      JOBS * 2 + 60_000,
      () => `${sink.calls.length} of ${JOBS} calls came`,
    );
    const checked = sink.check(ids.map((id) => `${id} ${at}`));
    const ledger = async () => {
      const { rows } = await pool.query(
        `SELECT count(*) FILTER (WHERE state = 'succeeded')::int AS succeeded,
                extract(epoch FROM max(created_at) - $1::timestamptz) * 1000 AS planned
         FROM runs WHERE scheduled_for = $1::timestamptz`,
        [new Date(at).toISOString()],
      );
      return rows[0];
    };
    await until(
      async () => (await ledger()).succeeded >= JOBS,
      10_000,
      () => 'the ledger lacks results',
    ).catch(() => undefined);
    const { succeeded, planned } = await ledger();
    const lateness = sink.latenesses();
    const planning = await planningSoFar(service.url);
    const batchMs = (planning.ms - planningBefore.ms) / (planning.batches - planningBefore.batches);
    figures.batch.push(batchMs);
    // The ledger says when the last batch was begun; how long one takes is known on the mean only.
    figures.planned.push(Number(planned) + batchMs);
    figures.last.push(lateness.at(-1));
    figures.p50.push(percentile(lateness, 0.5));
    figures.p99.push(percentile(lateness, 0.99));
    figures.missing += checked.missing;
    figures.doubled += checked.doubled;
    figures.notSucceeded += JOBS - succeeded;
    progress(
      `p50 ${Math.round(figures.p50.at(-1))} ms, last ${Math.round(figures.last.at(-1))} ms, planned after ${Math.round(figures.planned.at(-1))} ms`,
    );
  }
  report(
    `Herd: ${JOBS} jobs due at once${IDLE > 0 ? ` beside ${IDLE} idle ones` : ''}, ${WITH_REDIS ? 'BullMQ on Redis' : 'from the ledger'}, median of ${REPEAT}`,
    [
      below('all planned after', median(figures.planned), 'ms', 500),
      { figure: 'one batch of the plan takes', value: median(figures.batch), unit: 'ms' },
      { figure: 'lateness p50 at the sink', value: median(figures.p50), unit: 'ms' },
      { figure: 'lateness p99 at the sink', value: median(figures.p99), unit: 'ms' },
      below('last delivery', median(figures.last), 'ms', 3_000),
      none('missing', figures.missing),
      none('doubled', figures.doubled),
      none('not recorded as succeeded', figures.notSucceeded),
    ],
  );
});

/** Planning transactions so far, and the time spent in them, by the service's own metric. */
async function planningSoFar(serviceUrl) {
  const text = await (await fetch(`${serviceUrl}/metrics`)).text();
  const read = (name) => Number(new RegExp(`^carillon_planning_seconds_${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  return { ms: read('sum') * 1_000, batches: read('count') };
}
