import { type Cursor, replaced } from './cursor.js';
import { monthOf, unitOf } from './lexicon.js';
import { ambiguous, unknown } from './refusal.js';
import type { Span, Token } from './tokenizer.js';

/** Seconds since 00:00 on the wall clock. */
export type TimeOfDay = number;

export interface Window {
  readonly from: TimeOfDay;
  /** Inclusive. */
  readonly to: TimeOfDay;
  readonly span: Span;
}

interface ReadTime {
  readonly time: TimeOfDay;
  readonly span: Span;
  /** `8` or `8:30`: morning, unless a neighbour says am or pm. */
  readonly isBare: boolean;
  readonly hasMeridiem: boolean;
}

const HOUR = 3_600;
const MINUTE = 60;
const NOON = 12 * HOUR;

/**
 * Times joined by commas and "and", ascending; null when there is none. The 24-hour clock, unless am or pm is said:
 * `8`, `8:30`, `8.30`, `8:30:15`, `8 o'clock`, `8am`, `8:30 p.m.`, `half past 8`, `noon`, `midnight` (0:00). A number
 * alone is a time only where `allowsBare`.
 */
export function readTimes(cursor: Cursor, allowsBare: boolean): TimeOfDay[] | null {
  const times = cursor.takeList(() => readTime(cursor, allowsBare));
  if (times.length === 0) return null;
  refuseMixedClocks(cursor, times);
  return [...new Set(times.map(({ time }) => time))].sort((a, b) => a - b);
}

/** `9 to 17`, `9am and 5pm`; null, with the cursor moved, when it is none. */
export function readWindow(cursor: Cursor, start: number, isAndAllowed: boolean): Window | null {
  const from = readTime(cursor, true);
  if (from === null) return null;
  const isRange = cursor.takeRangeSign() || (isAndAllowed && cursor.takeWord('and'));
  const to = isRange ? readTime(cursor, true) : null;
  if (to === null) return null;
  refuseMixedClocks(cursor, [from, to]);
  const span = cursor.spanFrom(start);
  if (to.time > from.time) return { from: from.time, to: to.time, span };
  const window = (a: TimeOfDay, b: TimeOfDay): string =>
    replaced(cursor.source, span, `between ${clockText(a)} and ${clockText(b)}`);
  const evening = to.isBare && to.time < NOON ? [window(from.time, to.time + NOON)] : [];
  return ambiguous(span, 'ends no later than it starts: a span of time lies within one day, on the 24-hour clock', [
    ...evening,
    window(from.time, 23 * HOUR),
    window(0, to.time === 0 ? from.time : to.time),
  ]);
}

/** Minutes of an hour: `:15`, `15 minutes past the hour`, `half past`; null, with the cursor moved, for anything else. */
export function readMinutesPast(cursor: Cursor): number[] | null {
  const pastHours = cursor.takeList(() => {
    const token = cursor.peek();
    if (token?.kind !== 'pastHour') return null;
    return checkedMinute(token.value, cursor.take());
  });
  if (pastHours.length > 0) return ascending(pastHours);
  if (cursor.isWord('half', 'quarter') && cursor.isWordAt(1, 'past', 'to')) {
    const minute = cursor.takeWord('half') ? 30 : cursor.takeWord('quarter') && cursor.isWord('to') ? 45 : 15;
    const isTo = cursor.take().text === 'to';
    const isOfHour = takeTheHour(cursor);
    // "quarter to" wants to know of what; nobody says "half to".
    return isTo && (minute === 30 || !isOfHour) ? null : [minute];
  }
  const minutes = cursor.takeList(() => {
    const minute = cursor.numberAt();
    return minute === undefined ? null : checkedMinute(minute, cursor.take());
  });
  const isPast = minutes.length > 0 && cursor.takeWord('minute', 'minutes', 'min', 'mins') && cursor.takeWord('past');
  if (!isPast) return null;
  takeTheHour(cursor);
  return ascending(minutes);
}

function takeTheHour(cursor: Cursor): boolean {
  const isThere = cursor.isWord('the', 'each', 'every') && cursor.isWordAt(1, 'hour');
  if (isThere) {
    cursor.take();
    cursor.take();
  }
  return isThere;
}

function checkedMinute(minute: number, token: Token): number {
  return minute <= 59 ? minute : unknown(token, 'is not a minute of an hour: 0 to 59 are');
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Whether "half past" has its hour, and is not of every hour. */
export function isHourAt(cursor: Cursor, ahead: number): boolean {
  return cursor.numberAt(ahead) !== undefined || cursor.isWordAt(ahead, 'noon', 'midday', 'midnight');
}

function readTime(cursor: Cursor, allowsBare: boolean): ReadTime | null {
  return cursor.attempt(() => readNamedTime(cursor) ?? readSpokenTime(cursor) ?? readClockTime(cursor, allowsBare));
}

function readNamedTime(cursor: Cursor): ReadTime | null {
  const start = cursor.offset;
  // "12 noon"
  if (cursor.numberAt() === 12 && cursor.isWordAt(1, 'noon', 'midday', 'midnight')) cursor.take();
  if (!cursor.isWord('noon', 'midday', 'midnight')) return null;
  const time = cursor.take().text === 'midnight' ? 0 : NOON;
  return { time, span: cursor.spanFrom(start), isBare: false, hasMeridiem: false };
}

/** `half past 8`, `quarter to 5 pm`. */
function readSpokenTime(cursor: Cursor): ReadTime | null {
  const start = cursor.offset;
  const isPart = cursor.isWord('half') ? cursor.isWordAt(1, 'past') : cursor.isWordAt(1, 'past', 'to');
  if (!cursor.isWord('half', 'quarter') || !isPart || !isHourAt(cursor, 2)) return null;
  const minutes = cursor.take().text === 'half' ? 30 : 15;
  const isTo = cursor.take().text === 'to';
  const hour = readNamedTime(cursor) ?? readClockTime(cursor, true);
  if (hour === null || hour.time % HOUR !== 0) return null;
  const time = (hour.time + (isTo ? -minutes : minutes) * MINUTE + 24 * HOUR) % (24 * HOUR);
  return { ...hour, time, span: cursor.spanFrom(start) };
}

function readClockTime(cursor: Cursor, allowsBare: boolean): ReadTime | null {
  const start = cursor.offset;
  const fields = readFields(cursor, allowsBare);
  if (fields === null) return null;
  const { hour, minute, second, startsWithZero } = fields;
  const meridiem = cursor.isWord('am', 'pm') ? cursor.take().text : null;
  if (meridiem === null) cursor.takeWord("o'clock", 'oclock');
  const span = cursor.spanFrom(start);
  const hours = meridiem === null ? hour : (hour % 12) + (meridiem === 'pm' ? 12 : 0);
  const isHour = meridiem === null ? hour <= 23 : hour >= 1 && hour <= 12;
  if (!isHour || minute > 59 || second > 59) {
    const allowed = meridiem === null ? '0:00 to 23:59 are' : '1am to 12am and 1pm to 12pm are';
    return unknown(span, `is not a time of day: ${allowed}`, timeCandidates(cursor.source, span, hour, minute));
  }
  const isBare = meridiem === null && hour >= 1 && hour <= 12 && !startsWithZero;
  const time = hours * HOUR + minute * MINUTE + second;
  return { time, span, isBare, hasMeridiem: meridiem !== null };
}

interface Fields {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly startsWithZero: boolean;
}

function readFields(cursor: Cursor, allowsBare: boolean): Fields | null {
  const token = cursor.peek();
  if (token?.kind === 'clock') {
    cursor.take();
    return { ...token, startsWithZero: token.text.startsWith('0') };
  }
  const hour = cursor.numberAt();
  if (token === undefined || hour === undefined) return null;
  const isMarked = cursor.isWordAt(1, 'am', 'pm', "o'clock", 'oclock');
  if (!isMarked && (!allowsBare || isCountOrDay(cursor))) return null;
  cursor.take();
  return { hour, minute: 0, second: 0, startsWithZero: token.text.startsWith('0') };
}

/** "2 hours", "24 December": the number is not an hour. */
function isCountOrDay(cursor: Cursor): boolean {
  const next = cursor.peek(1);
  if (next?.kind !== 'word') return false;
  return unitOf(next.text) !== undefined || monthOf(next.text) !== undefined || next.text === 'of';
}

/** "at 24:00" and "at 13pm" have an evident neighbour; whether it was meant is not for us to say. */
function timeCandidates(source: string, span: Span, hour: number, minute: number): string[] {
  const with_ = (words: string): string => replaced(source, span, words);
  const minutes = String(Math.min(minute, 59)).padStart(2, '0');
  if (hour === 24) return [with_('midnight'), with_(`23:${minutes}`)];
  return hour > 23 ? [with_(`23:${minutes}`), with_('9:00')] : [with_(`${hour}:${minutes}`), with_('9:00')];
}

/** "at 8 and 10pm": eight in the morning or in the evening? */
function refuseMixedClocks(cursor: Cursor, times: readonly ReadTime[]): void {
  const bare = times.find(({ isBare }) => isBare);
  if (bare === undefined || !times.some(({ hasMeridiem }) => hasMeridiem)) return;
  const morning = bare.time % NOON;
  const with_ = (time: TimeOfDay): string => replaced(cursor.source, bare.span, twelveHourText(time));
  ambiguous(bare.span, 'may be in the morning or in the evening, beside a time with am or pm', [
    with_(morning),
    with_(morning + NOON),
  ]);
}

export function clockText(time: TimeOfDay): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const text = `${Math.floor(time / HOUR)}:${two(Math.floor(time / MINUTE) % 60)}`;
  return time % MINUTE === 0 ? text : `${text}:${two(time % MINUTE)}`;
}

function twelveHourText(time: TimeOfDay): string {
  const hour = Math.floor(time / HOUR);
  const rest = clockText(time).replace(/^\d+/, '');
  return `${hour % 12 === 0 ? 12 : hour % 12}${rest === ':00' ? '' : rest}${hour < 12 ? 'am' : 'pm'}`;
}
