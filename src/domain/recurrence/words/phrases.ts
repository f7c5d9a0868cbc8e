import { Cursor } from './cursor.js';
import { sayDays } from './day-clauses.js';
import { readDate, readMonthDays, readMonths, readWeekday, readWeekdays } from './days.js';
import { type Draft, say } from './draft.js';
import { readAdverb, readEvery, readLength, readPer } from './frequencies.js';
import { MON_TO_FRI, WEEKEND } from './lexicon.js';
import { refuseNext } from './refuse-next.js';
import { unknown } from './refusal.js';
import { isHourAt, readMinutesPast, readTimes, readWindow } from './time-of-day.js';

/** Takes its words off the cursor and says what they mean; false, with the cursor where it was, when it is not there. */
type Clause = (cursor: Cursor, draft: Draft) => boolean;

/**
 * Reads a phrase clause by clause, in any order: each knows itself by its first words. Nothing is left out: words that
 * no clause takes are refused.
 */
export function readDraft(source: string): Draft {
  const cursor = new Cursor(source);
  const draft: Draft = {};
  while (!cursor.isAtEnd) {
    if (Object.keys(draft).length > 0) cursor.takeSymbol(',');
    const isTaken = CLAUSES.some((clause) => cursor.attempt(() => (clause(cursor, draft) ? true : null)) !== null);
    if (!isTaken) refuseNext(cursor);
  }
  return draft;
}

const CLAUSES: readonly Clause[] = [
  readZone,
  readPer,
  readOnce,
  readAdverb,
  readEvery,
  readDelay,
  readIn,
  readSpan,
  readStarting,
  readExcept,
  readRelativeDay,
  readAt,
  readOn,
  readOfMonths,
  readPastHour,
  readDays,
  readBareMonths,
  readBareTime,
];

function readZone(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  cursor.takeWord('in');
  const token = cursor.peek();
  if (token?.kind !== 'zone') return false;
  cursor.take();
  cursor.takeWord('time');
  say(draft, 'zone', { value: token.name, span: cursor.spanFrom(start) });
  return true;
}

/** `once at …`, `once on …`: one time for certain. */
function readOnce(cursor: Cursor, draft: Draft): boolean {
  if (!cursor.isWord('once')) return false;
  const span = cursor.take();
  // "once every 3 hours" is "every 3 hours".
  if (!cursor.isWord('every', 'each')) say(draft, 'once', { value: true, span });
  return true;
}

/** `in 20 minutes`, `20 minutes from now`. */
function readDelay(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const isIn = cursor.takeWord('in');
  const parts = readLength(cursor);
  const isDelay = parts !== null && (isIn || (cursor.takeWord('from') && cursor.takeWord('now')));
  if (isDelay) say(draft, 'delay', { parts, span: cursor.spanFrom(start) });
  return isDelay;
}

/** `in January and July`, `only in March`, `during August`. */
function readIn(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const isOnly = cursor.takeWord('only');
  if (!cursor.takeWord('in', 'during')) return false;
  const isEach = cursor.takeWord('every', 'each');
  return sayMonths(cursor, draft, start, { isEvery: isEach, isOnly });
}

/** `the last Friday of November`. */
function readOfMonths(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  if (draft.monthDays === undefined || !cursor.takeWord('of')) return false;
  return sayMonths(cursor, draft, start, { isEvery: cursor.takeWord('every', 'each') });
}

interface MonthsSense {
  readonly isEvery?: boolean;
  readonly isOnly?: boolean;
  /** So many months at least, or it is none. */
  readonly atLeast?: number;
}

function sayMonths(
  cursor: Cursor,
  draft: Draft,
  start: number,
  { isEvery = false, isOnly = false, atLeast = 1 }: MonthsSense = {},
): boolean {
  const read = readMonths(cursor);
  if (read === null || read.months.length < atLeast) return false;
  const isSpan = isOnly || read.isRange;
  say(draft, 'months', { value: read.months, isEvery, isSpan, span: cursor.spanFrom(start) });
  return true;
}

/** `between 9 and 17`, `from 9am to 5pm`, `from Monday to Friday`, `9:00-17:00`. */
function readSpan(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const isBetween = cursor.takeWord('between');
  const isMarked = isBetween || cursor.takeWord('from');
  const window = cursor.attempt(() => {
    const isClock = cursor.peek()?.kind === 'clock' || cursor.isWordAt(1, 'am', 'pm');
    return isMarked || isClock ? readWindow(cursor, start, isBetween) : null;
  });
  if (window !== null) say(draft, 'window', window);
  else if (!isMarked) return false;
  else if (isBetween) return readMonthDaySpan(cursor, draft, start);
  else return readFromDays(cursor, draft, start);
  return true;
}

/** `between day 1 and 5 of the month`, which is how cron is put into words. */
function readMonthDaySpan(cursor: Cursor, draft: Draft, start: number): boolean {
  const [from, to] = [cursor.numberAt(1), cursor.numberAt(3)];
  if (!cursor.isWord('day') || !cursor.isWordAt(2, 'and') || from === undefined || to === undefined) return false;
  const monthDays = readMonthDays(cursor, start, false);
  if (monthDays?.period !== 'month' || to < from) return false;
  const days = Array.from({ length: to - from + 1 }, (_, index) => ({ kind: 'day' as const, day: from + index }));
  say(draft, 'monthDays', { ...monthDays, days });
  return true;
}

function readFromDays(cursor: Cursor, draft: Draft, start: number): boolean {
  const weekdays = readWeekdays(cursor, start, false);
  // "from November" is no span.
  if (weekdays === null) return sayMonths(cursor, draft, start, { atLeast: 2 });
  if (weekdays.days.length < 2) return false;
  say(draft, 'weekdays', weekdays);
  return true;
}

/** `starting 1 March`, `starting on 2026-12-01`, `counted from 2026-11-23`. */
function readStarting(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  if (cursor.takeWord('counted')) {
    if (!cursor.takeWord('from')) return false;
  } else if (!cursor.takeWord('starting', 'beginning')) return false;
  cursor.takeWord('on', 'from');
  if (cursor.isWord('today', 'tomorrow')) {
    const days = cursor.take().text === 'today' ? 0 : 1;
    say(draft, 'starting', { value: { kind: 'daysAhead', days }, span: cursor.spanFrom(start) });
    return true;
  }
  const date = readDate(cursor, start, false);
  if (date === null) return false;
  const [day, month] = [date.days[0] ?? 1, date.months[0] ?? 1];
  if (date.days.length * date.months.length > 1) unknown(date.span, 'names more than one day');
  say(draft, 'starting', { value: { kind: 'date', day, month, year: date.year }, span: date.span });
  return true;
}

/** `every day except Sunday`, `weekdays except Friday`. */
function readExcept(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  if (!cursor.takeWord('except')) return false;
  cursor.takeWord('on', 'for');
  const left = readWeekdays(cursor, start, true);
  if (left === null) return false;
  const isDaily = draft.every?.parts.length === 1 && draft.every.parts[0]?.unit === 'day' && !draft.every.isLength;
  const before = draft.weekdays?.days ?? (isDaily ? [...MON_TO_FRI, ...WEEKEND] : null);
  const days = before?.filter((day) => !left.days.includes(day)) ?? [];
  if (before === null || days.length === 0 || draft.weekdays?.isEach === false) {
    return unknown(left.span, 'leaves no days: it goes behind "every day" or days of the week');
  }
  draft.weekdays = { days, interval: draft.weekdays?.interval ?? 1, isEach: true, span: left.span };
  return true;
}

/** `today`, `tomorrow`, `the day after tomorrow`, `next Friday`. */
function readRelativeDay(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  cursor.takeWord('on');
  cursor.takeWord('the');
  const sayDay = (value: NonNullable<Draft['day']>['value']): true => {
    say(draft, 'day', { value, span: cursor.spanFrom(start) });
    return true;
  };
  if (cursor.isWord('day') && cursor.isWordAt(1, 'after') && cursor.isWordAt(2, 'tomorrow')) {
    for (let words = 0; words < 3; words += 1) cursor.take();
    return sayDay({ kind: 'daysAhead', days: 2 });
  }
  if (cursor.takeWord('today')) return sayDay({ kind: 'daysAhead', days: 0 });
  if (cursor.takeWord('tomorrow')) return sayDay({ kind: 'daysAhead', days: 1 });
  if (!cursor.takeWord('next')) return false;
  const named = readWeekday(cursor);
  return named === null || named.isPlural ? false : sayDay({ kind: 'nextWeekday', weekday: named.weekday });
}

/** `at 8 and 20`, `at 15 minutes past the hour`, `at 2026-12-24 18:00`. */
function readAt(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  if (!cursor.takeWord('at') && !cursor.takeSymbol('@')) return false;
  if (cursor.peek()?.kind === 'isoDate') return readDays(cursor, draft);
  if (sayMinutesPast(cursor, draft, start)) return true;
  const times = readTimes(cursor, true);
  if (times === null) return false;
  say(draft, 'times', { value: times, span: cursor.spanFrom(start) });
  return true;
}

function readPastHour(cursor: Cursor, draft: Draft): boolean {
  return sayMinutesPast(cursor, draft, cursor.offset);
}

function sayMinutesPast(cursor: Cursor, draft: Draft, start: number): boolean {
  // "half past 9" is a time.
  const isSpoken = cursor.isWord('half', 'quarter') && isHourAt(cursor, 2);
  const minutes = isSpoken ? null : cursor.attempt(() => readMinutesPast(cursor));
  if (minutes !== null) say(draft, 'minutesPast', { value: minutes, span: cursor.spanFrom(start) });
  return minutes !== null;
}

/** `on the hour`, `on Mondays`, `only on Friday`, `on the 1st and 15th`, `on 24 December`. */
function readOn(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const isOnly = cursor.takeWord('only');
  if (!cursor.takeWord('on')) return false;
  if (cursor.isWord('the') && (cursor.isWordAt(1, 'hour') || cursor.isWordAt(2, 'hour'))) {
    cursor.take();
    const minutes = cursor.takeWord('half') ? [30] : [0];
    if (!cursor.takeWord('hour')) return false;
    say(draft, 'minutesPast', { value: minutes, span: cursor.spanFrom(start) });
    return true;
  }
  return sayDays(cursor, draft, start, isOnly || cursor.takeWord('each', 'every'));
}

function readDays(cursor: Cursor, draft: Draft): boolean {
  return sayDays(cursor, draft, cursor.offset, false);
}

/** `June through August`: a month alone may be one day of it. */
function readBareMonths(cursor: Cursor, draft: Draft): boolean {
  return sayMonths(cursor, draft, cursor.offset, { atLeast: 2 });
}

/** `9am`, `18:30`, `noon and midnight`: without "at". */
function readBareTime(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.offset;
  const times = readTimes(cursor, false);
  if (times !== null) say(draft, 'times', { value: times, span: cursor.spanFrom(start) });
  return times !== null;
}
