import { recurrenceOf } from '../domain/job-change.js';
import { planJob } from '../domain/planning/plan.js';
import type { OpenRuns } from '../domain/planning/overlap.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { OPEN_STATES } from '../domain/run-state.js';
import type { Sql } from '../persistence/database.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { cancelOpenRuns, countOpenRuns, insertRuns } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';

/** Of a long outage's backlog no more is settled at once: a request must not hold the row lock for seconds. */
const PLANS = 5;
const OCCURRENCES_A_PLAN = 1_000;

const NO_OPEN_RUNS: OpenRuns = { active: 0, held: 0 };

export interface Settled {
  /** As it stands once what was due has entered the ledger; not written yet. */
  readonly job: StoredJob;
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
}

/**
 * Plans what is due of a job that is about to change, as the planner would have a moment later: what was due before a
 * pause or an edit was acknowledged isn't lost with it. The caller holds the row lock and writes the job. A job whose
 * schedule can't be read any more, and one that isn't active, is left as it is; so is the rest of a very long backlog.
 */
export async function settleOverdue(job: StoredJob, now: Instant, sql: Sql): Promise<Settled> {
  const recurrence = recurrenceOf(job);
  const queued = new Set<string>();
  const cancelled: string[] = [];
  let settled = job;
  for (let plans = 0; recurrence !== null && isOverdue(settled, now) && plans < PLANS; plans += 1) {
    const open = settled.overlap === 'allow' ? NO_OPEN_RUNS : await openRunsOf(settled.id, sql);
    const next = (rule: Recurrence, after: Instant): Instant | null => rule.next(after);
    const plan = planJob(settled, recurrence, { now, open, limit: OCCURRENCES_A_PLAN, next });
    if (plan.cancelOpen) {
      cancelled.push(...(await cancelOpenRuns(sql, [settled.id], OPEN_STATES, 'replacedByNewerRun', now)));
    }
    const runs = plan.runs.map((run) => newRunOf(settled, run));
    const inserted = await insertRuns(sql, runs, now);
    const entered = runs.filter((run) => inserted.has(run.id) && run.state !== 'skipped');
    for (const run of entered) if (run.state === 'queued') queued.add(run.id);
    settled = {
      ...settled,
      state: plan.nextOccurrenceAt === null ? 'completed' : settled.state,
      nextOccurrenceAt: plan.nextOccurrenceAt,
      nextRunAt: plan.nextRunAt,
      runCount: settled.runCount + entered.length,
      scheduledRunCount: settled.scheduledRunCount + entered.length,
    };
  }
  for (const id of cancelled) queued.delete(id);
  return { job: settled, queued: [...queued], cancelled };
}

export function isOverdue(job: StoredJob, now: Instant): boolean {
  return job.state === 'active' && job.nextRunAt !== null && job.nextRunAt <= now;
}

async function openRunsOf(jobId: string, sql: Sql): Promise<OpenRuns> {
  return (await countOpenRuns(sql, [jobId])).get(jobId) ?? NO_OPEN_RUNS;
}
