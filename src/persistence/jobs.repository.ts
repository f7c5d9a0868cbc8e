import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { loadOf } from '../domain/quotas.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql, SqlValue } from './database.js';
import { CALENDAR_REFS } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { JOB_COLUMNS, JOB_TABLES, plannableJobsOf, STATS_COLUMNS } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';
import { jsonOrNull } from './jsonb.js';

export type { StoredJob };

const FIND = {
  name: 'jobs-find',
  text: `SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}, ${CALENDAR_REFS} FROM ${JOB_TABLES} WHERE j.project_id = $1 AND j.id = $2`,
};
const LOCK = {
  name: 'jobs-lock',
  text: `SELECT job_id AS id FROM job_states WHERE project_id = $1 AND job_id = $2 FOR UPDATE`,
};
const LOCK_NAMED = {
  name: 'jobs-lock-named',
  text: `
    SELECT j.id FROM jobs j JOIN job_states t ON t.job_id = j.id
    WHERE j.project_id = $1 AND j.name = $2
    FOR UPDATE OF t, j`,
};

const INSERT = {
  name: 'jobs-insert',
  text: `
    WITH defined AS (
      INSERT INTO jobs (project_id, id, name, description, labels, schedule, target, retry, overlap, misfire, created_at,
                        updated_at, fires_per_million_minutes, shortest_gap_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $23, $24)
    )
    INSERT INTO job_states (project_id, job_id, state, pause_note, paused_at, paused_until, resumed_at, next_occurrence_at,
                            next_run_at, run_count, scheduled_run_count, version)
    VALUES ($1, $2, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
};

const UPDATE = {
  name: 'jobs-update',
  text: `
    WITH defined AS (
      UPDATE jobs
      SET name = $3, description = $4, labels = $5, schedule = $6, target = $7, retry = $8, overlap = $9, misfire = $10,
          created_at = $11, updated_at = $12, fires_per_million_minutes = $23, shortest_gap_ms = $24
      WHERE project_id = $1 AND id = $2
    )
    UPDATE job_states
    SET state = $13, pause_note = $14, paused_at = $15, paused_until = $16, resumed_at = $17, next_occurrence_at = $18,
        next_run_at = $19, run_count = $20, scheduled_run_count = $21, version = $22,
        occurrence_edits = $25
    WHERE project_id = $1 AND job_id = $2`,
};

const COUNT_RUNS = {
  name: 'jobs-count-runs',
  text: `UPDATE job_states SET run_count = run_count + $3 WHERE project_id = $1 AND job_id = $2`,
};

const DELETE = {
  name: 'jobs-delete',
  text: `
    WITH gone AS (DELETE FROM jobs WHERE project_id = $1 AND id = $2 RETURNING id)
    DELETE FROM job_stats USING gone WHERE job_stats.job_id = gone.id`,
};

/** Jobs, of one project at a time. */
@Injectable()
export class JobsRepository {
  constructor(private readonly database: Database) {}

  find(projectId: string, id: string): Promise<StoredJob | null> {
    return this.read(projectId, id, this.database);
  }

  /**
   * Takes the job's row lock, which the planner and everything that starts or ends runs under an overlap policy respect:
   * what is read here stays true until the transaction ends. Read in a statement of its own, whose snapshot is later than
   * the lock: beside a row that it waited for, one statement would show the old state of the rows that it did not lock.
   */
  async lock(projectId: string, id: string, sql: Sql): Promise<StoredJob | null> {
    const [locked] = await sql.rows<{ id: string }>(LOCK, [projectId, id]);
    return locked === undefined ? null : this.read(projectId, locked.id, sql);
  }

  async lockNamed(projectId: string, name: string, sql: Sql): Promise<StoredJob | null> {
    const [locked] = await sql.rows<{ id: string }>(LOCK_NAMED, [projectId, name]);
    return locked === undefined ? null : this.read(projectId, locked.id, sql);
  }

  /** Throws a unique violation of `jobs_name_key` when the name is taken, and a Problem when a quota has no room. */
  async insert(job: Job, sql: Sql): Promise<void> {
    await sql.rows(INSERT, valuesOf(job));
  }

  /**
   * Writes the whole row, locked before. Throws a unique violation of `jobs_name_key` when the name is taken, and a Problem
   * when a quota has no room.
   */
  async update(job: Job, sql: Sql): Promise<void> {
    await sql.rows(UPDATE, [...valuesOf(job), jsonOrNull(job.occurrenceEdits)]);
  }

  /** Runs beside the schedule are counted, but change nothing that a client set: no new version. */
  async countRuns(projectId: string, id: string, runs: number, sql: Sql): Promise<void> {
    await sql.rows(COUNT_RUNS, [projectId, id, runs]);
  }

  async delete(projectId: string, id: string, sql: Sql): Promise<void> {
    await sql.rows(DELETE, [projectId, id]);
  }

  private async read(projectId: string, id: string, sql: Sql): Promise<StoredJob | null> {
    const [job] = await plannableJobsOf(await sql.rows<JobRow & WithRefs>(FIND, [projectId, id]), sql);
    return job ?? null;
  }
}

/** The job's name is another job's already (SQLSTATE 23505). */
export function isNameTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && constraint === 'jobs_name_key';
}

function valuesOf(job: Job): SqlValue[] {
  const at = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
  const { firesPerMillionMinutes, shortestGapMs } = loadOf(job);
  return [
    job.projectId,
    job.id,
    job.name,
    job.description,
    JSON.stringify(job.labels),
    JSON.stringify(job.schedule),
    JSON.stringify(job.target),
    JSON.stringify(job.retry),
    job.overlap,
    JSON.stringify(job.misfire),
    at(job.createdAt),
    at(job.updatedAt),
    job.state,
    job.pauseNote,
    at(job.pausedAt),
    at(job.pausedUntil),
    at(job.resumedAt),
    at(job.nextOccurrenceAt),
    at(job.nextRunAt),
    job.runCount,
    job.scheduledRunCount,
    job.version,
    firesPerMillionMinutes,
    shortestGapMs,
  ];
}
