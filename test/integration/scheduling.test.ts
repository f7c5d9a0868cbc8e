import { SchedulerRegistry } from '@nestjs/schedule';
import type { Database } from '../../src/persistence/database.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import type { Clock } from '../../src/platform/clock.js';
import { Metrics } from '../../src/platform/metrics.js';
import { AlwaysLeader } from '../../src/scheduling/always-leader.js';
import { LeaderLock } from '../../src/scheduling/leader-lock.js';
import type { LeadershipListener, Reign } from '../../src/scheduling/leader-lock.js';
import { Planner } from '../../src/scheduling/planner.js';
import { SchedulingService } from '../../src/scheduling/scheduling.service.js';
import { Slots } from '../../src/scheduling/slots.js';
import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import { SettableClock } from '../support/settable-clock.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { EVERY_SECOND, KeepingQueue, LocalMessages, openLedger, T0, testConfig } from './ledger-fixture.js';
import { HostClock } from './worker-fixture.js';

let ledger: Ledger;
let services: SchedulingService[] = [];

beforeAll(async () => {
  ledger = await openLedger();
});

beforeEach(() => ledger.clear());

afterEach(async () => {
  for (const service of services) await service.onModuleDestroy();
  services = [];
});

afterAll(() => ledger?.close());

interface Leader {
  readonly service: SchedulingService;
  readonly registry: SchedulerRegistry;
  readonly slots: Slots;
  readonly messages: LocalMessages;
  readonly queue: KeepingQueue;
}

async function lead(
  horizonMs = 60_000,
  database: Database = ledger.database,
  lock?: LeaderLock,
  clock: Clock = new HostClock(),
): Promise<Leader> {
  const [registry, messages, queue, metrics] = [
    new SchedulerRegistry(),
    new LocalMessages(),
    new KeepingQueue(),
    new Metrics(),
  ];
  const repository = new PlanningRepository(database);
  const slots = new Slots(registry, clock);
  const planner = new Planner(repository, queue, messages, metrics, NO_TRACING);
  const service = new SchedulingService(
    lock ?? new AlwaysLeader(repository),
    planner,
    slots,
    repository,
    registry,
    messages,
    clock,
    testConfig({ horizonMs }),
    metrics,
  );
  await service.onApplicationBootstrap();
  services.push(service);
  return { service, registry, slots, messages, queue };
}

/** Whole seconds from now, as schedules have them. */
const inSeconds = (seconds: number): number => Math.ceil(Date.now() / 1_000) * 1_000 + seconds * 1_000;
const once = (at: number): object => ({ type: 'once', at: new Date(at).toISOString(), timeZone: 'UTC' });
const slotNames = ({ registry }: Leader): string[] => registry.getTimeouts().filter((name) => name.startsWith('slot:'));

test('overdue work is planned at the start, what comes next is armed: one timeout a slot', async () => {
  const overdue = await ledger.addJob({ schedule: once(T0) });
  const soon = inSeconds(30);
  await ledger.addJobs(...Array.from({ length: 20 }, () => ({ schedule: once(soon), nextOccurrenceAt: soon })));
  await ledger.addJob({ schedule: once(soon + 5_000), nextOccurrenceAt: soon + 5_000 });
  await ledger.addJob({ schedule: once(soon + 600_000), nextOccurrenceAt: soon + 600_000 });
  const leader = await lead();
  await waitFor(
    'the slots',
    () => leader.slots.next(9),
    (next) => next.length === 2,
  );
  expect(leader.slots.next(9)).toEqual([soon, soon + 5_000]);
  expect(slotNames(leader)).toEqual([
    `slot:${new Date(soon).toISOString()}`,
    `slot:${new Date(soon + 5_000).toISOString()}`,
  ]);
  expect(await ledger.runs(overdue)).toMatchObject([{ state: 'skipped', reason: 'misfire' }]);
});

test('a job of every second fires on each one, on time, once', async () => {
  const first = inSeconds(0);
  const jobId = await ledger.addJob({ schedule: EVERY_SECOND, nextOccurrenceAt: first });
  const { queue } = await lead();
  const runs = await waitFor(
    'three runs',
    () => ledger.runs(jobId),
    (all) => all.length >= 3,
  );
  expect(runs.slice(0, 3).map(({ scheduledFor }) => scheduledFor)).toEqual([first, first + 1_000, first + 2_000]);
  for (const { scheduledFor, availableAt } of runs) {
    expect(availableAt).toBeGreaterThanOrEqual(scheduledFor);
    expect(availableAt - scheduledFor).toBeLessThan(250);
  }
  expect(new Set(queue.queued).size).toBe(queue.queued.length);
});

test("what is due by the database's clock is planned as soon as that is known to be set", async () => {
  class OldClock extends HostClock {
    set(): void {
      this.lagMs = 0;
      this.wasSet();
    }
  }
  const clock = new OldClock(3_600_000);
  const [due, soon] = [Date.now() - 1_000, inSeconds(20)];
  await ledger.addJob({ schedule: once(due), nextOccurrenceAt: due });
  await ledger.addJob({ schedule: once(soon), nextOccurrenceAt: soon });
  const leader = await lead(60_000, ledger.database, undefined, clock);
  await waitFor('the first pass', () => leader.registry.getIntervals().includes('horizon'));
  expect(await ledger.runs()).toEqual([]);
  clock.set();
  await waitFor('the run', async () => (await ledger.runs()).length === 1);
  await waitFor('the slot', () => leader.slots.next(9).includes(soon));
});

test('a message arms a slot inside the horizon, and plans at once what is due', async () => {
  const leader = await lead();
  await waitFor(
    'the first pass',
    () => leader.registry.getIntervals(),
    (names) => names.includes('horizon'),
  );
  const soon = inSeconds(20);
  const later = await ledger.addJob({ schedule: once(soon), nextOccurrenceAt: soon });
  leader.messages.publish({ type: 'jobDue', at: soon });
  leader.messages.publish({ type: 'jobDue', at: soon + 3_600_000 });
  await waitFor(
    'the slot',
    () => leader.slots.next(9),
    (next) => next.includes(soon),
  );
  expect(leader.slots.next(9)).toEqual([soon]);
  const at = Date.now() - 5;
  const due = await ledger.addJob({ schedule: once(at), nextOccurrenceAt: at });
  leader.messages.publish({ type: 'jobDue', at });
  await waitFor(
    'its run',
    () => ledger.runs(due),
    (runs) => runs.length === 1,
  );
  expect(await ledger.runs(later)).toEqual([]);
});

test('a lost message is made up for by the next pass of the horizon', async () => {
  const leader = await lead(1_000);
  await waitFor(
    'the first pass',
    () => leader.registry.getIntervals(),
    (names) => names.includes('horizon'),
  );
  const at = Date.now() - 5;
  const jobId = await ledger.addJob({ schedule: once(at), nextOccurrenceAt: at });
  await waitFor(
    'its run',
    () => ledger.runs(jobId),
    (runs) => runs.length === 1,
    { timeoutMs: 2_000 },
  );
});

test('a due job that an edit holds is planned as soon as the edit ends', async () => {
  const at = Date.now() - 5;
  const jobId = await ledger.addJob({ schedule: once(at), nextOccurrenceAt: at });
  await ledger.database.transaction(async (sql) => {
    await sql.rows({ text: 'SELECT 1 FROM job_states WHERE job_id = $1 FOR UPDATE' }, [jobId]);
    const leader = await lead();
    await waitFor(
      'it to look again',
      () => leader.registry.getTimeouts(),
      (names) => names.includes('replan'),
    );
    expect(await ledger.runs(jobId)).toEqual([]);
  });
  await waitFor(
    'its run',
    () => ledger.runs(jobId),
    (runs) => runs.length === 1,
    { timeoutMs: 1_000 },
  );
});

test('after connections broke it plans on by itself', async () => {
  const own = await ledger.another(3);
  const first = inSeconds(0);
  const jobId = await ledger.addJob({ schedule: EVERY_SECOND, nextOccurrenceAt: first });
  await lead(60_000, own);
  await waitFor(
    'a run',
    () => ledger.runs(jobId),
    (runs) => runs.length >= 1,
  );
  const [me] = await own.rows<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
  await ledger.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'carillon' AND (query LIKE '%job_states%' OR pid = ${me?.pid ?? 0})`,
  );
  await waitFor(
    'runs on',
    () => ledger.runs(jobId),
    (runs) => runs.length >= 3,
  );
  const runs = await ledger.runs(jobId);
  expect(runs.map(({ scheduledFor }) => scheduledFor)).toEqual(runs.map((_, index) => first + index * 1_000));
});

test('two leaders at once: each second once', async () => {
  const first = inSeconds(0);
  const jobIds = await ledger.addJobs(
    ...Array.from({ length: 50 }, () => ({ schedule: EVERY_SECOND, nextOccurrenceAt: first })),
  );
  const [one, two] = [await lead(), await lead(60_000, await ledger.another())];
  await waitFor(
    '100 runs',
    () => ledger.runs(),
    (runs) => runs.length >= 100,
  );
  await Promise.all(services.splice(0).map((service) => service.onModuleDestroy()));
  const rows = await ledger.query<{ most: number }>(
    'SELECT count(*)::int AS most FROM runs GROUP BY job_id, scheduled_for ORDER BY 1 DESC LIMIT 1',
  );
  expect(rows).toEqual([{ most: 1 }]);
  const queued = [...one.queue.queued, ...two.queue.queued];
  expect(new Set(queued).size).toBe(queued.length);
  expect(jobIds).toHaveLength(50);
});

test('stopped, it leaves no timer behind and plans no more', async () => {
  const first = inSeconds(0);
  await ledger.addJob({ schedule: EVERY_SECOND, nextOccurrenceAt: first });
  const { service, registry, messages } = await lead();
  await waitFor(
    'a run',
    () => ledger.runs(),
    (runs) => runs.length >= 1,
  );
  await service.onModuleDestroy();
  services = [];
  const before = (await ledger.runs()).length;
  messages.publish({ type: 'jobDue', at: 0 });
  expect([...registry.getTimeouts(), ...registry.getIntervals()]).toEqual([]);
  expect(await ledger.runs()).toHaveLength(before);
});

class HandMadeLock extends LeaderLock {
  listener: LeadershipListener | null = null;
  current: Reign | null = null;

  async start(listener: LeadershipListener): Promise<void> {
    this.listener = listener;
  }
  reign(): Reign | null {
    return this.current;
  }
  async leader(): Promise<null> {
    return null;
  }
  async stop(): Promise<void> {
    this.current = null;
  }
  lead(epoch: number): void {
    this.current = { epoch, alone: false };
    this.listener?.onLead(this.current);
  }
}

test('from one reign to the next the slots stay, and what a moment without one lost is planned', async () => {
  const soon = inSeconds(30);
  await ledger.addJob({ schedule: once(soon), nextOccurrenceAt: soon });
  const lock = new HandMadeLock();
  const leader = await lead(60_000, ledger.database, lock);
  expect(leader.slots.count).toBe(0);
  lock.lead(1);
  await waitFor('the slot', () => leader.slots.count === 1);
  lock.current = null;
  const at = Date.now() - 5;
  const due = await ledger.addJob({ schedule: once(at), nextOccurrenceAt: at });
  leader.messages.publish({ type: 'jobDue', at });
  lock.lead(2);
  expect(leader.slots.next(9)).toEqual([soon]);
  await waitFor('the run', async () => (await ledger.runs(due)).length === 1);
  expect(await ledger.query('SELECT epoch::int AS epoch FROM runs')).toEqual([{ epoch: 2 }]);
  lock.listener?.onFollow();
  expect([leader.slots.count, leader.registry.getIntervals()]).toEqual([0, []]);
});

test('a slot farther away than a timer counts does not spin', () => {
  let readings = 0;
  class CountingClock extends SettableClock {
    override now(): number {
      readings += 1;
      return super.now();
    }
  }
  const slots = new Slots(new SchedulerRegistry(), new CountingClock(T0));
  jest.useFakeTimers();
  try {
    slots.add(T0 + 2 ** 31 + 5_000, () => undefined);
    jest.advanceTimersByTime(1_000);
    expect([readings, slots.count]).toEqual([1, 1]);
    slots.clear();
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});
