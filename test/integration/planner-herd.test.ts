import type { Database } from '../../src/persistence/database.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, T0 } from './ledger-fixture.js';
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

test('a herd is handed over once it is planned as a whole, and by planners side by side each run once', async () => {
  await ledger.addJobs(...many(2_400));
  const one = replica();
  expect(await one.planner.tick(T0, 1)).toMatchObject({ jobs: 1_000, runs: 1_000 });
  expect(one.queue.queued).toEqual([]);
  const lanes = await Promise.all([one.planner.tick(T0, 1), one.planner.tick(T0, 1)]);
  expect(lanes.map(({ runs }) => runs).sort()).toEqual([1_000, 400]);
  // Whichever lane came last found that nothing full follows, or the next look finds nothing at all.
  await planAll(one, T0);
  const ids = (await ledger.runs()).map(({ id }) => id);
  expect(ids).toHaveLength(2_400);
  expect([...one.queue.queued].sort()).toEqual(ids.sort());
});

test('what was held back is handed over also when the next batch fails', async () => {
  await ledger.addJobs(...many(1_000));
  const failing = await ledger.another();
  const one = replica(failing);
  await one.planner.tick(T0, 1);
  expect(one.queue.queued).toEqual([]);
  const broken = jest.spyOn(failing, 'transaction').mockRejectedValue(new Error('Postgres went away'));
  await expect(one.planner.tick(T0, 1)).rejects.toThrow('Postgres went away');
  expect(one.queue.queued).toHaveLength(1_000);
  broken.mockRestore();
});

test('a lane whose write fails is planned again by the next look, and takes nothing from the other', async () => {
  await ledger.addJobs(...many(1_500));
  const one = replica();
  const planning = new PlanningRepository(ledger.database);
  const write = jest.spyOn(PlanningRepository.prototype, 'write').mockRejectedValueOnce(new Error('cut off'));
  const lanes = await Promise.allSettled([one.planner.tick(T0, 1), one.planner.tick(T0, 1)]);
  write.mockRestore();
  expect(lanes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await planAll(one, T0);
  expect(await planning.earliestDue()).toBe(T0 + MINUTE);
  expect(new Set(one.queue.queued).size).toBe(1_500);
});
