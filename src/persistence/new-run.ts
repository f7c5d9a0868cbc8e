import type { Job } from '../domain/job.js';
import type { NewRun } from './ledger-writes.js';
import { newRunId } from './run-id.js';

/** What of a job its runs carry; `maxAttempts` apart, for a stored job's retry policy may be anything. */
interface RunOwner {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly version: number;
}

type Decided = Pick<NewRun, 'scheduledFor' | 'dueAt' | 'trigger' | 'state' | 'reason'> &
  Partial<Pick<NewRun, 'triggerNonce' | 'body'>>;

/** A run of a job as it stands now, planned by no leader. */
export function newRunOf(job: Job, run: Decided): NewRun {
  return plannedRunOf(job, run, job.retry.maxAttempts, null);
}

/** `epoch` is the reign that planned it. */
export function plannedRunOf(job: RunOwner, run: Decided, maxAttempts: number, epoch: number | null): NewRun {
  return {
    id: newRunId(run.scheduledFor),
    scheduledFor: run.scheduledFor,
    dueAt: run.dueAt,
    projectId: job.projectId,
    jobId: job.id,
    jobName: job.name,
    jobVersion: job.version,
    trigger: run.trigger,
    triggerNonce: run.triggerNonce ?? 0,
    epoch,
    state: run.state,
    reason: run.reason,
    maxAttempts,
    body: run.body ?? null,
  };
}
