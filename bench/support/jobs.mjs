import { Agent, request } from 'undici';

const agent = new Agent({ connections: 2 });

const DEFAULT_PROJECT = '00000000-0000-7000-8000-000000000001';

const BULK = 500;

/** Registers jobs over the API, in bulk; answers their ids in their order. `key`: where the service asks for one. */
export async function createJobs(serviceUrl, jobs, key = null) {
  const ids = new Array(jobs.length);
  let next = 0;
  const work = async () => {
    while (next < jobs.length) {
      const from = next;
      next += BULK;
      const made = await createBulk(serviceUrl, jobs.slice(from, from + BULK), key);
      made.forEach((id, n) => (ids[from + n] = id));
    }
  };
  await Promise.all([work(), work()]);
  return ids;
}

async function createBulk(serviceUrl, jobs, key) {
  const response = await request(`${serviceUrl}/jobs/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ action: 'create', jobs }),
    dispatcher: agent,
  });
  const body = await response.body.json();
  if (response.statusCode !== 200 || body.failed > 0) {
    const told = body.results?.find((result) => result.problem !== null) ?? body;
    throw new Error(`POST /jobs/bulk answered ${response.statusCode}: ${JSON.stringify(told)}`);
  }
  return body.results.map((result) => result.id);
}

/**
 * Registers idle jobs by SQL, a hundred thousand at a time: yearly ones, next due in more than half a year,
 * over the projects in turn. Only for sizes at which the API would take minutes.
 */
export async function seedIdleJobs(
  pool,
  count,
  url,
  { projectIds = [DEFAULT_PROJECT], onProgress = () => undefined } = {},
) {
  const chunk = 100_000;
  for (let from = 0; from < count; from += chunk) {
    const size = Math.min(chunk, count - from);
    await pool.query(
      `WITH numbered AS (
         SELECT n, gen_random_uuid() AS id, ($4::uuid[])[1 + n % cardinality($4)] AS project_id, date_trunc('minute', now()) + interval '200 days' + n * interval '1 second' AS at
         FROM generate_series($1::int + 1, $1::int + $2::int) AS n
       ), defined AS (
       INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at,
                         updated_at)
       SELECT id, project_id, 'idle-' || n, '', '{"team":"idle"}',
              jsonb_build_object('type', 'cron', 'expression', (n % 60) || ' ' || (n % 24) || ' 1 ' || (1 + n % 12) || ' *', 'timeZone', 'UTC'),
              jsonb_build_object('type', 'http', 'method', 'POST', 'url', $3::text, 'headers', '{}'::jsonb,
                                 'timeoutMs', 30000, 'success', '{"statuses":["2xx"]}'::jsonb),
              '{"maxAttempts":3,"backoff":"exponential","initialDelayMs":1000,"maxDelayMs":300000,"maxElapsedMs":3600000}',
              'allow', '{"policy":"runLast","graceMs":10000,"withinMs":3600000,"limit":100}', now(), now()
       FROM numbered
       )
       INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at, tz_edition)
       SELECT id, project_id, 'active', at, at, $5::text FROM numbered`,
      [from, size, url, projectIds, process.versions.tz],
    );
    onProgress(from + size);
  }
  await pool.query('VACUUM ANALYZE jobs, job_states');
}
