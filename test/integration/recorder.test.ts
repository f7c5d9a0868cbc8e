import { randomUUID } from 'node:crypto';
import { Recorder } from '../../src/execution/recorder.js';
import type { ClaimedRun, FinishedAttempt } from '../../src/persistence/claims.repository.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import type { Database, Sql, SqlValue, Statement } from '../../src/persistence/database.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Planner } from '../../src/scheduling/planner.js';
import { RunTracing } from '../../src/execution/run-tracing.js';
import { RunTracesRepository } from '../../src/persistence/run-traces.js';
import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import { SettableClock } from '../support/settable-clock.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { EVERY_SECOND, KeepingQueue, LocalMessages, openLedger, stateOf, T0, tally } from './ledger-fixture.js';

let ledger: Ledger;

beforeAll(async () => {
  ledger = await openLedger(10);
});

beforeEach(() => ledger.clear());

afterAll(() => ledger?.close());

interface Parts {
  readonly recorder: Recorder;
  readonly claims: ClaimsRepository;
  readonly queue: KeepingQueue;
}

function recording(database: Database = ledger.database, now = T0): Parts {
  const queue = new KeepingQueue();
  const claims = new ClaimsRepository(database);
  return {
    queue,
    claims,
    recorder: new Recorder(
      claims,
      queue,
      new LocalMessages(),
      new SettableClock(now),
      new Metrics(),
      new RunTracing(NO_TRACING, new RunTracesRepository(ledger.database)),
    ),
  };
}

function finished(run: ClaimedRun, draft: Partial<FinishedAttempt> = {}): FinishedAttempt {
  return {
    ...{ run, state: 'succeeded', reason: null, availableAt: null, lost: false, finishedAt: T0 + 30, error: null },
    attempt: { number: run.attempt, startedAt: T0 + 5, durationMs: 25, outcome: 'succeeded', status: 200, error: null },
    response: { status: 200, bodyExcerpt: 'ok' },
    ...draft,
  };
}

const claimAll = ({ claims }: Parts, now = T0): Promise<ClaimedRun[]> =>
  claims.claimWaiting(1_000, now, now, now + 15_000, randomUUID());

/** The real database with a fault in front: as long as it is `away`, statements fail or commits are lost on their way back. */
class Faulty {
  away = false;
  losesCommits = 0;
  statements = 0;

  constructor(private readonly real: Database) {}

  get database(): Database {
    return {
      rows: (statement: Statement, values?: readonly SqlValue[]) => this.rows(statement, values),
      transaction: async <Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> => {
        this.check();
        const result = await this.real.transaction(work);
        this.loseCommit();
        return result;
      },
    } as unknown as Database;
  }

  private async rows(statement: Statement, values?: readonly SqlValue[]): Promise<never[]> {
    this.check();
    const rows = await this.real.rows(statement, values);
    this.loseCommit();
    return rows as never[];
  }

  private check(): void {
    this.statements += 1;
    if (this.away) throw new Error('connect ECONNREFUSED');
  }

  private loseCommit(): void {
    if (this.losesCommits === 0) return;
    this.losesCommits -= 1;
    throw new Error('Connection terminated unexpectedly');
  }
}

async function queuedRuns(count: number, overlap: 'allow' | 'queueAll' = 'allow'): Promise<void> {
  const jobIds = await ledger.addJobs(...Array.from({ length: count }, () => ({ overlap })));
  for (const jobId of jobIds) await ledger.addRun(jobId);
}

test('while the database is away it keeps trying, and loses nothing', async () => {
  await queuedRuns(20);
  await queuedRuns(5, 'queueAll');
  const faulty = new Faulty(ledger.database);
  const parts = recording(faulty.database);
  const runs = await claimAll(parts);
  faulty.away = true;
  let done = 0;
  const all = Promise.all(runs.map((run) => parts.recorder.record(finished(run)).then(() => (done += 1))));
  await waitFor(
    'a second try',
    () => faulty.statements,
    (count) => count >= 5,
  );
  expect(done).toBe(0);
  faulty.away = false;
  await all;
  expect(tally(await ledger.runs(), stateOf)).toEqual({ succeeded: 25 });
});

test('broken connections in the middle of it: all is recorded, once', async () => {
  await queuedRuns(300);
  const parts = recording();
  const runs = await claimAll(parts);
  const all = Promise.all(runs.map((run) => parts.recorder.record(finished(run))));
  const admin = await ledger.another(1);
  for (let kill = 0; kill < 3; kill += 1) {
    await admin.rows({
      text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    });
  }
  await all;
  const recorded = await waitFor('the pool to be back', () => ledger.runs());
  expect(tally(recorded, stateOf)).toEqual({ succeeded: 300 });
  expect(recorded.every(({ attempts }) => attempts.length === 1)).toBe(true);
});

test('a commit whose answer is lost is not counted twice', async () => {
  const jobId = await ledger.addJob();
  const id = await ledger.addRun(jobId);
  const faulty = new Faulty(ledger.database);
  const parts = recording(faulty.database);
  const [run] = (await claimAll(parts)) as [ClaimedRun];
  faulty.losesCommits = 1;
  await parts.recorder.record(finished(run, { state: 'failed', reason: 'attemptsExhausted' }));
  expect(await ledger.run(id)).toMatchObject({ state: 'failed', attempts: [{ number: 1 }] });
  expect(await ledger.query('SELECT failure_streak FROM job_stats')).toEqual([{ failure_streak: 1 }]);
});

test('an attempt that the ledger can not hold keeps no other out of it', async () => {
  await queuedRuns(10);
  const parts = recording();
  const runs = await claimAll(parts);
  const tooLong = 2 ** 70; // beyond bigint
  await Promise.all(
    runs.map((run, index) => {
      const whole = finished(run);
      return parts.recorder.record(
        index === 4 ? { ...whole, attempt: { ...whole.attempt, durationMs: tooLong } } : whole,
      );
    }),
  );
  expect(tally(await ledger.runs(), stateOf)).toEqual({ succeeded: 9, running: 1 });
});

test('a job that someone has locked holds up no other job', async () => {
  const locked = await ledger.addJob({ overlap: 'skip' });
  const lockedRun = await ledger.addRun(locked);
  await queuedRuns(5);
  const parts = recording();
  const runs = await claimAll(parts);
  let recorded: Promise<unknown> = Promise.resolve();
  await ledger.database.transaction(async (sql) => {
    await sql.rows({ text: 'SELECT 1 FROM job_states WHERE job_id = $1 FOR UPDATE' }, [locked]);
    recorded = Promise.all(runs.map((run) => parts.recorder.record(finished(run))));
    await waitFor(
      'the others',
      () => ledger.runs(),
      (all) => tally(all, stateOf)['succeeded'] === 5,
    );
    expect((await ledger.run(lockedRun)).state).toBe('running');
  });
  await recorded;
  expect((await ledger.run(lockedRun)).state).toBe('succeeded');
});

test('several attempts of one job at once each count in its streak', async () => {
  const jobId = await ledger.addJob();
  for (let index = 0; index < 7; index += 1) await ledger.addRun(jobId, { scheduledFor: T0 - index, now: T0 });
  const parts = recording();
  const runs = await claimAll(parts);
  await Promise.all(
    runs.map((run) => parts.recorder.record(finished(run, { state: 'failed', reason: 'attemptsExhausted' }))),
  );
  expect(await ledger.query('SELECT failure_streak FROM job_stats')).toEqual([{ failure_streak: 7 }]);
});

test('a retry is announced for its instant', async () => {
  await queuedRuns(1);
  const parts = recording();
  const [run] = (await claimAll(parts)) as [ClaimedRun];
  await parts.recorder.record(finished(run, { state: 'retrying', availableAt: T0 + 700 }));
  expect(parts.queue.wakes).toEqual([T0 + 700]);
});

describe('overlap', () => {
  test('the end of a run queues the oldest held one, and only that', async () => {
    const jobId = await ledger.addJob({ overlap: 'queueAll' });
    await ledger.addRun(jobId);
    const second = await ledger.addRun(jobId, { scheduledFor: T0 + 1_000, state: 'held' });
    const third = await ledger.addRun(jobId, { scheduledFor: T0 + 2_000, state: 'held' });
    const parts = recording();
    const [run] = (await claimAll(parts)) as [ClaimedRun];
    await parts.recorder.record(finished(run, { state: 'retrying', availableAt: T0 }));
    expect(parts.queue.queued).toEqual([]);
    const [again] = (await claimAll(parts)) as [ClaimedRun];
    await parts.recorder.record(finished(again, { state: 'failed', reason: 'attemptsExhausted' }));
    expect(parts.queue.queued).toEqual([second]);
    expect((await ledger.run(third)).state).toBe('held');
  });

  test('410 pauses the job in the same transaction', async () => {
    const jobId = await ledger.addJob();
    await ledger.addRun(jobId);
    const parts = recording();
    const [run] = (await claimAll(parts)) as [ClaimedRun];
    await parts.recorder.record(finished(run, { state: 'failed', reason: 'gone' }));
    expect(await ledger.job(jobId)).toMatchObject({
      state: 'paused',
      next_run_at: null,
      paused_at: T0 + 30,
      version: 2,
    });
  });

  test.each(['queueAll', 'queueOne', 'skip', 'cancelRunning'] as const)(
    '%s: ends and plans race 150 times, and never are two runs active nor is one left behind',
    async (overlap) => {
      const jobs = 10;
      const seconds = 15;
      const misfire = { graceMs: 3_600_000 };
      await ledger.addJobs(...Array.from({ length: jobs }, () => ({ overlap, misfire, schedule: EVERY_SECOND })));
      const two = [recording(), recording(await ledger.another())] as const;
      const planner = new Planner(
        new PlanningRepository(ledger.database),
        new KeepingQueue(),
        new LocalMessages(),
        new Metrics(),
        NO_TRACING,
      );
      const mostActive = async (): Promise<number> => {
        const [row] = await ledger.query<{ most: number }>(
          `SELECT coalesce(max(active), 0)::int AS most FROM (SELECT count(*) AS active FROM runs
           WHERE state IN ('queued', 'running', 'retrying') GROUP BY job_id) AS jobs`,
        );
        return row?.most ?? 0;
      };
      for (let second = 0; second < seconds; second += 1) {
        const now = T0 + second * 1_000;
        const runs = await Promise.all(two.map(async (parts) => ({ parts, runs: await claimAll(parts, now) })));
        const ends = runs.flatMap(({ parts, runs: claimed }) =>
          claimed.map((run) => parts.recorder.record(finished(run))),
        );
        await Promise.all([...ends, planner.tick(now, 1), planner.tick(now, 2)]);
        await planner.tick(now, 1); // what the ends held locked
        expect(await mostActive()).toBeLessThanOrEqual(1);
        const stuck = await ledger.query(
          `SELECT 1 FROM runs held WHERE state = 'held' AND NOT EXISTS (SELECT 1 FROM runs active
           WHERE active.job_id = held.job_id AND active.state IN ('queued', 'running', 'retrying'))`,
        );
        expect(stuck).toEqual([]);
      }
      const counts = await ledger.query<{ runs: number }>('SELECT count(*) AS runs FROM runs GROUP BY job_id');
      expect(counts).toEqual(Array.from({ length: jobs }, () => ({ runs: seconds })));
    },
    15_000,
  );
});
