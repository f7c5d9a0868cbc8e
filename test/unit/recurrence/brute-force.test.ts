import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { bruteForce, walkMinutes, type WallDate, type WallRule } from '../../support/brute-force.js';
import { CHANGES } from '../../support/clock-changes.js';
import { pick, type Random, randomFrom } from '../../support/seeded-random.js';

/**
 * Rules to try around each clock change; RULES=2000 for a long run, SEED to draw others. The engine and this walk read Intl with a named zone and
 * Date in UTC only, so the same holds whatever the host's zone: run it with TZ=Australia/Sydney and America/New_York too.
 */
const RULES = Number(process.env.RULES ?? 12);
const SEED = Number(process.env.SEED ?? 20261123);
const DAY_MS = 86_400_000;

interface Field {
  text: string;
  holds: (value: number) => boolean;
  isFixed: boolean;
}

function randomField(random: Random, min: number, max: number, likely: readonly number[]): Field {
  const value = (): number => (random(3) === 0 ? min + random(max - min + 1) : pick(random, likely));
  const from = value();
  const step = 2 + random(Math.min(20, max - min));
  switch (random(7)) {
    case 0:
      return { text: '*', holds: () => true, isFixed: false };
    case 1:
      return { text: `*/${step}`, holds: (v) => (v - min) % step === 0, isFixed: false };
    case 2:
      return { text: `${from}/${step}`, holds: (v) => v >= from && (v - from) % step === 0, isFixed: false };
    case 3: {
      const to = from + random(max - from + 1);
      return { text: `${from}-${to}`, holds: (v) => v >= from && v <= to, isFixed: true };
    }
    case 4: {
      const values = [from, value(), value()];
      return { text: values.join(','), holds: (v) => values.includes(v), isFixed: true };
    }
    default:
      return { text: `${from}`, holds: (v) => v === from, isFixed: true };
  }
}

interface DatePart {
  text: string;
  holds: (date: WallDate) => boolean;
}

function randomDate(random: Random): DatePart {
  const weekday = random(7);
  const day = 1 + random(31);
  const nth = 1 + random(5);
  switch (random(10)) {
    case 0:
      return { text: `* * ${weekday}`, holds: (date) => date.weekday === weekday };
    case 1:
      return { text: `${day} * ${weekday}`, holds: (date) => date.day === day || date.weekday === weekday };
    case 2:
      return { text: 'L * ?', holds: (date) => date.day === date.monthLength };
    case 3:
      return { text: `* * ${weekday}#${nth}`, holds: (d) => d.weekday === weekday && Math.ceil(d.day / 7) === nth };
    case 4:
      return { text: `? * ${weekday}L`, holds: (d) => d.weekday === weekday && d.day > d.monthLength - 7 };
    case 5:
      return { text: `*/2 * 1-5`, holds: (d) => d.day % 2 === 1 || (d.weekday >= 1 && d.weekday <= 5) };
    default:
      return { text: '* * *', holds: () => true };
  }
}

function randomRule(random: Random): { expression: string; rule: WallRule; dst: Pick<WallRule, 'gap' | 'overlap'> } {
  const second = random(4) === 0 ? randomField(random, 0, 59, [0, 30]) : null;
  const minute = randomField(random, 0, 59, [0, 15, 30, 45]);
  const hour = randomField(random, 0, 23, [0, 1, 2, 3, 22, 23]);
  const date = randomDate(random);
  const dst = {
    gap: pick(random, ['after', 'skip'] as const),
    overlap: pick(random, ['first', 'second', 'both'] as const),
  };
  const rule: WallRule = {
    second: second?.holds ?? ((value) => value === 0),
    minute: minute.holds,
    hour: hour.holds,
    date: date.holds,
    isFixedTime: (second?.isFixed ?? true) && minute.isFixed && hour.isFixed,
    ...dst,
  };
  const expression = [...(second === null ? [] : [second.text]), minute.text, hour.text, date.text].join(' ');
  return { expression, rule, dst };
}

function engineTimes(input: unknown, from: number, to: number): number[] {
  const parsed = parseSchedule(input, { now: 0 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const recurrence = compileSchedule(parsed.schedule, 'seed');
  const found: number[] = [];
  for (let at = recurrence.next(from - 1); at !== null && at < to; at = recurrence.next(at)) found.push(at);
  return found;
}

describe('the engine and a walk through real time find the same instants', () => {
  it.each(CHANGES)('in %s around %s', (timeZone, day) => {
    const middle = Date.parse(`${day}T00:00:00Z`);
    // The walk is longer than what is compared, so that each wall-clock time of the compared part has its instants.
    const walk = walkMinutes(timeZone, middle - 2.5 * DAY_MS, middle + 2.5 * DAY_MS);
    const [from, to] = [middle - 1.25 * DAY_MS, middle + 1.25 * DAY_MS];
    const random = randomFrom(SEED + middle + timeZone.length);
    for (let count = 0; count < RULES; count += 1) {
      const { expression, rule, dst } = randomRule(random);
      const expected = bruteForce(rule, walk).filter((at) => at >= from && at < to);
      const input = { type: 'cron', expression, timeZone, dst };
      const name = JSON.stringify(input);
      const found = engineTimes(input, from, to);
      const differsAt = expected.findIndex((at, index) => found[index] !== at);
      const seen = (instants: number[]): string[] =>
        instants.slice(Math.max(0, differsAt), differsAt + 3).map((at) => new Date(at).toISOString());
      // Only the place of the first difference is shown; the lists may hold a hundred thousand instants.
      expect([name, found.length, ...(differsAt < 0 ? [] : seen(found))]).toEqual([
        name,
        expected.length,
        ...(differsAt < 0 ? [] : seen(expected)),
      ]);
    }
  });
});
