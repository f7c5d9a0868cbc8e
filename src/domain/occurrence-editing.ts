import type { Job } from './job.js';
import { sameJson } from './json.js';
import type { EditRefusal, OccurrenceEdit, OccurrenceEdits } from './occurrence-edit.js';
import { Agenda, dueOf, isOccurrence } from './planning/agenda.js';
import type { Position } from './planning/agenda.js';
import type { Recurrence } from './recurrence/recurrence.js';
import type { Instant } from './recurrence/schedule.js';

/** Edits of one job at a time: its row holds them, and each plan looks through them. */
export const MOST_EDITS = 100;

type EditedJob = Pick<Job, 'state' | 'nextOccurrenceAt' | 'pausedUntil' | 'occurrenceEdits'>;

export type Edited = { readonly refused: EditRefusal } | { readonly refused: null; readonly position: Position };

/**
 * Where a job stands once one of its occurrences is edited, or why that can't be; what was due by `now` is in the ledger. An
 * occurrence can be edited as long as it is to come: as it is due now, not
 * by its own instant alone. `latestMs`: so long after its own instant may it be moved, for the ledger keeps it by that.
 */
export function editOccurrence(
  job: EditedJob,
  recurrence: Recurrence,
  wanted: Omit<OccurrenceEdit, 'isPlanned'>,
  { now, latestMs }: { readonly now: Instant; readonly latestMs: number },
): Edited {
  const { scheduledFor, to } = wanted;
  const edits = job.occurrenceEdits ?? [];
  const refused = refusalOf(job, recurrence, scheduledFor, now);
  if (refused !== null) return { refused };
  if (to !== null) {
    if (to <= now) return { refused: 'toPast' };
    if (to === scheduledFor) return { refused: 'toItself' };
    if (to - scheduledFor > latestMs) return { refused: 'toTooLate' };
  }
  const edit: OccurrenceEdit = { ...wanted, isPlanned: false };
  const others = edits.filter((other) => other.scheduledFor !== scheduledFor);
  if (others.length >= MOST_EDITS) return { refused: 'tooMany' };
  if (edit.action !== 'skip' && isTaken(dueOf(edit, recurrence), scheduledFor, others, recurrence)) {
    return { refused: 'duplicate' };
  }
  return { refused: null, position: positionOf(job, job.nextOccurrenceAt, [...others, edit], recurrence) };
}

/** As `editOccurrence`, for an occurrence that is to be again as the schedule has it. */
export function restoreOccurrence(job: EditedJob, recurrence: Recurrence, scheduledFor: Instant, now: Instant): Edited {
  const edits = job.occurrenceEdits ?? [];
  const known = edits.find((edit) => edit.scheduledFor === scheduledFor);
  if (known === undefined || isPlain(known)) {
    // What was decided of one that is past has had its effect.
    return { refused: refusalOf(job, recurrence, scheduledFor, now) === 'past' ? 'past' : 'notEdited' };
  }
  const others = edits.filter((edit) => edit.scheduledFor !== scheduledFor);
  // Of an instant that is no occurrence any more it did nothing, and is just taken away.
  if (!isOccurrence(recurrence, scheduledFor)) {
    return { refused: null, position: positionOf(job, job.nextOccurrenceAt, others, recurrence) };
  }
  const refused = refusalOf(job, recurrence, scheduledFor, now);
  if (refused !== null) return { refused };
  const dueAt = recurrence.dueAt(scheduledFor);
  if (dueAt <= now) return { refused: 'past' };
  if (isTaken(dueAt, scheduledFor, others, recurrence)) return { refused: 'duplicate' };
  const isBehind = job.nextOccurrenceAt === null || scheduledFor < job.nextOccurrenceAt;
  // The cursor never goes back: what lies between may be in the ledger.
  const restored = isBehind ? [...others, plainEdit(scheduledFor)] : others;
  return { refused: null, position: positionOf(job, job.nextOccurrenceAt, restored, recurrence) };
}

/** Of an occurrence that was edited and is as the schedule has it again, once the cursor is beyond it. */
export function isPlain({ action, body }: OccurrenceEdit): boolean {
  return action === 'run' && body === null;
}

function plainEdit(scheduledFor: Instant): OccurrenceEdit {
  return { scheduledFor, action: 'run', to: null, body: null, note: null, isPlanned: false };
}

/** Whether an occurrence is edited just so already. */
export function isEditedSo(job: Pick<Job, 'occurrenceEdits'>, wanted: Omit<OccurrenceEdit, 'isPlanned'>): boolean {
  return job.occurrenceEdits?.some((known) => !known.isPlanned && isSame(known, wanted)) ?? false;
}

/** A paused job goes on at the end of its pause, whatever is due. */
export function positionOf(
  job: Pick<Job, 'state' | 'pausedUntil'>,
  cursor: Instant | null,
  edits: OccurrenceEdits | null | undefined,
  recurrence: Recurrence,
): Position {
  const position = new Agenda(cursor, edits, recurrence).position();
  return job.state === 'paused' ? { ...position, nextRunAt: job.pausedUntil } : position;
}

function refusalOf(job: EditedJob, recurrence: Recurrence, scheduledFor: Instant, now: Instant): EditRefusal | null {
  if (!isOccurrence(recurrence, scheduledFor)) return 'noOccurrence';
  const known = job.occurrenceEdits?.find((edit) => edit.scheduledFor === scheduledFor);
  if (known !== undefined) {
    if (known.isPlanned) return 'inLedger';
    return dueOf(known, recurrence) <= now ? 'past' : null;
  }
  if (recurrence.dueAt(scheduledFor) <= now) return 'past';
  return job.nextOccurrenceAt === null || scheduledFor < job.nextOccurrenceAt ? 'inLedger' : null;
}

/** Whether another occurrence runs at that very instant. */
function isTaken(dueAt: Instant, own: Instant, others: OccurrenceEdits, recurrence: Recurrence): boolean {
  const live = others.filter((edit) => isOccurrence(recurrence, edit.scheduledFor));
  if (live.some((edit) => edit.action !== 'skip' && dueOf(edit, recurrence) === dueAt)) return true;
  const isOwn = dueAt === own || live.some((edit) => edit.scheduledFor === dueAt);
  return !isOwn && isOccurrence(recurrence, dueAt);
}

function isSame(one: Omit<OccurrenceEdit, 'isPlanned'>, other: Omit<OccurrenceEdit, 'isPlanned'>): boolean {
  const membersOf = ({ scheduledFor, action, to, body, note }: Omit<OccurrenceEdit, 'isPlanned'>) => [
    scheduledFor,
    action,
    to,
    body,
    note,
  ];
  return sameJson(membersOf(one), membersOf(other));
}
