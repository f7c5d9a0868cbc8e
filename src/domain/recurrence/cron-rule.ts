import { FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import type { CronCalendar } from './cron-calendar.js';
import { HOUR_MS, SECOND_MS } from './duration.js';
import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { clockText, noteOf, type ResolvedDst } from './wall-clock.js';
import type { Zone } from './zone.js';

const LONGEST_OVERLAP_MS = 25 * HOUR_MS;
const NOTED_TIMES = 3;

/**
 * A cron rule in a zone. Real instants whose local fields match are the wall-clock times of the set with those in a gap
 * left out and those in an overlap taken twice; so a wildcard rule is the fixed one with `skip` and `both`, and one
 * search serves both kinds. A pass over the overlaps' first or second instants grows with the wall clock, which makes
 * the first match past `after` the answer.
 */
export class CronRule implements Rule {
  readonly key: string;
  private readonly dst: ResolvedDst;
  /** From this instant on there is nothing: a search that found nothing is not made again. */
  private exhaustedFrom: Instant = LAST_INSTANT;

  constructor(
    private readonly calendar: CronCalendar,
    private readonly zone: Zone,
    dst: ResolvedDst,
  ) {
    // `dst` speaks of fixed times only (API contract); wildcard and step times run through real time.
    this.dst = calendar.isFixedTime ? dst : { gap: 'skip', overlap: 'both' };
    this.key = `cron,${calendar.key},${this.dst.gap},${this.dst.overlap},${zone.name}`;
  }

  next(after: Instant): Instant | null {
    const start = Math.max(Math.floor(after), FIRST_INSTANT - 1);
    if (start >= this.exhaustedFrom) return null;
    const found = this.search(start);
    if (found <= LAST_INSTANT) return found;
    this.exhaustedFrom = start;
    return null;
  }

  note(scheduledFor: Instant): string | null {
    if (!this.calendar.isFixedTime) return null;
    const change = this.zone.transitions(scheduledFor, scheduledFor)[0];
    if (change !== undefined && change.afterMs > change.beforeMs && this.dst.gap === 'after') {
      return this.noteOfGap(scheduledFor, change.beforeMs, change.afterMs);
    }
    return noteOf(this.zone, scheduledFor + this.zone.offsetAt(scheduledFor), scheduledFor);
  }

  private search(after: Instant): Instant {
    const { overlap } = this.dst;
    if (overlap !== 'both') return this.passFrom(after, overlap === 'second');
    const first = this.passFrom(after, false);
    // Without a clock change from the overlap that may be running up to the answer, the second pass is the first.
    if (this.zone.isSteady(after - LONGEST_OVERLAP_MS, first)) return first;
    return Math.min(first, this.passFrom(after, true));
  }

  /** The first firing past `after` when an overlap counts only at its first (or second) instant. */
  private passFrom(after: Instant, isSecond: boolean): Instant {
    const { zone, calendar } = this;
    let second = Math.floor((after + zone.offsetAt(after)) / SECOND_MS) + 1;
    if (isSecond) second = Math.min(second, this.overlapAhead(after));
    for (;;) {
      second = calendar.from(second);
      if (second === Infinity) return Infinity;
      const localMs = second * SECOND_MS;
      const offsetMs = zone.steadyOffset(localMs);
      if (!Number.isNaN(offsetMs) && localMs - offsetMs > after) return localMs - offsetMs;
      const { earliest, latest, gap, overlap } = zone.resolve(localMs);
      let instant = isSecond ? latest : earliest;
      if (gap !== null && this.dst.gap === 'after') instant = gap.at;
      if (instant !== null && instant > after) return instant;
      // Past or skipped: so is all the rest of this overlap or gap.
      if (gap !== null) second = (gap.at + gap.afterMs) / SECOND_MS;
      else if (overlap !== null) second = (overlap.at + overlap.beforeMs) / SECOND_MS;
      else second += 1;
    }
  }

  /** The local second at which the coming overlap starts, when the clock already shows times that will come again. */
  private overlapAhead(after: Instant): number {
    const change = this.zone.transitions(after + 1, after + LONGEST_OVERLAP_MS)[0];
    return change === undefined ? Infinity : (change.at + Math.min(change.afterMs, change.beforeMs)) / SECOND_MS;
  }

  private noteOfGap(scheduledFor: Instant, beforeMs: number, afterMs: number): string | null {
    const endSecond = (scheduledFor + afterMs) / SECOND_MS;
    const missing: string[] = [];
    let second = this.calendar.from((scheduledFor + beforeMs) / SECOND_MS);
    for (; second < endSecond && missing.length <= NOTED_TIMES; second = this.calendar.from(second + 1)) {
      missing.push(clockText(second * SECOND_MS, scheduledFor + afterMs));
    }
    if (missing.length === 0) return null;
    const isAlsoDue = this.calendar.from(endSecond) === endSecond;
    const times = missing.length > NOTED_TIMES ? `${missing[0]} and later` : missing.join(' and ');
    return `${isAlsoDue ? 'also for' : 'moved:'} ${times}${isAlsoDue ? ', which' : ''} ${missing.length > 1 ? 'do' : 'does'} not exist`;
  }
}
