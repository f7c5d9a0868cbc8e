import { formatLocal } from './instants.js';
import { parseSchedule } from './parse-schedule.js';
import { compileSchedule, type Recurrence } from './recurrence.js';
import { parseRfcDateTime, rfcDateTime } from './rrule-parts.js';
import type { Stretch, WallStretches } from './wall-stretches.js';
import type { Zone } from './zone.js';

const UNTIL = /(UNTIL=)(\d{8})(?:T(\d{6})(Z?))?(?![^;\s])/i;
const END_OF_DAY = '235959';

/**
 * Stretches of one length that begin where an RFC 5545 rule has its occurrences, on a clock that never changes. `zone` is
 * the one whose clock is meant, null where only the schedule says it: the rule's end may be given in UTC. Throws RangeError
 * for a rule that is none.
 */
export function repeatedStretches(
  rule: string,
  startLocalMs: number,
  lengthMs: number,
  skipped: readonly number[],
  zone: Zone | null,
): WallStretches {
  const read = readRepetition(rule, startLocalMs, zone);
  if ('problem' in read) throw new RangeError(read.problem);
  return new RepeatedStretches(read.recurrence, lengthMs, new Set(skipped));
}

/** Null: it can be used; otherwise why not, in words. Rules of whole days, `ofDays`, name no times. */
export function refuseRepetition(rule: string, startLocalMs: number, ofDays: boolean): string | null {
  const read = readRepetition(rule, startLocalMs, null);
  if ('problem' in read) return read.problem;
  const time = ofDays ? /BY(HOUR|MINUTE|SECOND)/.exec(read.rule)?.[0] : undefined;
  return time === undefined ? null : `${time} is not allowed: these are whole days`;
}

function readRepetition(
  given: string,
  startLocalMs: number,
  zone: Zone | null,
): { recurrence: Recurrence; rule: string } | { problem: string } {
  const input = { type: 'rrule', rule: untilOnClock(given, zone), startAt: formatLocal(startLocalMs), timeZone: 'UTC' };
  const parsed = parseSchedule(input, { now: 0 });
  if (!parsed.ok) return { problem: parsed.problems[0]?.detail ?? 'is not a rule' };
  const rule = parsed.schedule.type === 'rrule' ? parsed.schedule.rule : '';
  if (rule.includes('\n')) return { problem: 'has RDATE or EXDATE; one rule is allowed here, such as FREQ=YEARLY' };
  return { recurrence: compileSchedule(parsed.schedule, ''), rule };
}

/**
 * RFC 5545 has the end of what is repeated in a zone in UTC, of dates as a date, and else as a local time (3.3.10). On a
 * clock that never changes all of them are times of that clock; a date is the end of its day.
 */
function untilOnClock(rule: string, zone: Zone | null): string {
  return rule.replace(UNTIL, (_, name: string, date: string, time: string = END_OF_DAY, utc: string = '') => {
    const instant = utc === '' || zone === null ? null : parseRfcDateTime(`${date}T${time}Z`);
    if (instant === null || zone === null) return `${name}${date}T${time}Z`;
    return `${name}${rfcDateTime(instant.ms + zone.offsetAt(instant.ms), true)}`;
  });
}

class RepeatedStretches implements WallStretches {
  /** The last answer, which holds for every time from where it was asked up to it. */
  private known = { after: Infinity, found: -Infinity };

  constructor(
    private readonly recurrence: Recurrence,
    private readonly lengthMs: number,
    private readonly skipped: ReadonlySet<number>,
  ) {}

  at(localMs: number): Stretch | null {
    const from = this.startAfter(localMs - this.lengthMs);
    return from <= localMs ? { from, to: from + this.lengthMs } : null;
  }

  touches(from: number, to: number): boolean {
    const start = this.startAfter(from - this.lengthMs);
    return start < to;
  }

  /** Infinity: there is none any more. */
  private startAfter(after: number): number {
    const { known } = this;
    if (after >= known.after && after < known.found) return known.found;
    let found = this.recurrence.next(after);
    while (found !== null && this.skipped.has(found)) found = this.recurrence.next(found);
    this.known = { after, found: found ?? Infinity };
    return this.known.found;
  }
}
