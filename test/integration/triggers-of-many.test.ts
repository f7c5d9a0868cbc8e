import pg from 'pg';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, PROJECT_ID } from './ledger-fixture.js';

let ledger: Ledger;
let client: pg.Client;

beforeAll(async () => {
  ledger = await openLedger(1);
  client = new pg.Client({ connectionString: ledger.url });
  await client.connect();
}, 60_000);

afterAll(async () => {
  await client?.end();
  await ledger?.close();
});

/** Jobs as a bulk creation writes them, by one statement. */
async function addJobs(count: number): Promise<void> {
  await client.query(
    `WITH defined AS (
       INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
       SELECT gen_random_uuid(), $1, 'job ' || gen_random_uuid(), '', '{}', '{"timeZone": "UTC"}', '{}', '{}', 'allow', '{}', now(), now()
       FROM generate_series(1, $2)
       RETURNING id
     )
     INSERT INTO job_states (project_id, job_id, state) SELECT $1, id, 'active' FROM defined`,
    [PROJECT_ID, count],
  );
}

test('the first versions of many new jobs are written without reading those that were there', async () => {
  await addJobs(300);
  await client.query('ANALYZE jobs, job_states');
  await client.query('BEGIN');
  await addJobs(1_000);
  await addJobs(1_000);
  const { rows } = await client.query<{ read: number }>(
    `SELECT seq_tup_read::int AS read FROM pg_stat_xact_user_tables WHERE relname = 'jobs'`,
  );
  await client.query('COMMIT');
  expect(rows).toEqual([{ read: 0 }]);
  const kept = await client.query<{ versions: number; right: boolean }>(`
    SELECT count(*)::int AS versions, bool_and(r.version = 1 AND r.at = j.updated_at AND r.definition ->> 'name' = j.name) AS right
    FROM job_revisions r JOIN jobs j ON j.id = r.job_id`);
  expect(kept.rows).toEqual([{ versions: 2_300, right: true }]);
});

test('the quotas of many changed jobs are counted as fast as they are changed, also where few were changed before', async () => {
  const change = async (jobs: number): Promise<number> => {
    const startedMs = performance.now();
    await client.query(
      `UPDATE jobs SET fires_per_million_minutes = fires_per_million_minutes + 1
       WHERE id IN (SELECT id FROM jobs ORDER BY id LIMIT $1)`,
      [jobs],
    );
    return performance.now() - startedMs;
  };
  await addJobs(2_000);
  for (let time = 0; time < 6; time += 1) await change(1);
  await change(4_000);
  const countedMs = await change(4_000);
  await client.query('ALTER TABLE jobs DISABLE TRIGGER jobs_changed');
  const uncountedMs = await change(4_000);
  await client.query('ALTER TABLE jobs ENABLE TRIGGER jobs_changed');
  expect(countedMs / uncountedMs).toBeLessThan(5); // each with each it is ten and more
  const { rows } = await client.query<{ counted: number }>(
    `SELECT sum(fires_per_million_minutes)::int AS counted FROM project_usage WHERE project_id = $1`,
    [PROJECT_ID],
  );
  const jobs = await client.query<{ held: number }>('SELECT sum(fires_per_million_minutes)::int AS held FROM jobs');
  expect(rows[0]?.counted).toBe((jobs.rows[0]?.held ?? 0) - 4_000); // what was not counted
});
