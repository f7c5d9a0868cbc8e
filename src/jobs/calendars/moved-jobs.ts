import { Injectable } from '@nestjs/common';
import type { Calendar } from '../../domain/calendar.js';
import { recalendar } from '../../domain/job-change.js';
import type { JobProgress } from '../../domain/job-change.js';
import type { Exclusion } from '../../domain/recurrence/exclusion.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import { CalendarsRepository } from '../../persistence/calendars.repository.js';
import type { CalendarUser } from '../../persistence/calendars.repository.js';
import type { Sql } from '../../persistence/database.js';
import { draftCalendar } from '../../persistence/job-calendars.js';
import { JobBatchesRepository } from '../../persistence/job-batches.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { newBreath } from '../../platform/breath.js';
import { backlogged } from '../job-decisions.js';
import { isOverdue, settleAll } from '../settle-overdue.js';

/** Written with one statement: so that nothing is computed for so long that Postgres takes us for dead. */
const CHUNK = 500;

export interface Move {
  readonly jobId: string;
  readonly jobName: string;
  readonly before: Instant | null;
  readonly after: Instant | null;
}

export interface Moved {
  /** Those whose next occurrence is another one, in the order of ids. */
  readonly jobs: readonly Move[];
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
  readonly earliestDueAt: Instant | null;
}

/** Jobs whose calendar becomes another. */
@Injectable()
export class MovedJobs {
  constructor(
    private readonly batches: JobBatchesRepository,
    private readonly calendars: CalendarsRepository,
  ) {}

  /** Takes their row locks in the order of ids, as everyone does. */
  lock(projectId: string, users: readonly CalendarUser[], sql: Sql): Promise<StoredJob[]> {
    return this.batches.lock(
      projectId,
      users.map(({ id }) => id),
      sql,
    );
  }

  /**
   * Plans what is due of the locked jobs by the calendar that they were read with, then moves the rest to where `calendar`
   * has it. Throws a Problem while a job has a longer backlog than can be settled at once.
   */
  async move(jobs: readonly StoredJob[], calendar: Calendar, now: Instant, sql: Sql): Promise<Moved> {
    const { jobs: settled, queued, cancelled } = await settleAll(jobs, now, sql);
    const exclusion = draftCalendar(calendar.name, calendar);
    const moves: Move[] = [];
    let earliestDueAt: Instant | null = null;
    let written: StoredJob[] = [];
    const breath = newBreath();
    for (const job of [...jobs].sort((one, other) => (one.id < other.id ? -1 : 1))) {
      await breath();
      const standing = settled.get(job.id) ?? job;
      if (isOverdue(standing, now)) throw backlogged();
      const progress = progressBy(standing, exclusion, now);
      const next = progress === null ? standing : { ...standing, ...progress };
      if (next.nextOccurrenceAt !== standing.nextOccurrenceAt) {
        const [before, after] = [standing.nextOccurrenceAt, next.nextOccurrenceAt];
        moves.push({ jobId: job.id, jobName: job.name, before, after });
      }
      if (next === job) continue;
      written.push(next);
      if (next.nextRunAt !== null) earliestDueAt = Math.min(earliestDueAt ?? Infinity, next.nextRunAt);
      if (written.length < CHUNK) continue;
      await this.calendars.move(written, sql);
      written = [];
    }
    await this.calendars.move(written, sql);
    return { jobs: moves, queued, cancelled, earliestDueAt };
  }
}

/** Null: it stays as it is, as does a job whose schedule can't be read here for another reason. */
function progressBy(job: StoredJob, exclusion: Exclusion, now: Instant): JobProgress | null {
  try {
    return recalendar(job, new Map([...(job.calendars ?? []), [exclusion.name, exclusion]]), now);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
