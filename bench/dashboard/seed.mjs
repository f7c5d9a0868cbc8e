// A project as the dashboard meets it after a month: jobs, runs, and what the service has made of them.
import { DataSource } from 'typeorm';
import { seedIdleJobs } from '../support/jobs.mjs';
import { progress } from '../support/report.mjs';
import { seedRuns } from '../support/runs.mjs';

const DAY_MS = 86_400_000;
const HOSTS = 100;
/** Rolled up from the ledger; the days before are like them. */
const DAYS_ROLLED_UP = 2;
const DAYS = 28;

export async function seedDashboard(pool, databaseUrl, { jobs, runs, busy }) {
  await seedIdleJobs(pool, jobs, 'https://host.example/hook', {
    onProgress: (count) => progress(`${count} of ${jobs} jobs`),
  });
  await pool.query(
    `UPDATE jobs SET target = jsonb_set(target, '{url}', to_jsonb('https://host-' || get_byte(uuid_send(id), 0) % $2 || '.example/hook'))
     WHERE id = ANY (ARRAY(SELECT id FROM jobs ORDER BY id LIMIT $1))`,
    [busy, HOSTS],
  );
  await seedRuns(pool, runs, {
    jobs: busy,
    untilNow: true,
    onProgress: (count) => progress(`${count} of ${runs} runs`),
  });
  const now = Date.now();
  const from = Math.floor(now / DAY_MS - DAYS_ROLLED_UP) * DAY_MS;
  await pool.query('UPDATE rollup_progress SET rolled_up_to = $1, settled_to = $1, jobs_to = $1', [new Date(from)]);
  await rollUp(databaseUrl, now);
  progress('rolled up what is new, and forecast');
  await copyDay(pool, new Date(from));
  await pool.query('VACUUM ANALYZE');
}

/** As the loops of the service do. */
async function rollUp(databaseUrl, now) {
  const of = (path) => import(`../../dist/${path}.js`);
  const [{ dataSourceOptions }, { Database }, { RollupsRepository }, { RollupsService }, { Metrics }] =
    await Promise.all(
      ['data-source', 'database', 'rollups.repository']
        .map((name) => `persistence/${name}`)
        .concat('statistics/rollups.service', 'platform/metrics')
        .map(of),
    );
  const [{ ForecastsRepository }, { CalendarsRepository }, { ForecastComputer }, { ForecastLoop }] = await Promise.all(
    ['persistence/forecasts.repository', 'persistence/calendars.repository']
      .concat('statistics/forecast-computer', 'statistics/forecast-loop.service')
      .map(of),
  );
  const options = dataSourceOptions({ url: databaseUrl, poolSize: 2, applicationName: 'bench' });
  const source = await new DataSource(options).initialize();
  try {
    const database = new Database(source);
    const config = { runRetentionMs: 30 * DAY_MS };
    const rollups = new RollupsService(new RollupsRepository(database), null, null, config, new Metrics());
    while (!(await rollups.pass(now)));
    const forecasts = new ForecastsRepository(database);
    const computer = new ForecastComputer(forecasts, new CalendarsRepository(database));
    await new ForecastLoop(forecasts, computer, null, null).pass(now);
  } finally {
    await source.destroy();
  }
}

/** Runs are seeded evenly: a day's rollups stand for those of each day before. */
async function copyDay(pool, day) {
  const counts =
    'succeeded, failed, cancelled, skipped, open, late, lateness_max, duration_max, lateness, duration, reasons';
  for (const [table, keys] of [
    ['run_rollups', 'project_id, grain'],
    ['job_rollups', 'job_id'],
  ]) {
    await pool.query(
      `INSERT INTO ${table} (${keys}, at, ${counts})
       SELECT ${keys}, at - n * interval '24 hours', ${counts}
       FROM ${table}, generate_series(1, $2::int) AS n WHERE at >= $1 AND at < $1 + interval '24 hours'
       ON CONFLICT DO NOTHING`,
      [day, DAYS - DAYS_ROLLED_UP],
    );
  }
}
