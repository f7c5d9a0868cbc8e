import fc from 'fast-check';
import { DEFAULT_MISFIRE } from '../../../src/domain/job.js';
import { simulate } from '../../../src/domain/planning/simulate.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../../src/domain/recurrence/preview.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';
import { leastCpuMs } from './fastest.js';

/** Cases to try of each property; CASES=100000 for a long run, SEED to draw others. */
const CASES = Number(process.env.CASES ?? 1_500);
const SEED = Number(process.env.SEED ?? 20261129);
const YEAR_MS = 365 * 86_400_000;
const FROM = Date.UTC(2015, 0);
const TO = Date.UTC(2038, 0);
/** Processor time, so that other work on the machine does not count; of several tries, the least. */
const MOST_MS = 50;
/** Of a year no more occurrences are compared: a rule of every second has 31 million. */
const MOST_COMPARED = 200;

const ZONES = [
  ...['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Gaza', 'Africa/Casablanca'],
  ...['America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Apia', 'Antarctica/Troll', 'Asia/Tehran', 'Africa/Cairo'],
];

const number = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** One field of a cron expression: a value, a list, a range, steps, or any. */
function field(min: number, max: number): fc.Arbitrary<string> {
  const value = number(min, max);
  return fc.oneof(
    { weight: 3, arbitrary: value.map(String) },
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 1, arbitrary: number(1, max).map((step) => `*/${step}`) },
    { weight: 1, arbitrary: fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((values) => values.join(',')) },
    { weight: 1, arbitrary: fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`) },
  );
}

const days = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(field(1, 28), field(1, 12), field(0, 6)).map((parts) => parts.join(' ')) },
  { weight: 4, arbitrary: fc.constant('* * *') },
  { weight: 1, arbitrary: fc.constantFrom('L * ?', 'LW * ?', '15W * ?', '? * 5L', '? * 1#2', '29 2 ?') },
);
const cron = fc
  .tuple(
    fc.oneof(
      fc.constant(''),
      field(0, 59).map((second) => `${second} `),
    ),
    field(0, 59),
    field(0, 23),
    days,
  )
  .map(([second, minute, hour, rest]) => ({ type: 'cron', expression: `${second}${minute} ${hour} ${rest}` }));
const interval = fc
  .tuple(number(1, 90), fc.constantFrom('PT_S', 'PT_M', 'PT_H', 'P_D', 'P_W', 'P_M'), number(FROM, TO))
  .map(([count, unit, anchorAt]) => ({
    ...{ type: 'interval', every: unit.replace('_', String(count)) },
    anchorAt: new Date(anchorAt - (anchorAt % 1_000)).toISOString(),
  }));
const rrule = fc
  .tuple(
    fc.constantFrom('FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,TH', 'FREQ=MONTHLY;BYMONTHDAY=-1', 'FREQ=YEARLY;BYDAY=2SU'),
    number(1, 4),
    fc.integer({ min: 0, max: 1_439 }),
  )
  .map(([rule, every, minute]) => ({
    ...{ type: 'rrule', rule: `${rule};INTERVAL=${every}` },
    startAt: new Date(FROM + minute * 60_000).toISOString().slice(0, 19),
  }));
const single = fc.oneof({ weight: 3, arbitrary: cron }, interval, rrule);
const anyOf = fc.array(single, { minLength: 2, maxLength: 3 }).map((rules) => ({ type: 'anyOf', anyOf: rules }));
const schedule: fc.Arbitrary<Schedule> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: single }, { weight: 1, arbitrary: anyOf }),
    fc.record({
      timeZone: fc.constantFrom(...ZONES),
      dst: fc.record({
        gap: fc.constantFrom('after', 'skip'),
        overlap: fc.constantFrom('first', 'second', 'both'),
      }),
    }),
  )
  .map(([rule, rest]) => {
    const parsed = parseSchedule({ ...rule, ...rest }, { now: 0 });
    if (!parsed.ok) throw new Error(JSON.stringify([rule, parsed.problems]));
    return parsed.schedule;
  });

const instant = number(FROM, TO);
const options = { numRuns: CASES, seed: SEED };

describe('any rule', () => {
  it('has its next occurrence later than the instant it is asked for, and the same for every instant in between', () => {
    fc.assert(
      fc.property(schedule, instant, fc.double({ min: 0, max: 1, noNaN: true }), (given, after, share) => {
        const next = compileSchedule(given, 'seed').next(after);
        if (next === null) return;
        expect(next).toBeGreaterThan(after);
        const between = Math.min(next - 1, after + Math.floor(share * (next - after)));
        // Written another way, it shares nothing with the one asked first.
        const other = compileSchedule({ ...given, endAt: '2299-12-01T00:00' }, 'seed');
        expect([other.next(between), other.next(next - 1)]).toEqual([next, next]);
      }),
      options,
    );
  });

  it('is previewed as the planner fires it in a year', () => {
    fc.assert(
      fc.property(schedule, instant, (given, from) => {
        const to = from + YEAR_MS;
        const { occurrences } = previewSchedule(given, { seed: 'seed', from, count: MOST_COMPARED, until: to });
        const lived = simulate({
          ...{ schedule: given, overlap: 'allow', misfire: DEFAULT_MISFIRE, seed: 'seed', from, to },
          ...{ runMs: 1, outages: [], pauses: [], limit: MOST_COMPARED },
        });
        expect(lived.runs.map(({ scheduledFor }) => new Date(scheduledFor).toISOString())).toEqual(
          occurrences.map(({ scheduledFor }) => scheduledFor),
        );
      }),
      { ...options, numRuns: Math.ceil(CASES / 10) },
    );
  });

  it('is answered as 1,000 occurrences in little processor time', () => {
    const slow: string[] = [];
    const cpuMs = (work: () => void): number => {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    fc.assert(
      fc.property(schedule, instant, number(0, 1_000_000), (given, from, salt) => {
        // Never seen before, so that nothing is remembered of it.
        const fresh = { ...given, endAt: new Date(Date.UTC(2299, 0) + salt * 1_000).toISOString() };
        const preview = (): void => void previewSchedule(fresh, { seed: 'seed', from, count: 1_000 });
        // A collection of garbage or code that is being compiled may fall into one try: what is slow is so again.
        if (cpuMs(preview) > MOST_MS && leastCpuMs(preview) > MOST_MS) slow.push(JSON.stringify([fresh, from]));
      }),
      { ...options, numRuns: Math.ceil(CASES / 5) },
    );
    expect(slow).toEqual([]);
  });
});
