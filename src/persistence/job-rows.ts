import type { Job } from '../domain/job.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunState } from '../domain/run.js';
import type { Sql } from './database.js';
import { calendarsFor } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';

/** What workers keep of a job's last runs. */
export interface JobStats {
  readonly lastRunAt: Instant;
  readonly lastRunState: RunState;
  readonly failureStreak: number;
}

/** A job, and its stats once it has run. */
export type StoredJob = Job & { readonly stats: JobStats | null };

/** A row of JOB_COLUMNS and STATS_COLUMNS. */
export type JobRow = Omit<Job, 'calendars'> & {
  readonly lastRunAt: Instant | null;
  readonly lastRunState: RunState | null;
  readonly failureStreak: number | null;
};

export const JOB_COLUMNS = `
  j.id, j.project_id AS "projectId", j.name, j.description, j.labels, j.schedule, j.target, j.retry, j.overlap, j.misfire,
  t.state, t.pause_note AS "pauseNote", t.paused_at AS "pausedAt", t.paused_until AS "pausedUntil",
  t.resumed_at AS "resumedAt", t.next_occurrence_at AS "nextOccurrenceAt", t.next_run_at AS "nextRunAt",
  t.occurrence_edits AS "occurrenceEdits",
  t.run_count AS "runCount", t.scheduled_run_count AS "scheduledRunCount",
  t.version, j.created_at AS "createdAt", j.updated_at AS "updatedAt"`;

export const STATS_COLUMNS = `
  s.last_run_at AS "lastRunAt", s.last_run_state AS "lastRunState", s.failure_streak AS "failureStreak"`;

/** A job is its definition, where it stands, and its stats once it has run. */
export const JOB_TABLES = `
  jobs j JOIN job_states t ON t.job_id = j.id LEFT JOIN job_stats s ON s.job_id = j.id`;

/** For rows with CALENDAR_REFS beside the others: jobs that can be planned. */
export async function plannableJobsOf(rows: readonly (JobRow & WithRefs)[], sql: Sql): Promise<StoredJob[]> {
  const calendarsOf = await calendarsFor(rows, sql);
  return rows.map((row) => {
    const { calendarRefs: _, ...job } = row;
    return { ...storedJobOf(job), calendars: calendarsOf(row) };
  });
}

export function storedJobOf({ lastRunAt, lastRunState, failureStreak, ...job }: JobRow): StoredJob {
  if (lastRunAt === null || lastRunState === null) return { ...job, stats: null };
  return { ...job, stats: { lastRunAt, lastRunState, failureStreak: failureStreak ?? 0 } };
}
