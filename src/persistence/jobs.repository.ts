import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql, SqlValue, Statement } from './database.js';
import { JOB_COLUMNS, STATS_COLUMNS, storedJobOf } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';

export type { StoredJob };

const WITH_STATS = `SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS} FROM jobs j LEFT JOIN job_stats s ON s.job_id = j.id`;

const FIND = { name: 'jobs-find', text: `${WITH_STATS} WHERE j.project_id = $1 AND j.id = $2` };
// The outer join's other side can't be locked, and must not be: workers write it.
const LOCK = { name: 'jobs-lock', text: `${WITH_STATS} WHERE j.project_id = $1 AND j.id = $2 FOR UPDATE OF j` };
const LOCK_NAMED = {
  name: 'jobs-lock-named',
  text: `${WITH_STATS} WHERE j.project_id = $1 AND j.name = $2 FOR UPDATE OF j`,
};

const INSERT = {
  name: 'jobs-insert',
  text: `
    INSERT INTO jobs (project_id, id, name, description, labels, schedule, target, retry, overlap, misfire, state, pause_note,
                      paused_at, paused_until, resumed_at, next_occurrence_at, next_run_at, run_count,
                      scheduled_run_count, planning_error, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
};

const UPDATE = {
  name: 'jobs-update',
  text: `
    UPDATE jobs
    SET name = $3, description = $4, labels = $5, schedule = $6, target = $7, retry = $8, overlap = $9, misfire = $10,
        state = $11, pause_note = $12, paused_at = $13, paused_until = $14, resumed_at = $15, next_occurrence_at = $16,
        next_run_at = $17, run_count = $18, scheduled_run_count = $19, planning_error = $20, version = $21,
        created_at = $22, updated_at = $23
    WHERE project_id = $1 AND id = $2`,
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

  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work);
  }

  find(projectId: string, id: string): Promise<StoredJob | null> {
    return one(this.database, FIND, [projectId, id]);
  }

  /**
   * Takes the job's row lock, which the planner and everything that starts or ends runs under an overlap policy respect:
   * what is read here stays true until the transaction ends.
   */
  lock(projectId: string, id: string, sql: Sql): Promise<StoredJob | null> {
    return one(sql, LOCK, [projectId, id]);
  }

  lockNamed(projectId: string, name: string, sql: Sql): Promise<StoredJob | null> {
    return one(sql, LOCK_NAMED, [projectId, name]);
  }

  /** Throws a unique violation of `jobs_name_key` when the name is taken. */
  async insert(job: Job, sql: Sql): Promise<void> {
    await sql.rows(INSERT, valuesOf(job));
  }

  /** Writes the whole row, locked before. Throws a unique violation of `jobs_name_key` when the name is taken. */
  async update(job: Job, sql: Sql): Promise<void> {
    await sql.rows(UPDATE, valuesOf(job));
  }

  async delete(projectId: string, id: string, sql: Sql): Promise<void> {
    await sql.rows(DELETE, [projectId, id]);
  }
}

/** The job's name is another job's already (SQLSTATE 23505). */
export function isNameTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && constraint === 'jobs_name_key';
}

async function one(sql: Sql, statement: Statement, values: readonly SqlValue[]): Promise<StoredJob | null> {
  const [row] = await sql.rows<JobRow>(statement, values);
  return row === undefined ? null : storedJobOf(row);
}

function valuesOf(job: Job): SqlValue[] {
  const at = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
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
    job.state,
    job.pauseNote,
    at(job.pausedAt),
    at(job.pausedUntil),
    at(job.resumedAt),
    at(job.nextOccurrenceAt),
    at(job.nextRunAt),
    job.runCount,
    job.scheduledRunCount,
    job.planningError,
    job.version,
    at(job.createdAt),
    at(job.updatedAt),
  ];
}
