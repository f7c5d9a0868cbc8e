import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import type { JobPlan, PlannableJob, PlanContext, PlannedRun } from './plan.js';

/**
 * The plan of a job whose ledger was restored from a backup, up to `ranUntil`: every occurrence that was due by then is recorded
 * as skipped, because the ledger that was lost had run it. They count for `maxRuns` (`counted`), as they did there; what came due
 * later is left to the planner and the misfire policy. Pure.
 */
export function planRestored(
  job: Pick<PlannableJob, 'schedule' | 'nextOccurrenceAt' | 'scheduledRunCount'>,
  recurrence: Recurrence,
  { ranUntil, limit, next }: Pick<PlanContext, 'limit' | 'next'> & { readonly ranUntil: Instant },
): JobPlan & { readonly counted: number } {
  const runs: PlannedRun[] = [];
  const runsLeft = (job.schedule.maxRuns ?? Infinity) - job.scheduledRunCount;
  let occurrence = job.nextOccurrenceAt;
  while (occurrence !== null && runs.length < Math.min(limit, runsLeft)) {
    const dueAt = recurrence.dueAt(occurrence);
    if (dueAt > ranUntil) break;
    runs.push({ scheduledFor: occurrence, dueAt, trigger: 'schedule', state: 'skipped', reason: 'restored' });
    occurrence = next(recurrence, occurrence);
  }
  const nextOccurrenceAt = runs.length < runsLeft ? occurrence : null;
  return {
    runs,
    cancelOpen: false,
    nextOccurrenceAt,
    nextRunAt: nextOccurrenceAt === null ? null : recurrence.dueAt(nextOccurrenceAt),
    counted: job.schedule.maxRuns === undefined ? 0 : runs.length,
  };
}
