import { Problem } from '../domain/errors.js';
import { pause, recurrenceOf, reschedule, resume } from '../domain/job-change.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { calendarsNamed, neverFires } from './job-settings.js';
import type { JobSettings } from './job-settings.js';
import { isOverdue } from './settle-overdue.js';

/** What one job becomes, for requests that change one and for those that change many. They throw why it must not. */

export interface PauseRequest {
  readonly note?: string | null;
  readonly until?: Instant | null;
}

const BACKLOG_RETRY_SECONDS = 1;

export function refusePastEnd({ until }: PauseRequest, now: Instant): void {
  if (until === undefined || until === null || until > now) return;
  throw refuseBody([{ pointer: '/until', code: 'out_of_range', detail: 'is not in the future' }]);
}

/** Of a job whose overdue occurrences are settled. */
export function paused(settled: StoredJob, { note = null, until = null }: PauseRequest, now: Instant): StoredJob {
  if (settled.state === 'completed') throw completed('paused');
  return { ...settled, ...pause(settled, note, until, now) };
}

/** Null for an active job, which stays as it is: resuming twice is no mistake. */
export function resumed(job: StoredJob, now: Instant): StoredJob | null {
  if (job.state === 'completed') throw completed('resumed');
  return job.state === 'active' ? null : { ...job, ...resume(job, readableRecurrence(job), now) };
}

/** With another schedule, of a job whose overdue occurrences are settled. */
export function rescheduled(settled: StoredJob, settings: JobSettings, now: Instant, known: Calendars): StoredJob {
  if (isOverdue(settled, now)) throw backlogged();
  const calendars = calendarsNamed(settings.schedule, known);
  const progress = reschedule(settled, settings.schedule, now, calendars);
  if (progress === null) throw neverFires();
  const { state, pauseNote, pausedAt, pausedUntil, resumedAt, nextOccurrenceAt, nextRunAt, scheduledRunCount } =
    progress;
  const { occurrenceEdits = null } = progress;
  return {
    ...settled,
    ...settings,
    calendars,
    ...{ state, pauseNote, pausedAt, pausedUntil, resumedAt, nextOccurrenceAt, nextRunAt, scheduledRunCount },
    occurrenceEdits,
  };
}

export function backlogged(): Problem {
  const detail = 'occurrences that were missed are being planned; try again when that is done';
  return new Problem('unavailable', detail, [], BACKLOG_RETRY_SECONDS);
}

export function completed(what: string): Problem {
  return new Problem('wrong_state', `the job is completed and can't be ${what}; give it a new schedule or trigger it`);
}

export function readableRecurrence(job: StoredJob): Recurrence {
  const recurrence = recurrenceOf(job);
  if (recurrence !== null) return recurrence;
  throw new Problem(
    'wrong_state',
    `the schedule can't be read here, for want of the time zone ${job.schedule.timeZone} or of a calendar; change it first`,
  );
}
