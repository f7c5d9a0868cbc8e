import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { previewEdited } from '../domain/job-preview.js';
import type { PreviewedOfJob } from '../domain/job-preview.js';
import type { EditRefusal, OccurrenceEdit } from '../domain/occurrence-edit.js';
import { editOccurrence, isEditedSo, MOST_EDITS, restoreOccurrence } from '../domain/occurrence-editing.js';
import type { Edited } from '../domain/occurrence-editing.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { takesBody } from '../domain/target.js';
import type { Sql } from '../persistence/database.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import { Config } from '../platform/config.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { JobChanges } from './job-changes.js';
import type { Changed } from './job-changes.js';
import { backlogged, completed, readableRecurrence } from './job-decisions.js';
import type { OccurrenceEditInput } from './occurrence.schemas.js';
import { isOverdue, settleOverdue } from './settle-overdue.js';

const DAY_MS = 86_400_000;
/** Of all edits of a job together: each plan of it reads them. */
const MOST_BODY_CHARACTERS = 256 * 1_024;

/** Edits single occurrences of jobs, and takes that back. */
@Injectable()
export class OccurrencesService {
  constructor(
    private readonly changes: JobChanges,
    private readonly runs: RunsRepository,
    private readonly config: Config,
  ) {}

  /**
   * Once this is acknowledged the occurrence is what was asked, and exactly one row of the ledger: the planner reads edits
   * with the row that it locks, and this has settled under the same lock what was due before.
   */
  async edit(
    projectId: string,
    jobId: string,
    scheduledFor: Instant,
    input: OccurrenceEditInput,
    conditions: Preconditions,
  ): Promise<{ readonly job: StoredJob; readonly occurrence: PreviewedOfJob }> {
    const wanted = wantedEdit(scheduledFor, input);
    const job = await this.changes.change('job.editOccurrence', projectId, jobId, conditions, (found, now, sql) => {
      refuseWithoutBody(found, wanted);
      if (isEditedSo(found, wanted)) return Promise.resolve(null);
      const limits = { now, latestMs: this.latestMs() };
      return this.apply(found, scheduledFor, now, sql, (settled, rule) =>
        editOccurrence(settled, rule, wanted, limits),
      );
    });
    const edit = { ...wanted, isPlanned: false };
    return { job, occurrence: previewEdited(edit, job.schedule, readableRecurrence(job)) };
  }

  /** It is again as the schedule has it. */
  restore(projectId: string, jobId: string, scheduledFor: Instant, conditions: Preconditions): Promise<StoredJob> {
    return this.changes.change('job.restoreOccurrence', projectId, jobId, conditions, (found, now, sql) =>
      this.apply(found, scheduledFor, now, sql, (settled, rule) => restoreOccurrence(settled, rule, scheduledFor, now)),
    );
  }

  /** A run that is due so long after its own day would be dropped with that day. */
  private latestMs(): number {
    const { runRetentionMs } = this.config;
    return Math.max(runRetentionMs - 2 * DAY_MS, runRetentionMs / 2);
  }

  private async apply(
    found: StoredJob,
    scheduledFor: Instant,
    now: Instant,
    sql: Sql,
    decide: (settled: StoredJob, recurrence: Recurrence) => Edited,
  ): Promise<Changed> {
    const settled = await settleOverdue(found, now, sql);
    const { job } = settled;
    if (isOverdue(job, now)) throw backlogged();
    if (job.state === 'completed') throw completed('edited');
    const edited = decide(job, readableRecurrence(job));
    if (edited.refused !== null) throw refusalOf(edited.refused);
    // As after a change of the rule and back again.
    const known = await this.runs.occurrencesWithRun(job.id, scheduledFor, scheduledFor, sql);
    if (known.size > 0) throw refusalOf('inLedger');
    refuseTooMuch(edited.position.occurrenceEdits ?? []);
    return { ...settled, job: { ...job, ...edited.position } };
  }
}

function wantedEdit(
  scheduledFor: Instant,
  { action, to, body, note }: OccurrenceEditInput,
): Omit<OccurrenceEdit, 'isPlanned'> {
  const text = body === undefined || body === null ? null : JSON.stringify(body);
  return { scheduledFor, action, to: to ?? null, body: text, note: note ?? null };
}

function refuseWithoutBody({ target }: StoredJob, { body }: Pick<OccurrenceEdit, 'body'>): void {
  if (body === null || takesBody(target)) return;
  throw refuseBody([{ pointer: '/body', code: 'not_allowed', detail: `is not possible with ${target.method}` }]);
}

function refuseTooMuch(edits: readonly OccurrenceEdit[]): void {
  const characters = edits.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
  if (characters <= MOST_BODY_CHARACTERS) return;
  const detail = `is too long: bodies of edited occurrences may have ${MOST_BODY_CHARACTERS} characters together`;
  throw refuseBody([{ pointer: '/body', code: 'too_long', detail }]);
}

const FAULTS = {
  toPast: { pointer: '/to', code: 'out_of_range', detail: 'is not in the future' },
  toItself: { pointer: '/to', code: 'out_of_range', detail: "is the occurrence's own instant" },
  toTooLate: {
    pointer: '/to',
    code: 'out_of_range',
    detail: 'is so long after its own instant that the ledger would drop it (RUN_RETENTION)',
  },
  duplicate: { pointer: '/to', code: 'duplicate', detail: 'is when another occurrence of the job runs' },
  tooMany: {
    pointer: '',
    code: 'too_many',
    detail: `is one too many: a job may have ${MOST_EDITS} edited occurrences`,
  },
} as const;

function refusalOf(refused: EditRefusal): Problem {
  switch (refused) {
    case 'noOccurrence':
      return new Problem('not_found', 'the job has no occurrence at that instant');
    case 'notEdited':
      return new Problem('not_found', 'no edit of an occurrence at that instant is there');
    case 'inLedger':
      return new Problem('wrong_state', 'that occurrence is in the ledger already');
    case 'past':
      return new Problem('wrong_state', 'that occurrence is not in the future');
    default:
      return refuseBody([FAULTS[refused]]);
  }
}
