import type { Job, MisfirePolicy, OverlapPolicy } from '../job.js';
import { DEFAULT_RETRY } from '../job.js';
import { firstProgress, pause, resume } from '../job-change.js';
import type { JobProgress } from '../job-change.js';
import type { Calendars } from '../recurrence/exclusion.js';
import type { OccurrenceEdits } from '../occurrence-edit.js';
import { positionOf } from '../occurrence-editing.js';
import { compileSchedule } from '../recurrence/recurrence.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant, Schedule } from '../recurrence/schedule.js';
import type { RunReason, RunTrigger } from '../run.js';
import { planJob } from './plan.js';

/** From an instant up to before another. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

export interface SimulationInput {
  readonly schedule: Schedule;
  /** Those that the schedule names. */
  readonly calendars?: Calendars;
  readonly overlap: OverlapPolicy;
  readonly misfire: MisfirePolicy;
  /** Decides `H` and jitter, as the id of a job does. */
  readonly seed: string;
  /** The job is made at `from`; nothing is planned after `to`. */
  readonly from: Instant;
  readonly to: Instant;
  /** How long each call takes. */
  readonly runMs: number;
  /** Nothing is planned and no call begins. In their order, none within another. */
  readonly outages: readonly Span[];
  /** The job is paused. In their order, none within another. */
  readonly pauses: readonly Span[];
  readonly limit: number;
  /** Of single occurrences, decided before. */
  readonly occurrenceEdits?: OccurrenceEdits;
}

/** What became of one occurrence. */
export interface SimulatedRun {
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  /** When it was planned: later than it was due after an outage or a pause. */
  readonly plannedAt: Instant;
  readonly trigger: Extract<RunTrigger, 'schedule' | 'misfire'>;
  readonly outcome: 'ran' | 'skipped' | 'cancelled' | 'open';
  readonly reason: RunReason | null;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
}

export interface Simulation {
  /** In the order in which they were planned. */
  readonly runs: readonly SimulatedRun[];
  /** `limit` was reached before the end of the span. */
  readonly truncated: boolean;
}

type Open = { -readonly [Member in keyof SimulatedRun]: SimulatedRun[Member] };

const OCCURRENCES_A_PLAN = 200;

/**
 * Lets a job live through a span, by the same functions that plan in production: every occurrence with what becomes of it and
 * why. Time goes from one event to the next, so that the cost follows the number of occurrences. Pure.
 */
export function simulate(input: SimulationInput): Simulation {
  const recurrence = compileSchedule(input.schedule, input.seed, input.calendars);
  const first = firstProgress(input.seed, input.schedule, input.from, input.calendars);
  if (first === null) return { runs: [], truncated: false };
  const { nextOccurrenceAt } = first;
  const position = positionOf(first, nextOccurrenceAt, input.occurrenceEdits, recurrence);
  return new SimulatedJob(input, recurrence, { ...emptyJob(input), ...first, ...position }).live();
}

class SimulatedJob {
  private readonly runs: Open[] = [];
  private readonly active: Open[] = [];
  private readonly held: Open[] = [];
  /** Beginnings and ends of pauses, in their order. */
  private readonly switches: { readonly at: Instant; readonly paused: boolean }[];

  constructor(
    private readonly input: SimulationInput,
    private readonly recurrence: Recurrence,
    private job: Job,
  ) {
    this.switches = input.pauses.flatMap(({ from, to }) => [
      { at: from, paused: true },
      { at: to, paused: false },
    ]);
  }

  live(): Simulation {
    let now = this.nextEvent(this.input.from);
    for (; now <= this.input.to; now = this.nextEvent(now)) {
      this.endRuns(now);
      this.switchPause(now);
      this.plan(now);
      if (this.runs.length >= this.input.limit) return { runs: this.runs.slice(0, this.input.limit), truncated: true };
    }
    return { runs: this.runs, truncated: false };
  }

  /** Time never goes back: what a pause or an outage held back is found when it is over. */
  private nextEvent(now: Instant): Instant {
    const due = this.job.state === 'active' && this.job.nextRunAt !== null ? this.job.nextRunAt : Infinity;
    const ends = this.active.map(({ finishedAt }) => finishedAt ?? Infinity);
    const next = Math.min(this.afterOutage(Math.max(due, now)), this.switches[0]?.at ?? Infinity, ...ends);
    return Math.max(next, now);
  }

  private afterOutage(at: Instant): Instant {
    return this.input.outages.find(({ from, to }) => from <= at && at < to)?.to ?? at;
  }

  private endRuns(now: Instant): void {
    for (const run of this.active.filter(({ finishedAt }) => finishedAt !== null && finishedAt <= now)) {
      run.outcome = 'ran';
      this.active.splice(this.active.indexOf(run), 1);
    }
    const [next] = this.held;
    if (this.active.length > 0 || next === undefined) return;
    this.held.shift();
    this.begin(next, now);
  }

  private begin(run: Open, now: Instant): void {
    run.startedAt = this.afterOutage(now);
    run.finishedAt = run.startedAt + this.input.runMs;
    this.active.push(run);
  }

  private switchPause(now: Instant): void {
    while ((this.switches[0]?.at ?? Infinity) <= now) {
      const paused = this.switches.shift()?.paused === true;
      if (paused && this.job.state === 'active') {
        // What is due already is planned before, as when a user pauses.
        this.plan(now);
        if (this.isActive()) this.job = { ...this.job, ...pause(this.job, null, null, now) };
      } else if (!paused && this.job.state === 'paused') {
        this.job = { ...this.job, ...resume(this.job, this.recurrence, now) };
      }
    }
  }

  /** Asked anew: what was planned may have been its last. */
  private isActive(): boolean {
    return this.job.state === 'active';
  }

  private plan(now: Instant): void {
    while (this.isDue(now) && this.runs.length < this.input.limit) {
      const open = { active: this.active.length, held: this.held.length };
      const next = (rule: Recurrence, after: Instant): Instant | null => rule.next(after);
      const plan = planJob(this.job, this.recurrence, { now, open, limit: OCCURRENCES_A_PLAN, next });
      if (plan.cancelOpen) this.cancelOpen(now);
      for (const planned of plan.runs) this.enter(planned, now);
      const counted = plan.runs.filter(({ state }) => state !== 'skipped').length;
      this.job = {
        ...this.job,
        state: plan.nextRunAt === null ? 'completed' : 'active',
        nextOccurrenceAt: plan.nextOccurrenceAt,
        nextRunAt: plan.nextRunAt,
        occurrenceEdits: plan.occurrenceEdits,
        scheduledRunCount: this.job.scheduledRunCount + counted,
      };
    }
  }

  private isDue(now: Instant): boolean {
    const { state, nextRunAt } = this.job;
    return state === 'active' && nextRunAt !== null && nextRunAt <= now && this.afterOutage(now) === now;
  }

  private enter(planned: ReturnType<typeof planJob>['runs'][number], now: Instant): void {
    const { scheduledFor, dueAt, trigger, state, reason } = planned;
    const outcome = state === 'skipped' ? 'skipped' : 'open';
    const run: Open = {
      scheduledFor,
      dueAt,
      plannedAt: now,
      trigger,
      outcome,
      reason,
      startedAt: null,
      finishedAt: null,
    };
    this.runs.push(run);
    if (state === 'queued') this.begin(run, now);
    if (state === 'held') this.held.push(run);
  }

  private cancelOpen(now: Instant): void {
    for (const run of [...this.active.splice(0), ...this.held.splice(0)]) {
      Object.assign(run, {
        outcome: 'cancelled',
        reason: 'replacedByNewerRun',
        finishedAt: now,
      } satisfies Partial<Open>);
    }
  }
}

/** What a plan asks of a job, without a target: nothing is called. */
function emptyJob({ seed, schedule, overlap, misfire, from }: SimulationInput): Omit<Job, keyof JobProgress> {
  return {
    ...{ id: seed, projectId: seed, name: '', description: '', labels: {} },
    ...{ schedule, overlap, misfire, retry: DEFAULT_RETRY },
    target: { type: 'http', method: 'POST', url: '', headers: {}, timeoutMs: 0, success: { statuses: [] } },
    ...{ runCount: 0, version: 1, createdAt: from, updatedAt: from },
  };
}
