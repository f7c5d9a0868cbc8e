import { DAY_MS, HOUR_MS, MINUTE_MS } from '../recurrence/duration.js';
import type { Instant } from '../recurrence/schedule.js';

/** How wide buckets are, and up to which span. */
export interface Resolution<Name extends string = string> {
  readonly name: Name;
  readonly ms: number;
  readonly longestMs: number;
}

/** [from, to) in whole buckets, which are counted from 1970 in UTC. */
export interface Span<Name extends string = string> {
  readonly from: Instant;
  readonly to: Instant;
  readonly resolution: Resolution<Name>;
}

export const STATISTICS_RESOLUTIONS = [
  { name: 'PT1M', ms: MINUTE_MS, longestMs: 6 * HOUR_MS },
  { name: 'PT1H', ms: HOUR_MS, longestMs: 14 * DAY_MS },
  { name: 'P1D', ms: DAY_MS, longestMs: 366 * DAY_MS },
] as const;

export const TIMELINE_RESOLUTIONS = [
  { name: 'PT1M', ms: MINUTE_MS, longestMs: 2 * HOUR_MS },
  { name: 'PT1H', ms: HOUR_MS, longestMs: 6 * DAY_MS },
  { name: 'PT6H', ms: 6 * HOUR_MS, longestMs: 31 * DAY_MS },
] as const;

/** The finest resolution for a span, which is widened to whole buckets; null when it is too long for all of them. */
export function spanOf<Name extends string>(
  from: Instant,
  to: Instant,
  resolutions: readonly Resolution<Name>[],
): Span<Name> | null {
  const resolution = resolutions.find(({ longestMs }) => to - from <= longestMs);
  if (resolution === undefined) return null;
  const { ms } = resolution;
  return { from: floorTo(from, ms), to: -floorTo(-to, ms), resolution };
}

export function floorTo(instant: Instant, ms: number): Instant {
  return Math.floor(instant / ms) * ms;
}
