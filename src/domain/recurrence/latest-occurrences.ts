import type { Recurrence } from './recurrence.js';
import type { Instant } from './schedule.js';

const FIRST_WINDOW_MS = 60_000;

/**
 * The newest `count` occurrences in (after, until], ascending. The span may be years of every second: windows double
 * backwards from `until`, and a window that holds too many is halved, newest half first, so the cost is about
 * count × log2(span) next times and never the number of occurrences in the span.
 */
export function latestOccurrences(recurrence: Recurrence, after: Instant, until: Instant, count: number): Instant[] {
  const newestFirst: Instant[][] = [];
  let missing = Math.floor(count);
  let high = until;
  let windowMs = FIRST_WINDOW_MS;
  while (missing > 0 && high > after) {
    const low = Math.max(after, until - windowMs);
    const found = newestIn(recurrence, low, high, missing);
    if (found.length > 0) newestFirst.push(found);
    missing -= found.length;
    high = low;
    windowMs *= 2;
  }
  return newestFirst.reverse().flat();
}

/** The newest `count` in (low, high]. */
function newestIn(recurrence: Recurrence, low: Instant, high: Instant, count: number): Instant[] {
  const found: Instant[] = [];
  for (let at = recurrence.next(low); at !== null && at <= high; at = recurrence.next(at)) {
    if (found.length === count) return newestOfHalves(recurrence, low, high, count);
    found.push(at);
  }
  return found;
}

function newestOfHalves(recurrence: Recurrence, low: Instant, high: Instant, count: number): Instant[] {
  // More than `count` occurrences are there, all at whole milliseconds, so the window is wider than one and halves.
  const middle = Math.floor((low + high) / 2);
  const newer = newestIn(recurrence, middle, high, count);
  if (newer.length === count) return newer;
  return [...newestIn(recurrence, low, middle, count - newer.length), ...newer];
}
