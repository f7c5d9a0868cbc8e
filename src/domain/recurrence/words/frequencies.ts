import { type Cursor, replaced } from './cursor.js';
import { sayDays } from './day-clauses.js';
import { readMonths, readOrdinal, readWeekday, readWeekdays } from './days.js';
import { type Draft, type Every, type LengthPart, say } from './draft.js';
import { adverbUnitOf, LAST, shortUnitOf, type Unit, unitOf, weekdayOf } from './lexicon.js';
import { ambiguous, unknown } from './refusal.js';
import type { Span } from './tokenizer.js';

const MOST = 1_000_000;
const UNITS: readonly Unit[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

/** `hourly`, `daily`, `monthly`, `fortnightly`. */
export function readAdverb(cursor: Cursor, draft: Draft): boolean {
  const token = cursor.peek();
  if (token?.kind !== 'word') return false;
  const unit = adverbUnitOf(token.text);
  if (unit !== undefined) sayEvery(draft, [{ count: 1, unit }], false, cursor.take());
  else if (token.text === 'fortnightly') sayEvery(draft, [{ count: 2, unit: 'week' }], true, cursor.take());
  else return false;
  return true;
}

/** `every 90 minutes`, `every other Tuesday`, `every quarter`, `each Monday`, `every last Friday of the month`. */
export function readEvery(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  if (!cursor.takeWord('every', 'each')) return false;
  if (cursor.takeWord('other')) return readEveryOther(cursor, draft, start);
  const length = readHalf(cursor) ?? (cursor.numberAt() === undefined ? null : readLength(cursor));
  if (length !== null) return sayEvery(draft, length, true, cursor.spanFrom(start));
  return (
    cursor.attempt(() => (readEveryNth(cursor, draft, start) ? true : null)) ??
    cursor.attempt(() => (readEveryUnit(cursor, draft, start) ? true : null)) ??
    cursor.attempt(() => (sayDays(cursor, draft, start, true) ? true : null)) ??
    readEveryMonth(cursor, draft, start)
  );
}

function readEveryUnit(cursor: Cursor, draft: Draft, start: number): boolean {
  // "every second Tuesday of the month": an ordinal, not the unit.
  if (cursor.isWord('second') && weekdayOf(cursor.peek(1)?.text ?? '') !== undefined) return false;
  const unit = takeOneUnit(cursor);
  return unit !== null && sayEvery(draft, [unit], unit.count > 1, cursor.spanFrom(start));
}

/** `every January`: its first day, unless another is named. */
function readEveryMonth(cursor: Cursor, draft: Draft, start: number): boolean {
  const months = readMonths(cursor);
  if (months === null) return false;
  say(draft, 'months', { value: months.months, isEvery: true, isSpan: false, span: cursor.spanFrom(start) });
  return true;
}

/** `every other day`, `every other Monday and Thursday`. */
function readEveryOther(cursor: Cursor, draft: Draft, start: number): boolean {
  if (cursor.isWord('weekday', 'weekdays')) {
    const span = cursor.take();
    ambiguous(span, 'with "every other" may be every second day or the weekdays of every second week', [
      replaced(cursor.source, cursor.spanFrom(start), 'every other week on Monday to Friday'),
      replaced(cursor.source, cursor.spanFrom(start), 'Monday, Wednesday and Friday'),
    ]);
  }
  const unit = takeOneUnit(cursor);
  if (unit !== null) {
    return sayEvery(draft, [{ ...unit, count: unit.count * 2 }], false, cursor.spanFrom(start));
  }
  const weekdays = readWeekdays(cursor, start, true, 2);
  if (weekdays !== null) say(draft, 'weekdays', weekdays);
  return weekdays !== null;
}

/** `every second day`, `every 3rd week`, `every last Friday of the month`; `every second` alone is the unit. */
function readEveryNth(cursor: Cursor, draft: Draft, start: number): boolean {
  const ordinal = readOrdinal(cursor);
  if (ordinal === null) return false;
  const { nth, span } = ordinal;
  const unit = cursor.isWordAt(1, 'of', 'in') ? null : takeOneUnit(cursor);
  if (unit !== null) {
    if (nth === LAST || nth < 2) return false;
    return sayEvery(draft, [{ ...unit, count: unit.count * checkedCount(nth, span) }], false, cursor.spanFrom(start));
  }
  const isOfPeriod = cursor.isWordAt(1, 'of', 'in', 'each', 'every');
  const weekdayAt = cursor.offset;
  const named = readWeekday(cursor);
  if (named === null || isOfPeriod) return false;
  // "every second Tuesday" is every other one to some, and that of each month to others.
  const whole = cursor.spanFrom(start);
  const weekday = cursor.source.slice(weekdayAt, whole.end);
  const ordinalText = cursor.source.slice(span.start, span.end);
  const everyNth =
    nth > 2 ? `every ${nth} weeks on ${weekday}` : nth === 2 ? `every other ${weekday}` : `every ${weekday}`;
  return ambiguous(whole, `may count the weeks or the ${weekday}s of each month`, [
    replaced(cursor.source, whole, `${ordinalText} ${weekday} of every month`),
    replaced(cursor.source, whole, everyNth),
  ]);
}

/** `half hour`, `half an hour`, `quarter of an hour`, `quarter hour`; null when it is none. */
function readHalf(cursor: Cursor): LengthPart[] | null {
  return cursor.attempt(() => {
    if (!cursor.isWord('half', 'quarter')) return null;
    const count = cursor.take().text === 'half' ? 30 : 15;
    cursor.takeWord('of');
    cursor.takeWord('a', 'an');
    return cursor.takeWord('hour', 'hours') ? [{ count, unit: 'minute' }] : null;
  });
}

/** `20 minutes`, `1 hour and 30 minutes`, `an hour`, `half an hour`, `15m`; null when it is none. */
export function readLength(cursor: Cursor): LengthPart[] | null {
  const half = readHalf(cursor);
  if (half !== null) return half;
  const start = cursor.offset;
  const parts: LengthPart[] = [];
  for (;;) {
    const part = cursor.attempt(() => {
      if (parts.length > 0) cursor.takeSeparator();
      return readLengthPart(cursor);
    });
    if (part === null) return parts.length === 0 ? null : parts;
    const before = parts.at(-1);
    if (before !== undefined && UNITS.indexOf(part.unit) >= UNITS.indexOf(before.unit)) {
      unknown(cursor.spanFrom(start), 'is no length of time: the longest unit comes first');
    }
    parts.push(part);
  }
}

function readLengthPart(cursor: Cursor): LengthPart | null {
  const token = cursor.peek();
  const isOne = token?.kind === 'word' && (token.text === 'a' || token.text === 'an');
  const count = isOne ? 1 : cursor.numberAt();
  if (token === undefined || count === undefined) return null;
  cursor.take();
  const next = cursor.peek();
  const short = next?.kind === 'word' && next.start === token.end ? shortUnitOf(next.text) : undefined;
  const unit = short === undefined ? takeUnit(cursor) : { count: 1, unit: (cursor.take(), short) };
  if (unit === null || cursor.isWord('past')) return null;
  return { count: checkedCount(count, token) * unit.count, unit: unit.unit };
}

/** `twice a day`, `three times per week`, `once daily`. */
export function readPer(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const times = readTimesCount(cursor);
  if (times === null) return false;
  const token = cursor.peek();
  const adverb = token?.kind === 'word' ? adverbUnitOf(token.text) : undefined;
  if (adverb !== undefined) cursor.take();
  else if (!cursor.takeWord('a', 'an', 'per', 'each', 'every')) return false;
  const unit = adverb ?? takeUnit(cursor)?.unit;
  if (unit === undefined) return false;
  const span = cursor.spanFrom(start);
  sayEvery(draft, [{ count: 1, unit }], false, span);
  say(draft, 'per', { times, unit, span });
  return true;
}

function readTimesCount(cursor: Cursor): number | null {
  if (cursor.takeWord('once')) return 1;
  if (cursor.takeWord('twice')) return 2;
  if (cursor.takeWord('thrice')) return 3;
  const count = cursor.numberAt();
  if (count === undefined || !cursor.isWordAt(1, 'times', 'time')) return null;
  const token = cursor.take();
  cursor.take();
  return checkedCount(count, token);
}

/** Without a number: "every day", not "every days". */
function takeOneUnit(cursor: Cursor): LengthPart | null {
  return cursor.peek()?.text.endsWith('s') === true ? null : takeUnit(cursor);
}

function takeUnit(cursor: Cursor): LengthPart | null {
  const token = cursor.peek();
  if (token?.kind !== 'word') return null;
  const isFortnight = token.text === 'fortnight' || token.text === 'fortnights';
  const unit: Unit | undefined = isFortnight ? 'week' : unitOf(token.text);
  if (unit === undefined) return null;
  cursor.take();
  return { count: isFortnight ? 2 : 1, unit };
}

function sayEvery(draft: Draft, parts: Every['parts'], isLength: boolean, span: Span): true {
  say(draft, 'every', { parts, isLength, span });
  return true;
}

function checkedCount(count: number, span: Span): number {
  return count >= 1 && count <= MOST ? count : unknown(span, `is not a number from 1 to ${MOST}`);
}
