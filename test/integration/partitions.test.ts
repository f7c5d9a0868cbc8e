import { randomUUID } from 'node:crypto';
import type { FinishedAttempt } from '../../src/persistence/claims.repository.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import { PartitionsService } from '../../src/recovery/partitions.service.js';
import { SettableClock } from '../support/settable-clock.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, T0, testConfig } from './ledger-fixture.js';

const DAY_MS = 86_400_000;
const TODAY = T0 - (T0 % DAY_MS);

let ledger: Ledger;
let partitions: PartitionsRepository;
let clock: SettableClock;

beforeEach(async () => {
  ledger = await openLedger();
  partitions = new PartitionsRepository(ledger.database);
  clock = new SettableClock(T0);
});

afterEach(() => ledger?.close());

function service(): PartitionsService {
  return new PartitionsService(partitions, clock, testConfig({ runRetentionMs: 3 * DAY_MS }));
}

const days = async (): Promise<number[]> => (await partitions.list()).map(({ day }) => (day - TODAY) / DAY_MS);

async function tableOf(id: string): Promise<unknown> {
  const [row] = await ledger.query('SELECT tableoid::regclass::text AS name FROM runs WHERE id = $1', id);
  return row?.['name'];
}

const end = (id: string, at: number): Promise<unknown> =>
  ledger.query(`UPDATE runs SET state = 'succeeded', finished_at = to_timestamp(${at / 1_000}) WHERE id = $1`, id);

test('yesterday to a week ahead are there, by UTC days, and a second pass changes nothing', async () => {
  await service().maintain();
  expect(await days()).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7]);
  await service().maintain();
  expect(await days()).toHaveLength(9);
  const jobId = await ledger.addJob();
  expect(await tableOf(await ledger.addRun(jobId, { scheduledFor: TODAY }))).toBe('runs_20260610');
  expect(await tableOf(await ledger.addRun(jobId, { scheduledFor: TODAY + DAY_MS - 1 }))).toBe('runs_20260610');
  expect(await tableOf(await ledger.addRun(jobId, { scheduledFor: TODAY + DAY_MS }))).toBe('runs_20260611');
  expect(await tableOf(await ledger.addRun(jobId, { scheduledFor: TODAY - 5 * DAY_MS }))).toBe('runs_default');
});

test('four replicas at once', async () => {
  await Promise.all([service().maintain(), service().maintain(), service().maintain(), service().maintain()]);
  expect(await days()).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7]);
});

test('what the default partition took for a day moves into it, whole', async () => {
  const jobId = await ledger.addJob();
  const ids = await Promise.all(
    [0, 1, DAY_MS - 1].map((ms) => ledger.addRun(jobId, { scheduledFor: TODAY + ms, body: '{"a":[1]}' })),
  );
  const other = await ledger.addRun(jobId, { scheduledFor: TODAY + 20 * DAY_MS });
  const before = await ledger.query('SELECT * FROM runs ORDER BY id');
  await service().maintain();
  expect(await ledger.query('SELECT * FROM runs ORDER BY id')).toEqual(before);
  for (const id of ids) expect(await tableOf(id)).toBe('runs_20260610');
  expect(await tableOf(other)).toBe('runs_default');
});

test('a run that ends while it is moved keeps its end', async () => {
  const id = await ledger.addRun(await ledger.addJob());
  const claims = new ClaimsRepository(ledger.database);
  const [run] = await claims.claimWaiting(1, T0, T0, T0 + 15_000, randomUUID());
  if (run === undefined) throw new Error('not claimed');
  const finished: FinishedAttempt = {
    ...{
      run,
      state: 'succeeded',
      reason: null,
      availableAt: null,
      lost: false,
      finishedAt: T0 + 9,
      error: null,
      response: null,
    },
    attempt: { number: 1, startedAt: T0, durationMs: 9, outcome: 'succeeded', status: 200, error: null },
  };
  // A third party keeps the row, so that the move has begun and waits when the end comes.
  let moved: Promise<unknown> = Promise.resolve();
  let accepted: Promise<Set<string>> = Promise.resolve(new Set());
  const waiting = (count: number): Promise<unknown> =>
    waitFor(
      `${count} to wait for locks`,
      () =>
        ledger.query(
          `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        ),
      (rows) => rows.length === count,
    );
  await ledger.database.transaction(async (sql) => {
    await sql.rows({ text: 'SELECT 1 FROM runs WHERE id = $1 FOR UPDATE' }, [id]);
    moved = partitions.create(TODAY);
    await waiting(1);
    accepted = claims.finish([finished]);
    await waiting(2);
  });
  await moved;
  expect(await accepted).toEqual(new Set([id]));
  expect(await ledger.run(id)).toMatchObject({ state: 'succeeded' });
  expect(await tableOf(id)).toBe('runs_20260610');
});

test('retention drops whole days, keeps those with open runs, and trims the default partition', async () => {
  for (const day of [-9, -8, -4, -3]) await partitions.create(TODAY + day * DAY_MS);
  const jobId = await ledger.addJob();
  const add = (daysAgo: number): Promise<string> => ledger.addRun(jobId, { scheduledFor: T0 - daysAgo * DAY_MS });
  const [open, ended, inDefault, youngInDefault] = [await add(9), await add(8), await add(20), await add(21)];
  await end(ended, T0 - 8 * DAY_MS);
  await end(inDefault, T0 - 4 * DAY_MS);
  await end(youngInDefault, T0 - DAY_MS); // an old occurrence that ran yesterday
  await service().maintain();
  expect(await days()).toEqual([-9, -3, -1, 0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await ledger.runs()).map(({ id }) => id)).toEqual([youngInDefault, open]);
  await end(open, T0);
  await service().maintain();
  expect(await days()).toEqual([-3, -1, 0, 1, 2, 3, 4, 5, 6, 7]);
});

test('the default partition is trimmed in steps, all of it', async () => {
  const jobId = await ledger.addJob();
  const old = await ledger.addRun(jobId, { scheduledFor: T0 - 50 * DAY_MS });
  await end(old, T0 - 50 * DAY_MS);
  await ledger.query(`
    INSERT INTO runs SELECT (r).* FROM (SELECT jsonb_populate_record(runs, jsonb_build_object('id', gen_random_uuid(),
      'scheduled_for', scheduled_for - n * interval '1 s')) AS r FROM runs, generate_series(1, 5200) AS n) AS copies`);
  await service().maintain();
  expect(await ledger.runs()).toEqual([]);
});

test('a ledger that someone reads for long is not waited for', async () => {
  await partitions.create(TODAY - 9 * DAY_MS);
  const startedAt = performance.now();
  await ledger.database.transaction(async (sql) => {
    await sql.rows({ text: 'SELECT count(*) FROM runs' });
    await expect(service().maintain()).rejects.toThrow(/lock timeout/);
  });
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  await service().maintain();
  expect(await days()).not.toContain(-9);
});
