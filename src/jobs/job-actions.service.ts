import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { pause, recurrenceOf, resume, skipNext } from '../domain/job-change.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { insertRuns } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { JobChanges } from './job-changes.js';
import { settleOverdue } from './settle-overdue.js';

export interface PauseRequest {
  readonly note?: string | null;
  readonly until?: Instant | null;
}

/** Pauses jobs, resumes them, and skips their next occurrence. */
@Injectable()
export class JobActionsService {
  constructor(private readonly changes: JobChanges) {}

  /** What was due before this was acknowledged may still run; nothing that is due later does. */
  pause(
    projectId: string,
    id: string,
    { note = null, until = null }: PauseRequest,
    conditions: Preconditions,
  ): Promise<StoredJob> {
    return this.changes.change(projectId, id, conditions, async (job, now, sql) => {
      if (until !== null && until <= now) {
        throw refuseBody([{ pointer: '/until', code: 'out_of_range', detail: 'is not in the future' }]);
      }
      const settled = await settleOverdue(job, now, sql);
      if (settled.job.state === 'completed') throw completed('paused');
      return { ...settled, job: { ...settled.job, ...pause(settled.job, note, until, now) } };
    });
  }

  /** An active job stays as it is: resuming twice is no mistake. */
  resume(projectId: string, id: string, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change(projectId, id, conditions, async (job, now) => {
      if (job.state === 'completed') throw completed('resumed');
      if (job.state === 'active') return null;
      const resumed = { ...job, ...resume(job, readableRecurrence(job), now) };
      return { job: resumed, queued: [], cancelled: [] };
    });
  }

  skipNext(projectId: string, id: string, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change(projectId, id, conditions, async (job, now, sql) => {
      const settled = await settleOverdue(job, now, sql);
      const { nextOccurrenceAt, state } = settled.job;
      if (state === 'paused')
        throw new Problem('wrong_state', 'a paused job has no next occurrence to skip; resume it first');
      if (state === 'completed' || nextOccurrenceAt === null) throw completed('skipped ahead');
      const recurrence = readableRecurrence(settled.job);
      const skipped = newRunOf(settled.job, {
        scheduledFor: nextOccurrenceAt,
        dueAt: recurrence.dueAt(nextOccurrenceAt),
        trigger: 'schedule',
        state: 'skipped',
        reason: 'skipNext',
      });
      await insertRuns(sql, [skipped], now);
      return { ...settled, job: { ...settled.job, ...skipNext(settled.job, recurrence) } };
    });
  }
}

function completed(what: string): Problem {
  return new Problem('wrong_state', `the job is completed and can't be ${what}; give it a new schedule or trigger it`);
}

function readableRecurrence(job: StoredJob): Recurrence {
  const recurrence = recurrenceOf(job);
  if (recurrence !== null) return recurrence;
  throw new Problem(
    'wrong_state',
    `the schedule can't be read here, for want of the time zone ${job.schedule.timeZone}; change it first`,
  );
}
