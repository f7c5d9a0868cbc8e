import type { MisfirePolicy } from '../job.js';
import { latestOccurrences } from '../recurrence/latest-occurrences.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import type { Agenda } from './agenda.js';

/** Found at `now`, an occurrence that was due at `dueAt` is late enough for the misfire policy to decide. */
export function isMissed(policy: MisfirePolicy, dueAt: Instant, now: Instant): boolean {
  return dueAt < now - policy.graceMs;
}

/**
 * Which missed occurrences are run all the same: none (`skip`), the newest (`runLast`) or the newest `limit` (`runAll`),
 * and none that was due longer ago than `withinMs`. The others are recorded as skipped.
 *
 * `agenda` begins with the first occurrence that is not in the ledger. The cost follows the number kept, not the length of the
 * outage, so that a job of every second is decided as fast after a week as after a minute.
 */
export function keptMisfires(
  policy: MisfirePolicy,
  recurrence: Recurrence,
  agenda: Agenda,
  now: Instant,
): ReadonlySet<Instant> {
  if (policy.policy === 'skip') return new Set();
  const wanted = policy.policy === 'runLast' ? 1 : policy.limit;
  const oldest = Math.max(agenda.nextRegular ?? Infinity, now - policy.withinMs);
  // Jitter can hold the newest one's due instant back into the grace, and never more than that one.
  const count = wanted + 1 + agenda.editCount;
  const newest = latestOccurrences(recurrence, oldest - 1, now - policy.graceMs - 1, count).filter(
    (occurrence) => isMissed(policy, recurrence.dueAt(occurrence), now) && !agenda.isEdited(occurrence),
  );
  const kept = agenda.editCount === 0 ? newest : withEdited(newest, policy, recurrence, agenda, now);
  return new Set(kept.slice(Math.max(0, kept.length - wanted)));
}

/** Those that were missed and are to run, among the others in the order in which they were due. */
function withEdited(
  regular: readonly Instant[],
  policy: MisfirePolicy,
  recurrence: Recurrence,
  agenda: Agenda,
  now: Instant,
): Instant[] {
  const edited = agenda
    .edited()
    .filter(
      ({ dueAt, edit }) => edit?.action !== 'skip' && dueAt >= now - policy.withinMs && isMissed(policy, dueAt, now),
    );
  const own = regular.map((scheduledFor) => ({ scheduledFor, dueAt: recurrence.dueAt(scheduledFor) }));
  return [...own, ...edited].sort((one, other) => one.dueAt - other.dueAt).map(({ scheduledFor }) => scheduledFor);
}
