// SIGKILL in the middle of a busy second, then a restart: every occurrence must end in one run. Usage: node bench/crash.mjs [--jobs 1000] [--rounds 5] [--redis] [--quick] [--json]
import { createJobs } from './support/jobs.mjs';
import { flag, numberOption } from './support/options.mjs';
import { none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { Sink } from './support/sink.mjs';

const JOBS = numberOption('jobs', QUICK ? 200 : 2_000);
const ROUNDS = numberOption('rounds', QUICK ? 2 : 8);

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const env = {
    DATABASE_URL: databaseUrl,
    LEASE: '3s',
    ...(flag('redis') ? { REDIS_URL: await stage.redis() } : {}),
  };
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  let [missing, doubled, open, unproved, repeated] = [0, 0, 0, 0, 0];

  let service = await stage.service(env);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const at = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000 + JOBS;
    const schedule = { type: 'once', at: new Date(at).toISOString() };
    const ids = await createJobs(
      service.url,
      Array.from({ length: JOBS }, (_, n) => ({ name: `crash-${round}-${n}`, target: sink.url, schedule })),
    );
    await sink.clear();
    // Each round dies at another point of the second: while planning, while delivering, while recording.
    const dieAt = at + Math.round((round / ROUNDS) * Math.max(600, JOBS * 0.4));
    await until(
      () => Date.now() >= dieAt,
      120_000,
      () => 'the clock stands still',
    );
    await service.kill();
    const before = await sink.count();
    service = await stage.service(env);
    const ledger = async () =>
      (
        await pool.query(
          `SELECT count(*)::int AS runs, count(*) FILTER (WHERE state = 'succeeded')::int AS succeeded,
                  count(DISTINCT job_id)::int AS jobs
           FROM runs WHERE scheduled_for = $1::timestamptz`,
          [new Date(at).toISOString()],
        )
      ).rows[0];
    await until(
      async () => (await ledger()).succeeded >= JOBS,
      60_000,
      () => 'runs are still open',
    ).catch((error) => progress(error.message));
    const { runs, succeeded, jobs } = await ledger();
    missing += JOBS - jobs;
    doubled += runs - jobs;
    open += runs - succeeded;
    // A call that was made twice (its record was lost with the process) must show as two attempts of one run.
    const calls = new Map();
    for (const { runId } of await sink.calls()) calls.set(runId, (calls.get(runId) ?? 0) + 1);
    const twice = [...calls].filter(([, count]) => count > 1);
    repeated += twice.length;
    const { rows } = await pool.query('SELECT id, attempt FROM runs WHERE id = ANY ($1)', [twice.map(([id]) => id)]);
    const attempts = new Map(rows.map((row) => [row.id, row.attempt]));
    unproved += twice.filter(([id, count]) => (attempts.get(id) ?? 0) < count).length;
    progress(
      `round ${round}: killed ${dieAt - at} ms in, ${before} delivered by then; ${twice.length} repeated after the restart`,
    );
  }
  report(`SIGKILL in the middle of ${JOBS} jobs due at once, then a restart; ${ROUNDS} rounds`, [
    none('occurrences without a run', missing),
    none('occurrences with two runs', doubled),
    none('runs without an end', open),
    { figure: 'calls repeated, as attempts of the same run', value: repeated },
    none('repeated calls the ledger does not tell of', unproved),
  ]);
});
