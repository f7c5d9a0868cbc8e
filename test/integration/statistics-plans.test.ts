import { SchedulerRegistry } from '@nestjs/schedule';
import pg from 'pg';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import { STATISTICS_RESOLUTIONS, TIMELINE_RESOLUTIONS, spanOf } from '../../src/domain/statistics/resolution.js';
import type { Resolution, Span } from '../../src/domain/statistics/resolution.js';
import { AuditFindingsRepository } from '../../src/persistence/audit-findings.repository.js';
import { AttentionRepository } from '../../src/persistence/attention.repository.js';
import type { Database, Sql, SqlValue, Statement } from '../../src/persistence/database.js';
import { ForecastsRepository } from '../../src/persistence/forecasts.repository.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import { RollupsRepository } from '../../src/persistence/rollups.repository.js';
import { RunStripsRepository } from '../../src/persistence/run-strips.repository.js';
import { StatisticsRepository } from '../../src/persistence/statistics.repository.js';
import { TimelineRepository } from '../../src/persistence/timeline.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { RollupsService } from '../../src/statistics/rollups.service.js';
import { SettableClock } from '../support/settable-clock.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, PROJECT_ID, T0, testConfig } from './ledger-fixture.js';
import { bigScans, explain, rowsTouched } from './plans.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TODAY = T0 - (T0 % DAY_MS);
const DAYS_BACK = 8;
const RUNS = 60_000;
const JOBS = 5_000;

let ledger: Ledger;
let client: pg.Client;
let jobIds: string[];

beforeAll(async () => {
  ledger = await openLedger(2);
  const partitions = new PartitionsRepository(ledger.database);
  for (let day = TODAY - DAYS_BACK * DAY_MS; day <= TODAY + 7 * DAY_MS; day += DAY_MS) await partitions.create(day);
  await ledger.query(`
    WITH defined AS (
      INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
      SELECT gen_random_uuid(), '${PROJECT_ID}', 'job ' || n, '', '{}', '{"type": "cron", "expression": "0 * * * *", "timeZone": "UTC"}',
             jsonb_build_object('url', 'https://host-' || n % 50 || '.example/'), '{"maxAttempts": 3}', 'allow', '{}', now(), now()
      FROM generate_series(1, ${JOBS}) AS n
      RETURNING id
    )
    INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at)
    SELECT id, '${PROJECT_ID}', 'active', '${formatInstant(T0 + DAY_MS)}', '${formatInstant(T0 + DAY_MS)}' FROM defined`);
  await ledger.query(`
    INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, state, attempt, max_attempts,
                      available_at, created_at, finished_at, lateness_ms, duration_ms)
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid,
           at, at, '${PROJECT_ID}', job.id, 'job', 1, 'schedule', CASE WHEN run.n % 20 = 0 THEN 'failed' ELSE 'succeeded' END, 1, 3,
           at, at, at, run.n % 500, run.n % 3000
    FROM (SELECT id, row_number() OVER () AS n FROM jobs) AS job
    JOIN generate_series(0, ${RUNS - 1}) AS run (n) ON run.n % ${JOBS} = job.n - 1,
    LATERAL (SELECT date_trunc('milliseconds', '${formatInstant(TODAY - DAYS_BACK * DAY_MS)}'::timestamptz
                    + run.n * interval '${((DAYS_BACK + 0.5) * DAY_MS) / RUNS} ms')) AS due (at),
    LATERAL md5(run.n::text) AS h`);
  jobIds = (await ledger.query<{ id: string }>('SELECT id FROM jobs ORDER BY id')).map(({ id }) => id);
  await ledger.query('ANALYZE');
  const repository = new RollupsRepository(ledger.database);
  const service = new RollupsService(
    repository,
    new SchedulerRegistry(),
    new SettableClock(T0),
    testConfig({}),
    new Metrics(),
  );
  while (!(await service.pass(T0)));
  await ledger.query('VACUUM ANALYZE');
  client = new pg.Client({ connectionString: ledger.url });
  await client.connect();
}, 240_000);

afterAll(async () => {
  await client?.end();
  await ledger?.close();
});

/** A database that runs what it is given, and keeps it. */
class Overheard {
  readonly heard: { readonly statement: Statement; readonly values: readonly SqlValue[] }[] = [];

  get database(): Database {
    const rows: Sql['rows'] = (statement, values = []) => {
      this.heard.push({ statement, values });
      return ledger.database.rows(statement, values);
    };
    return { rows } as unknown as Database;
  }
}

function span<Name extends string>(days: number, resolutions: readonly Resolution<Name>[]): Span<Name> {
  return spanOf(T0 - days * DAY_MS, T0, resolutions) as Span<Name>;
}

const statistics = (days: number) => (database: Database) =>
  new StatisticsRepository(database).ofProject(PROJECT_ID, span(days, STATISTICS_RESOLUTIONS), T0);
const ofJob = (days: number) => (database: Database) =>
  new StatisticsRepository(database).ofJob(jobIds[0] as string, span(days, STATISTICS_RESOLUTIONS), T0);
const bands = (days: number) => (database: Database) =>
  new TimelineRepository(database).bands(jobIds.slice(0, 50), span(days, TIMELINE_RESOLUTIONS), T0);
const attention = (database: Database): AttentionRepository => new AttentionRepository(database);

/** What each reads, and how many rows it may come across. */
const READS: [string, number, (database: Database) => Promise<unknown>][] = [
  ['an hour of the project', 100, statistics(1 / 24)],
  ['14 days of the project', 500, statistics(14)],
  ['30 days of the project', 200, statistics(30)],
  ['6 hours of a job', 50, ofJob(0.25)],
  ['30 days of a job', 200, ofJob(30)],
  ['strips of 200 jobs', 10_000, (db) => new RunStripsRepository(db).newest(PROJECT_ID, jobIds.slice(0, 200), 50, T0)],
  ['jobs by name', 400, (db) => new TimelineRepository(db).jobsAfter(PROJECT_ID, 'job 2', 100)],
  ['jobs by id', 400, (db) => new TimelineRepository(db).jobs(PROJECT_ID, jobIds.slice(0, 100))],
  [
    'marks of 100 jobs',
    4_000,
    (db) => new TimelineRepository(db).marks(jobIds.slice(0, 100), span(30, TIMELINE_RESOLUTIONS), 61),
  ],
  ['bands of 50 jobs in 2 hours', 500, bands(1 / 12)],
  ['bands of 50 jobs in 30 days', 3_000, bands(30)],
  [
    'versions of 100 jobs',
    500,
    (db) => new TimelineRepository(db).standings(jobIds.slice(0, 100), span(1, TIMELINE_RESOLUTIONS)),
  ],
  ['hosts', 8_000, (db) => attention(db).hosts(PROJECT_ID, T0 - HOUR_MS, T0, 200)],
  ['failures', 1_000, (db) => attention(db).failures(PROJECT_ID, T0 - DAY_MS, T0, 200)],
  ['jobs that fail', 500, (db) => attention(db).failing(PROJECT_ID, jobIds.slice(0, 100), 3)],
  ['overdue jobs', 100, (db) => attention(db).overdue(PROJECT_ID, T0, 20)],
  ['pauses', 100, (db) => attention(db).paused(PROJECT_ID, T0, T0 + DAY_MS)],
  ['findings of audits', 2_000, (db) => new AuditFindingsRepository(db).byJob(PROJECT_ID, 20)],
  ['a forecast', 50, (db) => new ForecastsRepository(db).find(PROJECT_ID)],
  ['how many jobs there are', 50, (db) => new ForecastsRepository(db).jobs(PROJECT_ID, 100)],
];

describe.each(['force_generic_plan', 'force_custom_plan'])('%s', (mode) => {
  test.each(READS)('to read %s reads no big table whole, and at most %i rows', async (_name, most, read) => {
    const overheard = new Overheard();
    await read(overheard.database);
    expect(overheard.heard.length).toBeGreaterThan(0);
    for (const { statement, values } of overheard.heard) {
      const { root: plan } = await explain(client, statement, values, mode);
      expect(bigScans(plan)).toEqual([]);
      expect(rowsTouched(plan)).toBeLessThanOrEqual(most);
    }
  });
});
