import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { loadOf } from '../domain/quotas.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Sql } from './database.js';
import { CALENDAR_REFS } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { JOB_COLUMNS, JOB_TABLES, plannableJobsOf, STATS_COLUMNS } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';
import { plainArray } from './plain-array.js';

/** In the order of ids, as everyone who locks several: two such transactions can't deadlock. */
const LOCK = {
  name: 'job-batches-lock',
  text: `
    SELECT job_id AS id FROM job_states WHERE project_id = $1 AND job_id = ANY ($2::uuid[])
    ORDER BY job_id FOR UPDATE`,
};
const FIND = {
  name: 'job-batches-find',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}, ${CALENDAR_REFS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.id = ANY ($2::uuid[])`,
};

/** $1: the project; $2: a list of jobs as JSON. */
const GIVEN = `
    given AS MATERIALIZED (
      SELECT g.*, o.place
      FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS o (job, place), jsonb_to_record(o.job) AS g (
        id uuid, name text, description text, labels jsonb, schedule jsonb, target jsonb, retry jsonb, overlap text,
        misfire jsonb, state text, pause_note text, paused_at timestamptz, paused_until timestamptz, resumed_at timestamptz,
        next_occurrence_at timestamptz, next_run_at timestamptz, run_count int, scheduled_run_count int, version int,
        created_at timestamptz, updated_at timestamptz, fires_per_million_minutes bigint, shortest_gap_ms bigint,
        occurrence_edits jsonb)
    )`;
/** By names, for whoever inserts a name waits for another transaction with it: in one order nobody waits in a circle. */
const INSERT = {
  name: 'job-batches-insert',
  text: `
    WITH ${GIVEN}, defined AS (
      INSERT INTO jobs (project_id, id, name, description, labels, schedule, target, retry, overlap, misfire, created_at,
                        updated_at, fires_per_million_minutes, shortest_gap_ms)
      SELECT $1, id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at,
             fires_per_million_minutes, shortest_gap_ms
      FROM given ORDER BY name COLLATE "C", place
      ON CONFLICT ON CONSTRAINT jobs_name_key DO NOTHING
      RETURNING id
    )
    INSERT INTO job_states (project_id, job_id, state, pause_note, paused_at, paused_until, resumed_at, next_occurrence_at,
                            next_run_at, run_count, scheduled_run_count, version)
    SELECT $1, id, state, pause_note, paused_at, paused_until, resumed_at, next_occurrence_at, next_run_at, run_count,
           scheduled_run_count, version
    FROM given JOIN defined USING (id)
    RETURNING job_id AS id`,
};
const UPDATE = {
  name: 'job-batches-update',
  text: `
    WITH ${GIVEN}, defined AS (
      UPDATE jobs j
      SET description = g.description, labels = g.labels, schedule = g.schedule, target = g.target, retry = g.retry,
          overlap = g.overlap, misfire = g.misfire, updated_at = g.updated_at,
          fires_per_million_minutes = g.fires_per_million_minutes, shortest_gap_ms = g.shortest_gap_ms
      FROM given g WHERE j.project_id = $1 AND j.id = g.id
    )
    UPDATE job_states t
    SET state = g.state, pause_note = g.pause_note, paused_at = g.paused_at, paused_until = g.paused_until,
        resumed_at = g.resumed_at, next_occurrence_at = g.next_occurrence_at, next_run_at = g.next_run_at,
        run_count = g.run_count, scheduled_run_count = g.scheduled_run_count, version = g.version,
        occurrence_edits = g.occurrence_edits
    FROM given g WHERE t.project_id = $1 AND t.job_id = g.id`,
};
const DELETE = {
  name: 'job-batches-delete',
  text: `
    WITH gone AS (DELETE FROM jobs WHERE project_id = $1 AND id = ANY ($2::uuid[]) RETURNING id)
    DELETE FROM job_stats USING gone WHERE job_stats.job_id = gone.id`,
};

/** Many jobs of one project with a statement or two, however many they are. All inside of a write's transaction. */
@Injectable()
export class JobBatchesRepository {
  /** Takes the row locks of these jobs, as `JobsRepository.lock` does, then reads them. Those that are not there are left out. */
  async lock(projectId: string, ids: readonly string[], sql: Sql): Promise<StoredJob[]> {
    if (ids.length === 0) return [];
    await sql.rows(LOCK, [projectId, plainArray(ids)]);
    return plannableJobsOf(await sql.rows<JobRow & WithRefs>(FIND, [projectId, plainArray(ids)]), sql);
  }

  /** Answers the ids of those that entered: of a taken name, or of one that several have, the first. */
  async insert(projectId: string, jobs: readonly Job[], sql: Sql): Promise<Set<string>> {
    if (jobs.length === 0) return new Set();
    const entered = await sql.rows<{ id: string }>(INSERT, [projectId, givenOf(jobs)]);
    return new Set(entered.map(({ id }) => id));
  }

  /** Writes all of each but its name; locked before. */
  async update(projectId: string, jobs: readonly Job[], sql: Sql): Promise<void> {
    if (jobs.length > 0) await sql.rows(UPDATE, [projectId, givenOf(jobs)]);
  }

  async delete(projectId: string, ids: readonly string[], sql: Sql): Promise<void> {
    if (ids.length > 0) await sql.rows(DELETE, [projectId, plainArray(ids)]);
  }
}

function givenOf(jobs: readonly Job[]): string {
  return JSON.stringify(jobs.map(rowOf));
}

function rowOf(job: Job): object {
  const { id, name, description, labels, schedule, target, retry, overlap, misfire, state, version } = job;
  const { firesPerMillionMinutes, shortestGapMs } = loadOf(job);
  return {
    fires_per_million_minutes: firesPerMillionMinutes,
    shortest_gap_ms: shortestGapMs,
    ...{ id, name, description, labels, schedule, target, retry, overlap, misfire, state, version },
    pause_note: job.pauseNote,
    paused_at: textOf(job.pausedAt),
    paused_until: textOf(job.pausedUntil),
    resumed_at: textOf(job.resumedAt),
    next_occurrence_at: textOf(job.nextOccurrenceAt),
    next_run_at: textOf(job.nextRunAt),
    run_count: job.runCount,
    scheduled_run_count: job.scheduledRunCount,
    occurrence_edits: job.occurrenceEdits ?? undefined,
    created_at: textOf(job.createdAt),
    updated_at: textOf(job.updatedAt),
  };
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
