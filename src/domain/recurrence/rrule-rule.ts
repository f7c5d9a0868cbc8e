import { FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import { DAY_MS, HOUR_MS, SECOND_MS } from './duration.js';
import type { RruleCalendar } from './rrule-calendar.js';
import type { RruleDate } from './rrule-text.js';
import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { clockText, noteOf, type ResolvedDst } from './wall-clock.js';
import type { Transition, Zone } from './zone.js';

/** Longer than any clock change and any offset: what is due inside a span comes from offsets that hold this near it. */
const REACH_MS = 26 * HOUR_MS;
const WINDOW_MS = 2 * DAY_MS;

/**
 * A recurrence rule in a zone, with RDATE and EXDATE. Between two clock changes each offset claims a stretch of the wall
 * clock: what is missing in a gap counts by the offset before it, so it moves by the gap's length (RFC 5545, 3.3.5), and
 * what comes twice belongs to the offset before, the one after, or both, as `dst` says. An occurrence is a member of a
 * stretch minus its offset, and the next one is the least over the few stretches near it.
 */
export class RruleRule implements Rule {
  readonly key: string;
  private readonly untilAt: Instant;
  private readonly addedAt: readonly Instant[];
  private readonly addedLocalMs: ReadonlySet<number>;
  private readonly excludedAt: ReadonlySet<Instant>;
  private gapMs: number | null = null;
  /** From this instant on there is nothing: a search that found nothing is not made again. */
  private exhaustedFrom: Instant = LAST_INSTANT;

  constructor(
    private readonly calendar: RruleCalendar,
    private readonly zone: Zone,
    private readonly dst: ResolvedDst,
    dates: { readonly added: readonly RruleDate[]; readonly excluded: readonly RruleDate[] },
  ) {
    this.untilAt = Math.min(calendar.parts.untilAt ?? LAST_INSTANT, LAST_INSTANT);
    const added = dates.added.flatMap((date) => this.instantsOf(date, dst));
    this.addedAt = [...new Set(added)].sort((a, b) => a - b);
    this.addedLocalMs = new Set(dates.added.flatMap(({ ms, isUtc }) => (isUtc ? [] : [ms])));
    const always: ResolvedDst = { gap: 'after', overlap: 'both' };
    this.excludedAt = new Set(dates.excluded.flatMap((date) => this.instantsOf(date, always)));
    const excludedKey = [...this.excludedAt].sort((a, b) => a - b).join('.');
    const { parts, startSecond } = calendar;
    this.key = `rrule,${JSON.stringify(parts)},${startSecond},${this.addedAt.join('.')},${excludedKey},${dst.gap},${dst.overlap},${zone.name}`;
  }

  next(after: Instant): Instant | null {
    const start = Math.max(Math.floor(after), FIRST_INSTANT - 1);
    if (start >= this.exhaustedFrom) return null;
    let found = start;
    do found = this.search(found);
    while (this.excludedAt.has(found));
    if (found <= LAST_INSTANT) return found;
    this.exhaustedFrom = start;
    return null;
  }

  note(scheduledFor: Instant): string | null {
    const localMs = scheduledFor + this.zone.offsetAt(scheduledFor);
    if (this.zone.isSteady(scheduledFor - REACH_MS, scheduledFor + REACH_MS)) return null;
    const gap = this.gapBefore(scheduledFor);
    const wantedMs = scheduledFor + (gap?.beforeMs ?? 0);
    if (gap !== null && this.dst.gap === 'after' && this.wants(wantedMs)) {
      const missing = clockText(wantedMs, localMs);
      return this.wants(localMs) ? `also for ${missing}, which does not exist` : `moved: ${missing} does not exist`;
    }
    return noteOf(this.zone, localMs, scheduledFor);
  }

  /** Between two occurrences that follow each other, RDATE's too; Infinity when there are no two. */
  get shortestGapMs(): number {
    return (this.gapMs ??= this.findShortestGap());
  }

  private findShortestGap(): number {
    const seconds = this.calendar.shortestGapSeconds;
    let gapMs = seconds === null ? Infinity : seconds * SECOND_MS;
    for (const at of this.addedAt) {
      gapMs = Math.min(gapMs, (this.next(at) ?? Infinity) - at);
      // In less than the rule's own gap there is one of its occurrences at most; dates before have had their turn.
      const before = this.searchRule(Math.max(FIRST_INSTANT, at - gapMs));
      const isBefore = before < at && before <= this.untilAt && !this.excludedAt.has(before);
      if (isBefore) gapMs = Math.min(gapMs, at - before);
    }
    return gapMs;
  }

  private wants(localMs: number): boolean {
    return this.addedLocalMs.has(localMs) || this.calendar.has(localMs / SECOND_MS);
  }

  /** The gap whose missing times, moved by its length, reach an instant. */
  private gapBefore(instant: Instant): Transition | null {
    const changes = this.zone.transitions(instant - REACH_MS, instant);
    return changes.find(({ at, beforeMs, afterMs }) => instant < at + afterMs - beforeMs) ?? null;
  }

  /** The first occurrence past `after`, excluded ones too; Infinity when there is none. */
  private search(after: Instant): Instant {
    const ofRule = this.searchRule(after);
    const added = this.addedAt.find((at) => at > after) ?? Infinity;
    return Math.min(added, ofRule <= this.untilAt ? ofRule : Infinity);
  }

  private searchRule(after: Instant): Instant {
    const { zone, calendar } = this;
    let from = after;
    while (from < this.untilAt) {
      const localNow = from + zone.offsetAt(from);
      if (zone.isSteady(from - REACH_MS, from + REACH_MS)) {
        const second = calendar.from(Math.floor(localNow / SECOND_MS) + 1);
        if (second === Infinity) return Infinity;
        const localMs = second * SECOND_MS;
        const offsetMs = zone.steadyOffset(localMs);
        if (!Number.isNaN(offsetMs)) return localMs - offsetMs;
        // A clock change may be near it. What is due before it is due by the same clock, on which nothing was found.
        from = Math.max(from, localMs - WINDOW_MS);
      }
      const found = this.searchWindow(from, from + 2 * WINDOW_MS);
      if (found !== Infinity) return found;
      from += 2 * WINDOW_MS;
    }
    return Infinity;
  }

  /** The first occurrence in (after, until], a span of days, whatever the clocks do in it. */
  private searchWindow(after: Instant, until: Instant): Instant {
    const changes = this.zone.transitions(after - REACH_MS, until);
    let offsetMs = this.zone.offsetAt(after - REACH_MS);
    let earliest = Infinity;
    for (let index = 0; index <= changes.length; index += 1) {
      const [before, behind] = [changes[index - 1], changes[index]];
      if (before !== undefined) offsetMs = before.afterMs;
      const fromMs = Math.max(after + offsetMs + 1, before === undefined ? -Infinity : this.claimFrom(before));
      const second = this.calendar.from(Math.ceil(fromMs / SECOND_MS));
      const isClaimed = behind === undefined || second * SECOND_MS < this.claimEnd(behind);
      if (isClaimed) earliest = Math.min(earliest, second * SECOND_MS - offsetMs);
    }
    return earliest <= until ? earliest : Infinity;
  }

  /** Where the wall clock of the offset after a change begins, and that of the offset before it ends. */
  private claimFrom({ at, beforeMs, afterMs }: Transition): number {
    return at + (this.dst.overlap === 'first' ? Math.max(beforeMs, afterMs) : afterMs);
  }

  private claimEnd({ at, beforeMs, afterMs }: Transition): number {
    const isOverlap = afterMs < beforeMs;
    const isLong = isOverlap ? this.dst.overlap !== 'second' : this.dst.gap === 'after';
    return at + (isLong ? Math.max(beforeMs, afterMs) : Math.min(beforeMs, afterMs));
  }

  private instantsOf({ ms, isUtc }: RruleDate, dst: ResolvedDst): Instant[] {
    if (isUtc) return [ms];
    const { earliest, latest, gap } = this.zone.resolve(ms);
    if (earliest === null || latest === null) {
      return dst.gap === 'skip' ? [] : [ms - (gap?.beforeMs ?? 0)];
    }
    if (dst.overlap === 'both') return [...new Set([earliest, latest])];
    return [dst.overlap === 'first' ? earliest : latest];
  }
}
