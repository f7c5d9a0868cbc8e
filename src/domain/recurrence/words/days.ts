import type { Cursor } from './cursor.js';
import { replaced } from './cursor.js';
import { LAST, monthName, monthOf, MON_TO_FRI, ordinalOf, pluralWeekdayOf, WEEKEND, weekdayOf } from './lexicon.js';
import { monthLength } from '../civil.js';
import { ambiguous, unknown } from './refusal.js';
import type { Span } from './tokenizer.js';

/** Days of the week, 0 is Sunday. */
export interface Weekdays {
  readonly days: readonly number[];
  /** 1 each week, 2 every other week. */
  readonly interval: number;
  /** `Monday` alone may be one day or each; `Mondays`, `every Monday` and `Monday and Friday` are each. */
  readonly isEach: boolean;
  readonly span: Span;
}

export type MonthDay =
  /** 1–31, or LAST. */
  | { readonly kind: 'day'; readonly day: number }
  /** The nth (or LAST) Monday to Friday. */
  | { readonly kind: 'workday'; readonly nth: number }
  | { readonly kind: 'weekday'; readonly nth: number; readonly weekday: number };

export type Period = 'month' | 'quarter' | 'year';

/** `1st and 15th of the month`, `the last Friday of every quarter`. */
export interface MonthDays {
  readonly days: readonly MonthDay[];
  /** Null when it is not said of what; `monthly` or the like may say it. */
  readonly period: Period | null;
  readonly isEach: boolean;
  readonly span: Span;
}

/** `24 December`, `December 24th 2026`, `24 and 25 December`, `1 March and 1 September`. */
export interface DateWords {
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly year: number | null;
  readonly isEach: boolean;
  readonly span: Span;
}

/** One day, as seen from today. */
export type DaySpec =
  | { readonly kind: 'date'; readonly day: number; readonly month: number; readonly year: number | null }
  | { readonly kind: 'daysAhead'; readonly days: number }
  | { readonly kind: 'nextWeekday'; readonly weekday: number };

/** `Mondays`, `Monday to Friday`, `Mon, Wed and Fri`, `weekdays`, `weekends`; null when it is none. */
export function readWeekdays(cursor: Cursor, start: number, isEvery: boolean, interval = 1): Weekdays | null {
  let isEach = isEvery;
  const groups = cursor.takeList(() => {
    cursor.takeWord('on');
    const group = readWeekdayGroup(cursor);
    if (group?.isEach === true) isEach = true;
    return group;
  });
  if (groups.length === 0) return null;
  const days = [...new Set(groups.flatMap((group) => group.days))];
  return { days, interval, isEach: isEach || days.length > 1, span: cursor.spanFrom(start) };
}

function readWeekdayGroup(cursor: Cursor): { days: readonly number[]; isEach: boolean } | null {
  if (cursor.takeWord('weekday', 'weekdays')) return { days: MON_TO_FRI, isEach: true };
  if (cursor.takeWord('weekend', 'weekends')) return { days: WEEKEND, isEach: true };
  const from = readWeekday(cursor);
  if (from === null) return null;
  const to = cursor.attempt(() => (cursor.takeRangeSign() ? readWeekday(cursor) : null));
  if (to === null) return { days: [from.weekday], isEach: from.isPlural };
  const length = ((to.weekday - from.weekday + 7) % 7) + 1;
  return { days: Array.from({ length }, (_, index) => (from.weekday + index) % 7), isEach: true };
}

export function readWeekday(cursor: Cursor): { weekday: number; isPlural: boolean } | null {
  const token = cursor.peek();
  if (token?.kind !== 'word') return null;
  const plural = pluralWeekdayOf(token.text);
  const weekday = plural ?? weekdayOf(token.text);
  if (weekday === undefined) return null;
  cursor.take();
  return { weekday, isPlural: plural !== undefined };
}

/** `January`, `Jan and Jul`, `November to February`; null when there is none. */
export function readMonths(cursor: Cursor): { months: number[]; isRange: boolean } | null {
  let isRange = false;
  const groups = cursor.takeList(() => {
    const from = readMonth(cursor);
    if (from === null) return null;
    const end = cursor.attempt(() => (cursor.takeRangeSign() ? readMonth(cursor) : null));
    if (end !== null) isRange = true;
    const to = end ?? from;
    return Array.from({ length: ((to - from + 12) % 12) + 1 }, (_, index) => ((from - 1 + index) % 12) + 1);
  });
  return groups.length === 0 ? null : { months: [...new Set(groups.flat())].sort((a, b) => a - b), isRange };
}

export function readMonth(cursor: Cursor): number | null {
  const token = cursor.peek();
  const month = token?.kind === 'word' ? monthOf(token.text) : undefined;
  if (month === undefined) return null;
  cursor.take();
  return month;
}

/** `first Monday`, `1st and 3rd Friday`, `last weekday`, `1st and 15th`, `last day`, each with `of the month` or not. */
export function readMonthDays(cursor: Cursor, start: number, isEvery: boolean): MonthDays | null {
  const nthDays = cursor.takeList(() => readNthDays(cursor)).flat();
  const days = nthDays.length > 0 ? nthDays : cursor.attempt(() => readDayNumbers(cursor));
  if (days === null) return null;
  const of = readPeriod(cursor);
  const span = cursor.spanFrom(start);
  return { days, period: of?.period ?? null, isEach: isEvery || of !== null || days.length > 1, span };
}

/** Ordinals and the weekday, "weekday" or "day" that they count. */
function readNthDays(cursor: Cursor): MonthDay[] | null {
  const ordinals = cursor.takeList(() => {
    cursor.takeWord('the');
    return readOrdinal(cursor);
  });
  if (ordinals.length === 0) return null;
  if (cursor.takeWord('day')) return ordinals.map(({ nth, span }) => dayOfMonth(nth, span));
  if (cursor.takeWord('weekday', 'workday')) {
    return ordinals.map(({ nth, span }) => {
      if (nth === LAST || nth <= 20) return { kind: 'workday', nth };
      return unknown(span, 'is more weekdays than each month has: first to 20th and last are allowed');
    });
  }
  const named = readWeekday(cursor);
  if (named === null) return null;
  return ordinals.map(({ nth, span }) => {
    if (nth <= 5) return { kind: 'weekday', nth, weekday: named.weekday };
    return unknown(span, 'is more than a month has of one weekday: first to fifth and last are allowed');
  });
}

/** `1st and 15th`, `1st to 5th`, `days 1 and 15`, `the 1st and the last day`. */
function readDayNumbers(cursor: Cursor): MonthDay[] | null {
  const isNumbered = cursor.takeWord('day', 'days');
  const groups = cursor.takeList(() => {
    cursor.takeWord('the');
    if (isNumbered) cursor.takeWord('day');
    const from = readDayNumber(cursor, isNumbered);
    if (from === null) return null;
    const to = cursor.attempt(() => (cursor.takeRangeSign() ? readDayNumber(cursor, isNumbered) : null));
    if (to === null) return [from];
    if (from.day === LAST || to.day === LAST || to.day < from.day) {
      return unknown({ start: from.span.start, end: to.span.end }, 'does not run from one day to a later one');
    }
    return Array.from({ length: to.day - from.day + 1 }, (_, index) => ({ day: from.day + index, span: from.span }));
  });
  const days = groups.flat();
  return days.length === 0 ? null : days.map(({ day, span }) => dayOfMonth(day, span));
}

function readDayNumber(cursor: Cursor, isNumbered: boolean): { day: number; span: Span } | null {
  const token = cursor.peek();
  if (cursor.isWord('last')) {
    const span = cursor.take();
    cursor.takeWord('day');
    return { day: LAST, span };
  }
  if (token?.kind === 'number' && (token.isOrdinal || isNumbered)) {
    cursor.take();
    return { day: token.value, span: token };
  }
  const ordinal = readOrdinal(cursor);
  return ordinal === null ? null : { day: ordinal.nth, span: ordinal.span };
}

export function readOrdinal(cursor: Cursor): { nth: number; span: Span } | null {
  const token = cursor.peek();
  const nth = token?.kind === 'number' && token.isOrdinal ? token.value : ordinalOf(token?.text ?? '');
  return nth === undefined || token === undefined ? null : { nth, span: cursor.take() };
}

function dayOfMonth(day: number, span: Span): MonthDay {
  if (day === LAST || (day >= 1 && day <= 31)) return { kind: 'day', day };
  return unknown(span, 'is not a day of a month: 1st to 31st and last are');
}

/** `of the month`, `of each quarter`, `in every year`; null when it is none. */
function readPeriod(cursor: Cursor): { period: Period } | null {
  return cursor.attempt(() => {
    const isOf = cursor.takeWord('of', 'in');
    const isEach = cursor.takeWord('each', 'every');
    if (!isOf && !isEach) return null;
    if (!isEach) cursor.takeWord('the', 'a');
    const period = (['month', 'quarter', 'year'] as const).find((name) => cursor.takeWord(name));
    return period === undefined ? null : { period };
  });
}

/** `24 December`, `24th of December 2026`, `December 24, 2026`, `2026-12-24`, `24/12`; null when it is none. */
export function readDate(cursor: Cursor, start: number, isEach: boolean): DateWords | null {
  const dates = cursor.takeList(() => {
    const from = cursor.offset;
    const date =
      readNumericDate(cursor) ??
      cursor.attempt(() => readDayFirst(cursor)) ??
      cursor.attempt(() => readMonthFirst(cursor));
    if (date !== null) refuseNoDate(cursor, date, cursor.spanFrom(from));
    return date;
  });
  const [first] = dates;
  if (first === undefined) return null;
  const span = cursor.spanFrom(start);
  if (dates.some(({ days, year }) => days.join() !== first.days.join() || year !== null) && dates.length > 1) {
    return unknown(span, 'are dates with different days: one schedule for each is needed');
  }
  return {
    days: first.days,
    months: [...new Set(dates.map(({ month }) => month))].sort((a, b) => a - b),
    year: first.year,
    isEach,
    span,
  };
}

function refuseNoDate({ source }: Cursor, { days, month, year }: BareDate, span: Span): void {
  const isMonth = month >= 1 && month <= 12;
  const length = monthLength(year ?? 2_024, month);
  if (isMonth && days.every((day) => day >= 1 && day <= length)) return;
  const name = monthName(isMonth ? month : 1);
  const candidates = [replaced(source, span, `1 ${name}`), replaced(source, span, `28 ${name}`)];
  unknown(span, 'is not a day of the calendar', candidates);
}

interface BareDate {
  readonly days: readonly number[];
  readonly month: number;
  readonly year: number | null;
}

function readNumericDate(cursor: Cursor): BareDate | null {
  const token = cursor.peek();
  if (token?.kind === 'isoDate') {
    cursor.take();
    return { days: [token.day], month: token.month, year: token.year };
  }
  if (token?.kind !== 'slashDate') return null;
  cursor.take();
  const { first, second, year } = token;
  const isDayFirst = first > 12;
  if (first <= 12 && second <= 12 && first !== second) {
    const spelled = (day: number, month: number): string =>
      replaced(cursor.source, token, `${day} ${monthName(month)}${year === null ? '' : ` ${year}`}`);
    return ambiguous(token, 'may be the day or the month first', [spelled(first, second), spelled(second, first)]);
  }
  return { days: [isDayFirst ? first : second], month: isDayFirst ? second : first, year };
}

function readDayFirst(cursor: Cursor): BareDate | null {
  const days = cursor.takeList(() => {
    cursor.takeWord('the');
    return readPlainDay(cursor);
  });
  if (days.length === 0) return null;
  cursor.takeWord('of');
  const month = readMonth(cursor);
  return month === null ? null : { days, month, year: readYear(cursor) };
}

function readMonthFirst(cursor: Cursor): BareDate | null {
  const month = readMonth(cursor);
  if (month === null) return null;
  const days = cursor.takeList(() => {
    cursor.takeWord('the');
    return readPlainDay(cursor);
  });
  return days.length === 0 ? null : { days, month, year: readYear(cursor) };
}

/** A number that can be a day, and is not the hour of a time. */
function readPlainDay(cursor: Cursor): number | null {
  const token = cursor.peek();
  if (token?.kind !== 'number' || token.text.length > 4 || cursor.isWordAt(1, 'am', 'pm', "o'clock")) return null;
  return isYear(token.value, token.text) ? null : (cursor.take(), token.value);
}

function readYear(cursor: Cursor): number | null {
  return cursor.attempt(() => {
    cursor.takeSymbol(',');
    const token = cursor.peek();
    if (token?.kind !== 'number' || token.isOrdinal || !isYear(token.value, token.text)) return null;
    cursor.take();
    return token.value;
  });
}

function isYear(value: number, text: string): boolean {
  return text.length === 4 && value >= 1_900;
}
