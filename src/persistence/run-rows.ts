/** A run without what only its own page shows. */
export const RUN_COLUMNS = `
  r.id, r.scheduled_for AS "scheduledFor", r.due_at AS "dueAt", r.project_id AS "projectId", r.job_id AS "jobId",
  r.job_name AS "jobName", r.job_version AS "jobVersion", r.trigger, r.state, r.reason, r.attempt,
  r.max_attempts AS "maxAttempts", r.available_at AS "availableAt", r.started_at AS "startedAt",
  r.finished_at AS "finishedAt", r.lateness_ms AS "latenessMs", r.duration_ms AS "durationMs", r.response, r.error`;

export const ATTEMPTS_COLUMN = `r.attempts`;
