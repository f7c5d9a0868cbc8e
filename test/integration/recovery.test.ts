import { randomUUID } from 'node:crypto';
import { SchedulerRegistry } from '@nestjs/schedule';
import { MAX_LOST_ATTEMPTS } from '../../src/domain/retry.js';
import type { ClaimedRun } from '../../src/persistence/claims.repository.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import type { Database } from '../../src/persistence/database.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import { AuditLogRepository } from '../../src/persistence/audit-log.repository.js';
import { JobRevisionsRepository } from '../../src/persistence/job-revisions.repository.js';
import { KeptAnswersRepository } from '../../src/persistence/kept-answers.repository.js';
import { RecoveryRepository } from '../../src/persistence/recovery.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { PartitionsService } from '../../src/recovery/partitions.service.js';
import { RecoveryService } from '../../src/recovery/recovery.service.js';
import { SettableClock } from '../support/settable-clock.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { KeepingQueue, LocalMessages, openLedger, stateOf, T0, tally, testConfig } from './ledger-fixture.js';

const LEASE_MS = 15_000;

let ledger: Ledger;
let claims: ClaimsRepository;

beforeAll(async () => {
  ledger = await openLedger();
  claims = new ClaimsRepository(ledger.database);
});

beforeEach(() => ledger.clear());

afterAll(() => ledger?.close());

function recovering(
  database: Database = ledger.database,
  leaseMs = LEASE_MS,
): {
  service: RecoveryService;
  queue: KeepingQueue;
  clock: SettableClock;
  registry: SchedulerRegistry;
} {
  const queue = new KeepingQueue();
  const clock = new SettableClock(T0);
  const config = testConfig({ leaseMs });
  const registry = new SchedulerRegistry();
  const partitions = new PartitionsService(new PartitionsRepository(database), clock, config);
  const service = new RecoveryService(
    new RecoveryRepository(database),
    partitions,
    new KeptAnswersRepository(database),
    new AuditLogRepository(database, clock, config),
    new JobRevisionsRepository(database),
    queue,
    new LocalMessages(),
    registry,
    clock,
    config,
    new Metrics(),
  );
  return { service, queue, clock, registry };
}

const claimAll = (now: number): Promise<ClaimedRun[]> =>
  claims.claimWaiting(1_000, now, now, now + LEASE_MS, randomUUID());

test('a lapsed lease: the same run is tried again, with the next number', async () => {
  const jobId = await ledger.addJob({ retry: { maxAttempts: 1 } });
  const id = await ledger.addRun(jobId, { dueAt: T0 - 7 });
  await claimAll(T0);
  const { service, queue } = recovering();
  expect(await service.recover(T0 + LEASE_MS)).toMatchObject({ retried: 0 });
  expect(await service.recover(T0 + LEASE_MS + 1)).toEqual({ retried: 1, failed: 0, promoted: 0, orphans: 0 });
  expect(queue.queued).toEqual([id]);
  expect(await ledger.run(id)).toMatchObject({
    state: 'retrying',
    lostAttempts: 1,
    attempt: 1,
    leaseToken: null,
    latenessMs: 7,
    attempts: [{ number: 1, outcome: 'lost', startedAt: T0, durationMs: null }],
  });
  expect((await claimAll(T0 + LEASE_MS + 1))[0]).toMatchObject({ id, attempt: 2, lostAttempts: 1, firstStartedAt: T0 });
});

test('a lease from before the clock was set back by an hour lapses like any other; one that is held is renewed', async () => {
  const jobId = await ledger.addJob();
  const [dead, live] = [await ledger.addRun(jobId), await ledger.addRun(jobId, { scheduledFor: T0 - 1_000 })];
  const before = T0 + 3_600_000;
  const claimed = await claimAll(before);
  const { service, queue } = recovering();
  // Replicas whose clocks are not at one, or whose LEASE is another: theirs is left alone.
  expect(await service.recover(before - 3 * LEASE_MS)).toMatchObject({ retried: 0 });
  expect(await ledger.run(dead)).toMatchObject({ leaseUntil: before + LEASE_MS });

  expect(await service.recover(T0)).toMatchObject({ retried: 0 });
  expect(await ledger.run(dead)).toMatchObject({ leaseUntil: T0 + LEASE_MS });
  const held = claimed.filter(({ id }) => id === live);
  expect([...(await claims.renew(held, T0 + 2 * LEASE_MS))]).toEqual([live]);
  expect(await service.recover(T0 + LEASE_MS + 1)).toMatchObject({ retried: 1 });
  expect(queue.queued).toEqual([dead]);
});

test('a run that is claimed by a clock an hour behind starts no sooner in the ledger than it was due', async () => {
  const jobId = await ledger.addJob();
  const id = await ledger.addRun(jobId, { now: T0 - 3_600_000 });
  await claimAll(T0 - 3_600_000);
  expect(await ledger.run(id)).toMatchObject({ state: 'running', startedAt: T0 });
});

test('two recoveries at once take each lost run once', async () => {
  const jobIds = await ledger.addJobs(...Array.from({ length: 700 }, () => ({})));
  for (const jobId of jobIds) await ledger.addRun(jobId);
  await claimAll(T0);
  const [one, two] = [recovering(), recovering(await ledger.another())];
  const later = T0 + LEASE_MS + 1;
  const results = await Promise.all([one.service.recover(later), two.service.recover(later)]);
  const rest = await one.service.recover(later);
  expect([...results, rest].reduce((sum, { retried }) => sum + retried, 0)).toBe(700);
  expect(new Set([...one.queue.queued, ...two.queue.queued]).size).toBe(700);
  expect(tally(await ledger.runs(), (run) => `${stateOf(run)} ${run.lostAttempts}`)).toEqual({ 'retrying 1': 700 });
});

test('a run that takes its worker down each time ends, and its job knows', async () => {
  const jobId = await ledger.addJob();
  const id = await ledger.addRun(jobId);
  const { service } = recovering();
  let now = T0;
  for (let lost = 0; lost <= MAX_LOST_ATTEMPTS; lost += 1) {
    expect(await claimAll(now)).toHaveLength(1);
    now += LEASE_MS + 1;
    await service.recover(now);
  }
  expect(await ledger.run(id)).toMatchObject({
    state: 'failed',
    reason: 'workerLost',
    attempt: MAX_LOST_ATTEMPTS + 1,
    error: { code: 'worker_lost' },
    finishedAt: now,
  });
  expect(await ledger.query('SELECT last_run_state, failure_streak FROM job_stats')).toEqual([
    { last_run_state: 'failed', failure_streak: 1 },
  ]);
  expect(await claimAll(now)).toEqual([]);
});

test('a live lease is left alone, a renewed one too', async () => {
  const ids = await Promise.all((await ledger.addJobs({}, {})).map((jobId) => ledger.addRun(jobId)));
  const runs = await claimAll(T0);
  await claims.renew(runs.slice(0, 1), T0 + 60_000);
  const { service } = recovering();
  expect(await service.recover(T0 + LEASE_MS + 1)).toMatchObject({ retried: 1 });
  expect(tally(await ledger.runs(), stateOf)).toEqual({ running: 1, retrying: 1 });
  expect(ids).toHaveLength(2);
});

test('a run that its worker finishes this instant is the worker’s', async () => {
  const id = await ledger.addRun(await ledger.addJob());
  await claimAll(T0);
  const { service } = recovering();
  await ledger.database.transaction(async (sql) => {
    await sql.rows({ text: 'SELECT 1 FROM runs WHERE id = $1 FOR UPDATE' }, [id]);
    expect(await service.recover(T0 + LEASE_MS + 1)).toMatchObject({ retried: 0, failed: 0 });
  });
});

describe('deleted jobs', () => {
  test('their lost runs are cancelled, their waiting ones too, whatever backlog waits behind', async () => {
    const [gone, kept] = (await ledger.addJobs({}, {})) as [string, string];
    const lost = await ledger.addRun(gone);
    await claimAll(T0);
    const waiting = await ledger.addRun(gone, { scheduledFor: T0 + 1 });
    const backlog = await ledger.addRun(kept, { scheduledFor: T0 + 2 });
    await ledger.query('DELETE FROM jobs WHERE id = $1', gone);
    const { service } = recovering();
    expect(await service.recover(T0 + LEASE_MS + 1)).toMatchObject({ orphans: 1 });
    for (const id of [lost, waiting])
      expect(await ledger.run(id)).toMatchObject({ state: 'cancelled', reason: 'jobDeleted' });
    expect((await ledger.run(backlog)).state).toBe('queued');
    expect(await ledger.query('SELECT * FROM job_stats')).toEqual([]);
  });

  test('a young one is left to the deletion', async () => {
    const jobId = await ledger.addJob();
    await ledger.addRun(jobId);
    await ledger.query('DELETE FROM jobs');
    const { service } = recovering();
    expect(await service.recover(T0 + 4_000)).toMatchObject({ orphans: 0 });
    expect(await service.recover(T0 + 5_001)).toMatchObject({ orphans: 1 });
  });
});

describe('held runs', () => {
  test('one that nobody promoted is queued, the oldest; those behind an active one wait', async () => {
    const [stuck, busy] = (await ledger.addJobs({ overlap: 'queueAll' }, { overlap: 'queueAll' })) as [string, string];
    const second = await ledger.addRun(stuck, { scheduledFor: T0 + 2, state: 'held' });
    const first = await ledger.addRun(stuck, { scheduledFor: T0 + 1, state: 'held' });
    await ledger.addRun(busy);
    await ledger.addRun(busy, { scheduledFor: T0 + 1, state: 'held' });
    const { service, queue } = recovering();
    expect(await service.recover(T0 + 10)).toMatchObject({ promoted: 1 });
    expect(queue.queued).toEqual([first]);
    expect((await ledger.run(second)).state).toBe('held');
    expect(await service.recover(T0 + 10)).toMatchObject({ promoted: 0 });
  });

  test('the loss of the active run lets the next one go when it was the last attempt', async () => {
    const jobId = await ledger.addJob({ overlap: 'queueOne' });
    const active = await ledger.addRun(jobId);
    const held = await ledger.addRun(jobId, { scheduledFor: T0 + 1, state: 'held' });
    await claimAll(T0);
    await ledger.query(`UPDATE runs SET lost_attempts = ${MAX_LOST_ATTEMPTS} WHERE id = $1`, active);
    const { service, queue } = recovering();
    expect(await service.recover(T0 + LEASE_MS + 1)).toMatchObject({ failed: 1, promoted: 1 });
    expect(queue.queued).toEqual([held]);
  });
});

describe('the loop', () => {
  test('a hanging maintenance of partitions holds recovery up no more than a failing start does', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    await claimAll(T0);
    const { service, clock, registry } = recovering(ledger.database, 300);
    clock.set(T0 + LEASE_MS + 1);
    await ledger.database.transaction(async (sql) => {
      await sql.rows({ text: 'SELECT pg_advisory_xact_lock(7246816)' });
      await service.onModuleInit();
      service.onApplicationBootstrap();
      await waitFor(
        'the lost run to be found',
        () => ledger.run(id),
        ({ state }) => state === 'retrying',
      );
    });
    service.onModuleDestroy();
    expect(registry.getIntervals()).toEqual([]);
  });
});

test('answers kept under idempotency keys go after a day, however many there are', async () => {
  const { database } = ledger;
  await database.rows({
    text: `
      INSERT INTO kept_answers (project_id, key_hash, fingerprint, status, headers, body, created_at)
      SELECT p.id, n::text, '', 201, '{}', '{}', to_timestamp(${T0 / 1_000}) + make_interval(hours => n % 48)
      FROM (SELECT id FROM projects LIMIT 1) p, generate_series(1, 9600) n`,
  });
  const { service, clock } = recovering();
  clock.set(T0 + 36 * 3_600_000);
  await service.trimAnswers();
  const left = await database.rows({ text: 'SELECT count(*) AS n, min(created_at) AS oldest FROM kept_answers' });
  expect(left).toEqual([{ n: 200 * 35, oldest: T0 + 13 * 3_600_000 }]);
});

test('the audit log goes when its retention has passed, however long it is', async () => {
  const { database } = ledger;
  await database.rows({
    text: `
      INSERT INTO audit_log (id, project_id, at, actor_type, action, thing_id)
      SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(n::text, 15, '0'))::uuid,
             gen_random_uuid(), at, 'rootKey', 'job.create', gen_random_uuid()
      FROM (SELECT n, to_timestamp(${T0 / 1_000}) + make_interval(hours => n % 48) AS at
            FROM generate_series(1, 9600) n) AS entries`,
  });
  const { service, clock } = recovering();
  clock.set(T0 + 365 * 86_400_000 + 12 * 3_600_000);
  await service.trimAuditLog();
  const left = await database.rows({ text: 'SELECT count(*) AS n, min(at) AS oldest FROM audit_log' });
  expect(left).toEqual([{ n: 200 * 36, oldest: T0 + 12 * 3_600_000 }]);
});
