import * as fc from 'fast-check';
import type { MisfirePolicy, OverlapPolicy } from '../../../src/domain/job.js';
import { DEFAULT_MISFIRE } from '../../../src/domain/job.js';
import type { JobPlan, PlannableJob, PlannedRun } from '../../../src/domain/planning/plan.js';
import { planJob } from '../../../src/domain/planning/plan.js';
import type { OpenRuns } from '../../../src/domain/planning/overlap.js';
import type { Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const T0 = Date.UTC(2026, 5, 10, 12, 0, 0);
const SECOND = 1_000;
const MINUTE = 60_000;
const NONE: OpenRuns = { active: 0, held: 0 };

interface Draft {
  readonly schedule?: Partial<Schedule>;
  readonly overlap?: OverlapPolicy;
  readonly misfire?: Partial<MisfirePolicy>;
  readonly pausedAt?: number;
  readonly resumedAt?: number;
  readonly nextOccurrenceAt?: number | null;
  readonly scheduledRunCount?: number;
}

function job(draft: Draft = {}): PlannableJob {
  return {
    schedule: { type: 'cron', expression: '* * * * *', timeZone: 'UTC', ...draft.schedule } as Schedule,
    overlap: draft.overlap ?? 'allow',
    misfire: { ...DEFAULT_MISFIRE, ...draft.misfire },
    pausedAt: draft.pausedAt ?? null,
    resumedAt: draft.resumedAt ?? null,
    nextOccurrenceAt: draft.nextOccurrenceAt === undefined ? T0 : draft.nextOccurrenceAt,
    scheduledRunCount: draft.scheduledRunCount ?? 0,
  };
}

const next = (recurrence: Recurrence, after: number): number | null => recurrence.next(after);

function plan(draft: Draft, now: number, { open = NONE, limit = 1_000 } = {}): JobPlan {
  const planned = job(draft);
  return planJob(planned, compileSchedule(planned.schedule, 'seed'), { now, open, limit, next });
}

/** `+2 queued`, `+0 skipped:misfire`: minutes after T0, state, reason; an `m` marks the trigger `misfire`. */
function lines({ runs }: { runs: readonly PlannedRun[] }): string[] {
  return runs.map(({ scheduledFor, state, reason, trigger }) => {
    const minutes = (scheduledFor - T0) / MINUTE;
    return `+${minutes}${trigger === 'misfire' ? 'm' : ''} ${state}${reason === null ? '' : `:${reason}`}`;
  });
}

describe('on time', () => {
  test('one occurrence, and the next one after it', () => {
    const result = plan({}, T0 + 5);
    expect(lines(result)).toEqual(['+0 queued']);
    expect(result).toMatchObject({ cancelOpen: false, nextOccurrenceAt: T0 + MINUTE, nextRunAt: T0 + MINUTE });
  });

  test.each([
    ['exactly due', T0, ['+0 queued']],
    ['a millisecond early', T0 - 1, []],
    ['at the end of grace', T0 + 10_000, ['+0 queued']],
    ['a millisecond past grace', T0 + 10_001, ['+0m queued']],
  ])('%s', (_name, now, expected) => expect(lines(plan({}, now))).toEqual(expected));

  test('each of several inside the grace runs as if on time', () => {
    const everySecond = { schedule: { expression: '* * * * * *' } };
    const { runs } = plan({ ...everySecond, misfire: { policy: 'skip', graceMs: 5_000 } }, T0 + 3_500);
    expect(runs.map(({ scheduledFor, state, trigger }) => [scheduledFor - T0, state, trigger])).toEqual([
      [0, 'queued', 'schedule'],
      [1_000, 'queued', 'schedule'],
      [2_000, 'queued', 'schedule'],
      [3_000, 'queued', 'schedule'],
    ]);
  });

  test('nothing more to come: the job has no next occurrence', () => {
    const once = { schedule: { type: 'once', at: '2026-06-10T12:00:00.000Z', expression: undefined } as never };
    expect(plan(once, T0)).toMatchObject({ runs: [{ state: 'queued' }], nextOccurrenceAt: null, nextRunAt: null });
  });

  test('no cursor, no runs', () => {
    expect(plan({ nextOccurrenceAt: null }, T0)).toEqual({
      runs: [],
      cancelOpen: false,
      nextOccurrenceAt: null,
      nextRunAt: null,
      occurrenceEdits: null,
    });
  });

  test('jitter: planned when due, not when nominal; the nominal instant is kept', () => {
    const jittered = { schedule: { jitter: 'PT50S' } };
    const recurrence = compileSchedule(job(jittered).schedule, 'seed');
    const dueAt = recurrence.dueAt(T0);
    expect(dueAt).toBeGreaterThan(T0);
    expect(plan(jittered, dueAt - 1).runs).toEqual([]);
    expect(plan(jittered, dueAt - 1)).toMatchObject({ nextOccurrenceAt: T0, nextRunAt: dueAt });
    const result = plan(jittered, dueAt);
    expect(result.runs).toMatchObject([{ scheduledFor: T0, dueAt, state: 'queued', trigger: 'schedule' }]);
    expect(result).toMatchObject({ nextOccurrenceAt: T0 + MINUTE, nextRunAt: recurrence.dueAt(T0 + MINUTE) });
  });
});

describe('misfires', () => {
  const at = T0 + 5 * MINUTE + 30 * SECOND;

  test.each<[string, Partial<MisfirePolicy>, string[]]>([
    [
      'skip',
      { policy: 'skip' },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m skipped', '+5m skipped'],
    ],
    [
      'runLast',
      { policy: 'runLast' },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m skipped', '+5m queued'],
    ],
    [
      'runAll',
      { policy: 'runAll' },
      ['+0m queued', '+1m queued', '+2m queued', '+3m queued', '+4m queued', '+5m queued'],
    ],
    [
      'runAll, limited',
      { policy: 'runAll', limit: 2 },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m queued', '+5m queued'],
    ],
    [
      'runAll, within',
      { policy: 'runAll', withinMs: 150 * SECOND },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m queued', '+4m queued', '+5m queued'],
    ],
    [
      'runAll, within and limit',
      { policy: 'runAll', withinMs: 150 * SECOND, limit: 1 },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m skipped', '+5m queued'],
    ],
    [
      'runAll, limit 0',
      { policy: 'runAll', limit: 0 },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m skipped', '+5m skipped'],
    ],
    [
      'runLast, too old',
      { policy: 'runLast', withinMs: 20 * SECOND },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4m skipped', '+5m skipped'],
    ],
    [
      'grace covers the newest two',
      { policy: 'skip', graceMs: 90 * SECOND },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m skipped', '+4 queued', '+5 queued'],
    ],
    [
      'runLast besides those in grace',
      { policy: 'runLast', graceMs: 90 * SECOND },
      ['+0m skipped', '+1m skipped', '+2m skipped', '+3m queued', '+4 queued', '+5 queued'],
    ],
    [
      'grace covers all',
      { policy: 'skip', graceMs: 3_600_000 },
      ['+0 queued', '+1 queued', '+2 queued', '+3 queued', '+4 queued', '+5 queued'],
    ],
  ])('%s', (_name, misfire, expected) => {
    expect(lines(plan({ misfire }, at)).map((line) => line.replace(':misfire', ''))).toEqual(expected);
    expect(plan({ misfire }, at)).toMatchObject({ nextOccurrenceAt: T0 + 6 * MINUTE });
  });

  test('within counts from the due instant, to the millisecond', () => {
    const misfire = { policy: 'runAll', withinMs: 150 * SECOND } as const;
    const oldest = (now: number): string | undefined =>
      lines(plan({ misfire }, now)).find((line) => line.endsWith('queued'));
    expect(oldest(T0 + 150 * SECOND)).toBe('+0m queued');
    expect(oldest(T0 + 150 * SECOND + 1)).toBe('+1m queued');
  });

  test('missed in a pause: skipped because of it; missed after it: a misfire', () => {
    const result = plan({ misfire: { policy: 'skip' }, pausedAt: T0 + MINUTE, resumedAt: T0 + 3 * MINUTE }, at);
    expect(lines(result).map((line) => line.split(':')[1])).toEqual([
      'misfire',
      'paused',
      'paused',
      'misfire',
      'misfire',
      'misfire',
    ]);
  });

  test('after a pause the policy runs the last one all the same', () => {
    const result = plan({ misfire: { policy: 'runLast' }, pausedAt: T0, resumedAt: at }, at);
    expect(lines(result).at(-1)).toBe('+5m queued');
    expect(
      lines(result)
        .slice(0, -1)
        .every((line) => line.endsWith('skipped:paused')),
    ).toBe(true);
  });

  test('a week of every second is decided a slice at a time, quickly, and the last one runs', () => {
    const everySecond = { schedule: { expression: '* * * * * *' }, misfire: { policy: 'runLast' } } as const;
    const now = T0 + 7 * 86_400_000;
    const startedAt = performance.now();
    const { runs, nextOccurrenceAt, nextRunAt } = plan(everySecond, now, { limit: 200 });
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect(runs).toHaveLength(200);
    expect(nextOccurrenceAt).toBe(T0 + 200 * SECOND);
    expect(nextRunAt).toBeLessThanOrEqual(now);
  });
});

describe('maxRuns', () => {
  test.each<[string, Draft, number, string[], number | null]>([
    ['the last one', { schedule: { maxRuns: 3 }, scheduledRunCount: 2 }, T0, ['+0 queued'], null],
    ['one is left after it', { schedule: { maxRuns: 3 }, scheduledRunCount: 1 }, T0, ['+0 queued'], T0 + MINUTE],
    ['none is left', { schedule: { maxRuns: 3 }, scheduledRunCount: 3 }, T0, [], null],
    ['lowered below the count', { schedule: { maxRuns: 3 }, scheduledRunCount: 9 }, T0, [], null],
    [
      'skipped ones do not count',
      { schedule: { maxRuns: 1 }, misfire: { policy: 'runLast' } },
      T0 + 2 * MINUTE + 30_000,
      ['+0m skipped:misfire', '+1m skipped:misfire', '+2m queued'],
      null,
    ],
    [
      'reached in the middle of a catch-up: what follows is not in the ledger at all',
      { schedule: { maxRuns: 2 }, misfire: { policy: 'runAll' } },
      T0 + 5 * MINUTE,
      ['+0m queued', '+1m queued'],
      null,
    ],
  ])('%s', (_name, draft, now, expected, nextOccurrenceAt) => {
    const result = plan(draft, now);
    expect(lines(result)).toEqual(expected);
    expect(result.nextOccurrenceAt).toBe(nextOccurrenceAt);
  });

  test('a run that overlap skips does not count', () => {
    const result = plan({ schedule: { maxRuns: 1 }, overlap: 'skip' }, T0, { open: { active: 1, held: 0 } });
    expect(lines(result)).toEqual(['+0 skipped:overlap']);
    expect(result.nextOccurrenceAt).toBe(T0 + MINUTE);
  });

  test('cancelRunning: what gave way in the same plan does not count', () => {
    const draft: Draft = { schedule: { maxRuns: 2 }, overlap: 'cancelRunning', misfire: { graceMs: 3_600_000 } };
    const result = plan(draft, T0 + 2 * MINUTE);
    expect(lines(result)).toEqual(['+0 skipped:overlap', '+1 skipped:overlap', '+2 queued']);
    expect(result.nextOccurrenceAt).toBe(T0 + 3 * MINUTE);
  });
});

describe('overlap inside one plan', () => {
  const now = T0 + 3 * MINUTE;
  const misfire = { graceMs: 3_600_000 };

  test.each<[OverlapPolicy, OpenRuns, string[], boolean]>([
    ['allow', NONE, ['+0 queued', '+1 queued', '+2 queued', '+3 queued'], false],
    ['skip', NONE, ['+0 queued', '+1 skipped:overlap', '+2 skipped:overlap', '+3 skipped:overlap'], false],
    [
      'skip',
      { active: 1, held: 0 },
      ['+0 skipped:overlap', '+1 skipped:overlap', '+2 skipped:overlap', '+3 skipped:overlap'],
      false,
    ],
    ['queueOne', NONE, ['+0 queued', '+1 held', '+2 skipped:overlap', '+3 skipped:overlap'], false],
    [
      'queueOne',
      { active: 1, held: 1 },
      ['+0 skipped:overlap', '+1 skipped:overlap', '+2 skipped:overlap', '+3 skipped:overlap'],
      false,
    ],
    ['queueAll', NONE, ['+0 queued', '+1 held', '+2 held', '+3 held'], false],
    ['queueAll', { active: 1, held: 0 }, ['+0 held', '+1 held', '+2 held', '+3 held'], false],
    // Only the last one is left to run; those before it gave way before they started.
    ['cancelRunning', NONE, ['+0 skipped:overlap', '+1 skipped:overlap', '+2 skipped:overlap', '+3 queued'], true],
    [
      'cancelRunning',
      { active: 1, held: 0 },
      ['+0 skipped:overlap', '+1 skipped:overlap', '+2 skipped:overlap', '+3 queued'],
      true,
    ],
  ])('%s beside %o', (overlap, open, expected, cancelOpen) => {
    const result = plan({ overlap, misfire }, now, { open });
    expect(lines(result)).toEqual(expected);
    expect(result.cancelOpen).toBe(cancelOpen);
  });

  test('cancelRunning with one occurrence and nothing open cancels nothing', () => {
    expect(plan({ overlap: 'cancelRunning' }, T0)).toMatchObject({ cancelOpen: false, runs: [{ state: 'queued' }] });
  });
});

describe('properties', () => {
  const schedules = fc.constantFrom<Partial<Schedule>>(
    { expression: '* * * * *' },
    { expression: '*/7 * * * *' },
    { expression: '*/20 * * * * *' },
    { expression: '5 * * * *', jitter: 'PT5M' },
    { expression: '* * * * *', jitter: 'PT40S' },
    { expression: '* * * * *', endAt: '2026-06-10T12:20:00.000Z' },
    { type: 'interval', every: 'PT90S', anchorAt: '2026-06-10T00:00:00.000Z' },
  );
  const misfires = fc.record({
    policy: fc.constantFrom('skip', 'runLast', 'runAll'),
    graceMs: fc.integer({ min: 0, max: 20 * MINUTE }),
    withinMs: fc.integer({ min: 0, max: 90 * MINUTE }),
    limit: fc.integer({ min: 1, max: 40 }),
  }) as fc.Arbitrary<MisfirePolicy>;
  const drafts = fc.record({
    schedule: schedules,
    misfire: misfires,
    overlap: fc.constantFrom<OverlapPolicy>('allow', 'skip', 'queueOne', 'queueAll'),
  });
  const spans = fc.integer({ min: 0, max: 70 * MINUTE });

  function start(draft: Draft): PlannableJob {
    const planned = job(draft);
    return { ...planned, nextOccurrenceAt: compileSchedule(planned.schedule, 'seed').next(T0 - 1) };
  }

  /** Plans until nothing is due, as ticks do: each with the open runs and the count that the ones before left. */
  function planAll(
    first: PlannableJob,
    instants: readonly number[],
    limit: number,
  ): { runs: PlannedRun[]; end: PlannableJob } {
    const recurrence = compileSchedule(first.schedule, 'seed');
    const runs: PlannedRun[] = [];
    let end = first;
    for (const now of instants) {
      for (;;) {
        const born = runs.filter(({ state }) => state !== 'skipped');
        const open = {
          active: born.filter(({ state }) => state === 'queued').length,
          held: born.filter(({ state }) => state === 'held').length,
        };
        const part = planJob(end, recurrence, { now, open, limit, next });
        runs.push(...part.runs);
        const newRuns = part.runs.filter(({ state }) => state !== 'skipped').length;
        end = { ...end, nextOccurrenceAt: part.nextOccurrenceAt, scheduledRunCount: end.scheduledRunCount + newRuns };
        if (part.nextRunAt === null || part.nextRunAt > now) break;
      }
    }
    return { runs, end };
  }

  test('every occurrence due in the span is there exactly once, in order, whatever the slices', () => {
    fc.assert(
      fc.property(drafts, spans, fc.integer({ min: 1, max: 30 }), (draft, span, limit) => {
        const first = start(draft);
        const recurrence = compileSchedule(first.schedule, 'seed');
        const now = T0 + span;
        const expected: number[] = [];
        for (let at = first.nextOccurrenceAt; at !== null && recurrence.dueAt(at) <= now; at = recurrence.next(at))
          expected.push(at);
        const { runs, end } = planAll(first, [now], limit);
        expect(runs.map(({ scheduledFor }) => scheduledFor)).toEqual(expected);
        const last = expected.at(-1);
        expect(end.nextOccurrenceAt).toBe(last === undefined ? first.nextOccurrenceAt : recurrence.next(last));
      }),
      { numRuns: 150 },
    );
  });

  test('slices give the decisions that one plan gives', () => {
    fc.assert(
      fc.property(
        drafts,
        spans,
        fc.integer({ min: 1, max: 10 }),
        fc.option(fc.integer({ min: 1, max: 8 })),
        (draft, span, limit, maxRuns) => {
          const first = start({ ...draft, schedule: { ...draft.schedule, ...(maxRuns === null ? {} : { maxRuns }) } });
          const whole = planAll(first, [T0 + span], 10_000);
          const sliced = planAll(first, [T0 + span], limit);
          expect(sliced).toEqual(whole);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('one big tick decides work that is on time as many small ones do', () => {
    fc.assert(
      fc.property(
        drafts,
        spans,
        fc.array(fc.integer({ min: 0, max: 70 * MINUTE }), { maxLength: 12 }),
        (draft, span, between) => {
          const first = start({ ...draft, misfire: { ...draft.misfire, graceMs: 2 * 3_600_000 } });
          const instants = [...between.filter((at) => at < span).sort((a, b) => a - b), span].map((at) => T0 + at);
          expect(planAll(first, instants, 50)).toEqual(planAll(first, [T0 + span], 10_000));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('the same arguments give the same plan', () => {
    fc.assert(
      fc.property(drafts, spans, (draft, span) => {
        const first = start(draft);
        expect(planAll(first, [T0 + span], 20)).toEqual(planAll(first, [T0 + span], 20));
      }),
      { numRuns: 30 },
    );
  });

  test('never more missed ones run than the policy says, and the newest of them', () => {
    fc.assert(
      fc.property(drafts, spans, (draft, span) => {
        const first = start({ ...draft, overlap: 'allow' });
        const { runs } = planAll(first, [T0 + span], 10_000);
        const missed = runs.filter(({ trigger }) => trigger === 'misfire');
        const ran = missed.filter(({ state }) => state === 'queued');
        const allowed = { skip: 0, runLast: 1, runAll: draft.misfire.limit }[draft.misfire.policy];
        expect(ran.length).toBeLessThanOrEqual(allowed);
        expect(missed.slice(missed.length - ran.length)).toEqual(ran);
      }),
      { numRuns: 150 },
    );
  });
});
