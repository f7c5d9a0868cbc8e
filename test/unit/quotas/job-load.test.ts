import fc from 'fast-check';
import { loadOf } from '../../../src/domain/quotas.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const NOW = Date.parse('2026-03-01T00:00:00Z');

function scheduleOf(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: NOW });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

const load = (input: unknown) => loadOf({ id: 'job', schedule: scheduleOf(input) });

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

test.each([
  ['* * * * * *', 60_000_000, SECOND],
  ['* * * * *', 1_000_000, MINUTE],
  ['*/15 * * * *', 66_667, 15 * MINUTE],
  ['0 9 * * *', 695, DAY],
  ['0 9 * * MON-FRI', 695, DAY],
  ['0 9 * * MON', 695, 7 * DAY],
  ['0 9 * * MON,WED', 695, 2 * DAY],
  ['0 0,23 * * *', 1_389, HOUR],
  ['0 0,23 * * SAT', 1_389, 23 * HOUR],
  ['0 0,23 * * SAT,SUN', 1_389, HOUR],
  ['0 0 1 * *', 695, 28 * DAY],
  ['0 0 1 1 *', 695, 365 * DAY],
  ['0 0 29 2 *', 695, 1_461 * DAY],
  ['0,59 0,59 * * * *', 66_667, SECOND],
  ['0,50 1,30 8 * * *', 2_778, 50 * SECOND],
  ['0 30 9 1 1 * 2030', 695, null],
  ['PT15M', 66_667, 15 * MINUTE],
  ['PT1S', 60_000_000, SECOND],
  ['P1M', 23, 28 * DAY],
  ['2026-12-24T18:00:00Z', 0, null],
])('%s fires so often, and never closer', (text, firesPerMillionMinutes, shortestGapMs) => {
  expect(load(text)).toEqual({ firesPerMillionMinutes, shortestGapMs });
});

test('H counts as the values that it has for the job', () => {
  expect(load('H H * * *')).toEqual({ firesPerMillionMinutes: 695, shortestGapMs: DAY });
});

test('no occurrence of any rule comes sooner than its shortest gap, and some come as soon', () => {
  const field = (least: number, most: number) =>
    fc
      .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 })
      .map((values) => values.join());
  const any = fc.oneof(fc.constant('*'), field(0, 6));
  fc.assert(
    fc.property(field(0, 59), field(0, 59), field(0, 23), any, (second, minute, hour, weekday) => {
      const schedule = scheduleOf(`${second} ${minute} ${hour} * * ${weekday}`);
      const { shortestGapMs } = loadOf({ id: 'job', schedule });
      const recurrence = compileSchedule(schedule, 'job');
      let [last, shortest] = [recurrence.next(NOW) ?? NaN, Infinity];
      for (let seen = 0; seen < 400; seen += 1) {
        const next = recurrence.next(last) ?? NaN;
        shortest = Math.min(shortest, next - last);
        last = next;
      }
      expect(shortest).toBe(shortestGapMs);
    }),
    { numRuns: 200 },
  );
});
