import type { AuditInput } from '../../faults/support/audit.js';
import { audit } from '../../faults/support/audit.js';
import { DatabaseTime } from '../../faults/support/database-time.js';
import type { LedgerRow } from '../../faults/support/ledger.js';
import type { Delivery } from '../../faults/support/sink.js';
import { everySeconds } from '../../faults/support/rhythm.js';
import { WatchedJob } from '../../faults/support/watched-job.js';
import type { Misfire, Watching } from '../../faults/support/watched-job.js';

/** The account that the fault suite gives is worth what it can find: each fault is planted here and must be found. */

const START = Date.parse('2026-11-23T12:00:00Z');
const SECONDS = 10;

let time: DatabaseTime;
beforeAll(async () => {
  // The database's clock is the monotonic one here.
  time = await DatabaseTime.read({ query: async () => ({ rows: [{ at: performance.now() }] }) } as never);
});

function watched(watching: Watching = {}): WatchedJob {
  const begins = START + 500;
  const job = new WatchedJob('job', 'job', { earliest: begins, latest: begins }, everySeconds(1), watching);
  const ends = START + SECONDS * 1_000 + 500;
  job.change(null, { earliest: ends, latest: ends });
  return job;
}

function row(second: number, change: Partial<LedgerRow> = {}): LedgerRow {
  const scheduledFor = START + second * 1_000;
  return {
    id: `run-${second}`,
    jobId: 'job',
    scheduledFor,
    dueAt: scheduledFor,
    trigger: 'schedule',
    state: 'succeeded',
    reason: null,
    jobVersion: 1,
    epoch: 1,
    attempt: 1,
    attempts: [{ number: 1, startedAt: scheduledFor + 3, outcome: 'succeeded' }],
    createdAt: scheduledFor + 2,
    startedAt: scheduledFor + 3,
    finishedAt: scheduledFor + 8,
    ...change,
  };
}

function call({ id, jobId, scheduledFor }: LedgerRow, change: Partial<Delivery> = {}): Delivery {
  return { runId: id, jobId, scheduledFor, attempt: 1, path: '/', arrivedAtMs: scheduledFor + 5, ...change };
}

const skippedRow = (second: number, createdAt: number): LedgerRow =>
  row(second, {
    trigger: 'misfire',
    state: 'skipped',
    reason: 'misfire',
    attempt: 0,
    attempts: [],
    createdAt,
    startedAt: null,
    finishedAt: createdAt,
  });

/** Ten occurrences, each run and called once. */
function sound(): { rows: LedgerRow[]; deliveries: Delivery[] } {
  const rows = Array.from({ length: SECONDS }, (_, second) => row(second + 1));
  return { rows, deliveries: rows.map((each) => call(each)) };
}

function find(input: Partial<AuditInput>, job = watched()) {
  const { occurrences, missing, doubled, early, broken } = audit({
    jobs: [job],
    time,
    ledgerTimes: true,
    ...sound(),
    ...input,
  });
  return { occurrences, missing, doubled, early, broken };
}

const CLEAN = { occurrences: 10, missing: 0, doubled: 0, early: 0, broken: [] };

it('finds nothing where all is well, whatever the retries', () => {
  expect(find({})).toEqual(CLEAN);
  const { rows, deliveries } = sound();
  rows[2] = row(3, {
    attempt: 3,
    attempts: [
      { number: 1, startedAt: START + 3_003, outcome: 'failed' },
      { number: 3, startedAt: START + 3_900, outcome: 'succeeded' },
    ],
  });
  deliveries.push(call(rows[2], { attempt: 2, arrivedAtMs: START + 3_500 }), call(rows[2], { attempt: 3 }));
  expect(find({ rows, deliveries })).toEqual(CLEAN);
});

it('tells what near an edit or a pause may be on either side of it', () => {
  const job = new WatchedJob('job', 'job', { earliest: START + 900, latest: START + 1_100 }, everySeconds(1));
  job.change(everySeconds(5), { earliest: START + 3_900, latest: START + 4_100 });
  job.change(null, { earliest: START + 10_500, latest: START + 10_600 });
  const required = [...job.expected].map(([at, must]) => `${(at - START) / 1_000}${must ? '' : '?'}`);
  expect(required).toEqual(['1?', '2', '3', '4?', '5', '10']);
});

it.each<[string, (rows: LedgerRow[], deliveries: Delivery[]) => unknown, Partial<typeof CLEAN>]>([
  ['an occurrence without a run', (rows, calls) => [rows.splice(4, 1), calls.splice(4, 1)], { missing: 1 }],
  ['a success that was never called', (_rows, calls) => calls.splice(4, 1), { missing: 1 }],
  ['an occurrence with two runs', (rows) => rows.push(row(5, { id: 'other', state: 'skipped' })), { doubled: 1 }],
  [
    'a run that succeeded twice',
    (rows, calls) => {
      const attempts = [1, 2].map((number) => ({ number, startedAt: START + 5_003, outcome: 'succeeded' }));
      rows[4] = row(5, { attempt: 2, attempts });
      calls.push(call(rows[4], { attempt: 2 }));
    },
    { doubled: 1 },
  ],
  ['an attempt that was called twice', (rows, calls) => calls.push(call(rows[4]!)), { doubled: 1 }],
  ['a repeat that the ledger does not know', (rows, calls) => calls.push(call(rows[4]!, { attempt: 2 })), {}],
  ['a repeat under another identity', (rows, calls) => calls.push(call(rows[4]!, { runId: 'other' })), {}],
  ['a call of another occurrence', (rows, calls) => (calls[4] = call(rows[4]!, { scheduledFor: START })), {}],
  [
    'a call before it was due',
    (rows, calls) => (calls[4] = call(rows[4]!, { arrivedAtMs: START + 4_990 })),
    { early: 1 },
  ],
  ['a plan before it was due', (rows) => (rows[4] = row(5, { createdAt: START + 4_999 })), { early: 1 }],
  [
    'an attempt before it was due',
    (rows) => (rows[4] = row(5, { attempts: [{ number: 1, startedAt: START + 4_999, outcome: 'succeeded' }] })),
    { early: 1 },
  ],
  ['a run that never ended', (rows) => (rows[4] = row(5, { state: 'running' })), {}],
  ['a run that failed', (rows) => (rows[4] = row(5, { state: 'failed', reason: 'workerLost' })), {}],
  ['a run of no occurrence', (rows, calls) => calls.push(call(rows[rows.push(row(5.5)) - 1]!)), {}],
  ['a run after the pause', (rows, calls) => calls.push(call(rows[rows.push(row(11)) - 1]!)), {}],
  ['a run before its job was there', (rows, calls) => calls.push(call(rows[rows.push(row(0)) - 1]!)), {}],
  [
    'an occurrence skipped in time',
    (rows, calls) => [(rows[4] = skippedRow(5, START + 5_002)), calls.splice(4, 1)],
    {},
  ],
  ['an occurrence called although skipped', (rows) => (rows[4] = skippedRow(5, START + 5_002)), {}],
])('finds %s', (_what, plant, figures) => {
  const { rows, deliveries } = sound();
  plant(rows, deliveries);
  const found = find({ rows, deliveries });
  expect(found).toMatchObject({ missing: 0, doubled: 0, early: 0, ...figures });
  expect(found.broken.length).toBeGreaterThan(0);
});

describe('misfire policies', () => {
  /** Seconds 1 to 8 are found at 8.5 s: with a grace of 2 s, 1 to 6 are missed. */
  const FOUND_AT = START + 8_500;

  function outage(misfire: Partial<Misfire>, kept: readonly number[]) {
    const rows = Array.from({ length: SECONDS }, (_, index) => {
      const second = index + 1;
      if (second > 8) return row(second);
      const isMissed = second <= 6;
      if (isMissed && !kept.includes(second)) return skippedRow(second, FOUND_AT);
      return row(second, { trigger: isMissed ? 'misfire' : 'schedule', createdAt: FOUND_AT });
    });
    const deliveries = rows.filter(({ state }) => state !== 'skipped').map((each) => call(each));
    return find({ rows, deliveries }, watched({ misfire: { graceMs: 2_000, ...misfire } })).broken;
  }

  it.each<[Partial<Misfire>, number[], number[]]>([
    [{ policy: 'skip' }, [], [6]],
    [{ policy: 'runLast' }, [6], [5]],
    [{ policy: 'runLast' }, [6], [5, 6]],
    [{ policy: 'runAll' }, [1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6]],
    [{ policy: 'runAll', limit: 2 }, [5, 6], [4, 5, 6]],
    [{ policy: 'runAll', withinMs: 4_000 }, [5, 6], [4, 5, 6]],
    [{ policy: 'runLast', withinMs: 1_000 }, [], [6]],
  ])('%j keeps seconds %j and no others', (misfire, right, wrong) => {
    expect(outage(misfire, right)).toEqual([]);
    expect(outage(misfire, wrong).length).toBeGreaterThan(0);
  });
});

it('judges the order of runs by the calls where the instants of the ledger can not be compared', () => {
  const { rows, deliveries } = sound();
  rows[4] = row(5, { finishedAt: START + 3_600_000 });
  const job = watched({ overlap: 'queueAll' });
  expect(find({ rows, deliveries, ledgerTimes: false }, job)).toEqual(CLEAN);
  const late = call(rows[4], { attempt: 1, arrivedAtMs: (deliveries[5] as Delivery).arrivedAtMs + 40 });
  expect(find({ rows, deliveries: [...deliveries, late], ledgerTimes: false }, job).broken).toContainEqual(
    expect.stringContaining('started 40 ms before the run before it had ended'),
  );
});

it('finds runs that overlap although they must not', () => {
  const { rows, deliveries } = sound();
  rows[4] = row(5, { finishedAt: START + 6_100 });
  expect(find({ rows, deliveries }, watched({ overlap: 'allow' })).broken).toEqual([]);
  expect(find({ rows, deliveries }, watched({ overlap: 'queueAll' })).broken).toEqual([
    expect.stringContaining('started 97 ms before the run before it had ended'),
  ]);
});
