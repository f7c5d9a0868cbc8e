import { BoundedMap } from './bounded-map.js';
import { civilDate, FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration.js';
import type { Instant } from './schedule.js';

/** [from, to) with one offset: local = instant + `offsetMs`. */
export interface Segment {
  from: Instant;
  to: Instant;
  readonly offsetMs: number;
}

// No zone of the tz database changes its clocks and back in less: the shortest are a week (Recife in October 2000) and weeks
// (Gaza around Ramadan).
const PROBE_MS = 5 * DAY_MS;
/** What is read at once: few enough questions that a rule of which each occurrence lies in a piece of its own is quick. */
export const PIECE_MS = 2 * PROBE_MS;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;
// A union may have rules in twenty zones and asks them in turn.
const MAX_FORMATTERS = 32;
const ZERO = 48;

/** Reads one zone's offsets from Intl, which takes microseconds for each: as few as find every change, to the second. */
export class ZoneReading {
  /** By the offset that ended, the time of day (UTC) at which it last did: mostly it will do so again. */
  private readonly changeTimes = new Map<number, number>();

  constructor(private readonly name: string) {}

  /** The segments from `index × PIECE_MS` on, ascending. The outermost pieces answer for everything beyond them. */
  readPiece(index: number): Segment[] {
    const pieceFrom = index * PIECE_MS;
    const pieceTo = pieceFrom + PIECE_MS;
    let from = pieceFrom <= FIRST_INSTANT ? -Infinity : pieceFrom;
    const segments: Segment[] = [];
    let offsetMs = this.offsetAt(pieceFrom);
    let probedAt = pieceFrom;
    while (probedAt < pieceTo) {
      const probeTo = Math.min(probedAt + PROBE_MS, pieceTo - SECOND_MS);
      if (this.offsetAt(probeTo) === offsetMs) {
        probedAt += PROBE_MS;
        continue;
      }
      const changeAt = this.findChange(probedAt, probeTo, offsetMs);
      segments.push({ from, to: changeAt, offsetMs });
      from = changeAt;
      offsetMs = this.offsetAt(changeAt);
      probedAt = changeAt;
    }
    segments.push({ from, to: pieceTo > LAST_INSTANT ? Infinity : pieceTo, offsetMs });
    return segments;
  }

  /**
   * The first whole second after `steadyAt` at which the offset is no longer `offsetMs`; it has changed at `changedAt`. Looked
   * for at the time of day of the last such change, at quarters of hours, and, since changes at odd times are history, last
   * at seconds.
   */
  private findChange(steadyAt: Instant, changedAt: Instant, offsetMs: number): Instant {
    let [low, high] = [steadyAt, changedAt];
    const grids = [
      { everyMs: DAY_MS, phaseMs: this.changeTimes.get(offsetMs) ?? 0 },
      { everyMs: QUARTER_HOUR_MS, phaseMs: 0 },
      { everyMs: SECOND_MS, phaseMs: 0 },
    ];
    for (const { everyMs, phaseMs } of grids) {
      let before = Math.floor((low - phaseMs) / everyMs);
      let after = Math.ceil((high - phaseMs) / everyMs);
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2);
        if (this.offsetAt(middle * everyMs + phaseMs) === offsetMs) before = middle;
        else after = middle;
      }
      low = Math.max(low, before * everyMs + phaseMs);
      high = Math.min(high, after * everyMs + phaseMs);
      if (high - low <= SECOND_MS || this.offsetAt(high - SECOND_MS) === offsetMs) break;
    }
    this.changeTimes.set(offsetMs, high - Math.floor(high / DAY_MS) * DAY_MS);
    return high;
  }

  private offsetAt(instant: Instant): number {
    const seconds = Math.floor(Math.min(Math.max(instant, FIRST_INSTANT), LAST_INSTANT) / SECOND_MS);
    // The day of the month comes first and the time last, whatever this version of Intl writes between them.
    const text = formatterOf(this.name).format(seconds * SECOND_MS);
    const timeAt = text.length - 8;
    const timeMs =
      twoDigits(text, timeAt) * HOUR_MS +
      twoDigits(text, timeAt + 3) * MINUTE_MS +
      twoDigits(text, timeAt + 6) * SECOND_MS;
    const utcDay = Math.floor((seconds * SECOND_MS) / DAY_MS);
    return (utcDay + daysAhead(civilDate(utcDay).day, twoDigits(text, 0))) * DAY_MS + timeMs - seconds * SECOND_MS;
  }
}

/** How the date that has this day of the month lies to the one in UTC: no offset is as long as a day. */
function daysAhead(utcDay: number, localDay: number): -1 | 0 | 1 {
  if (localDay === utcDay) return 0;
  return localDay === utcDay + 1 || localDay < utcDay - 1 ? 1 : -1;
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

// A formatter costs tens of kilobytes outside the heap, a table a few hundred bytes: formatters are few and come back.
const formatters = new BoundedMap<string, Intl.DateTimeFormat>(MAX_FORMATTERS);

function formatterOf(name: string): Intl.DateTimeFormat {
  const known = formatters.get(name);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(name, formatter);
  return formatter;
}
