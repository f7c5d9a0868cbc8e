import type { Job } from '../job.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import type { RunReason, RunTrigger } from '../run.js';
import { isMissed, keptMisfires } from './misfire.js';
import type { OpenRuns } from './overlap.js';
import { afterDecision, decideOverlap } from './overlap.js';

export type PlannableJob = Pick<
  Job,
  'schedule' | 'overlap' | 'misfire' | 'pausedAt' | 'resumedAt' | 'nextOccurrenceAt' | 'scheduledRunCount'
>;

/** How one occurrence enters the ledger. */
export interface PlannedRun {
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly trigger: Extract<RunTrigger, 'schedule' | 'misfire'>;
  readonly state: 'queued' | 'held' | 'skipped';
  readonly reason: Extract<RunReason, 'overlap' | 'misfire' | 'paused' | 'restored'> | null;
}

export interface JobPlan {
  /** In the order of their occurrences. */
  readonly runs: readonly PlannedRun[];
  /** The open runs that were in the ledger before give way to the last of `runs`. */
  readonly cancelOpen: boolean;
  /** First occurrence not planned; null when there is none, and the job is completed. */
  readonly nextOccurrenceAt: Instant | null;
  /** Its due instant. Not later than `now` when `limit` cut the plan short: plan again. */
  readonly nextRunAt: Instant | null;
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
  const cursor = job.nextOccurrenceAt;
  const kept =
    cursor !== null && isMissed(job.misfire, recurrence.dueAt(cursor), now)
      ? keptMisfires(job.misfire, recurrence, cursor, now)
      : new Set<Instant>();
  let { open } = context;
  let cancelOpen = false;
  let runsLeft = job.schedule.maxRuns === undefined ? Infinity : job.schedule.maxRuns - job.scheduledRunCount;

  let occurrence = cursor;
  while (occurrence !== null && runsLeft > 0 && runs.length < context.limit) {
    const dueAt = recurrence.dueAt(occurrence);
    if (dueAt > now) break;
    const missed = isMissed(job.misfire, dueAt, now);
    const trigger = missed ? 'misfire' : 'schedule';
    if (missed && !kept.has(occurrence)) {
      const reason = fellInPause(job, occurrence) ? 'paused' : 'misfire';
      runs.push({ scheduledFor: occurrence, dueAt, trigger, state: 'skipped', reason });
    } else {
      const decision = decideOverlap(job.overlap, open);
      if (decision.cancelOpen) {
        cancelOpen = true;
        runsLeft += replaceQueued(runs);
      }
      open = afterDecision(open, decision);
      if (decision.state !== 'skipped') runsLeft -= 1;
      runs.push({ scheduledFor: occurrence, dueAt, trigger, state: decision.state, reason: decision.reason });
    }
    occurrence = context.next(recurrence, occurrence);
  }

  const nextOccurrenceAt = runsLeft > 0 ? occurrence : null;
  return {
    runs,
    cancelOpen,
    nextOccurrenceAt,
    nextRunAt: nextOccurrenceAt === null ? null : recurrence.dueAt(nextOccurrenceAt),
  };
}

function fellInPause(job: PlannableJob, occurrence: Instant): boolean {
  return job.pausedAt !== null && job.resumedAt !== null && occurrence >= job.pausedAt && occurrence < job.resumedAt;
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
