import type { Instant } from './recurrence/schedule.js';

export type RunState = 'queued' | 'running' | 'retrying' | 'held' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';
export type RunTrigger = 'schedule' | 'manual' | 'backfill' | 'replay' | 'misfire';

/** Why a run was skipped, cancelled or failed. Null for a plain success or a plain failure of the target. */
export type RunReason =
  // skipped
  | 'overlap'
  | 'misfire'
  | 'paused'
  | 'skipNext'
  // cancelled
  | 'cancelledByUser'
  | 'replacedByNewerRun'
  | 'jobDeleted'
  // failed
  | 'attemptsExhausted'
  | 'maxElapsed'
  | 'rejected'
  | 'gone'
  | 'workerLost';

export type AttemptOutcome = 'succeeded' | 'failed' | 'timedOut' | 'cancelled' | 'lost';

export interface RunError {
  /** Stable, for programs: `timeout`, `connection_refused`, `status`, … */
  readonly code: string;
  /** One line, for people. */
  readonly message: string;
}

/**
 * Where the time of an attempt went, as it is kept: milliseconds from its start to when its run was queued and claimed (before
 * it, so 0 or less), the target's name was resolved, a connection to it made, the first byte of its answer there, and the whole
 * call done. Null: not known, or it did not happen.
 */
export type AttemptTimings = readonly [
  queuedMs: number | null,
  claimedMs: number | null,
  resolvedMs: number | null,
  connectedMs: number | null,
  firstByteMs: number | null,
  doneMs: number | null,
];

/** One delivery of a run to its target. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: Instant;
  readonly durationMs: number | null;
  readonly outcome: AttemptOutcome;
  readonly status: number | null;
  readonly error: RunError | null;
  /** Absent where nobody measured. */
  readonly timings?: AttemptTimings;
}

export interface RunResponse {
  readonly status: number;
  readonly bodyExcerpt: string;
}

/** A row of the ledger. Instants in epoch milliseconds. */
export interface Run {
  readonly id: string;
  readonly scheduledFor: Instant;
  /** `scheduledFor` plus jitter; lateness counts from here. */
  readonly dueAt: Instant;
  readonly projectId: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly jobVersion: number;
  readonly trigger: RunTrigger;
  readonly state: RunState;
  readonly reason: RunReason | null;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly availableAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly latenessMs: number | null;
  readonly durationMs: number | null;
  readonly response: RunResponse | null;
  readonly error: RunError | null;
  readonly attempts: readonly Attempt[];
}
