import type { Job } from '../domain/job.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunState } from '../domain/run.js';

/** What workers keep of a job's last runs. */
export interface JobStats {
  readonly lastRunAt: Instant;
  readonly lastRunState: RunState;
  readonly failureStreak: number;
}

/** A job, and its stats once it has run. */
export type StoredJob = Job & { readonly stats: JobStats | null };

/** A row of JOB_COLUMNS and STATS_COLUMNS. */
export type JobRow = Job & {
  readonly lastRunAt: Instant | null;
  readonly lastRunState: RunState | null;
  readonly failureStreak: number | null;
};

export const JOB_COLUMNS = `
  j.id, j.project_id AS "projectId", j.name, j.description, j.labels, j.schedule, j.target, j.retry, j.overlap, j.misfire,
  j.state, j.pause_note AS "pauseNote", j.paused_at AS "pausedAt", j.paused_until AS "pausedUntil",
  j.resumed_at AS "resumedAt", j.next_occurrence_at AS "nextOccurrenceAt", j.next_run_at AS "nextRunAt",
  j.run_count AS "runCount", j.scheduled_run_count AS "scheduledRunCount", j.planning_error AS "planningError",
  j.version, j.created_at AS "createdAt", j.updated_at AS "updatedAt"`;

export const STATS_COLUMNS = `
  s.last_run_at AS "lastRunAt", s.last_run_state AS "lastRunState", s.failure_streak AS "failureStreak"`;

export function storedJobOf({ lastRunAt, lastRunState, failureStreak, ...job }: JobRow): StoredJob {
  if (lastRunAt === null || lastRunState === null) return { ...job, stats: null };
  return { ...job, stats: { lastRunAt, lastRunState, failureStreak: failureStreak ?? 0 } };
}
