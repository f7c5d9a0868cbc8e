import { SchedulerRegistry } from '@nestjs/schedule';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import type { Instant } from '../../src/domain/recurrence/schedule.js';
import { bucketOf } from '../../src/domain/statistics/histogram.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import type { Database, Sql } from '../../src/persistence/database.js';
import { HOST } from '../../src/persistence/rollup-sql.js';
import { newRunId } from '../../src/persistence/run-id.js';
import { RollupsRepository } from '../../src/persistence/rollups.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { RollupsService } from '../../src/statistics/rollups.service.js';
import { randomFrom } from '../support/seeded-random.js';
import { SettableClock } from '../support/settable-clock.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, PROJECT_ID, T0, testConfig } from './ledger-fixture.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const OTHER_PROJECT = '00000000-0000-7000-8000-000000000002';

/** From 0 to below 1. */
const seededRandom = (seed: number): (() => number) => {
  const draw = randomFrom(seed);
  return () => draw(2 ** 32) / 2 ** 32;
};

let ledger: Ledger;
let jobIds: string[];

beforeAll(async () => {
  ledger = await openLedger();
  const partitions = new PartitionsRepository(ledger.database);
  const today = T0 - (T0 % DAY_MS);
  for (const day of [today - DAY_MS, today, today + DAY_MS]) await partitions.create(day);
  await ledger.query(
    `INSERT INTO projects (id, name, created_at, updated_at) VALUES ('${OTHER_PROJECT}', 'other', now(), now())`,
  );
});

beforeEach(async () => {
  await ledger.query('TRUNCATE jobs, job_states, runs, run_rollups, job_rollups, host_rollups, rollup_marks CASCADE');
  await ledger.query('UPDATE rollup_progress SET rolled_up_to = NULL, settled_to = NULL, jobs_to = NULL');
  jobIds = await ledger.addJobs(
    ...Array.from({ length: 6 }, (_, index) => ({ target: { url: `https://host-${index % 3}.example/hook` } })),
  );
});

afterAll(() => ledger?.close());

function replica(database: Database = ledger.database): RollupsService {
  const [repository, clock] = [new RollupsRepository(database), new SettableClock(T0)];
  return new RollupsService(repository, new SchedulerRegistry(), clock, testConfig({}), new Metrics());
}

async function rollUp(now: Instant, service = replica()): Promise<void> {
  while (!(await service.pass(now)));
}

const ENDS = ['succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled', 'skipped', 'queued', 'retrying'] as const;
const REASONS: Partial<Record<string, string>> = {
  skipped: 'overlap',
  failed: 'attemptsExhausted',
  cancelled: 'jobDeleted',
};

/** Runs of a random load, dated as if each had been planned `lateMs` after its instant. */
async function addRuns(random: () => number, count: number, from: Instant, to: Instant, lateMs = 5): Promise<void> {
  const rows = Array.from({ length: count }, () => {
    const at = from + Math.floor(random() * (to - from));
    const state = ENDS[Math.floor(random() * ENDS.length)] as string;
    const isStarted = state !== 'skipped' && state !== 'queued';
    return {
      ...{ id: newRunId(at), at: formatInstant(at), job: jobIds[Math.floor(random() * jobIds.length)] },
      ...{ project: random() < 0.2 ? OTHER_PROJECT : PROJECT_ID, nonce: Math.floor(random() * 2 ** 30) + 1 },
      ...{ state, reason: REASONS[state] ?? null, attempt: isStarted ? 1 + Math.floor(random() * 3) : 0 },
      lateness: isStarted ? Math.floor(random() ** 4 * 20_000) : null,
      duration: isStarted ? Math.floor(random() ** 3 * 60_000) : null,
      created: formatInstant(at + lateMs),
    };
  });
  await ledger.query(
    `INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, state,
                       reason, attempt, max_attempts, available_at, created_at, lateness_ms, duration_ms)
     SELECT id, at, at, project, job, 'job', 1, 'manual', nonce, state, reason, attempt, 3, at, created, lateness, duration
     FROM jsonb_to_recordset($1::jsonb) AS n (id uuid, at timestamptz, job uuid, project uuid, nonce int, state text,
       reason text, attempt int, lateness bigint, duration bigint, created timestamptz)`,
    JSON.stringify(rows),
  );
}

type Row = Record<string, unknown>;
const OPEN = ['queued', 'retrying', 'running', 'held'];

/** What rollups should hold, counted from the whole ledger in another way: in this process, run by run. */
async function recount(keysOf: (run: Row) => string, lengthMs: number): Promise<Record<string, Row>> {
  const runs = await ledger.query(
    `SELECT project_id, job_id, state, reason, lateness_ms, duration_ms, scheduled_for AS at FROM runs`,
  );
  const found: Record<string, Row> = {};
  for (const run of runs) {
    const at = Number(run['at']) - (Number(run['at']) % lengthMs);
    const name = `${keysOf(run)} ${formatInstant(at)}`;
    const row = (found[name] ??= {
      ...{
        succeeded: 0,
        failed: 0,
        cancelled: 0,
        skipped: 0,
        open: 0,
        late: 0,
        lateness_max: null,
        duration_max: null,
      },
      ...{ lateness: {}, duration: {}, reasons: {} },
    });
    const state = String(run['state']);
    const isOpen = OPEN.includes(state);
    const group = isOpen ? 'open' : state;
    row[group] = Number(row[group]) + 1;
    if (run['lateness_ms'] !== null) addTo(row, 'lateness', Number(run['lateness_ms']));
    if (Number(run['lateness_ms'] ?? 0) > 1_000) row['late'] = Number(row['late']) + 1;
    if (!isOpen && run['duration_ms'] !== null) addTo(row, 'duration', Number(run['duration_ms']));
    const reasons = row['reasons'] as Record<string, number>;
    if (!isOpen && run['reason'] !== null) {
      const reason = run['reason'] as string;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
  }
  return found;
}

function addTo(row: Row, kind: string, ms: number): void {
  const counts = row[kind] as Record<string, number>;
  counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
  row[`${kind}_max`] = Math.max(Number(row[`${kind}_max`] ?? 0), ms);
}

async function stored(text: string): Promise<Record<string, Row>> {
  const rows = await ledger.query(text);
  return Object.fromEntries(
    rows.map(({ name, at, lateness, duration, reasons, ...counts }) => [
      `${String(name)} ${formatInstant(Number(at))}`,
      { ...counts, lateness: unpacked(lateness), duration: unpacked(duration), reasons: reasons ?? {} },
    ]),
  );
}

function unpacked(packed: unknown): Record<string, number> {
  const values = (packed ?? []) as string[];
  return Object.fromEntries(values.map((value) => [Math.floor(Number(value) / 2 ** 40), Number(value) % 2 ** 40]));
}

const COLUMNS = `at, succeeded, failed, cancelled, skipped, open, late, lateness_max, duration_max, lateness, duration, reasons`;

async function expectAllAsRecounted(): Promise<void> {
  const byProject = (run: Row): string => String(run['project_id']);
  for (const [grain, ms] of Object.entries({ minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS })) {
    const rows = await stored(`SELECT project_id AS name, ${COLUMNS} FROM run_rollups WHERE grain = '${grain}'`);
    expect(rows).toEqual(await recount(byProject, ms));
  }
  const jobs = await stored(`SELECT job_id AS name, ${COLUMNS} FROM job_rollups`);
  expect(jobs).toEqual(await recount((run) => String(run['job_id']), HOUR_MS));
  const [hosts] = await ledger.query(
    `SELECT sum(runs)::int AS runs, sum(attempts)::int AS attempts, sum(failed)::int AS failed, count(DISTINCT host)::int AS hosts FROM host_rollups`,
  );
  const [called] = await ledger.query(
    `SELECT count(*)::int AS runs, sum(attempt)::int AS attempts, count(*) FILTER (WHERE state = 'failed')::int AS failed, 3 AS hosts
     FROM runs WHERE attempt > 0`,
  );
  expect(hosts).toEqual(called);
}

const NOW = T0 + 3 * HOUR_MS;

describe('rollups', () => {
  test.each([1, 2, 3])('equal a recount of the ledger (seed %i)', async (seed) => {
    await addRuns(seededRandom(seed), 2_000, T0 - HOUR_MS, T0 + 2 * HOUR_MS);
    await rollUp(NOW);
    await expectAllAsRecounted();
  });

  it('follow what is open to its end', async () => {
    await addRuns(seededRandom(4), 500, T0, T0 + HOUR_MS);
    await rollUp(NOW);
    await ledger.query(`UPDATE runs SET state = 'succeeded', duration_ms = 77 WHERE state IN ('queued', 'retrying')`);
    await rollUp(NOW + 30 * MINUTE_MS);
    await rollUp(NOW + 2 * HOUR_MS);
    await expectAllAsRecounted();
    expect(await ledger.query('SELECT 1 AS left FROM run_rollups WHERE recheck_at IS NOT NULL')).toEqual([]);
  });

  it('take in what enters the ledger for instants long past, as backfills and outages bring it', async () => {
    await addRuns(seededRandom(5), 500, T0, T0 + HOUR_MS);
    await rollUp(NOW);
    await addRuns(seededRandom(6), 300, T0 - 5 * HOUR_MS, T0 + HOUR_MS, 4 * HOUR_MS);
    expect((await ledger.query('SELECT 1 AS mark FROM rollup_marks')).length).toBe(300);
    await rollUp(NOW + 1);
    await expectAllAsRecounted();
    expect(await ledger.query('SELECT 1 AS mark FROM rollup_marks')).toEqual([]);
  });

  it('look twice at each minute, for what was committed after the first look and left no mark', async () => {
    await addRuns(seededRandom(7), 50, T0, T0 + HOUR_MS);
    await rollUp(T0 + HOUR_MS + 10_000);
    await addRuns(seededRandom(8), 50, T0 + HOUR_MS - MINUTE_MS, T0 + HOUR_MS, 59_000);
    expect(await ledger.query('SELECT 1 AS mark FROM rollup_marks')).toEqual([]);
    await rollUp(NOW);
    await expectAllAsRecounted();
  });

  it('ask one question where there is nothing to do', async () => {
    const [transactions, questions] = [jest.spyOn(ledger.database, 'transaction'), jest.spyOn(ledger.database, 'rows')];
    try {
      expect(await replica().pass(NOW)).toBe(true); // nothing has ever run
      expect([transactions.mock.calls.length, questions.mock.calls.length]).toEqual([0, 1]);
      await addRuns(seededRandom(10), 50, T0, T0 + HOUR_MS);
      await ledger.query(`UPDATE runs SET state = 'succeeded' WHERE state IN ('queued', 'retrying')`);
      await rollUp(NOW);
      jest.clearAllMocks();
      expect(await replica().pass(NOW)).toBe(true);
      expect([transactions.mock.calls.length, questions.mock.calls.length]).toEqual([0, 1]);
    } finally {
      jest.restoreAllMocks();
    }
  });

  it('write no mark for what is in time', async () => {
    await addRuns(seededRandom(9), 50, T0, T0 + HOUR_MS, 60_000);
    expect(await ledger.query('SELECT 1 AS mark FROM rollup_marks')).toEqual([]);
  });

  it('do not count twice when two replicas are at it', async () => {
    await addRuns(seededRandom(10), 1_000, T0 - HOUR_MS, T0 + 2 * HOUR_MS);
    const [one, other] = [replica(await ledger.another()), replica(await ledger.another())];
    const both = Promise.all([rollUp(NOW, one), rollUp(NOW, other)]);
    await addRuns(seededRandom(11), 500, T0 - HOUR_MS, T0 + 2 * HOUR_MS, HOUR_MS);
    await both;
    await rollUp(NOW);
    await expectAllAsRecounted();
  });

  it('go on where a death broke them off', async () => {
    await addRuns(seededRandom(12), 1_000, T0 - HOUR_MS, T0 + 2 * HOUR_MS);
    for (let statements = 1; statements < 60; statements += 1) {
      const service = replica(dyingAfter(ledger.database, statements));
      await service.pass(NOW).catch(() => undefined);
    }
    await addRuns(seededRandom(13), 200, T0 - HOUR_MS, T0 + 2 * HOUR_MS, HOUR_MS);
    for (let statements = 1; statements < 12; statements += 1)
      await replica(dyingAfter(ledger.database, statements))
        .pass(NOW)
        .catch(() => undefined);
    await rollUp(NOW);
    await expectAllAsRecounted();
  });

  it('are swept when runs are, those of hours and days much later', async () => {
    await addRuns(seededRandom(14), 100, T0, T0 + HOUR_MS);
    await rollUp(NOW);
    await replica().trim(T0 + 31 * DAY_MS);
    const left = await ledger.query(`SELECT DISTINCT grain FROM run_rollups ORDER BY grain`);
    expect(left).toEqual([{ grain: 'day' }, { grain: 'hour' }]);
    expect(await ledger.query('SELECT 1 AS row FROM job_rollups UNION ALL SELECT 1 FROM host_rollups')).toEqual([]);
    await replica().trim(T0 + 402 * DAY_MS);
    expect(await ledger.query(`SELECT 1 AS row FROM run_rollups`)).toEqual([]);
  });
});

describe('the host of a target', () => {
  it.each([
    ['https://api.example.com/hook', 'api.example.com'],
    ['http://API.example.com:8443', 'api.example.com:8443'],
    ['https://user:secret@api.example.com/hook', 'api.example.com'],
    ['https://api.example.com?to=https://other.example/@x', 'api.example.com'],
    ['https://api.example.com#x@y', 'api.example.com'],
    ['http://[::1]:8080/hook', '[::1]:8080'],
    ['https://{{host}}/hook', '{{host}}'],
    ['nowhere', null],
    [null, null],
  ])('of %s is %s', async (url, host) => {
    const target = JSON.stringify(url === null ? {} : { url });
    expect(await ledger.query(`SELECT ${HOST} AS host FROM (SELECT $1::jsonb AS target) j`, target)).toEqual([
      { host },
    ]);
  });
});

/** A database that a transaction loses after so many statements, as when the process dies. */
function dyingAfter(database: Database, statements: number): Database {
  let left = statements;
  const dying =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (left === 0) throw new Error('dead');
      left -= 1;
      return work(...args);
    };
  return {
    rows: dying(database.rows.bind(database)),
    count: dying(database.count.bind(database)),
    transaction: <Result>(work: (sql: Sql) => Promise<Result>, limitMs?: number) =>
      database.transaction(
        (sql) => work({ rows: dying(sql.rows.bind(sql)) as Sql['rows'], count: dying(sql.count.bind(sql)) }),
        limitMs,
      ),
  } as unknown as Database;
}
