import { addCalendar, civilDate, dayNumber, FIRST_INSTANT, LAST_INSTANT, LAST_YEAR, monthLength } from '../civil.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../duration.js';
import { formatLocal } from '../instants.js';
import type { Instant } from '../schedule.js';
import type { Zone } from '../zone.js';
import type { DaySpec } from './days.js';
import type { LengthPart } from './draft.js';
import { unknown } from './refusal.js';
import type { TimeOfDay } from './time-of-day.js';
import type { Span } from './tokenizer.js';

/** What a phrase is read against. */
export interface Reading {
  readonly source: string;
  readonly zone: Zone;
  readonly now: Instant;
  /** Rules that count from their first occurrence have it at or after this. */
  readonly notBefore: Instant;
}

export interface Length {
  readonly months: number;
  readonly days: number;
  readonly elapsedMs: number;
}

// A leap day comes back within eight years, wherever the search starts; a fifth Monday of a month far sooner.
const MOST_DAYS_AHEAD = 366 * 9;

export function localOf({ zone }: Reading, instant: Instant): number {
  return instant + zone.offsetAt(instant);
}

/** As the engine takes a local time: the first of two, the end of a gap. */
export function instantOf({ zone }: Reading, localMs: number): Instant {
  const { earliest, gap } = zone.resolve(localMs);
  return earliest ?? gap?.at ?? localMs;
}

/** `2026-12-24T18:00`, with seconds where there are any. */
export function localText(localMs: number): string {
  const text = formatLocal(localMs);
  return text.endsWith(':00') && text.length > 16 ? text.slice(0, 16) : text;
}

/** The first local time at or after `reading.notBefore` on a day that `isDay` takes; null when there is none in years. */
export function firstLocal(
  reading: Reading,
  times: readonly TimeOfDay[],
  isDay: (dayNumber: number) => boolean,
): number | null {
  const today = Math.floor(localOf(reading, reading.notBefore) / DAY_MS);
  for (let day = today; day < today + MOST_DAYS_AHEAD; day += 1) {
    if (!isDay(day)) continue;
    for (const time of times) {
      const localMs = day * DAY_MS + time * SECOND_MS;
      if (instantOf(reading, localMs) >= reading.notBefore) return localMs;
    }
  }
  return null;
}

/** The day (since 1970-01-01) that is meant at `now`. A date without a year is the next one: after `now` at `time`. */
export function dayOf(reading: Reading, spec: DaySpec, time: TimeOfDay, span: Span): number {
  const today = Math.floor(localOf(reading, reading.now) / DAY_MS);
  if (spec.kind === 'daysAhead') return today + spec.days;
  if (spec.kind === 'nextWeekday') return today + 1 + ((spec.weekday - ((today + 1 + 4) % 7) + 7) % 7);
  const { day, month } = spec;
  if (spec.year !== null) {
    if (spec.year > LAST_YEAR) return unknown(span, `lies after the year ${LAST_YEAR}`);
    return dayNumber(spec.year, month, day);
  }
  const thisYear = civilDate(today).year;
  for (let year = thisYear; year <= thisYear + 9; year += 1) {
    if (day > monthLength(year, month)) continue;
    const candidate = dayNumber(year, month, day);
    if (instantOf(reading, candidate * DAY_MS + time * SECOND_MS) > reading.now) return candidate;
  }
  return unknown(span, 'is not a day of the calendar');
}

const UNIT_LENGTHS: Readonly<Record<LengthPart['unit'], Length>> = {
  second: { months: 0, days: 0, elapsedMs: SECOND_MS },
  minute: { months: 0, days: 0, elapsedMs: MINUTE_MS },
  hour: { months: 0, days: 0, elapsedMs: HOUR_MS },
  day: { months: 0, days: 1, elapsedMs: 0 },
  week: { months: 0, days: 7, elapsedMs: 0 },
  month: { months: 1, days: 0, elapsedMs: 0 },
  quarter: { months: 3, days: 0, elapsedMs: 0 },
  year: { months: 12, days: 0, elapsedMs: 0 },
};

export function lengthOf(parts: readonly LengthPart[], span: Span): Length {
  const total = { months: 0, days: 0, elapsedMs: 0 };
  for (const { count, unit } of parts) {
    const length = UNIT_LENGTHS[unit];
    total.months += count * length.months;
    total.days += count * length.days;
    total.elapsedMs += count * length.elapsedMs;
  }
  const years = total.months / 12 + total.days / 366 + total.elapsedMs / (366 * DAY_MS);
  return years < 100 ? total : unknown(span, 'is longer than 100 years');
}

/** The instant that lies a length after `now`: days and longer on the zone's calendar, the rest as elapsed time. */
export function after(reading: Reading, { months, days, elapsedMs }: Length, span: Span): Instant {
  const { now } = reading;
  const dayAt = months === 0 && days === 0 ? now : instantOf(reading, addCalendar(localOf(reading, now), months, days));
  const at = dayAt + elapsedMs;
  return at >= FIRST_INSTANT && at <= LAST_INSTANT ? at : unknown(span, `lies after the year ${LAST_YEAR}`);
}

const ISO_UNITS: readonly (readonly [LengthPart['unit'], string, boolean])[] = [
  ['year', 'Y', false],
  ['month', 'M', false],
  ['week', 'W', false],
  ['day', 'D', false],
  ['hour', 'H', true],
  ['minute', 'M', true],
  ['second', 'S', true],
];

/** ISO 8601 in the units that were said: 90 minutes are `PT90M`. A quarter is three months. */
export function isoDuration(parts: readonly LengthPart[]): string {
  const amounts = new Map<string, number>();
  for (const { count, unit } of parts) {
    const name = unit === 'quarter' ? 'month' : unit;
    amounts.set(name, (amounts.get(name) ?? 0) + (unit === 'quarter' ? count * 3 : count));
  }
  const spell = (isTime: boolean): string =>
    ISO_UNITS.filter(([unit, , isOfTime]) => isOfTime === isTime && amounts.has(unit))
      .map(([unit, letter]) => `${amounts.get(unit)}${letter}`)
      .join('');
  const time = spell(true);
  return `P${spell(false)}${time === '' ? '' : `T${time}`}`;
}
