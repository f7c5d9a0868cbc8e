import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import { bruteForceMoved, walkMinutes } from '../../support/brute-force.js';
import { type PlainRrule, rruleMinutes } from '../../support/brute-force-rrule.js';
import { CHANGES } from '../../support/clock-changes.js';
import { pick, type Random, randomFrom } from '../../support/seeded-random.js';

/** Rules to try around each clock change; RULES=2000 for a long run, SEED to draw others. */
const RULES = Number(process.env.RULES ?? 20);
const SEED = Number(process.env.SEED ?? 20261124);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

function some<T>(random: Random, most: number, draw: () => T): T[] {
  return Array.from({ length: 1 + random(most) }, draw);
}

function randomRule(random: Random, near: Date): PlainRrule {
  const freq = pick(random, ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const);
  const maybe = <T>(oneIn: number, draw: () => T): T | undefined => (random(oneIn) === 0 ? draw() : undefined);
  const signed = (likely: number, max: number) => (): number => {
    const value = random(2) === 0 ? likely : 1 + random(max);
    return random(4) === 0 ? value - max - 1 : value;
  };
  const yearDay = Math.floor((near.getTime() - Date.UTC(near.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  const isYearly = freq === 'YEARLY';
  const weekNo = isYearly ? maybe(4, () => some(random, 3, signed(Math.ceil(yearDay / 7), 53))) : undefined;
  const hasNumbers = weekNo === undefined && (isYearly || freq === 'MONTHLY');
  const rule: PlainRrule = {
    freq,
    interval: random(2) === 0 ? 1 : 1 + random(freq === 'DAILY' ? 9 : 3),
    wkst: random(2) === 0 ? 1 : random(7),
    month: maybe(4, () => some(random, 2, () => (random(2) === 0 ? near.getUTCMonth() + 1 : 1 + random(12)))),
    weekNo,
    yearDay: isYearly ? maybe(6, () => some(random, 4, signed(yearDay, 366))) : undefined,
    monthDay: freq === 'WEEKLY' ? undefined : maybe(4, () => some(random, 4, signed(near.getUTCDate(), 31))),
    day: maybe(2, () =>
      some(random, 3, () => ({
        weekday: random(2) === 0 ? near.getUTCDay() : random(7),
        nth: hasNumbers && random(2) === 0 ? pick(random, [1, 2, -1, -2, 5, 13, -10]) : 0,
      })),
    ),
    hour: maybe(2, () => some(random, 4, () => pick(random, [0, 1, 2, 3, 22, 23, random(24)]))),
    minute: maybe(2, () => some(random, 3, () => pick(random, [0, 15, 30, 45, random(60)]))),
    count: maybe(3, () => 1 + random(60)),
  };
  const hasParts = [rule.month, weekNo, rule.yearDay, rule.monthDay, rule.day, rule.hour, rule.minute].some(
    (part) => part !== undefined,
  );
  return { ...rule, setPos: hasParts ? maybe(4, () => some(random, 3, signed(1, 6))) : undefined };
}

function spell(rule: PlainRrule): string {
  const list = (name: string, values?: readonly (number | string)[]): string[] =>
    values === undefined ? [] : [`${name}=${values.join(',')}`];
  return [
    `FREQ=${rule.freq}`,
    `INTERVAL=${rule.interval}`,
    `WKST=${WEEKDAYS[rule.wkst]}`,
    ...list('BYMONTH', rule.month),
    ...list('BYWEEKNO', rule.weekNo),
    ...list('BYYEARDAY', rule.yearDay),
    ...list('BYMONTHDAY', rule.monthDay),
    ...list(
      'BYDAY',
      rule.day?.map(({ weekday, nth }) => `${nth === 0 ? '' : nth}${WEEKDAYS[weekday]}`),
    ),
    ...list('BYHOUR', rule.hour),
    ...list('BYMINUTE', rule.minute),
    ...list('BYSETPOS', rule.setPos),
    ...(rule.count === undefined ? [] : [`COUNT=${rule.count}`]),
  ].join(';');
}

function engineTimes(input: unknown, from: number, to: number): string[] {
  const parsed = parseSchedule(input, { now: 0 });
  if (!parsed.ok) throw new Error(JSON.stringify([input, parsed.problems]));
  const recurrence = compileSchedule(parsed.schedule, 'seed');
  const found: string[] = [];
  for (let at = recurrence.next(from - 1); at !== null && at < to; at = recurrence.next(at)) {
    found.push(new Date(at).toISOString());
  }
  return found;
}

const fired: number[] = [];

describe('recurrence rules and a walk through calendar and real time find the same instants', () => {
  it.each(CHANGES)('in %s around %s', (timeZone, day) => {
    const middle = Date.parse(`${day}T00:00:00Z`);
    // The walk is longer than what is compared, so that each wall-clock time of the compared part has its instants.
    const walk = walkMinutes(timeZone, middle - 3.5 * DAY_MS, middle + 3.5 * DAY_MS);
    const [from, to] = [middle - 1.25 * DAY_MS, middle + 1.25 * DAY_MS];
    const random = randomFrom(SEED + middle + timeZone.length);
    for (let count = 0; count < RULES; count += 1) {
      const rule = randomRule(random, new Date(middle));
      const startMs = middle - random(random(2) === 0 ? 60 : 900) * DAY_MS - 2 * DAY_MS + random(24 * 60) * MINUTE_MS;
      const dst = {
        gap: pick(random, ['after', 'skip'] as const),
        overlap: pick(random, ['first', 'second', 'both'] as const),
      };
      const minutes = rruleMinutes(rule, startMs, middle + 4 * DAY_MS);
      const expected = bruteForceMoved(minutes, dst, walk).filter((at) => at >= from && at < to);
      const input = {
        type: 'rrule',
        rule: spell(rule),
        startAt: new Date(startMs).toISOString().slice(0, 19),
        timeZone,
        dst,
      };
      fired.push(expected.length);
      expect([input, engineTimes(input, from, to)]).toEqual([input, expected.map((at) => new Date(at).toISOString())]);
    }
  });

  it('has rules that fire, and rules that do not', () => {
    expect(fired.filter((count) => count > 0).length).toBeGreaterThan(fired.length / 4);
    expect(fired.filter((count) => count === 0).length).toBeGreaterThan(fired.length / 10);
  });
});
