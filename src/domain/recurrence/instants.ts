import { dayNumber, monthLength } from './civil.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration.js';
import type { Instant } from './schedule.js';
import { getZone } from './zone.js';

const MAX_TEXT_LENGTH = 40;
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * RFC 3339 `date-time` with its offset (`2026-12-24T18:00:00Z`, `…18:00:00.250+01:00`): upper case `T` and `Z`, seconds
 * required, no leap second; digits beyond milliseconds are cut off. Null when it is anything else.
 */
export function parseInstant(text: string): Instant | null {
  const parts = text.length <= MAX_TEXT_LENGTH ? DATE_TIME.exec(text) : null;
  const offset = parts?.[8];
  if (parts === null || offset === undefined || parts[6] === undefined) return null;
  const localMs = wallClockOf(parts);
  if (localMs === null || offset === 'Z') return localMs;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 23 || minutes > 59) return null;
  const offsetMs = hours * HOUR_MS + minutes * MINUTE_MS;
  return offset.startsWith('-') ? localMs + offsetMs : localMs - offsetMs;
}

/** A date-time without offset (`2026-12-24T18:00`, seconds optional) as local milliseconds; null when it is none. */
export function parseLocalDateTime(text: string): number | null {
  const parts = text.length <= MAX_TEXT_LENGTH ? DATE_TIME.exec(text) : null;
  return parts === null || parts[8] !== undefined ? null : wallClockOf(parts);
}

function wallClockOf(parts: RegExpExecArray): number | null {
  const field = (index: number): number => Number(parts[index] ?? 0);
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  if (year < 100 || month < 1 || month > 12 || day < 1 || day > monthLength(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fractionMs = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const timeMs = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + fractionMs;
  return dayNumber(year, month, day) * DAY_MS + timeMs;
}

let lastFormatted: Instant | null = null;
let lastText = '';

/** RFC 3339 in UTC with milliseconds and `Z`. Throws RangeError beyond JavaScript's dates. */
export function formatInstant(instant: Instant): string {
  // What is written together is mostly of one instant: a herd asks for the same text thousands of times in a row.
  if (instant !== lastFormatted) {
    lastText = new Date(instant).toISOString();
    lastFormatted = instant;
  }
  return lastText;
}

/** The zone's wall clock with its offset, `2026-03-29T03:00:00+02:00`; milliseconds only when they are not zero. */
export function localIso(instant: Instant, timeZone: string): string {
  const offsetMs = getZone(timeZone).offsetAt(instant);
  return formatLocal(instant + offsetMs) + formatOffset(offsetMs);
}

/** Local milliseconds as `2026-03-29T03:00:00`. */
export function formatLocal(localMs: number): string {
  const text = new Date(localMs).toISOString();
  return text.endsWith('.000Z') ? text.slice(0, -5) : text.slice(0, -1);
}

function formatOffset(offsetMs: number): string {
  const sign = offsetMs < 0 ? '-' : '+';
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.abs(offsetMs) / SECOND_MS;
  const text = `${sign}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  // Local mean time before zones were agreed on has seconds, which RFC 3339 can't write; ISO 8601-2 can.
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}
