const DAY_MS = 86_400_000;
const DAYS = 28;

/**
 * Ended runs by SQL, spread over the 28 days before today, in partitions as the service makes them; of each hundred one failed.
 * They belong to `jobs` of the idle jobs that are there. `untilNow`: as many a day today too, up to this moment.
 */
export async function seedRuns(pool, count, { jobs = 1_000, untilNow = false, onProgress = () => undefined } = {}) {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const { rows: some } = await pool.query(
    'SELECT array_agg(id) AS ids FROM (SELECT id FROM jobs ORDER BY id LIMIT $1) j',
    [jobs],
  );
  let done = 0;
  for (let n = DAYS; n >= 1; n -= 1) {
    const day = today - n * DAY_MS;
    const upTo = Math.round((count * (DAYS - n + 1)) / DAYS);
    await addDay(pool, day, DAY_MS - 1_000, upTo - done, some[0].ids);
    done = upTo;
    if (n % 7 === 1) onProgress(done);
  }
  const passedMs = Date.now() - today;
  if (untilNow)
    await addDay(pool, today, passedMs, Math.max(1, Math.round((count / DAYS) * (passedMs / DAY_MS))), some[0].ids);
  await pool.query('VACUUM ANALYZE runs');
}

/** Spread over the first `lengthMs` of a day. */
async function addDay(pool, day, lengthMs, count, jobIds) {
  const [from, to] = [day, day + DAY_MS].map((ms) => new Date(ms).toISOString());
  const name = `runs_${from.slice(0, 10).replaceAll('-', '')}`;
  const { rows } = await pool.query('SELECT to_regclass($1) AS oid', [name]);
  if (rows[0].oid === null) {
    await pool.query(`CREATE TABLE ${name} (LIKE runs INCLUDING ALL)`);
    await pool.query(`ALTER TABLE runs ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
  }
  // An id is a UUID v7 of when the run was due: 48 bits of milliseconds, then what makes it unique.
  await pool.query(
    `INSERT INTO ${name} (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, state,
                          attempt, max_attempts, available_at, started_at, finished_at, lateness_ms, duration_ms, response,
                          error, attempts, created_at)
     SELECT (substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-7' || substr(noise, 1, 3) || '-8' || substr(noise, 4, 3) || '-' ||
             substr(noise, 7, 12))::uuid,
            at, at, j.project_id, j.id, j.name, 1, 'schedule', 0, CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END,
            1, 3, at, at, at + interval '12 ms', 4, 12, '{"status":200,"bodyExcerpt":"ok"}', NULL,
            jsonb_build_array(jsonb_build_object('number', 1, 'startedAt', round(extract(epoch FROM at) * 1000), 'durationMs', 12,
                                                 'outcome', 'succeeded', 'status', 200, 'error', NULL)), at
     FROM (
       SELECT n, date_trunc('milliseconds', $1::timestamptz + n * (interval '1 ms' * $5::float8 / $2::int)) AS at, md5($4 || n) AS noise
       FROM generate_series(1, $2::int) AS n
     ) AS due
     CROSS JOIN LATERAL (SELECT lpad(to_hex(round(extract(epoch FROM due.at) * 1000)::bigint), 12, '0') AS hex) AS time
     JOIN LATERAL (SELECT ($3::uuid[])[1 + n % cardinality($3)] AS job_id) AS chosen ON true
     JOIN jobs j ON j.id = chosen.job_id
     ON CONFLICT DO NOTHING`,
    [from, count, jobIds, `${from} `, lengthMs],
  );
}
