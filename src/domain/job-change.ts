import type { Job } from './job.js';
import { sameJson } from './json.js';
import { positionOf } from './occurrence-editing.js';
import { Agenda, isOccurrence } from './planning/agenda.js';
import type { Due } from './planning/agenda.js';
import type { Calendars } from './recurrence/exclusion.js';
import type { Recurrence } from './recurrence/recurrence.js';
import { compileSchedule } from './recurrence/recurrence.js';
import type { Instant, Schedule } from './recurrence/schedule.js';

/** The members of a job that time and its state decide. */
export type JobProgress = Pick<
  Job,
  | 'state'
  | 'pauseNote'
  | 'pausedAt'
  | 'pausedUntil'
  | 'resumedAt'
  | 'nextOccurrenceAt'
  | 'nextRunAt'
  | 'scheduledRunCount'
  | 'occurrenceEdits'
>;

/**
 * The recurrence of a stored schedule; null when it can't be compiled any more, as when this tz database lacks its zone, or when
 * one of its calendars is not at hand.
 */
export function recurrenceOf(job: Pick<Job, 'id' | 'schedule' | 'calendars'>): Recurrence | null {
  try {
    return compileSchedule(job.schedule, job.id, job.calendars);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A new job's progress; null when its schedule has no occurrence after `now`. */
export function firstProgress(
  jobId: string,
  schedule: Schedule,
  now: Instant,
  calendars?: Calendars,
): JobProgress | null {
  const recurrence = compileSchedule(schedule, jobId, calendars);
  const nextOccurrenceAt = recurrence.next(now);
  if (nextOccurrenceAt === null) return null;
  return {
    state: 'active',
    pauseNote: null,
    pausedAt: null,
    pausedUntil: null,
    resumedAt: null,
    nextOccurrenceAt,
    nextRunAt: recurrence.dueAt(nextOccurrenceAt),
    scheduledRunCount: 0,
  };
}

/**
 * Progress under another schedule; null when that never fires again. What was due under the old one is settled before.
 *
 * - The same rule (only jitter or `maxRuns` differ) goes on where it stands, and its runs stay counted.
 * - Another rule starts after `now`, and `maxRuns` counts from nothing. What was edited stays so where that rule has the
 *   occurrence too; of what came before, and was moved to be due later, nothing is left.
 * - A paused job stays paused; what it missed under another rule is gone with that rule.
 * - A completed job becomes active again. One whose `maxRuns` is lowered to what it has run is completed.
 */
export function reschedule(job: Job, schedule: Schedule, now: Instant, calendars?: Calendars): JobProgress | null {
  if (sameJson(job.schedule, schedule)) return job;
  const recurrence = compileSchedule(schedule, job.id, calendars);
  const sameRule = recurrenceOf(job)?.key === recurrence.key;
  const scheduledRunCount = sameRule ? job.scheduledRunCount : 0;
  if (scheduledRunCount >= (schedule.maxRuns ?? Infinity)) return completedAs(job);
  const edits = sameRule ? job.occurrenceEdits : editsUnder(recurrence, job, now);
  const cursor = (sameRule ? job.nextOccurrenceAt : null) ?? recurrence.next(now);
  if (new Agenda(cursor, edits, recurrence).first() === null) return null;
  const state = job.state === 'completed' ? 'active' : job.state;
  return { ...job, state, ...positionOf({ ...job, state }, cursor, edits, recurrence), scheduledRunCount };
}

function editsUnder(recurrence: Recurrence, job: Job, now: Instant): Job['occurrenceEdits'] {
  return job.occurrenceEdits?.filter(
    ({ scheduledFor }) => scheduledFor > now && isOccurrence(recurrence, scheduledFor),
  );
}

function completedAs(job: Job): JobProgress {
  const position = { nextOccurrenceAt: null, nextRunAt: null, occurrenceEdits: null };
  return { ...job, state: 'completed', pauseNote: null, pausedUntil: null, ...position };
}

/**
 * A job that is not completed, paused from `now` until `until` (null: until it is resumed).
 *
 * A pause that begins while occurrences of the one before are still to be decided goes on from that one's start, so
 * that they are still known as missed because of a pause. Pausing a paused job changes note and end only.
 */
export function pause(job: Job, note: string | null, until: Instant | null, now: Instant): JobProgress {
  const caughtUp =
    job.pausedAt === null ||
    job.resumedAt === null ||
    job.nextOccurrenceAt === null ||
    job.nextOccurrenceAt >= job.resumedAt;
  const pausedAt = (job.state === 'paused' || !caughtUp ? job.pausedAt : null) ?? now;
  return { ...job, state: 'paused', pauseNote: note, pausedAt, pausedUntil: until, nextRunAt: until };
}

/** A paused job, active again. Occurrences missed meanwhile are overdue at once and go by the misfire policy. */
export function resume(job: Job, recurrence: Recurrence, now: Instant): JobProgress {
  const position = new Agenda(job.nextOccurrenceAt, job.occurrenceEdits, recurrence).position();
  return {
    ...job,
    state: position.nextRunAt === null ? 'completed' : 'active',
    pauseNote: null,
    pausedUntil: null,
    resumedAt: now,
    ...position,
  };
}

/** The occurrence of an active job that would run next. */
export function nextToRun(job: Job, recurrence: Recurrence): Due | null {
  return new Agenda(job.nextOccurrenceAt, job.occurrenceEdits, recurrence).firstToRun();
}

/** An active job beyond the occurrence that would run next. */
export function skipNext(job: Job, recurrence: Recurrence): JobProgress {
  const agenda = new Agenda(job.nextOccurrenceAt, job.occurrenceEdits, recurrence);
  const skipped = agenda.firstToRun();
  if (skipped !== null) agenda.take(skipped);
  const position = agenda.position();
  return { ...job, state: position.nextRunAt === null ? 'completed' : 'active', ...position };
}

/**
 * Progress once a calendar of the job is another. What was due by the old one is settled before. Null: it stays as it is.
 *
 * - What lies ahead goes by the new calendar, from `now` on; what was skipped ahead of time stays skipped.
 * - What was missed in a pause goes by the new calendar too: it is decided when the pause ends.
 * - A job of which nothing is left is completed; one that was completed for that alone is active again.
 */
export function recalendar(job: Job, calendars: Calendars, now: Instant): JobProgress | null {
  const before = recurrenceOf(job);
  const after = compileSchedule(job.schedule, job.id, calendars);
  if (job.scheduledRunCount >= (job.schedule.maxRuns ?? Infinity)) return null;
  const { nextOccurrenceAt: cursor, occurrenceEdits: edits } = job;
  const nextByOld = before === null ? null : new Agenda(before.next(now), edits, before).nextRegular;
  if (cursor === null && nextByOld !== null) return null;
  const isAhead = cursor === null || cursor === nextByOld;
  return movedTo(job, after.next(isAhead ? now : cursor - 1), after);
}

/** Null: it stands there already. */
function movedTo(job: Job, cursor: Instant | null, recurrence: Recurrence): JobProgress | null {
  const agenda = new Agenda(cursor, job.occurrenceEdits, recurrence);
  if (agenda.first() === null) return job.state === 'completed' ? null : completedAs(job);
  const state = job.state === 'completed' ? 'active' : job.state;
  const position = positionOf({ ...job, state }, cursor, job.occurrenceEdits, recurrence);
  const isThere = position.nextOccurrenceAt === job.nextOccurrenceAt && position.nextRunAt === job.nextRunAt;
  return isThere ? null : { ...job, state, ...position };
}
