import type { ActorType, AuditAction, Members } from './audit.js';
import type { Job } from './job.js';
import type { OccurrenceEdits } from './occurrence-edit.js';
import type { Instant } from './recurrence/schedule.js';

/** What users set of a job. */
export type RevisedDefinition = Pick<
  Job,
  'name' | 'description' | 'labels' | 'schedule' | 'target' | 'retry' | 'overlap' | 'misfire'
>;

/** A version of a job: how it was from `at` until the next one. Runs name it as the version that planned them. */
export interface JobRevision {
  readonly version: number;
  readonly at: Instant;
  readonly state: Job['state'];
  readonly pauseNote: string | null;
  readonly pausedUntil: Instant | null;
  readonly definition: RevisedDefinition;
  /** Of single occurrences to come, as they were decided when it began. */
  readonly occurrenceEdits?: OccurrenceEdits | null;
}

/** Who made a version and what it changed, as the audit log has it. */
export interface RevisionChange {
  readonly action: AuditAction;
  readonly actorType: ActorType;
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly before: Members | null;
  readonly after: Members | null;
}
