import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import { Agenda } from './agenda.js';
import { NOTHING_LEFT } from './plan.js';
import type { JobPlan, PlannableJob, PlanContext, PlannedRun } from './plan.js';

type RestoredJob = Pick<PlannableJob, 'schedule' | 'nextOccurrenceAt' | 'scheduledRunCount' | 'occurrenceEdits'>;

/**
 * The plan of a job whose ledger was restored from a backup, up to `ranUntil`: every occurrence that was due by then is recorded
 * as skipped, because the ledger that was lost had run it. They count for `maxRuns` (`counted`), as they did there; what came due
 * later is left to the planner and the misfire policy. Pure.
 */
export function planRestored(
  job: RestoredJob,
  recurrence: Recurrence,
  { ranUntil, limit, next }: Pick<PlanContext, 'limit' | 'next'> & { readonly ranUntil: Instant },
): JobPlan & { readonly counted: number } {
  const runs: PlannedRun[] = [];
  const agenda = new Agenda(job.nextOccurrenceAt, job.occurrenceEdits, recurrence, next);
  const mayRun = (job.schedule.maxRuns ?? Infinity) - job.scheduledRunCount;
  let ran = 0;
  let due = agenda.first();
  while (due !== null && due.dueAt <= ranUntil && ran < mayRun && runs.length < limit) {
    const { scheduledFor, dueAt, edit } = due;
    const reason = edit?.action === 'skip' ? 'skippedByUser' : 'restored';
    if (reason === 'restored') ran += 1;
    runs.push({ scheduledFor, dueAt, trigger: 'schedule', state: 'skipped', reason });
    agenda.take(due);
    due = agenda.first();
  }
  const position = ran < mayRun ? agenda.position() : NOTHING_LEFT;
  return { runs, cancelOpen: false, ...position, counted: job.schedule.maxRuns === undefined ? 0 : ran };
}
