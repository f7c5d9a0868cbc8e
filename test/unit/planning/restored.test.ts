import { planRestored } from '../../../src/domain/planning/restored.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import type { Instant } from '../../../src/domain/recurrence/schedule.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';

const START = Date.UTC(2027, 0, 1);
const SECOND = 1_000;
const next = (rule: Recurrence, after: Instant): Instant | null => rule.next(after);

function plan(more: object, ranUntil: Instant, { done = 0, limit = 100 } = {}): ReturnType<typeof planRestored> {
  const input = { type: 'interval', every: 'PT1S', anchorAt: '2027-01-01T00:00:00Z', ...more };
  const parsed = parseSchedule(input, { now: START });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return planRestored(
    { schedule: parsed.schedule, nextOccurrenceAt: START, scheduledRunCount: done, occurrenceEdits: null },
    compileSchedule(parsed.schedule, 'job'),
    { ranUntil, limit, next },
  );
}

describe('what the lost ledger ran', () => {
  it('is skipped up to the instant, which counts, and the next one is left to the planner', () => {
    const { runs, nextOccurrenceAt, nextRunAt } = plan({}, START + 3 * SECOND);
    expect(runs.map(({ scheduledFor }) => scheduledFor - START)).toEqual([0, 1_000, 2_000, 3_000]);
    expect(new Set(runs.map(({ state, reason }) => `${state} ${reason}`))).toEqual(new Set(['skipped restored']));
    expect([nextOccurrenceAt, nextRunAt]).toEqual([START + 4 * SECOND, START + 4 * SECOND]);
  });

  it('is nothing before the first one', () => {
    expect(plan({}, START - 1)).toMatchObject({ runs: [], nextOccurrenceAt: START, counted: 0 });
  });

  it('counts for maxRuns, and the last one completes the job', () => {
    const cut = plan({ maxRuns: 5 }, START + 9 * SECOND, { done: 2 });
    expect([cut.runs.length, cut.counted, cut.nextOccurrenceAt]).toEqual([3, 3, null]);
    const left = plan({ maxRuns: 5 }, START + SECOND, { done: 2 });
    expect([left.runs.length, left.nextOccurrenceAt]).toEqual([2, START + 2 * SECOND]);
  });

  it('comes in parts where it is much', () => {
    const { runs, nextRunAt } = plan({}, START + 99 * SECOND, { limit: 10 });
    expect([runs.length, nextRunAt]).toEqual([10, START + 10 * SECOND]);
  });

  it('goes by when an occurrence was due, which jitter moves', () => {
    const { runs, nextRunAt } = plan({ jitter: 'PT1S' }, START + 3 * SECOND);
    expect(runs.every(({ dueAt }) => dueAt <= START + 3 * SECOND)).toBe(true);
    expect(nextRunAt).toBeGreaterThan(START + 3 * SECOND);
  });
});
