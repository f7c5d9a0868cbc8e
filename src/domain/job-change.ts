import type { Job } from './job.js';
import { sameJson } from './json.js';
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
 * - Another rule starts after `now`, and `maxRuns` counts from nothing.
 * - A paused job stays paused; what it missed under another rule is gone with that rule.
 * - A completed job becomes active again. One whose `maxRuns` is lowered to what it has run is completed.
 */
export function reschedule(job: Job, schedule: Schedule, now: Instant, calendars?: Calendars): JobProgress | null {
  if (sameJson(job.schedule, schedule)) return job;
  const recurrence = compileSchedule(schedule, job.id, calendars);
  const sameRule = recurrenceOf(job)?.key === recurrence.key;
  const scheduledRunCount = sameRule ? job.scheduledRunCount : 0;
  if (scheduledRunCount >= (schedule.maxRuns ?? Infinity)) {
    return { ...job, state: 'completed', pauseNote: null, pausedUntil: null, nextOccurrenceAt: null, nextRunAt: null };
  }
  const nextOccurrenceAt = (sameRule ? job.nextOccurrenceAt : null) ?? recurrence.next(now);
  if (nextOccurrenceAt === null) return null;
  const state = job.state === 'completed' ? 'active' : job.state;
  const nextRunAt = state === 'paused' ? job.pausedUntil : recurrence.dueAt(nextOccurrenceAt);
  return { ...job, state, nextOccurrenceAt, nextRunAt, scheduledRunCount };
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
  const { nextOccurrenceAt } = job;
  return {
    ...job,
    state: nextOccurrenceAt === null ? 'completed' : 'active',
    pauseNote: null,
    pausedUntil: null,
    resumedAt: now,
    nextRunAt: nextOccurrenceAt === null ? null : recurrence.dueAt(nextOccurrenceAt),
  };
}

/** An active job beyond its next occurrence. */
export function skipNext(job: Job, recurrence: Recurrence): JobProgress {
  const nextOccurrenceAt = job.nextOccurrenceAt === null ? null : recurrence.next(job.nextOccurrenceAt);
  return {
    ...job,
    state: nextOccurrenceAt === null ? 'completed' : 'active',
    nextOccurrenceAt,
    nextRunAt: nextOccurrenceAt === null ? null : recurrence.dueAt(nextOccurrenceAt),
  };
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
  const nextByOld = before?.next(now) ?? null;
  const { nextOccurrenceAt: cursor } = job;
  if (cursor === null && nextByOld !== null) return null;
  const isAhead = cursor === null || cursor === nextByOld;
  const nextOccurrenceAt = after.next(isAhead ? now : cursor - 1);
  if (nextOccurrenceAt === cursor) return null;
  if (nextOccurrenceAt === null) {
    return { ...job, state: 'completed', pauseNote: null, pausedUntil: null, nextOccurrenceAt, nextRunAt: null };
  }
  const state = job.state === 'completed' ? 'active' : job.state;
  const nextRunAt = state === 'paused' ? job.pausedUntil : after.dueAt(nextOccurrenceAt);
  return { ...job, state, nextOccurrenceAt, nextRunAt };
}
