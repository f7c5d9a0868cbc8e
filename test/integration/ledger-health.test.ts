import { LedgerGauges } from '../../src/monitoring/ledger-gauges.js';
import { LedgerHealthRepository } from '../../src/persistence/ledger-health.repository.js';
import { PartitionsRepository } from '../../src/persistence/partitions.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { SettableClock } from '../support/settable-clock.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, T0 } from './ledger-fixture.js';

const DAY_MS = 86_400_000;
const TODAY = T0 - (T0 % DAY_MS);

let ledger: Ledger;
let health: LedgerHealthRepository;

beforeAll(async () => {
  ledger = await openLedger();
  health = new LedgerHealthRepository(ledger.database);
});
beforeEach(() => ledger.clear());
afterAll(() => ledger?.close());

async function fails(jobId: string, streak: number): Promise<void> {
  await ledger.query(
    `INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak) VALUES ($1, now(), 'failed', $2)`,
    ...[jobId, String(streak)],
  );
}

/** What gauges of a replica that has asked nobody before show. */
async function shown(database = ledger.database): Promise<Map<string, number>> {
  const metrics = new Metrics();
  new LedgerGauges(
    metrics,
    new LedgerHealthRepository(database),
    new PartitionsRepository(database),
    new SettableClock(T0),
  );
  const text = await metrics.registry.metrics();
  return new Map([...text.matchAll(/^(carillon_\w+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
}

describe('the backlog', () => {
  it('of an idle service is nothing: jobs that are due later, runs that wait for later, held and ended ones', async () => {
    const jobId = await ledger.addJob({ nextRunAt: T0 + 1 });
    await ledger.addRun(jobId, { state: 'held', scheduledFor: T0 - 60_000 });
    const retrying = await ledger.addRun(jobId, { scheduledFor: T0 - 50_000 });
    await ledger.query(
      `UPDATE runs SET state = 'retrying', available_at = $2 WHERE id = $1`,
      ...[retrying, iso(T0 + 1)],
    );
    const ended = await ledger.addRun(jobId, { scheduledFor: T0 - 40_000 });
    await ledger.query(`UPDATE runs SET state = 'succeeded' WHERE id = $1`, ended);
    expect(await health.backlog(T0)).toEqual({ waiting: 0, oldestAt: null, overdueAt: null });
    const gauges = await shown();
    for (const name of ['queue_waiting', 'queue_oldest_seconds', 'overdue_seconds', 'failing_jobs']) {
      expect([name, gauges.get(`carillon_${name}`)]).toEqual([name, 0]);
    }
  });

  it('counts what could start, from the one that waits longest, and tells the job that nobody has planned', async () => {
    const jobId = await ledger.addJob({ nextRunAt: T0 - 31_000 });
    await ledger.addJob({ nextRunAt: T0 - 1_000 });
    for (const ago of [5_000, 12_500, 0]) await ledger.addRun(jobId, { scheduledFor: T0 - ago });
    const retrying = await ledger.addRun(jobId, { scheduledFor: T0 - 90_000 });
    await ledger.query(
      `UPDATE runs SET state = 'retrying', available_at = $2 WHERE id = $1`,
      ...[retrying, iso(T0 - 1)],
    );
    const gauges = await shown();
    expect(gauges.get('carillon_queue_waiting')).toBe(4);
    expect(gauges.get('carillon_queue_oldest_seconds')).toBe(12.5);
    expect(gauges.get('carillon_overdue_seconds')).toBe(31);
  });

  it('leaves out what waits for room in its project, which is no fault of the workers', async () => {
    const runId = await ledger.addRun(await ledger.addJob(), { scheduledFor: T0 - 60_000 });
    await ledger.query(`UPDATE runs SET capped = true, available_at = '9999-12-31T00:00:00Z' WHERE id = $1`, runId);
    expect((await health.backlog(T0)).waiting).toBe(0);
  });
});

it('counts active jobs that failed three times or more', async () => {
  const [often, twice, paused] = await ledger.addJobs({}, {}, { state: 'paused' });
  await fails(often!, 3);
  await fails(twice!, 2);
  await fails(paused!, 9);
  expect(await health.failingJobs()).toBe(1);
});

it('counts the days ahead up to the first that is missing', async () => {
  const partitions = new PartitionsRepository(ledger.database);
  for (const day of [0, 1, 2, 4]) await partitions.create(TODAY + day * DAY_MS);
  expect((await shown()).get('carillon_partitions_ahead')).toBe(2);
});

it('shows nothing rather than something old while the database does not answer', async () => {
  const broken = { rows: () => Promise.reject(new Error('away')) } as unknown as Ledger['database'];
  expect(
    [...(await shown(broken)).keys()].filter((name) => /queue_waiting|overdue|failing|partitions/.test(name)),
  ).toEqual([]);
});

function iso(at: number): string {
  return new Date(at).toISOString();
}
