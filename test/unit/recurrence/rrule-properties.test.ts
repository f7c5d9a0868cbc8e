import fc from 'fast-check';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../../src/domain/recurrence/preview.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

/** Cases to try; CASES=100000 for a long run, SEED to draw others. */
const CASES = Number(process.env.CASES ?? 2_000);
const SEED = Number(process.env.SEED ?? 20261124);
const DAY_MS = 86_400_000;
const FROM = Date.UTC(2015, 0);
const TO = Date.UTC(2040, 0);

const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Gaza', 'Africa/Casablanca'];

function list(items: fc.Arbitrary<number | string>): fc.Arbitrary<string> {
  return fc.array(items, { minLength: 1, maxLength: 4 }).map((values) => values.join(','));
}

function signed(max: number): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 1, max }), fc.integer({ min: -max, max: -1 }));
}

function part(name: string, value: fc.Arbitrary<number | string>): fc.Arbitrary<string> {
  return fc.option(value, { nil: undefined, freq: 2 }).map((text) => (text === undefined ? '' : `;${name}=${text}`));
}

const number = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const weekday = fc.constantFrom(...WEEKDAYS);
const numbered = fc.tuple(signed(5), weekday).map(([nth, day]) => `${nth}${day}`);
const nothing = fc.constant('');

const rule = fc
  .constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY')
  .chain((frequency) => {
    const isLong = frequency === 'MONTHLY' || frequency === 'YEARLY';
    return fc.tuple(
      fc.constant(`FREQ=${frequency}`),
      part('INTERVAL', number(1, 12)),
      part('WKST', weekday),
      part('BYMONTH', list(number(1, 12))),
      frequency === 'YEARLY' ? part('BYYEARDAY', list(signed(366))) : nothing,
      frequency === 'WEEKLY' ? nothing : part('BYMONTHDAY', list(signed(31))),
      part('BYDAY', list(isLong ? fc.oneof(weekday, numbered) : weekday)),
      part('BYHOUR', list(number(0, 23))),
      fc.oneof(part('COUNT', number(1, 500)), fc.constant(';UNTIL=20260601T000000Z')),
      // Alone it would choose from nothing.
      fc.option(list(signed(8)), { nil: undefined, freq: 2 }).map((positions) => {
        return positions === undefined ? '' : `;BYMINUTE=0,30;BYSETPOS=${positions}`;
      }),
    );
  })
  .map((parts) => parts.join(''));

const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    type: fc.constant('rrule'),
    rule,
    startAt: fc
      .integer({ min: FROM / 60_000, max: Date.UTC(2026, 0) / 60_000 })
      .map((minute) => new Date(minute * 60_000).toISOString().slice(0, 19)),
    timeZone: fc.constantFrom(...ZONES),
    dst: fc.record({
      gap: fc.constantFrom('after', 'skip'),
      overlap: fc.constantFrom('first', 'second', 'both'),
    }),
  })
  .map((input) => {
    const parsed = parseSchedule(input, { now: 0 });
    if (!parsed.ok) throw new Error(JSON.stringify([input, parsed.problems]));
    return parsed.schedule;
  });

const instant = fc.integer({ min: FROM, max: TO });
const options = { numRuns: CASES, seed: SEED };

describe('any recurrence rule', () => {
  it('has its next occurrence later than the instant it is asked for, and the same for every instant in between', () => {
    fc.assert(
      fc.property(schedule, instant, fc.double({ min: 0, max: 1, noNaN: true }), (given, after, share) => {
        const next = compileSchedule(given, '').next(after);
        if (next === null) return;
        expect(next).toBeGreaterThan(after);
        const between = Math.min(next - 1, after + Math.floor(share * (next - after)));
        // Written another way, it shares nothing with the one asked first.
        const other = compileSchedule({ ...given, endAt: '2299-12-01T00:00' }, '');
        expect([other.next(between), other.next(next - 1)]).toEqual([next, next]);
      }),
      options,
    );
  });

  it('previews what asking again and again finds', () => {
    fc.assert(
      fc.property(schedule, instant, (given, from) => {
        const recurrence = compileSchedule(given, '');
        const walked: string[] = [];
        for (let at = recurrence.next(from); at !== null && walked.length < 20; at = recurrence.next(at)) {
          walked.push(new Date(at).toISOString());
        }
        const { occurrences } = previewSchedule(given, { seed: '', from, count: 20 });
        expect(occurrences.map(({ scheduledFor }) => scheduledFor)).toEqual(walked);
      }),
      options,
    );
  });

  it('has none that it skips when it is asked day by day', () => {
    fc.assert(
      fc.property(schedule, instant, (given, from) => {
        const recurrence = compileSchedule(given, '');
        const walked: number[] = [];
        const until = from + 20 * DAY_MS;
        for (let at = recurrence.next(from); at !== null && at <= until; at = recurrence.next(at)) walked.push(at);
        const found = new Set<number>();
        for (let asked = until - 1; asked >= from; asked -= DAY_MS / 2) {
          for (let at = recurrence.next(asked); at !== null && at <= until; at = recurrence.next(at)) found.add(at);
        }
        const askedFrom = until - 1 - Math.floor((until - 1 - from) / (DAY_MS / 2)) * (DAY_MS / 2);
        expect([...found].sort((a, b) => a - b)).toEqual(walked.filter((at) => at > askedFrom));
      }),
      { ...options, numRuns: CASES / 10 },
    );
  });
});
