import type { MisfirePolicy } from '../job.js';
import { latestOccurrences } from '../recurrence/latest-occurrences.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';

/** Found at `now`, an occurrence that was due at `dueAt` is late enough for the misfire policy to decide. */
export function isMissed(policy: MisfirePolicy, dueAt: Instant, now: Instant): boolean {
  return dueAt < now - policy.graceMs;
}

/**
 * Which missed occurrences are run all the same: none (`skip`), the newest (`runLast`) or the newest `limit` (`runAll`),
 * and none that was due longer ago than `withinMs`. The others are recorded as skipped.
 *
 * `cursor` is the first occurrence that is not in the ledger. The cost follows the number kept, not the length of the
 * outage, so that a job of every second is decided as fast after a week as after a minute.
 */
export function keptMisfires(
  policy: MisfirePolicy,
  recurrence: Recurrence,
  cursor: Instant,
  now: Instant,
): ReadonlySet<Instant> {
  if (policy.policy === 'skip') return new Set();
  const wanted = policy.policy === 'runLast' ? 1 : policy.limit;
  const oldest = Math.max(cursor, now - policy.withinMs);
  // Jitter can hold the newest one's due instant back into the grace, and never more than that one.
  const newest = latestOccurrences(recurrence, oldest - 1, now - policy.graceMs - 1, wanted + 1).filter((occurrence) =>
    isMissed(policy, recurrence.dueAt(occurrence), now),
  );
  return new Set(newest.slice(Math.max(0, newest.length - wanted)));
}
