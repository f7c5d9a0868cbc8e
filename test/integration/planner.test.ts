import { Planner } from '../../src/scheduling/planner.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import type { Database } from '../../src/persistence/database.js';
import { Metrics } from '../../src/platform/metrics.js';
import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { EVERY_SECOND, KeepingQueue, LocalMessages, openLedger, stateOf, T0, tally } from './ledger-fixture.js';
import { many, planAll, plannerReplica } from './planner-fixture.js';
import type { PlannerReplica } from './planner-fixture.js';

const MINUTE = 60_000;

let ledger: Ledger;

beforeAll(async () => {
  ledger = await openLedger();
});

beforeEach(() => ledger.clear());

afterAll(() => ledger?.close());

const replica = (database: Database = ledger.database): PlannerReplica => plannerReplica(database);

test('a due job: its run is in the ledger and in the queue, and the job moved on', async () => {
  const jobId = await ledger.addJob();
  const { planner, queue } = replica();
  const result = await planner.tick(T0 + 3, 42);
  expect(result).toMatchObject({ jobs: 1, runs: 1 });
  expect([...result.nextDue]).toEqual([T0 + MINUTE]);
  const runs = await ledger.runs();
  expect(runs).toMatchObject([
    { jobId, scheduledFor: T0, state: 'queued', trigger: 'schedule', attempt: 0, availableAt: T0 + 3 },
  ]);
  expect(queue.queued).toEqual(runs.map(({ id }) => id));
  expect(await ledger.query('SELECT epoch FROM runs')).toEqual([{ epoch: 42 }]);
  expect(await ledger.job(jobId)).toMatchObject({
    next_run_at: T0 + MINUTE,
    next_occurrence_at: T0 + MINUTE,
    run_count: 1,
    scheduled_run_count: 1,
    state: 'active',
  });
});

test('nothing due, nothing done; a replayed tick finds nothing', async () => {
  await ledger.addJobs(...many(50));
  const one = replica();
  expect(await one.planner.tick(T0 - 1, 1)).toMatchObject({ jobs: 0, runs: 0 });
  expect(await planAll(one, T0)).toBe(1);
  expect(await one.planner.tick(T0, 1)).toMatchObject({ jobs: 0, runs: 0 });
  expect(await one.planner.tick(T0, 2)).toMatchObject({ jobs: 0, runs: 0 });
  expect(await ledger.runs()).toHaveLength(50);
});

test('four planners on three pools at once, 2,000 due jobs: each occurrence has exactly one run', async () => {
  await ledger.addJobs(...many(2_000));
  const databases = [ledger.database, await ledger.another(), await ledger.another(), ledger.database];
  const replicas = databases.map((database) => replica(database));
  await Promise.all(replicas.map((one, index) => planAll(one, T0, index)));
  await planAll(replicas[0] as PlannerReplica, T0);
  const runs = await ledger.runs();
  expect(runs).toHaveLength(2_000);
  expect(new Set(runs.map(({ jobId }) => jobId)).size).toBe(2_000);
  const queued = replicas.flatMap(({ queue }) => queue.queued);
  expect(new Set(queued)).toEqual(new Set(runs.map(({ id }) => id)));
  expect(queued).toHaveLength(2_000);
  expect(await ledger.query('SELECT min(run_count) AS least, max(run_count) AS most FROM job_states')).toEqual([
    { least: 1, most: 1 },
  ]);
});

test('two planners over a moving now with backlogs and overlap policies: every occurrence once, in some state', async () => {
  const seconds = 300;
  const misfire = { policy: 'runAll', limit: 1_000 } as const;
  await ledger.addJobs(
    ...many(5, { schedule: EVERY_SECOND, misfire }),
    ...many(5, { schedule: EVERY_SECOND, overlap: 'skip' }),
    ...many(5, { schedule: EVERY_SECOND, overlap: 'queueAll', misfire }),
    ...many(5, { schedule: EVERY_SECOND, overlap: 'cancelRunning' }),
  );
  const [a, b] = [replica(), replica(await ledger.another())];
  const race = async (one: PlannerReplica): Promise<void> => {
    for (let second = 0; second <= seconds; second += 60) await planAll(one, T0 + second * 1_000);
  };
  await Promise.all([race(a), race(b)]);
  await planAll(a, T0 + seconds * 1_000);
  const perJob = await ledger.query<{ runs: number; distinct: number; first: number; last: number }>(
    `SELECT count(*) AS runs, count(DISTINCT scheduled_for) AS distinct, min(scheduled_for) AS first, max(scheduled_for) AS last
     FROM runs GROUP BY job_id`,
  );
  expect(perJob).toHaveLength(20);
  for (const job of perJob) {
    expect(job).toEqual({ runs: seconds + 1, distinct: seconds + 1, first: T0, last: T0 + seconds * 1_000 });
  }
  const active = await ledger.query<{ overlap: string; active: number }>(
    `SELECT jobs.overlap, count(*) FILTER (WHERE state = 'queued') AS active FROM runs JOIN jobs ON jobs.id = job_id
     WHERE jobs.overlap <> 'allow' GROUP BY jobs.id`,
  );
  expect(active.map((job) => job.active)).toEqual(Array.from({ length: 15 }, () => 1));
});

test('a backlog is planned behind what is due now, never in one transaction', async () => {
  const backlog = await ledger.addJob({ schedule: EVERY_SECOND, misfire: { policy: 'runLast', withinMs: 86_400_000 } });
  const now = T0 + 1_000 * 1_000;
  const fresh = await ledger.addJob({ nextOccurrenceAt: now - (now % MINUTE), nextRunAt: now - 10 });
  const one = replica();
  await one.planner.tick(now, 1);
  expect((await ledger.runs(backlog)).length).toBe(200);
  expect(await ledger.runs(fresh)).toHaveLength(1);
  expect(await ledger.job(backlog)).toMatchObject({ next_run_at: now });
  await planAll(one, now);
  const runs = await ledger.runs(backlog);
  expect(runs).toHaveLength(1_001);
  expect(tally(runs, stateOf)).toEqual({ 'skipped:misfire': 989, queued: 12 });
});

describe('a row that can not be planned is parked, and the others fire', () => {
  test.each<[string, string]>([
    ['its schedule is none', `UPDATE jobs SET schedule = '{"type": "moon"}'`],
    ['its schedule is no object', `UPDATE jobs SET schedule = '7'`],
    ['its zone is gone', `UPDATE jobs SET schedule = schedule || '{"timeZone": "Mars/Olympus"}'`],
    ['its cron is broken', `UPDATE jobs SET schedule = schedule || '{"expression": "99 * * * *"}'`],
    ['its retry policy is empty', `UPDATE jobs SET retry = '{}'`],
    ['its retry policy counts in words', `UPDATE jobs SET retry = '{"maxAttempts": "three"}'`],
    ['its misfire policy is null', `UPDATE jobs SET misfire = 'null'`],
    ['its occurrence lies before 1970', `UPDATE job_states SET next_occurrence_at = '1969-07-20T20:17:00Z'`],
  ])('%s', async (_name, poison) => {
    const good = await ledger.addJobs(...many(20));
    const bad = await ledger.addJob({ pausedAt: T0 - 9_000_000, resumedAt: T0 - 8_000_000 });
    await ledger.query(`${poison} WHERE ${poison.startsWith('UPDATE jobs') ? 'id' : 'job_id'} = $1`, bad);
    const one = replica();
    await planAll(one, T0 + 5);
    const runs = await ledger.runs();
    expect(new Set(runs.map(({ jobId }) => jobId))).toEqual(new Set(good));
    expect(one.queue.queued).toHaveLength(20);
    expect(await ledger.job(bad)).toMatchObject({
      state: 'paused',
      next_run_at: null,
      paused_at: T0 + 5,
      pause_note: expect.stringContaining('parked: ') as string,
    });
  });
});

describe('a job that another transaction holds', () => {
  test.each<[string, string, (runs: number) => void]>([
    [
      'edits it to a later time',
      `UPDATE job_states SET next_run_at = '2026-06-10T13:00:00Z', next_occurrence_at = '2026-06-10T13:00:00Z', version = version + 1 WHERE job_id = $1`,
      (runs) => expect(runs).toBe(0),
    ],
    [
      'pauses it',
      `UPDATE job_states SET state = 'paused', next_run_at = NULL, version = version + 1 WHERE job_id = $1`,
      (runs) => expect(runs).toBe(0),
    ],
    ['deletes it', `DELETE FROM jobs WHERE id = $1`, (runs) => expect(runs).toBe(0)],
    [
      'changes nothing that matters',
      `UPDATE job_states SET version = version + 1 WHERE job_id = $1`,
      (runs) => expect(runs).toBe(1),
    ],
  ])('%s: the tick leaves it alone, and plans it as it is afterwards', async (_name, edit, expected) => {
    const held = await ledger.addJob();
    const other = await ledger.addJob();
    const one = replica();
    await ledger.database.transaction(async (sql) => {
      await sql.rows({ text: 'SELECT 1 FROM job_states WHERE job_id = $1 FOR UPDATE' }, [held]);
      expect(await one.planner.tick(T0, 1)).toMatchObject({ jobs: 1, runs: 1 });
      expect(await ledger.runs(held)).toEqual([]);
      await sql.rows({ text: edit }, [held]);
      expect(await one.planner.tick(T0, 1)).toMatchObject({ jobs: 0 });
    });
    await planAll(one, T0);
    expected((await ledger.runs(held)).length);
    expect(await ledger.runs(other)).toHaveLength(1);
  });

  test('and a planner that holds it makes the edit wait for the plan', async () => {
    const jobId = await ledger.addJob();
    const planning = new PlanningRepository(ledger.database);
    let edited = false;
    let edit: Promise<unknown> = Promise.resolve();
    await planning.transaction(async (sql) => {
      expect(await planning.lockDue(sql, T0, 10)).toHaveLength(1);
      edit = ledger.query('UPDATE job_states SET state = state WHERE job_id = $1', jobId).then(() => (edited = true));
      await waitFor(
        'the edit to wait',
        () =>
          ledger.query(
            `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE job_states%'`,
          ),
        (rows) => rows.length === 1,
      );
      expect(edited).toBe(false);
    });
    await edit;
  });
});

test('an occurrence that has a run already keeps it, and is not queued again', async () => {
  const jobId = await ledger.addJob();
  const existing = await ledger.addRun(jobId, { scheduledFor: T0, trigger: 'backfill' });
  const { planner, queue } = replica();
  expect(await planner.tick(T0, 1)).toMatchObject({ jobs: 1, runs: 0 });
  expect((await ledger.runs()).map(({ id }) => id)).toEqual([existing]);
  expect(queue.queued).toEqual([]);
  expect(await ledger.job(jobId)).toMatchObject({ next_run_at: T0 + MINUTE, run_count: 0 });
});

test('a row that changed under the plan rolls the whole batch back', async () => {
  const jobId = await ledger.addJob();
  const planning = new PlanningRepository(ledger.database);
  const advance = {
    id: jobId,
    version: 1,
    plannedAt: T0 - 1,
    state: 'active',
    nextOccurrenceAt: T0 + MINUTE,
    nextRunAt: T0 + MINUTE,
    pausedAt: null,
    resumedAt: null,
    pauseNote: null,
    newRuns: 1,
  } as const;
  const write = (moved: object) =>
    planning.transaction((sql) => planning.write(sql, [], [{ ...advance, ...moved }], T0));
  await expect(write({})).rejects.toThrow('changed under their lock');
  await expect(write({ plannedAt: T0, version: 2 })).rejects.toThrow('changed');
  await write({ plannedAt: T0 });
  expect(await ledger.job(jobId)).toMatchObject({ next_run_at: T0 + MINUTE });
});

describe('pauses', () => {
  test('a pause that ends makes the job active, and the missed ones go by the misfire policy', async () => {
    const jobId = await ledger.addJob({
      state: 'paused',
      pausedAt: T0 - MINUTE,
      pausedUntil: T0 + 150_000,
      nextOccurrenceAt: T0,
      nextRunAt: T0 + 150_000,
    });
    const one = replica();
    await planAll(one, T0 + 149_000);
    expect(await ledger.runs(jobId)).toEqual([]);
    await planAll(one, T0 + 150_010);
    expect((await ledger.runs(jobId)).map((run) => [run.scheduledFor - T0, stateOf(run)])).toEqual([
      [0, 'skipped:paused'],
      [MINUTE, 'skipped:paused'],
      [2 * MINUTE, 'queued'],
    ]);
    expect(await ledger.job(jobId)).toMatchObject({
      state: 'active',
      paused_until: null,
      resumed_at: T0 + 150_000,
      next_run_at: T0 + 3 * MINUTE,
    });
  });

  test('a job with nothing left is completed', async () => {
    const jobId = await ledger.addJob({ schedule: { type: 'once', at: '2026-06-10T12:00:00.000Z', timeZone: 'UTC' } });
    await planAll(replica(), T0);
    expect(await ledger.job(jobId)).toMatchObject({ state: 'completed', next_run_at: null, next_occurrence_at: null });
    expect(await ledger.runs(jobId)).toHaveLength(1);
  });

  test('maxRuns counts across ticks', async () => {
    const jobId = await ledger.addJob({
      schedule: { type: 'cron', expression: '* * * * *', timeZone: 'UTC', maxRuns: 2 },
    });
    const one = replica();
    for (let minute = 0; minute < 4; minute += 1) await planAll(one, T0 + minute * MINUTE);
    expect(await ledger.runs(jobId)).toHaveLength(2);
    expect(await ledger.job(jobId)).toMatchObject({ state: 'completed', scheduled_run_count: 2 });
  });
});

test('cancelRunning: open runs are cancelled in the same transaction, and the replicas are told', async () => {
  const jobId = await ledger.addJob({ overlap: 'cancelRunning' });
  const old = await ledger.addRun(jobId, { scheduledFor: T0 - MINUTE });
  await ledger.query(`UPDATE runs SET state = 'running', lease_token = gen_random_uuid() WHERE id = $1`, old);
  const { planner, messages, queue } = replica();
  await planner.tick(T0, 1);
  expect(await ledger.run(old)).toMatchObject({
    state: 'cancelled',
    reason: 'replacedByNewerRun',
    leaseToken: null,
    finishedAt: T0,
  });
  expect(messages.sent).toEqual([{ type: 'runsCancelled', runIds: [old] }]);
  expect(queue.queued).toHaveLength(1);
});

test('a crash between commit and queue loses nothing: the run waits in the ledger', async () => {
  await ledger.addJob();
  const queue = new KeepingQueue();
  queue.enqueue = () => Promise.reject(new Error('the process died here'));
  const planner = new Planner(
    new PlanningRepository(ledger.database),
    queue,
    new LocalMessages(),
    new Metrics(),
    NO_TRACING,
  );
  await expect(planner.tick(T0, 1)).rejects.toThrow('died');
  expect(await ledger.runs()).toMatchObject([{ state: 'queued' }]);
  expect(await replica().planner.tick(T0, 1)).toMatchObject({ jobs: 0 });
});

test('2,500 due jobs are planned in three ticks', async () => {
  await ledger.addJobs(...many(2_500));
  const one = replica();
  expect(await planAll(one, T0)).toBe(3);
  expect(new Set(one.queue.queued).size).toBe(2_500);
});
