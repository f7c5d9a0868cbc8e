import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { nextToRun, skipNext } from '../domain/job-change.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { insertRuns } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';
import { JobChanges } from './job-changes.js';
import { completed, paused, readableRecurrence, refusePastEnd, resumed } from './job-decisions.js';
import type { PauseRequest } from './job-decisions.js';
import { settleOverdue } from './settle-overdue.js';

/** Pauses jobs, resumes them, and skips their next occurrence. */
@Injectable()
export class JobActionsService {
  constructor(private readonly changes: JobChanges) {}

  /** What was due before this was acknowledged may still run; nothing that is due later does. */
  pause(projectId: string, id: string, request: PauseRequest, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change('job.pause', projectId, id, conditions, async (job, now, sql) => {
      refusePastEnd(request, now);
      const settled = await settleOverdue(job, now, sql);
      return { ...settled, job: paused(settled.job, request, now) };
    });
  }

  resume(projectId: string, id: string, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change('job.resume', projectId, id, conditions, async (job, now) => {
      const changed = resumed(job, now);
      return changed === null ? null : { job: changed, queued: [], cancelled: [] };
    });
  }

  skipNext(projectId: string, id: string, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change('job.skipNext', projectId, id, conditions, async (job, now, sql) => {
      const settled = await settleOverdue(job, now, sql);
      const { state } = settled.job;
      if (state === 'paused')
        throw new Problem('wrong_state', 'a paused job has no next occurrence to skip; resume it first');
      if (state === 'completed') throw completed('skipped ahead');
      const recurrence = readableRecurrence(settled.job);
      const next = nextToRun(settled.job, recurrence);
      if (next === null) throw new Problem('wrong_state', 'every occurrence that is left is to be skipped already');
      const skipped = newRunOf(settled.job, {
        scheduledFor: next.scheduledFor,
        dueAt: next.dueAt,
        trigger: 'schedule',
        state: 'skipped',
        reason: 'skipNext',
      });
      await insertRuns(sql, [skipped], now);
      return { ...settled, job: { ...settled.job, ...skipNext(settled.job, recurrence) } };
    });
  }
}
