import { Injectable, Logger } from '@nestjs/common';
import type { JobPlan } from '../domain/planning/plan.js';
import { planJob } from '../domain/planning/plan.js';
import type { OpenRuns } from '../domain/planning/overlap.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import { compileSchedule } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { SharedNext } from '../domain/recurrence/shared-next.js';
import { OPEN_STATES } from '../domain/run-state.js';
import { Messages } from '../messaging/messages.js';
import { cancelOpenRuns, countOpenRuns } from '../persistence/ledger-writes.js';
import type { NewRun } from '../persistence/ledger-writes.js';
import { PlanningRepository } from '../persistence/planning.repository.js';
import type { DueJob, JobAdvance } from '../persistence/planning.repository.js';
import { plannedRunOf } from '../persistence/new-run.js';
import type { Sql } from '../persistence/database.js';
import { Metrics } from '../platform/metrics.js';
import { Tracing } from '../platform/tracing/tracing.js';
import { RunQueue } from '../queue/run-queue.js';
import type { QueuedRun } from '../queue/run-queue.js';
import { tellOfPlan } from './plan-news.js';
import { tracePlanning } from './trace-planning.js';

/** Jobs locked by one transaction: large enough to share the cost of a commit, small enough to hold locks for millis. */
const BATCH_JOBS = 1_000;

/**
 * Occurrences of one job in one transaction. What is left of a long outage queues up behind the jobs that are due by now,
 * so that one job's backlog makes no other late.
 */
const JOB_OCCURRENCES = 200;

/** Occurrences of all jobs in one transaction: bounds memory and the length of the transaction. */
const BATCH_OCCURRENCES = 5_000;

/**
 * While full batches follow each other their runs wait this long at most before they are handed over: planning a herd and
 * delivering it at the same time makes both slower, and the plan is what others wait for.
 */
const HOLD_BACK_MS = 1_000;

const NO_OPEN_RUNS: OpenRuns = { active: 0, held: 0 };

export interface TickResult {
  /** Jobs looked at; none means that nothing was due, or that other replicas hold what is. */
  readonly jobs: number;
  /** Rows that entered the ledger. */
  readonly runs: number;
  /** When the planned jobs are next due. */
  readonly nextDue: ReadonlySet<Instant>;
}

interface PlannedJob {
  readonly job: DueJob;
  /** Null when it can't be planned; the error says why. */
  readonly plan: JobPlan | null;
  readonly runs: readonly NewRun[];
  readonly error: string | null;
}

interface Batch {
  readonly planned: readonly PlannedJob[];
  readonly entered: readonly NewRun[];
  readonly cancelled: readonly string[];
}

/**
 * Turns what is due into runs. `tick` is the only entry: it reads no clock and may be called at any time, by any number
 * of replicas at once.
 */
@Injectable()
export class Planner {
  private readonly logger = new Logger(Planner.name);
  /** In the ledger, not yet handed over. */
  private heldBack: QueuedRun[] = [];
  private heldBackSinceMs = 0;

  constructor(
    private readonly planning: PlanningRepository,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {}

  /**
   * Plans one batch of what is due at `now`, in one transaction, and hands the runs to the queue after its commit, or after
   * one of the next when batch follows batch. Call it again, with a later `now`, until it finds no job. `onFull` is called as
   * soon as the batch is known to be full: more is due than it can take.
   */
  async tick(now: Instant, epoch: number, onFull?: () => void): Promise<TickResult> {
    const stopTimer = this.metrics.planning.startTimer();
    const batch = await this.planning
      .transaction((sql) => this.planBatch(sql, now, epoch, onFull))
      .catch(async (error: unknown) => {
        await this.handOver([], false);
        throw error;
      });
    const seconds = stopTimer();
    for (const [decision, count] of countByDecision(batch.entered)) {
      this.metrics.plannedOccurrences.inc({ decision }, count);
      // A skipped run has ended with that, and its reason is the decision.
      if (decision !== 'queued' && decision !== 'held') this.metrics.countRun('skipped', decision, count);
    }
    if (batch.cancelled.length > 0) this.metrics.countRun('cancelled', 'replacedByNewerRun', batch.cancelled.length);
    // From here on the runs are in the ledger: a crash before they are queued is what recovery is for.
    if (batch.cancelled.length > 0) this.messages.publish({ type: 'runsCancelled', runIds: batch.cancelled });
    tellOfPlan(this.messages.changes, batch.entered, batch.planned);
    await this.handOver(
      batch.entered.filter((run) => run.state === 'queued'),
      batch.planned.length === BATCH_JOBS,
    );
    if (this.tracing.isOn && batch.planned.length > 0) {
      const { planned, entered } = batch;
      const endAt = now + seconds * 1_000;
      tracePlanning(this.tracing, { jobs: planned.length, runs: entered, epoch, startAt: now, endAt });
    }
    return {
      jobs: batch.planned.length,
      runs: batch.entered.length,
      nextDue: new Set(batch.planned.flatMap(({ plan }) => (plan?.nextRunAt == null ? [] : [plan.nextRunAt]))),
    };
  }

  private async handOver(runs: readonly QueuedRun[], moreFollow: boolean): Promise<void> {
    if (this.heldBack.length === 0) this.heldBackSinceMs = performance.now();
    for (const { id } of runs) this.heldBack.push({ id });
    if (this.heldBack.length === 0) return;
    if (moreFollow && performance.now() - this.heldBackSinceMs < HOLD_BACK_MS) return;
    const ready = this.heldBack;
    this.heldBack = [];
    await this.queue.enqueue(ready);
  }

  private async planBatch(sql: Sql, now: Instant, epoch: number, onFull?: () => void): Promise<Batch> {
    const due = await this.planning.lockDue(sql, now, BATCH_JOBS);
    if (due.length === BATCH_JOBS) onFull?.();
    if (due.length === 0) return { planned: [], entered: [], cancelled: [] };
    const open = await countOpenRuns(
      sql,
      due.filter((job) => job.overlap !== 'allow').map((job) => job.id),
    );

    const planned = this.planJobs(due, open, now, epoch);
    const newRuns = planned.flatMap(({ runs }) => runs);
    const runsOf = countByJob(newRuns);
    const advances = planned.map((entry) => toAdvance(entry, runsOf.get(entry.job.id) ?? 0, now));
    const replaced = planned.filter(({ plan }) => plan?.cancelOpen === true).map(({ job }) => job.id);
    const cancelled = await cancelOpenRuns(sql, replaced, OPEN_STATES, 'replacedByNewerRun', now);
    const ids = await this.planning.write(sql, newRuns, advances, now);
    const known = newRuns.length - ids.size;
    if (known > 0) this.logger.warn(`${known} of ${newRuns.length} occurrences had a run already; they keep it`);
    return { planned, entered: known === 0 ? newRuns : newRuns.filter((run) => ids.has(run.id)), cancelled };
  }

  /** Plans as many of the locked jobs as the transaction may hold occurrences; the others stay due for the next one. */
  private planJobs(
    due: readonly DueJob[],
    open: ReadonlyMap<string, OpenRuns>,
    now: Instant,
    epoch: number,
  ): PlannedJob[] {
    const shared = new SharedNext();
    const planned: PlannedJob[] = [];
    let occurrences = 0;
    for (const job of due) {
      if (occurrences >= BATCH_OCCURRENCES) break;
      const entry = this.planOne(job, open.get(job.id) ?? NO_OPEN_RUNS, now, epoch, shared);
      occurrences += entry.runs.length;
      planned.push(entry);
    }
    return planned;
  }

  private planOne(job: DueJob, open: OpenRuns, now: Instant, epoch: number, shared: SharedNext): PlannedJob {
    try {
      const recurrence = compileSchedule(job.schedule, job.id, job.calendars);
      const next = (rule: Recurrence, after: Instant): Instant | null => shared.next(rule, after);
      const plan = planJob(job, recurrence, { now, open, limit: JOB_OCCURRENCES, next });
      // Whatever the ledger would refuse must be found here: in the statement it would fail the whole batch.
      return { job, plan, runs: toNewRuns(job, plan, epoch), error: null };
    } catch (error) {
      // One bad row must not keep the slot's other jobs from firing, nor come back at every tick.
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.error(`job ${job.id} can't be planned and is paused until it is changed or resumed: ${reason}`);
      return { job, plan: null, runs: [], error: reason };
    }
  }
}

function toNewRuns(job: DueJob, plan: JobPlan, epoch: number): NewRun[] {
  const { maxAttempts } = job;
  if (typeof maxAttempts !== 'number' || !Number.isInteger(maxAttempts)) {
    throw new RangeError('its retry policy has no whole maxAttempts');
  }
  return plan.runs.map((run) => plannedRunOf(job, run, maxAttempts, epoch));
}

function countByDecision(runs: readonly NewRun[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason, state } of runs) counts.set(reason ?? state, (counts.get(reason ?? state) ?? 0) + 1);
  return counts;
}

function countByJob(runs: readonly NewRun[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const run of runs) {
    if (run.state !== 'skipped') counts.set(run.jobId, (counts.get(run.jobId) ?? 0) + 1);
  }
  return counts;
}

function toAdvance({ job, plan, error }: PlannedJob, newRuns: number, now: Instant): JobAdvance {
  if (plan === null) {
    return {
      id: job.id,
      version: job.version,
      plannedAt: job.nextRunAt,
      resumedAt: job.resumedAt,
      newRuns,
      state: 'paused',
      nextOccurrenceAt: job.nextOccurrenceAt,
      nextRunAt: null,
      pausedAt: now,
      pauseNote: `parked: ${error ?? 'it could not be planned'}`,
    };
  }
  return {
    id: job.id,
    version: job.version,
    plannedAt: job.nextRunAt,
    resumedAt: job.resumedAt,
    newRuns,
    state: plan.nextRunAt === null ? 'completed' : 'active',
    nextOccurrenceAt: plan.nextOccurrenceAt,
    // Cut short: look again at once, but behind everything that is due by now.
    nextRunAt: plan.nextRunAt === null ? null : Math.max(plan.nextRunAt, now),
    pausedAt: job.pausedAt,
    pauseNote: null,
    ...(job.occurrenceEdits !== null && { occurrenceEdits: plan.occurrenceEdits }),
  };
}
