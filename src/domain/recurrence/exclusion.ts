import type { Instant } from './schedule.js';
import type { Zone } from './zone.js';

/** A stretch of time that a calendar leaves out, as it is met at one instant inside of it. */
export interface Cover {
  /** From that instant up to here, exclusive, all is left out. What lies behind may be too. */
  readonly endAt: Instant;
  /** How long it has lasted on the wall clock. */
  readonly sinceMs: number;
}

/** A named calendar, compiled: which instants it leaves out. */
export interface Exclusion {
  readonly name: string;
  /** Equal only for the same days. */
  readonly key: string;
  /** Whether its days depend on the zone of the schedule that it is used by. */
  readonly followsZone: boolean;
  /** Null: it doesn't leave this instant out. `zone` is the schedule's. */
  coverAt(instant: Instant, zone: Zone): Cover | null;
  /** Whether it leaves this instant out: as `coverAt`, without a look at how long. */
  covers(instant: Instant, zone: Zone): boolean;
  /** Whether anything in [from, to) may be left out: false is certain. */
  touches(from: Instant, to: Instant, zone: Zone): boolean;
}

/** The calendars that a schedule may name, by their names. */
export type Calendars = ReadonlyMap<string, Exclusion>;

export const NO_CALENDARS: Calendars = new Map();

/** Several calendars for one zone. */
export class Exclusions {
  readonly key: string;

  constructor(
    private readonly calendars: readonly Exclusion[],
    readonly zone: Zone,
  ) {
    const keys = calendars.map(({ key, followsZone }) => (followsZone ? `${key}/${zone.name}` : key));
    this.key = [...new Set(keys)].sort().join('&');
  }

  /** Of those that leave the instant out, the one that does so longest. */
  coverAt(instant: Instant): Cover | null {
    let longest: Cover | null = null;
    for (const calendar of this.calendars) {
      const cover = calendar.coverAt(instant, this.zone);
      if (cover !== null && (longest === null || cover.endAt > longest.endAt)) longest = cover;
    }
    return longest;
  }

  covers(instant: Instant): boolean {
    return this.calendars.some((calendar) => calendar.covers(instant, this.zone));
  }

  touches(from: Instant, to: Instant): boolean {
    return this.calendars.some((calendar) => calendar.touches(from, to, this.zone));
  }

  /** Names of those that leave the instant out. */
  namesAt(instant: Instant): string[] {
    return this.calendars.filter((one) => one.covers(instant, this.zone)).map(({ name }) => name);
  }
}
