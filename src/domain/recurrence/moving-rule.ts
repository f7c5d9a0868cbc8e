import { LAST_INSTANT } from './civil.js';
import { DAY_MS, HOUR_MS } from './duration.js';
import { MOST_EXCLUDED } from './excluding-rule.js';
import type { Exclusions } from './exclusion.js';
import { localIso } from './instants.js';
import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { instantsOf, type ResolvedDst } from './wall-clock.js';

/** An occurrence for which no free day lies as near as this is left out. */
export const MOST_MOVED_DAYS = 31;
/** A rule that fires more often isn't moved by days: `parseSchedule` refuses it. */
export const MOST_MOVED_A_DAY = 24;

const REACH_MS = (MOST_MOVED_DAYS + 2) * DAY_MS;
const LOOKS = 20 * MOST_EXCLUDED;
const NOTED = 3;

/**
 * The occurrences of a rule, those that a calendar leaves out on the nearest day, later or earlier, on which the same wall
 * time is free. Two that come to stand at one instant are one. Which they are never depends on the instant that is asked
 * for; what would have been moved to before it is simply not after it.
 */
export class MovingRule implements Rule {
  readonly key: string;

  constructor(
    private readonly rule: Rule,
    private readonly exclusions: Exclusions,
    private readonly direction: 1 | -1,
    private readonly dst: ResolvedDst,
  ) {
    const { zone } = exclusions;
    this.key = `${rule.key} moved ${direction} by ${exclusions.key} in ${zone.name} ${dst.gap} ${dst.overlap}`;
  }

  next(after: Instant): Instant | null {
    let best: Instant | null = null;
    let excluded = 0;
    let from = this.direction === 1 ? this.startOfStretch(after) - 1 : after;
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const occurrence = this.rule.next(from);
      if (occurrence === null || this.isBeyond(occurrence, best)) return best;
      from = occurrence;
      const cover = this.exclusions.coverAt(occurrence);
      const landing = cover === null ? occurrence : this.landingOf(occurrence);
      if (landing !== null && landing > after && (best === null || landing < best)) best = landing;
      if (best !== null || cover === null) continue;
      excluded += 1;
      if (excluded > MOST_EXCLUDED || cover.endAt > LAST_INSTANT) return null;
      // Too deep inside of one stretch to be moved out of it: so is all that lies between.
      if (this.direction === 1) from = Math.max(from, cover.endAt - REACH_MS);
      else if (cover.sinceMs > REACH_MS) from = Math.max(from, cover.endAt - 1);
    }
    return best;
  }

  note(scheduledFor: Instant): string | null {
    const moved: string[] = [];
    const { zone } = this.exclusions;
    let own: string | null = null;
    let from = (this.direction === 1 ? this.startOfStretch(scheduledFor) : scheduledFor) - 1;
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const occurrence = this.rule.next(from);
      if (occurrence === null || this.isBeyond(occurrence, scheduledFor)) break;
      from = occurrence;
      if (occurrence === scheduledFor) own = this.rule.note(scheduledFor);
      const names = this.exclusions.namesAt(occurrence);
      if (names.length === 0 || this.landingOf(occurrence) !== scheduledFor) continue;
      moved.push(`${localIso(occurrence, zone.name).slice(0, 10)}, which ${names.join(' and ')} leaves out`);
    }
    const from3 = moved.slice(0, NOTED).join('; ');
    const text = moved.length === 0 ? [] : [`moved from ${from3}${moved.length > NOTED ? '; and others' : ''}`];
    return own === null && moved.length === 0 ? null : [...(own === null ? [] : [own]), ...text].join('; ');
  }

  /** Whether nothing that the rule has from `occurrence` on can be moved to before `best`. */
  private isBeyond(occurrence: Instant, best: Instant | null): boolean {
    if (best === null || occurrence <= best) return false;
    return this.direction === 1 || occurrence - best > REACH_MS || this.startOfStretch(occurrence) > best + DAY_MS;
  }

  /** Where an occurrence that is left out comes to stand. */
  private landingOf(occurrence: Instant): Instant | null {
    const { zone } = this.exclusions;
    const localMs = occurrence + zone.offsetAt(occurrence);
    for (let days = 1; days <= MOST_MOVED_DAYS; days += 1) {
      const [instant] = instantsOf(zone, localMs + this.direction * days * DAY_MS, this.dst);
      if (instant !== undefined && !this.exclusions.covers(instant)) return instant;
    }
    return null;
  }

  /**
   * Not later than the first instant of the day on which the run of days that have something left out began, that of
   * `instant` among them. Nothing is moved across a day of which nothing is left out, and none farther than the reach.
   */
  private startOfStretch(instant: Instant): Instant {
    const { zone } = this.exclusions;
    const localMs = instant + zone.offsetAt(instant);
    let day = Math.floor(localMs / DAY_MS);
    for (let days = 0; days <= MOST_MOVED_DAYS; days += 1) {
      const startMs = (day - 1) * DAY_MS;
      // A day whose clocks change may lack a wall time, and be passed over for that.
      const offsetMs = zone.steadyOffset(startMs + 12 * HOUR_MS);
      if (!Number.isNaN(offsetMs) && !this.exclusions.touches(startMs - offsetMs, startMs + DAY_MS - offsetMs)) break;
      day -= 1;
    }
    const [start] = instantsOf(zone, day * DAY_MS, { gap: 'after', overlap: 'first' });
    return Math.min(start ?? instant, instant);
  }
}
