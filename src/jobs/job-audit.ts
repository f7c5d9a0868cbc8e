import { differenceOf } from '../domain/audit.js';
import type { AuditAction, AuditNote, Members } from '../domain/audit.js';
import type { Job } from '../domain/job.js';
import type { OccurrenceEdits } from '../domain/occurrence-edit.js';
import { isPlain } from '../domain/occurrence-editing.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Run } from '../domain/run.js';
import type { SecretChanges } from '../domain/target-secrets.js';
import { viewOfEdit } from '../platform/contract/schedule.schema.js';
import { settingsOf } from './job-view.js';

/** What the audit log says of jobs. */

export function noteCreated(job: Job): AuditNote {
  return { ...thingOf(job), action: 'job.create', jobVersion: job.version, before: null, after: membersOf(job) };
}

export function noteDeleted(job: Job): AuditNote {
  return { ...thingOf(job), action: 'job.delete', before: membersOf(job), after: null };
}

/** Secrets look the same before and after: which of them are others now is said beside. */
export function noteChanged(
  action: AuditAction,
  before: Job,
  after: Job,
  secrets: Pick<SecretChanges, 'given' | 'dropped'> = { given: [], dropped: [] },
): AuditNote {
  const difference = differenceOf(membersOf(before), membersOf(after));
  const { given, dropped } = secrets;
  const secretsSet = given.length > 0 ? { secretsSet: given.map(({ place }) => place) } : {};
  const secretsDropped = dropped.length > 0 ? { secretsDropped: [...dropped] } : {};
  return {
    ...thingOf(after),
    ...{ action, jobVersion: after.version },
    before: difference.before,
    after: { ...difference.after, ...secretsSet, ...secretsDropped },
  };
}

/** Started beside its schedule. */
export function noteTriggered(run: Pick<Run, 'id' | 'jobId' | 'jobName' | 'projectId' | 'state'>): AuditNote {
  const job = { id: run.jobId, name: run.jobName, projectId: run.projectId };
  return { ...thingOf(job), action: 'job.trigger', before: null, after: { runId: run.id, state: run.state } };
}

function thingOf({ id, name, projectId }: Pick<Job, 'id' | 'name' | 'projectId'>) {
  return { projectId, thingId: id, thingName: name };
}

/** What users decide of a job; how its runs went is the ledger's. */
function membersOf(job: Job): Members {
  return {
    ...settingsOf(job),
    state: job.state,
    pauseNote: job.pauseNote,
    pausedUntil: textOf(job.pausedUntil),
    nextRunAt: textOf(job.nextRunAt),
    version: job.version,
    ...editsOf(job.occurrenceEdits ?? []),
  };
}

/** None for a job without any. */
function editsOf(edits: OccurrenceEdits): Members {
  const toCome = edits.filter((edit) => !edit.isPlanned && !isPlain(edit));
  if (toCome.length === 0) return {};
  const views = toCome.map((edit) => ({ scheduledFor: formatInstant(edit.scheduledFor), ...viewOfEdit(edit) }));
  return { occurrenceEdits: views.sort((one, other) => (one.scheduledFor < other.scheduledFor ? -1 : 1)) };
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
