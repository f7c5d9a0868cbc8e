import type { Instant } from './recurrence/schedule.js';

/** Of a job, around the instant at which one schedule takes the place of another. */
export interface Switch {
  readonly now: Instant;
  /** The newest occurrence that the old one had by now; null where there was none. */
  readonly previous: Instant | null;
  /** What the old one would have next, and what the new one has, in their order. */
  readonly before: readonly Instant[];
  readonly after: readonly Instant[];
}

export interface SwitchEffects {
  /** The first occurrence of the new one, where it follows within half of the least time that either schedule leaves. */
  readonly doubled: readonly Instant[];
  /**
   * Occurrences of the old one that do not come any more, where nothing comes for half as long again as the longest time that
   * either schedule leaves.
   */
  readonly dropped: readonly Instant[];
}

/**
 * What the switch itself doubles or drops, apart from what the schedules say: moved from 9 to 10 at half past nine, a daily
 * job runs twice that day; moved from 10 to 9, not at all. As far as the occurrences that are given show how near and how far
 * from each other they lie.
 */
export function effectsOfSwitch({ now, previous, before, after }: Switch): SwitchEffects {
  const [first] = after;
  const old = previous === null ? before : [previous, ...before];
  const [oldGaps, newGaps] = [gapsOf(old), gapsOf(after)];
  if (first === undefined || previous === null || oldGaps.length === 0 || newGaps.length === 0) {
    return { doubled: [], dropped: [] };
  }
  const gap = first - previous;
  const isTooSoon = gap < Math.min(...oldGaps, ...newGaps) / 2 && !before.includes(first);
  const isTooLate = gap > Math.max(...oldGaps, ...newGaps) * 1.5;
  return {
    doubled: isTooSoon ? [first] : [],
    dropped: isTooLate ? before.filter((at) => at > now && at < first) : [],
  };
}

function gapsOf(instants: readonly Instant[]): number[] {
  return instants.slice(1).map((at, index) => at - (instants[index] ?? at));
}
