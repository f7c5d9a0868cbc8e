import type { Job } from '../domain/job.js';
import type { NewRun } from './ledger-writes.js';
import { newRunId } from './run-id.js';

type Decided = Pick<NewRun, 'scheduledFor' | 'dueAt' | 'trigger' | 'state' | 'reason'> &
  Partial<Pick<NewRun, 'triggerNonce' | 'body'>>;

/** A run of a job as it stands now, planned by no leader. */
export function newRunOf(job: Job, run: Decided): NewRun {
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
    epoch: null,
    state: run.state,
    reason: run.reason,
    maxAttempts: job.retry.maxAttempts,
    body: run.body ?? null,
  };
}
