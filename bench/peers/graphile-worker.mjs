// graphile-worker, tuned: a local queue, answers gathered, a poll every 100 ms (it looks for delayed jobs at polls only). What
// recurs is added beforehand, one job for each occurrence, for its crontab knows minutes only.
import { createRequire } from 'node:module';
import pg from 'pg';
import { deliver, serve } from './peer.mjs';

const { Logger, run } = createRequire(import.meta.url)('graphile-worker');
const CHUNK = 2_000;
let pool;

const add = async (occurrences) => {
  for (let from = 0; from < occurrences.length; from += CHUNK) {
    const part = occurrences.slice(from, from + CHUNK);
    await pool.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
         SELECT ('call', json_build_object('jobId', id, 'atMs', at), NULL, to_timestamp(at / 1000.0), NULL, NULL, NULL, NULL)::graphile_worker.job_spec
         FROM unnest($1::text[], $2::bigint[]) AS o (id, at)))`,
      [part.map(([id]) => id), part.map(([, atMs]) => atMs)],
    );
  }
};

serve({
  async start({ databaseUrl }) {
    pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
    pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
    const quiet = new Logger(() => (level, message) => {
      if (level === 'error') console.error(`  ! graphile-worker: ${message}`);
    });
    await run({
      pgPool: pool,
      noHandleSignals: true,
      logger: quiet,
      taskList: { call: ({ jobId, atMs }) => deliver(jobId, atMs) },
      crontab: '',
      preset: {
        worker: {
          concurrentJobs: 100,
          pollInterval: 100,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
  },
  herd: ({ ids, atMs }) => add(ids.map((id) => [id, atMs])),
  everySecond: ({ ids, firstMs, lastMs }) => {
    const seconds = Array.from({ length: (lastMs - firstMs) / 1_000 + 1 }, (_, n) => firstMs + n * 1_000);
    return add(seconds.flatMap((atMs) => ids.map((id) => [id, atMs])));
  },
  // As an operator would after so many jobs; autovacuum comes too late for a benchmark.
  clear: () => pool.query('VACUUM ANALYZE graphile_worker._private_jobs').then(() => undefined),
});
