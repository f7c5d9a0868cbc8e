import type { Job } from '../job.js';
import type { OccurrenceEdits } from '../occurrence-edit.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import type { RunReason, RunTrigger } from '../run.js';
import { Agenda } from './agenda.js';
import type { Due } from './agenda.js';
import { isMissed, keptMisfires } from './misfire.js';
import type { OpenRuns } from './overlap.js';
import { afterDecision, decideOverlap } from './overlap.js';

export type PlannableJob = Pick<
  Job,
  | 'schedule'
  | 'overlap'
  | 'misfire'
  | 'pausedAt'
  | 'resumedAt'
  | 'nextOccurrenceAt'
  | 'scheduledRunCount'
  | 'occurrenceEdits'
>;

/** How one occurrence enters the ledger. */
export interface PlannedRun {
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly trigger: Extract<RunTrigger, 'schedule' | 'misfire'>;
  readonly state: 'queued' | 'held' | 'skipped';
  readonly reason: Extract<RunReason, 'overlap' | 'misfire' | 'paused' | 'restored' | 'skippedByUser'> | null;
  /** JSON text in place of the job's body. */
  readonly body?: string;
}

export interface JobPlan {
  /** In the order of their occurrences. */
  readonly runs: readonly PlannedRun[];
  /** The open runs that were in the ledger before give way to the last of `runs`. */
  readonly cancelOpen: boolean;
  /** First occurrence neither planned nor edited. */
  readonly nextOccurrenceAt: Instant | null;
  /**
   * When the next one is due. Not later than `now` when `limit` cut the plan short: plan again. Null when none is left, and
   * the job is completed.
   */
  readonly nextRunAt: Instant | null;
  /** Those that are still to come. */
  readonly occurrenceEdits: OccurrenceEdits | null;
}

export interface PlanContext {
  readonly now: Instant;
  readonly open: OpenRuns;
  /** At most so many occurrences in one plan; the rest comes with the next. */
  readonly limit: number;
  /** The next occurrence, possibly remembered from another job with the same rule. */
  readonly next: (recurrence: Recurrence, after: Instant) => Instant | null;
}

/**
 * Decides every occurrence of a job that is due at `now`: run, wait, or be skipped, each with its reason. Pure: the same
 * arguments give the same plan on every replica.
 */
export function planJob(job: PlannableJob, recurrence: Recurrence, context: PlanContext): JobPlan {
  const { now } = context;
  const runs: PlannedRun[] = [];
  const agenda = new Agenda(job.nextOccurrenceAt, job.occurrenceEdits, recurrence, context.next);
  let due = agenda.first();
  const kept =
    due !== null && isMissed(job.misfire, due.dueAt, now)
      ? keptMisfires(job.misfire, recurrence, agenda, now)
      : new Set<Instant>();
  let { open } = context;
  let cancelOpen = false;
  let runsLeft = job.schedule.maxRuns === undefined ? Infinity : job.schedule.maxRuns - job.scheduledRunCount;

  while (due !== null && due.dueAt <= now && runsLeft > 0 && runs.length < context.limit) {
    const { scheduledFor, dueAt, edit } = due;
    const missed = isMissed(job.misfire, dueAt, now);
    const trigger = missed ? 'misfire' : 'schedule';
    if (edit?.action === 'skip') {
      runs.push({ scheduledFor, dueAt, trigger: 'schedule', state: 'skipped', reason: 'skippedByUser' });
    } else if (missed && !kept.has(scheduledFor)) {
      const reason = fellInPause(job, due) ? 'paused' : 'misfire';
      runs.push({ scheduledFor, dueAt, trigger, state: 'skipped', reason });
    } else {
      const decision = decideOverlap(job.overlap, open);
      if (decision.cancelOpen) {
        cancelOpen = true;
        runsLeft += replaceQueued(runs);
      }
      open = afterDecision(open, decision);
      if (decision.state !== 'skipped') runsLeft -= 1;
      const { state, reason } = decision;
      const body = edit?.body ?? null;
      runs.push({ scheduledFor, dueAt, trigger, state, reason, ...(body !== null && { body }) });
    }
    agenda.take(due);
    due = agenda.first();
  }

  return { runs, cancelOpen, ...(runsLeft > 0 ? agenda.position() : NOTHING_LEFT) };
}

export const NOTHING_LEFT = { nextOccurrenceAt: null, nextRunAt: null, occurrenceEdits: null } as const;

function fellInPause(job: PlannableJob, { scheduledFor, edit }: Due): boolean {
  const at = edit?.to ?? scheduledFor;
  return job.pausedAt !== null && job.resumedAt !== null && at >= job.pausedAt && at < job.resumedAt;
}

/** Under `cancelRunning` a run planned a moment ago gives way before it started: it is born skipped. */
function replaceQueued(runs: PlannedRun[]): number {
  let replaced = 0;
  for (const [index, run] of runs.entries()) {
    if (run.state === 'skipped') continue;
    runs[index] = { ...run, state: 'skipped', reason: 'overlap' };
    replaced += 1;
  }
  return replaced;
}
