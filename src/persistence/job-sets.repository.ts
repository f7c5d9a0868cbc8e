import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { loadOf } from '../domain/quotas.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { JOB_COLUMNS, JOB_TABLES, STATS_COLUMNS, storedJobOf } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';
import { plainArray } from './plain-array.js';

/** Not FOR UPDATE: jobs that are created meanwhile look at the row too, and need not wait. */
const LOCK_PROJECT = {
  name: 'job-sets-lock-project',
  text: 'SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE NOWAIT',
};
const FIND_NAMED = {
  name: 'job-sets-find-named',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.name = ANY ($2::text[])`,
};
const FIND = {
  name: 'job-sets-find',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.id = ANY ($2::uuid[])`,
};
/** In the order of ids and each with its definition, as other edits lock them: two such transactions can't deadlock. */
const LOCK = {
  name: 'job-sets-lock',
  text: `
    SELECT j.id FROM jobs j JOIN job_states t ON t.job_id = j.id
    WHERE j.project_id = $1 AND j.id = ANY ($2::uuid[])
    ORDER BY t.job_id
    FOR UPDATE OF t, j`,
};
const FIND_OTHERS = {
  name: 'job-sets-find-others',
  text: `
    SELECT j.id, j.name FROM jobs j LEFT JOIN unnest($2::text[]) AS listed (name) ON listed.name = j.name
    WHERE j.project_id = $1 AND listed.name IS NULL
    ORDER BY j.id
    LIMIT $3`,
};
const PAGE = {
  name: 'job-sets-page',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.name > $2
    ORDER BY j.name
    LIMIT $3`,
};

const ROWS = `
    FROM jsonb_to_recordset($2::jsonb) AS r (
      id uuid, name text, description text, labels jsonb, schedule jsonb, target jsonb, retry jsonb, overlap text,
      misfire jsonb, created_at timestamptz, updated_at timestamptz, state text, pause_note text, paused_at timestamptz,
      paused_until timestamptz, resumed_at timestamptz, next_occurrence_at timestamptz, next_run_at timestamptz,
      run_count int, scheduled_run_count int, version int, fires_per_million_minutes bigint, shortest_gap_ms bigint)`;
const INSERT = {
  name: 'job-sets-insert',
  text: `
    WITH row AS MATERIALIZED (SELECT r.* ${ROWS}), defined AS (
      INSERT INTO jobs (project_id, id, name, description, labels, schedule, target, retry, overlap, misfire, created_at,
                        updated_at, fires_per_million_minutes, shortest_gap_ms)
      SELECT $1, id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at,
             fires_per_million_minutes, shortest_gap_ms
      FROM row
    )
    INSERT INTO job_states (project_id, job_id, state, pause_note, paused_at, paused_until, resumed_at, next_occurrence_at,
                            next_run_at, run_count, scheduled_run_count, version)
    SELECT $1, id, state, pause_note, paused_at, paused_until, resumed_at, next_occurrence_at, next_run_at, run_count,
           scheduled_run_count, version
    FROM row`,
};
const UPDATE = {
  name: 'job-sets-update',
  text: `
    WITH row AS MATERIALIZED (SELECT r.* ${ROWS}), defined AS (
      UPDATE jobs j
      SET description = row.description, labels = row.labels, schedule = row.schedule, target = row.target,
          retry = row.retry, overlap = row.overlap, misfire = row.misfire, updated_at = row.updated_at,
          fires_per_million_minutes = row.fires_per_million_minutes, shortest_gap_ms = row.shortest_gap_ms
      FROM row WHERE j.project_id = $1 AND j.id = row.id
    )
    UPDATE job_states t
    SET state = row.state, pause_note = row.pause_note, paused_at = row.paused_at, paused_until = row.paused_until,
        resumed_at = row.resumed_at, next_occurrence_at = row.next_occurrence_at, next_run_at = row.next_run_at,
        run_count = row.run_count, scheduled_run_count = row.scheduled_run_count, version = row.version
    FROM row WHERE t.project_id = $1 AND t.job_id = row.id`,
};
const DELETE = {
  name: 'job-sets-delete',
  text: `
    WITH gone AS (DELETE FROM jobs WHERE project_id = $1 AND id = ANY ($2::uuid[]) RETURNING id)
    DELETE FROM job_stats USING gone WHERE job_stats.job_id = gone.id`,
};

const LOCK_NOT_AVAILABLE = '55P03';

/** Another transaction works on the project's jobs as a set. */
export class SetIsBusyError extends Error {}

export interface NamedJob {
  readonly id: string;
  readonly name: string;
}

/** The jobs of one project, many at a time: a few statements, however many there are. */
@Injectable()
export class JobSetsRepository {
  constructor(private readonly database: Database) {}

  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work);
  }

  /**
   * Keeps other changes of the whole set out until the transaction ends. Asks and does not wait: whoever waited inside of
   * Postgres would hold a connection, and a few of them all connections. Throws SetIsBusyError; false: no such project.
   */
  async lockProject(projectId: string, sql: Sql): Promise<boolean> {
    try {
      return (await sql.rows(LOCK_PROJECT, [projectId])).length > 0;
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) throw new SetIsBusyError();
      throw error;
    }
  }

  async findNamed(projectId: string, names: readonly string[], sql: Sql = this.database): Promise<StoredJob[]> {
    return (await sql.rows<JobRow>(FIND_NAMED, [projectId, names])).map(storedJobOf);
  }

  /** Jobs of other names than these, at most `limit`. */
  findOthers(
    projectId: string,
    names: readonly string[],
    limit: number,
    sql: Sql = this.database,
  ): Promise<NamedJob[]> {
    return sql.rows<NamedJob>(FIND_OTHERS, [projectId, names, limit]);
  }

  /** Takes the row locks of these jobs, as `JobsRepository.lock` does; then reads them. Those that are gone are left out. */
  async lock(projectId: string, ids: readonly string[], sql: Sql): Promise<StoredJob[]> {
    if (ids.length === 0) return [];
    await sql.rows(LOCK, [projectId, plainArray(ids)]);
    return (await sql.rows<JobRow>(FIND, [projectId, plainArray(ids)])).map(storedJobOf);
  }

  /** Throws a unique violation of `jobs_name_key` when a name is taken. */
  async insert(projectId: string, jobs: readonly Job[], sql: Sql): Promise<void> {
    if (jobs.length > 0) await sql.rows(INSERT, [projectId, rowsOf(jobs)]);
  }

  /** Writes all of each but its name; locked before. */
  async update(projectId: string, jobs: readonly Job[], sql: Sql): Promise<void> {
    if (jobs.length > 0) await sql.rows(UPDATE, [projectId, rowsOf(jobs)]);
  }

  async delete(projectId: string, ids: readonly string[], sql: Sql): Promise<void> {
    if (ids.length > 0) await sql.rows(DELETE, [projectId, plainArray(ids)]);
  }

  /** In the order of names, up to `limit` after this one. */
  async page(projectId: string, afterName: string, limit: number): Promise<StoredJob[]> {
    return (await this.database.rows<JobRow>(PAGE, [projectId, afterName, limit])).map(storedJobOf);
  }
}

function rowsOf(jobs: readonly Job[]): string {
  const at = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
  return JSON.stringify(
    jobs.map((job) => ({
      ...loadColumnsOf(job),
      ...{ id: job.id, name: job.name, description: job.description, labels: job.labels, schedule: job.schedule },
      ...{ target: job.target, retry: job.retry, overlap: job.overlap, misfire: job.misfire },
      ...{ created_at: at(job.createdAt), updated_at: at(job.updatedAt), state: job.state, pause_note: job.pauseNote },
      ...{ paused_at: at(job.pausedAt), paused_until: at(job.pausedUntil), resumed_at: at(job.resumedAt) },
      ...{ next_occurrence_at: at(job.nextOccurrenceAt), next_run_at: at(job.nextRunAt), run_count: job.runCount },
      ...{ scheduled_run_count: job.scheduledRunCount, version: job.version },
    })),
  );
}

function loadColumnsOf(job: Job): object {
  const { firesPerMillionMinutes, shortestGapMs } = loadOf(job);
  return { fires_per_million_minutes: firesPerMillionMinutes, shortest_gap_ms: shortestGapMs };
}
