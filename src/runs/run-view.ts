import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { AttemptTimings, Run } from '../domain/run.js';
import type { RunSummary, RunView } from './run.schemas.js';

/** A run as it is answered in a list. */
export function summaryOfRun(run: Omit<Run, 'attempts'>): RunSummary {
  return {
    id: run.id,
    jobId: run.jobId,
    jobName: run.jobName,
    jobVersion: run.jobVersion,
    scheduledFor: formatInstant(run.scheduledFor),
    trigger: run.trigger,
    state: run.state,
    reason: run.reason,
    attempt: run.attempt,
    maxAttempts: run.maxAttempts,
    startedAt: textOf(run.startedAt),
    finishedAt: textOf(run.finishedAt),
    latenessMs: run.latenessMs,
    durationMs: run.durationMs,
    response: run.response,
    error: run.error,
  };
}

/** A run as it is answered on its own. */
export function viewOfRun(run: Run): RunView {
  const attempts = run.attempts.map((attempt) => ({
    ...attempt,
    startedAt: formatInstant(attempt.startedAt),
    timings: attempt.timings === undefined ? null : viewOfTimings(attempt.timings),
  }));
  return { ...summaryOfRun(run), attempts };
}

function viewOfTimings([queuedMs, claimedMs, resolvedMs, connectedMs, firstByteMs, doneMs]: AttemptTimings) {
  return { queuedMs, claimedMs, resolvedMs, connectedMs, firstByteMs, doneMs };
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
