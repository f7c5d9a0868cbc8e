import pg from 'pg';
import { randomUUID } from 'node:crypto';
import type { FinishedAttempt } from '../../src/persistence/claims.repository.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import type { Database, Sql, SqlValue, Statement } from '../../src/persistence/database.js';
import * as writes from '../../src/persistence/ledger-writes.js';
import { LedgerHealthRepository } from '../../src/persistence/ledger-health.repository.js';
import { RunTracesRepository } from '../../src/persistence/run-traces.js';
import { RecoveryRepository } from '../../src/persistence/recovery.repository.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import { newRunId } from '../../src/persistence/run-id.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, PROJECT_ID, T0 } from './ledger-fixture.js';
import { bigScans, explain, rowsTouched } from './plans.js';
import type { PlanNode } from './plans.js';

const DAY_MS = 86_400_000;
const TODAY = T0 - (T0 % DAY_MS);
const DAYS_BACK = 30;
const DAYS_AHEAD = 7;
const RUNS = 200_000;
const JOBS = 20_000;

let ledger: Ledger;
let client: pg.Client;
let jobIds: string[];

beforeAll(async () => {
  ledger = await openLedger(2);
  const partitions = new PartitionsRepository(ledger.database);
  for (let day = TODAY - DAYS_BACK * DAY_MS; day <= TODAY + DAYS_AHEAD * DAY_MS; day += DAY_MS)
    await partitions.create(day);
  jobIds = await addJobs();
  await addEndedRuns();
  await addOpenRuns('queued', 800, 200_000, 0);
  await addOpenRuns('held', 200, 200_000, 10_000);
  await addOpenRuns('running', 500, 200_000, 20_000);
  await ledger.query(`
    INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak)
    SELECT id, now(), 'succeeded', CASE WHEN row_number() OVER () <= 30 THEN 3 ELSE 0 END FROM jobs`);
  await ledger.query('ANALYZE jobs, job_states, runs, job_stats');
  client = new pg.Client({ connectionString: ledger.url });
  await client.connect();
}, 60_000);

afterAll(async () => {
  await client?.end();
  await ledger?.close();
});

async function addJobs(): Promise<string[]> {
  await ledger.query(`
    WITH defined AS (
    INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
    SELECT gen_random_uuid(), '${PROJECT_ID}', 'job ' || n, '', '{}', '{}', jsonb_build_object('url', repeat('x', 400)), '{"maxAttempts": 3}', 'allow', '{}', at, now()
    FROM generate_series(1, ${JOBS}) AS n, LATERAL (SELECT '${formatInstant(T0)}'::timestamptz + n * interval '1 s') AS due (at)
    RETURNING id, created_at
    )
    INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at)
    SELECT id, '${PROJECT_ID}', 'active', created_at, created_at FROM defined`);
  const rows = await ledger.query<{ id: string }>('SELECT id FROM jobs ORDER BY id');
  return rows.map(({ id }) => id);
}

async function addEndedRuns(): Promise<void> {
  await ledger.query(`
    INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, state, attempt, max_attempts,
                      available_at, lease_until, created_at, finished_at)
    SELECT gen_random_uuid(), at, at, '${PROJECT_ID}', job.id, 'job', 1, 'schedule', 'succeeded', 1, 3, at, NULL, at, at
    FROM (SELECT id, row_number() OVER () AS n FROM jobs) AS job
    JOIN generate_series(0, ${RUNS - 1}) AS run (n) ON run.n % ${JOBS} = job.n - 1,
    LATERAL (SELECT '${formatInstant(TODAY - DAYS_BACK * DAY_MS)}'::timestamptz
                    + run.n * interval '${((DAYS_BACK + 0.5) * DAY_MS) / RUNS} ms') AS due (at)`);
}

/** Spread over the last two days, as behind a slow target. */
async function addOpenRuns(state: string, count: number, everyMs: number, shiftMs: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => newRunId(T0 - shiftMs - index * everyMs));
  await ledger.database.rows(
    {
      text: `
        INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, state, attempt,
                          max_attempts, available_at, lease_until, lease_token, created_at)
        SELECT run.id, at, at, '${PROJECT_ID}', job.id, 'job', 1, 'schedule', $2, 0, 3, at,
               CASE WHEN $2 = 'running' THEN at + interval '15 s' END, CASE WHEN $2 = 'running' THEN run.id END, at
        FROM unnest($1::uuid[]) WITH ORDINALITY AS run (id, n)
        JOIN (SELECT id, row_number() OVER () AS n FROM jobs) AS job ON job.n = run.n,
        LATERAL (SELECT to_timestamp(('x' || left(replace(run.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)) AS due (at)`,
    },
    [ids, state],
  );
}

/** A database that keeps the statement it is given, and answers nothing. */
class Overheard {
  statement: Statement | null = null;
  values: readonly SqlValue[] = [];

  readonly sql: Sql = {
    rows: async (statement, values = []) => {
      this.statement = statement;
      this.values = values;
      return [];
    },
    count: async (statement, values = []) => {
      await this.sql.rows(statement, values);
      return 0;
    },
  };

  get database(): Database {
    return { ...this.sql, transaction: (work: (sql: Sql) => unknown) => work(this.sql) } as unknown as Database;
  }
}

async function explainGiven(
  given: (database: Database) => Promise<unknown>,
  mode: string,
): Promise<{ root: PlanNode; ms: number; text: string }> {
  const heard = new Overheard();
  await given(heard.database);
  if (heard.statement === null) throw new Error('no statement was made');
  return explain(client, heard.statement, heard.values, mode);
}

const LEASE_UNTIL = T0 + 15_000;

async function someRuns(
  state: string,
  count: number,
): Promise<{ id: string; scheduledFor: number; jobId: string; token: string }[]> {
  return ledger.query(
    `SELECT id, scheduled_for AS "scheduledFor", job_id AS "jobId", id AS token FROM runs WHERE state = $1 ORDER BY id DESC LIMIT ${count}`,
    state,
  );
}

async function finishes(count: number): Promise<FinishedAttempt[]> {
  return (await someRuns('running', count)).map(({ id, scheduledFor, jobId, token }) => ({
    run: {
      ...{ id, scheduledFor, dueAt: scheduledFor, projectId: PROJECT_ID, jobId, jobName: 'n', token },
      ...{ overlap: 'allow', firstStartedAt: null },
    },
    ...{ state: 'succeeded', reason: null, availableAt: null, lost: false, finishedAt: T0, error: null },
    attempt: { number: 1, startedAt: T0, durationMs: 3, outcome: 'succeeded', status: 200, error: null },
    response: { status: 200, bodyExcerpt: 'ok' },
  }));
}

const claims = (database: Database): ClaimsRepository => new ClaimsRepository(database);
const recovery = (database: Database): RecoveryRepository => new RecoveryRepository(database);
const planning = (database: Database): PlanningRepository => new PlanningRepository(database);

const STATEMENTS: [string, (database: Database) => Promise<unknown>][] = [
  [
    'claim 64 by id',
    async (database) => {
      const ids = (await someRuns('queued', 64)).map(({ id }) => id);
      await claims(database).claimByIds(ids, T0, LEASE_UNTIL, randomUUID());
    },
  ],
  [
    'claim 1 by id',
    async (database) => {
      const ids = (await someRuns('queued', 1)).map(({ id }) => id);
      await claims(database).claimByIds(ids, T0, LEASE_UNTIL, randomUUID());
    },
  ],
  [
    'claim 250 that wait',
    async (database) => {
      await claims(database).claimWaiting(250, T0, T0, LEASE_UNTIL, randomUUID());
    },
  ],
  [
    'claim 1 that waits',
    async (database) => {
      await claims(database).claimWaiting(1, T0, T0, LEASE_UNTIL, randomUUID());
    },
  ],
  [
    'claim what the queue has lost',
    async (database) => {
      await claims(database).claimWaiting(250, T0, T0 - 2_000, LEASE_UNTIL, randomUUID());
    },
  ],
  [
    'finish 500',
    async (database) => {
      await claims(database).finish(await finishes(500));
    },
  ],
  [
    'finish 1',
    async (database) => {
      await claims(database).finish(await finishes(1));
    },
  ],
  [
    'record a cancelled attempt',
    async (database) => {
      const [run] = await finishes(1);
      if (run !== undefined) await claims(database).recordCancelledAttempt(run.run, run.attempt);
    },
  ],
  [
    'renew 200',
    async (database) => {
      await claims(database).renew(await someRuns('running', 200), LEASE_UNTIL);
    },
  ],
  ['next available', (database) => claims(database).nextAvailable(T0 - DAY_MS)],
  ['count open runs of 1000 jobs', (database) => writes.countOpenRuns(database, jobIds.slice(0, 1_000))],
  [
    'cancel open runs of 100 jobs',
    (database) =>
      writes.cancelOpenRuns(
        database,
        jobIds.slice(0, 100),
        ['queued', 'running', 'retrying', 'held'],
        'replacedByNewerRun',
        T0,
      ),
  ],
  ['promote held runs of 500 jobs', (database) => writes.promoteHeldRuns(database, jobIds.slice(0, 500), T0)],
  ['promote held runs of 1 job', (database) => writes.promoteHeldRuns(database, jobIds.slice(0, 1), T0)],
  ['lock 500 jobs', (database) => writes.lockJobs(database, jobIds.slice(0, 500))],
  ['jobs with expired leases', (database) => recovery(database).jobsWithExpiredLeases(T0, 500)],
  ['lock expired runs', (database) => recovery(database).lockExpired(database, jobIds.slice(0, 500), T0, 500)],
  ['jobs with stuck held runs', (database) => recovery(database).jobsWithStuckHeldRuns()],
  ['cancel orphans', (database) => recovery(database).cancelOrphans(T0, T0)],
  ['lock due jobs', (database) => planning(database).lockDue(database, T0 + 600_000, 1_000)],
  ['earliest due', (database) => planning(database).earliestDue()],
  ['look at the backlog', (database) => new LedgerHealthRepository(database).backlog(T0)],
  ['count failing jobs', (database) => new LedgerHealthRepository(database).failingJobs()],
  [
    'read the traces of 200 runs',
    async (database) => {
      await new RunTracesRepository(database).read(await someRuns('running', 200));
    },
  ],
  ['due instants', (database) => planning(database).dueInstants(T0, T0 + 60_000, 1_000)],
];

/** The first plans of a connection are made for the values at hand, later ones for any. */
const MODES = ['force_generic_plan', 'force_custom_plan'];

async function expectNoBigScan(
  name: string,
  given: (database: Database) => Promise<unknown>,
  mode: string,
): Promise<void> {
  const { root, ms, text } = await explainGiven(given, mode);
  if (process.env['SHOW_PLANS'] !== undefined)
    console.log(mode, name, ms, rowsTouched(root), bigScans(root), process.env['SHOW_PLANS'] === name ? text : '');
  expect(bigScans(root)).toEqual([]);
}

describe.each(MODES)('%s, usual load', (mode) => {
  test.each(STATEMENTS)('%s reads no big table whole', (name, given) => expectNoBigScan(name, given, mode));
});

describe('a job with a long history', () => {
  let jobId = '';

  beforeAll(async () => {
    jobId = jobIds[0] as string;
    await ledger.query(
      `UPDATE runs SET job_id = $1 WHERE job_id = ANY (SELECT id FROM jobs ORDER BY id DESC LIMIT 2000) AND state = 'succeeded'`,
      jobId,
    );
    await ledger.query('ANALYZE runs');
  });

  describe.each(MODES)('%s', (mode) => {
    test.each<[string, (database: Database) => Promise<unknown>]>([
      ['count', (database) => writes.countOpenRuns(database, [jobId])],
      ['cancel', (database) => writes.cancelOpenRuns(database, [jobId], ['queued', 'held'], 'jobDeleted', T0)],
      ['promote', (database) => writes.promoteHeldRuns(database, [jobId], T0)],
      ['recover', (database) => recovery(database).lockExpired(database, [jobId], T0, 500)],
    ])('to %s its open runs touches no ended ones', async (_name, given) => {
      const { root } = await explainGiven(given, mode);
      expect(rowsTouched(root)).toBeLessThan(2_000);
    });
  });
});

describe('a backlog of 60,000 queued runs', () => {
  beforeAll(async () => {
    await addOpenRuns('queued', 20_000, 9_000, 1);
    await addOpenRuns('queued', 20_000, 9_000, 2);
    await addOpenRuns('queued', 20_000, 9_000, 3);
    await ledger.query('ANALYZE runs');
  }, 60_000);

  describe.each(MODES)('%s', (mode) => {
    test.each(STATEMENTS)('%s reads no big table whole', (name, given) => expectNoBigScan(name, given, mode));

    test.each([1, 20, 250])('a claim of %i touches that many rows and not the backlog', async (limit) => {
      const { root } = await explainGiven(
        (database) => claims(database).claimWaiting(limit, T0, T0, LEASE_UNTIL, randomUUID()),
        mode,
      );
      expect(rowsTouched(root)).toBeLessThan(100 + 20 * limit);
    });
  });
});
