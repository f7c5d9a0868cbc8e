import { recurrenceOf } from '../domain/job-change.js';
import { planJob } from '../domain/planning/plan.js';
import type { JobPlan } from '../domain/planning/plan.js';
import type { OpenRuns } from '../domain/planning/overlap.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { SharedNext } from '../domain/recurrence/shared-next.js';
import { OPEN_STATES } from '../domain/run-state.js';
import type { Sql } from '../persistence/database.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { cancelOpenRuns, countOpenRuns, insertRuns } from '../persistence/ledger-writes.js';
import type { NewRun } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';

/** Of a long outage's backlog no more is settled at once: a request must not hold row locks for seconds. */
const PASSES = 5;
const OCCURRENCES_A_PLAN = 1_000;
const OCCURRENCES = 10_000;

const NO_OPEN_RUNS: OpenRuns = { active: 0, held: 0 };

export interface Settled {
  /** As it stands once what was due has entered the ledger; not written yet. */
  readonly job: StoredJob;
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
}

export interface AllSettled {
  /** By their ids, those that were settled; not written yet. */
  readonly jobs: ReadonlyMap<string, StoredJob>;
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
}

interface Planned {
  readonly job: StoredJob;
  readonly plan: JobPlan;
  readonly runs: readonly NewRun[];
}

/** `settleAll` for one job. */
export async function settleOverdue(job: StoredJob, now: Instant, sql: Sql): Promise<Settled> {
  const { jobs, queued, cancelled } = await settleAll([job], now, sql);
  return { job: jobs.get(job.id) ?? job, queued, cancelled };
}

/**
 * Plans what is due of jobs that are about to change, as the planner would have a moment later: what was due before a
 * pause or an edit was acknowledged isn't lost with it. The caller holds the row locks and writes the jobs. A job whose
 * schedule can't be read any more, and one that isn't active, is left as it is; so is the rest of a very long backlog. A few
 * statements for each pass, however many jobs there are.
 */
export async function settleAll(jobs: readonly StoredJob[], now: Instant, sql: Sql): Promise<AllSettled> {
  const settled = new Map<string, StoredJob>();
  const queued = new Set<string>();
  const cancelled: string[] = [];
  const rules = new Map<string, Recurrence>();
  const shared = new SharedNext();
  let due = jobs.filter((job) => isOverdue(job, now));
  for (const job of due) {
    const recurrence = recurrenceOf(job);
    if (recurrence !== null) rules.set(job.id, recurrence);
  }
  due = due.filter(({ id }) => rules.has(id));
  for (let passes = 0, occurrences = 0; due.length > 0 && passes < PASSES && occurrences < OCCURRENCES; passes += 1) {
    const planned = await planAll(due, rules, shared, now, sql);
    const replaced = planned.filter(({ plan }) => plan.cancelOpen).map(({ job }) => job.id);
    cancelled.push(...(await cancelOpenRuns(sql, replaced, OPEN_STATES, 'replacedByNewerRun', now)));
    const runs = planned.flatMap((one) => one.runs);
    const entered = await insertRuns(sql, runs, now);
    for (const { id, state } of runs) if (state === 'queued' && entered.has(id)) queued.add(id);
    for (const one of planned) settled.set(one.job.id, afterPlan(one, entered));
    occurrences += runs.length;
    due = due.map((job) => settled.get(job.id) ?? job).filter((job) => isOverdue(job, now));
  }
  for (const id of cancelled) queued.delete(id);
  return { jobs: settled, queued: [...queued], cancelled };
}

export function isOverdue(job: StoredJob, now: Instant): boolean {
  return job.state === 'active' && job.nextRunAt !== null && job.nextRunAt <= now;
}

/** As many of them as one pass may hold occurrences. */
async function planAll(
  due: readonly StoredJob[],
  rules: ReadonlyMap<string, Recurrence>,
  shared: SharedNext,
  now: Instant,
  sql: Sql,
): Promise<Planned[]> {
  const inOrder = due.filter(({ overlap }) => overlap !== 'allow').map(({ id }) => id);
  const open = await countOpenRuns(sql, inOrder);
  const next = (rule: Recurrence, after: Instant): Instant | null => shared.next(rule, after);
  const planned: Planned[] = [];
  let occurrences = 0;
  for (const job of due) {
    const recurrence = rules.get(job.id);
    if (recurrence === undefined || occurrences >= OCCURRENCES) break;
    const context = { now, open: open.get(job.id) ?? NO_OPEN_RUNS, limit: OCCURRENCES_A_PLAN, next };
    const plan = planJob(job, recurrence, context);
    occurrences += plan.runs.length;
    planned.push({ job, plan, runs: plan.runs.map((run) => newRunOf(job, run)) });
  }
  return planned;
}

function afterPlan({ job, plan, runs }: Planned, entered: ReadonlySet<string>): StoredJob {
  const counted = runs.filter(({ id, state }) => entered.has(id) && state !== 'skipped').length;
  return {
    ...job,
    state: plan.nextRunAt === null ? 'completed' : job.state,
    nextOccurrenceAt: plan.nextOccurrenceAt,
    nextRunAt: plan.nextRunAt,
    occurrenceEdits: plan.occurrenceEdits,
    runCount: job.runCount + counted,
    scheduledRunCount: job.scheduledRunCount + counted,
  };
}
