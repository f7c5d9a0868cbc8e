import { addCalendar, FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import { DAY_MS, type Duration, meanDurationMs } from './duration.js';
import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { instantsOf, noteOf, type ResolvedDst } from './wall-clock.js';
import type { Zone } from './zone.js';

// How far a count of calendar months may lie from the same count of mean months (month lengths, the drift inside the
// 400-year cycle, month ends) and how far a day count may lie from days of 24 h (clock changes).
const MONTHS_DRIFT_MS = 8 * DAY_MS;
const DAYS_DRIFT_MS = 3 * DAY_MS;

interface Found {
  readonly index: number;
  readonly instant: Instant;
}

/** Elapsed time from an anchor: occurrence n is anchor + n × period, n ≥ 0. */
export class ElapsedIntervalRule implements Rule {
  readonly key: string;

  constructor(
    private readonly periodMs: number,
    private readonly anchorAt: Instant,
  ) {
    this.key = `elapsed,${periodMs},${anchorAt}`;
  }

  next(after: Instant): Instant | null {
    const index = Math.max(0, Math.floor((after - this.anchorAt) / this.periodMs) + 1);
    const instant = this.anchorAt + index * this.periodMs;
    return instant <= LAST_INSTANT ? instant : null;
  }

  note(): null {
    return null;
  }
}

/**
 * Calendar units from an anchor: occurrence n is the anchor's wall clock plus n × (years, months, weeks, days) in the
 * zone, then plus n × the elapsed part. Counting from the anchor and not from the last occurrence is what brings `P1M`
 * from the 31st back to the 31st after a short month. Occurrence 0 is the anchor itself.
 */
export class CalendarIntervalRule implements Rule {
  readonly key: string;
  private readonly meanPeriodMs: number;
  private readonly reach: number;
  private readonly anchorLocalMs: number;
  /** The occurrences found last and before it: most callers walk on from the last, and ask for notes of the other. */
  private latest: Found;
  private earlier: Found;

  constructor(
    private readonly period: Duration,
    private readonly anchorAt: Instant,
    private readonly zone: Zone,
    private readonly dst: ResolvedDst,
  ) {
    this.meanPeriodMs = meanDurationMs(period);
    this.reach = 1 + Math.ceil((period.months === 0 ? DAYS_DRIFT_MS : MONTHS_DRIFT_MS) / this.meanPeriodMs);
    this.anchorLocalMs = anchorAt + zone.offsetAt(anchorAt);
    this.latest = { index: 0, instant: anchorAt };
    this.earlier = this.latest;
    const { months, days, elapsedMs } = period;
    this.key = `calendar,${months},${days},${elapsedMs},${anchorAt},${dst.gap},${dst.overlap},${zone.name}`;
  }

  next(after: Instant): Instant | null {
    // Only an overlap that runs both has two occurrences of one index.
    const isPassed = after === this.latest.instant && this.dst.overlap !== 'both';
    for (let index = isPassed ? this.latest.index + 1 : this.firstIndexNear(after); ; index += 1) {
      const localMs = this.localOf(index);
      // Skipped times leave holes, so the end is found by the calendar and not by an instant.
      if (localMs - DAY_MS > LAST_INSTANT) return null;
      for (const instant of this.occurrence(index, localMs)) {
        if (instant <= after) continue;
        if (instant !== this.latest.instant) this.earlier = this.latest;
        this.latest = { index, instant };
        return instant <= LAST_INSTANT ? instant : null;
      }
    }
  }

  note(scheduledFor: Instant): string | null {
    for (let index = this.firstIndexNear(scheduledFor); ; index += 1) {
      const localMs = this.localOf(index);
      const instants = this.occurrence(index, localMs);
      if (instants.includes(scheduledFor)) {
        return index === 0 ? null : noteOf(this.zone, localMs, scheduledFor - index * this.period.elapsedMs);
      }
      if (instants.some((instant) => instant > scheduledFor) || localMs > LAST_INSTANT) return null;
    }
  }

  /** An index not past that of the first occurrence after `after`, and at most a few before it. */
  private firstIndexNear(after: Instant): number {
    if (after === this.latest.instant) return this.latest.index;
    if (after === this.earlier.instant) return this.earlier.index;
    const estimate = Math.floor((Math.max(after, FIRST_INSTANT) - this.anchorAt) / this.meanPeriodMs);
    return Math.max(0, estimate - this.reach);
  }

  private localOf(index: number): number {
    return addCalendar(this.anchorLocalMs, index * this.period.months, index * this.period.days);
  }

  private occurrence(index: number, localMs: number): Instant[] {
    if (index === 0) return [this.anchorAt];
    const elapsedMs = index * this.period.elapsedMs;
    const instants = instantsOf(this.zone, localMs, this.dst);
    return elapsedMs === 0 ? instants : instants.map((instant) => instant + elapsedMs);
  }
}
