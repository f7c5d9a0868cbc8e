import { Injectable } from '@nestjs/common';
import type { JobRevision, RevisionChange } from '../domain/job-revision.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';

const COLUMNS = `r.version, r.at, r.state, r.pause_note AS "pauseNote", r.paused_until AS "pausedUntil", r.definition, r.occurrence_edits AS "occurrenceEdits"`;

/** The project's row is looked at first: of another's job nothing is told. */
const OF_JOB = `FROM jobs j JOIN job_revisions r ON r.job_id = j.id WHERE j.project_id = $1 AND j.id = $2`;

const FIND = { name: 'job-revisions-find', text: `SELECT ${COLUMNS} ${OF_JOB} AND r.version = $3` };

/** The audit log may have forgotten who it was, or another program wrote the job. */
const PAGE = {
  name: 'job-revisions-page',
  text: `
    SELECT ${COLUMNS}, a.action, a.actor_type AS "actorType", a.actor_id AS "actorId", a.actor_name AS "actorName",
           a.before, a.after
    FROM (SELECT r.* ${OF_JOB} AND ($3::int IS NULL OR r.version < $3) ORDER BY r.version DESC LIMIT $4) AS r
    LEFT JOIN audit_log a ON a.thing_id = r.job_id AND a.job_version = r.version AND a.job_version IS NOT NULL
    ORDER BY r.version DESC`,
};

/** Those in force at some instant of the span: the one before it too. */
const SPAN = {
  name: 'job-revisions-span',
  text: `
    SELECT ${COLUMNS} ${OF_JOB} AND r.at <= $4::timestamptz
      AND r.version >= coalesce((SELECT max(b.version) FROM job_revisions b WHERE b.job_id = $2 AND b.at <= $3::timestamptz), 0)
    ORDER BY r.version LIMIT $5`,
};

/** Of all projects: for who looks after the ledger as a whole. */
const JOBS_AFTER = {
  name: 'job-revisions-jobs-after',
  text: `
    SELECT id, project_id AS "projectId", created_at AS "createdAt" FROM jobs
    WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
};

/** What is in force is never too old. */
const TRIM = {
  name: 'job-revisions-trim',
  text: `
    DELETE FROM job_revisions
    WHERE ctid = ANY (ARRAY(
      SELECT r.ctid FROM job_revisions r
      WHERE r.at < $1::timestamptz
        AND EXISTS (SELECT FROM job_revisions n WHERE n.job_id = r.job_id AND n.version > r.version AND n.at < $1::timestamptz)
      ORDER BY r.at LIMIT $2))`,
};

type RevisionRow = JobRevision & { readonly [Member in keyof RevisionChange]: RevisionChange[Member] | null };

export interface JobOfAll {
  readonly id: string;
  readonly projectId: string;
  readonly createdAt: Instant;
}

export interface ListedRevision {
  readonly revision: JobRevision;
  /** Null: the audit log does not know. */
  readonly change: RevisionChange | null;
}

/** How jobs were, of one project at a time. They are written by the database itself, with the versions that they keep. */
@Injectable()
export class JobRevisionsRepository {
  constructor(private readonly database: Database) {}

  async find(projectId: string, jobId: string, version: number, sql: Sql = this.database): Promise<JobRevision | null> {
    const [revision] = await sql.rows<JobRevision>(FIND, [projectId, jobId, version]);
    return revision ?? null;
  }

  /** The newest first, up to `limit` before `beforeVersion`. */
  async page(projectId: string, jobId: string, beforeVersion: number | null, limit: number): Promise<ListedRevision[]> {
    const rows = await this.database.rows<RevisionRow>(PAGE, [projectId, jobId, beforeVersion, limit]);
    return rows.map(({ action, actorType, actorId, actorName, before, after, ...revision }) => ({
      revision,
      change: action === null || actorType === null ? null : { action, actorType, actorId, actorName, before, after },
    }));
  }

  /** Those in force at some instant from `from` to `to`, the oldest first, `limit` at most. */
  inSpan(projectId: string, jobId: string, from: Instant, to: Instant, limit: number): Promise<JobRevision[]> {
    const values = [projectId, jobId, formatInstant(from), formatInstant(to), limit];
    return this.database.rows<JobRevision>(SPAN, values);
  }

  /** Jobs in the order of their ids, `limit` at most. */
  jobsAfter(afterId: string | null, limit: number): Promise<JobOfAll[]> {
    return this.database.rows<JobOfAll>(JOBS_AFTER, [afterId, limit]);
  }

  /** Deletes versions that another took the place of before an instant, at most `limit`; answers how many. */
  trim(before: Instant, limit: number): Promise<number> {
    return this.database.count(TRIM, [formatInstant(before), limit]);
  }
}
