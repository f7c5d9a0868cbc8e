import type { CalendarDays, CalendarEvent } from '../calendar.js';
import { dayNumber, monthLength } from './civil.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './duration.js';
import type { Cover, Exclusion } from './exclusion.js';
import { parseInstant, parseLocalDateTime } from './instants.js';
import { quote } from './problems.js';
import { repeatedStretches } from './repeated-stretches.js';
import type { Instant } from './schedule.js';
import {
  coverOf,
  ListedStretches,
  mayTouch,
  type Stretch,
  WEEK_MS,
  WeeklyStretches,
  type WallStretches,
} from './wall-stretches.js';
import { getZone, type Zone } from './zone.js';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const WINDOW_EDGE = /^(?:(MON|TUE|WED|THU|FRI|SAT|SUN) )?(\d\d):(\d\d)$/;
const DAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

interface Part {
  /** Null: that of the schedule. */
  readonly zone: Zone | null;
  readonly stretches: WallStretches;
}

/**
 * Which instants a calendar leaves out. `key` names its content, such as its id and version. Throws RangeError for what the
 * API would refuse, such as a zone that this tz database lacks.
 */
export function compileCalendar(name: string, key: string, days: CalendarDays): Exclusion {
  const zone = days.timeZone === null ? null : getZone(days.timeZone);
  const listed = [
    ...days.dates.map((date) => wholeDays(date, date)),
    ...days.ranges.map(({ from, to }) => wholeDays(from, to)),
  ];
  const parts: Part[] = [];
  if (listed.length > 0) parts.push({ zone, stretches: new ListedStretches(listed) });
  if (days.windows.length > 0) {
    parts.push({ zone, stretches: new WeeklyStretches(days.windows.flatMap(({ from, to }) => windowOf(from, to))) });
  }
  for (const { rule, startAt } of days.rules) {
    parts.push({ zone, stretches: repeatedStretches(rule, dayOf(startAt) * DAY_MS, DAY_MS, [], zone) });
  }
  parts.push(...eventParts(days.events, zone));
  return new CompiledCalendar(name, key, parts);
}

class CompiledCalendar implements Exclusion {
  readonly followsZone: boolean;

  constructor(
    readonly name: string,
    readonly key: string,
    private readonly parts: readonly Part[],
  ) {
    this.followsZone = parts.some(({ zone }) => zone === null);
  }

  coverAt(instant: Instant, zone: Zone): Cover | null {
    // On one clock the stretch that ends last is the longest; only for that one it is worth asking when that is.
    const lasting = new Map<Zone, Stretch>();
    for (const { zone: own, stretches } of this.parts) {
      const clock = own ?? zone;
      const stretch = stretches.at(instant + clock.offsetAt(instant));
      if (stretch !== null && stretch.to > (lasting.get(clock)?.to ?? -Infinity)) lasting.set(clock, stretch);
    }
    let longest: Cover | null = null;
    for (const [clock, stretch] of lasting) {
      const cover = coverOf(stretch, clock, instant);
      if (longest === null || cover.endAt > longest.endAt) longest = cover;
    }
    return longest;
  }

  covers(instant: Instant, zone: Zone): boolean {
    return this.parts.some(({ zone: own, stretches }) => {
      const clock = own ?? zone;
      return stretches.at(instant + clock.offsetAt(instant)) !== null;
    });
  }

  touches(from: Instant, to: Instant, zone: Zone): boolean {
    return this.parts.some((part) => mayTouch(part.stretches, part.zone ?? zone, from, to));
  }
}

/** The number of a date's day; null when it is none. */
export function parseDate(text: string): number | null {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (year === '' || y < 1900 || y > 2299 || m < 1 || m > 12 || d < 1 || d > monthLength(y, m)) return null;
  return dayNumber(y, m, d);
}

/** The edges of a window in milliseconds of the week or, without a weekday, of the day; null when they are none. */
export function parseWindow(from: string, to: string): { isDaily: boolean; fromMs: number; toMs: number } | null {
  const [start, end] = [edgeOf(from), edgeOf(to)];
  if (start === null || end === null || start.isDaily !== end.isDaily) return null;
  const periodMs = start.isDaily ? DAY_MS : WEEK_MS;
  if (start.ms >= periodMs || start.ms === end.ms) return null;
  return { isDaily: start.isDaily, fromMs: start.ms, toMs: end.ms > start.ms ? end.ms : end.ms + periodMs };
}

function edgeOf(text: string): { isDaily: boolean; ms: number } | null {
  const [found, day, hour, minute] = WINDOW_EDGE.exec(text) ?? [];
  const ms = Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS;
  if (found === undefined || ms > DAY_MS || Number(minute) > 59) return null;
  return { isDaily: day === undefined, ms: ms + Math.max(0, DAYS.indexOf(day ?? '')) * DAY_MS };
}

function windowOf(from: string, to: string): Stretch[] {
  const window = parseWindow(from, to);
  if (window === null) throw new RangeError(`${quote(from)} to ${quote(to)} is not the window of a calendar`);
  const { isDaily, fromMs, toMs } = window;
  return (isDaily ? DAYS : ['']).map((_, day) => ({ from: fromMs + day * DAY_MS, to: toMs + day * DAY_MS }));
}

function wholeDays(first: string, last: string): Stretch {
  return { from: dayOf(first) * DAY_MS, to: (dayOf(last) + 1) * DAY_MS };
}

function dayOf(date: string): number {
  const day = parseDate(date);
  if (day === null) throw new RangeError(`${quote(date)} is not the date of a calendar`);
  return day;
}

/** Events that come once are one part for each zone, however many there are. */
function eventParts(events: readonly CalendarEvent[], zone: Zone | null): Part[] {
  const once = new Map<Zone | null, Stretch[]>();
  const parts: Part[] = [];
  for (const event of events) {
    const own = event.start.endsWith('Z')
      ? getZone('UTC')
      : event.timeZone === undefined
        ? zone
        : getZone(event.timeZone);
    const from = wallTimeOf(event.start);
    const to = wallTimeOf(event.end);
    const skipped = (event.exdates ?? []).map(wallTimeOf);
    // The start counts, whether the rule has it or not (RFC 5545, 3.8.5.3).
    if (!skipped.includes(from)) {
      const stretches = once.get(own) ?? [];
      once.set(own, stretches);
      stretches.push({ from, to });
    }
    if (event.rule === undefined) continue;
    parts.push({ zone: own, stretches: repeatedStretches(event.rule, from, to - from, skipped, own) });
  }
  for (const [own, stretches] of once) parts.push({ zone: own, stretches: new ListedStretches(stretches) });
  return parts;
}

/** A date, a local date-time or, in UTC, an instant as milliseconds on the clock that it is of. */
export function wallTimeOf(text: string): number {
  const day = parseDate(text);
  const localMs = day === null ? (parseLocalDateTime(text) ?? parseInstant(text)) : day * DAY_MS;
  if (localMs === null) throw new RangeError(`${quote(text)} is not a moment of a calendar`);
  return localMs;
}
