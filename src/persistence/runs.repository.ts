import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { AuditedRun } from '../domain/ledger-audit.js';
import type { Run } from '../domain/run.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { spanOf } from './ledger-writes.js';
import { plainArray } from './plain-array.js';
import { scheduledForOf } from './run-id.js';
import { ATTEMPTS_COLUMN, RUN_COLUMNS } from './run-rows.js';

/** Beyond the year 9999 RFC 3339 has no spelling, and no run is scheduled. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** A run, and the body that it was given in place of its job's: JSON text, or null. */
export type RunWithBody = Run & { readonly body: string | null };

/** A run as lists have it, with the body that it was given. */
export type FoundRun = Omit<RunWithBody, 'attempts'>;

// The id's time names the partition.
const ONE = `r.project_id = $1 AND r.id = $2 AND r.scheduled_for = $3::timestamptz`;

const FIND = {
  name: 'runs-find',
  text: `SELECT ${RUN_COLUMNS}, ${ATTEMPTS_COLUMN}, r.body::text AS body FROM runs r WHERE ${ONE}`,
};

const CANCEL = {
  name: 'runs-cancel',
  text: `
    UPDATE runs r
    SET state = 'cancelled', reason = 'cancelledByUser', finished_at = $4::timestamptz, lease_token = NULL, lease_until = NULL
    WHERE ${ONE} AND r.state IN ('queued', 'running', 'retrying', 'held')
    RETURNING r.id`,
};

const FIND_MANY = {
  name: 'runs-find-many',
  text: `
    SELECT ${RUN_COLUMNS}, r.body::text AS body FROM runs r
    WHERE r.project_id = $1 AND r.id = ANY ($2::uuid[]) AND r.scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz`,
};

/** Locks in the order of ids, as all do who write several. */
const CANCEL_MANY = {
  name: 'runs-cancel-many',
  text: `
    WITH open AS MATERIALIZED (
      SELECT r.id FROM runs r
      WHERE r.project_id = $1 AND r.id = ANY ($2::uuid[]) AND r.scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz
        AND r.state IN ('queued', 'running', 'retrying', 'held')
      ORDER BY r.id
      FOR UPDATE
    )
    UPDATE runs
    SET state = 'cancelled', reason = 'cancelledByUser', finished_at = $5::timestamptz, lease_token = NULL, lease_until = NULL
    WHERE id = ANY (ARRAY(SELECT id FROM open)) AND scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz
    RETURNING id`,
};

const WITH_RUN = {
  name: 'runs-occurrences-with-run',
  text: `
    SELECT scheduled_for AS at FROM runs
    WHERE job_id = $1 AND trigger_nonce = 0 AND scheduled_for BETWEEN $2::timestamptz AND $3::timestamptz`,
};

/** The index of occurrences leads to it: one, for nonce 0 is the schedule's. */
const AT = {
  name: 'runs-at-occurrence',
  text: `
    SELECT ${RUN_COLUMNS} FROM runs r
    WHERE r.project_id = $1 AND r.job_id = $2 AND r.scheduled_for = $3::timestamptz AND r.trigger_nonce = 0`,
};

/** What was open when a run entered the ledger, of the days before it: the newest of them. */
const OPEN_AT = {
  name: 'runs-open-at',
  text: `
    SELECT o.id
    FROM runs r JOIN runs o ON o.job_id = r.job_id
    WHERE ${ONE} AND o.scheduled_for BETWEEN $3::timestamptz - interval '7 days' AND $3::timestamptz
      AND o.id <> r.id AND o.state <> 'skipped' AND o.created_at <= r.created_at
      AND (o.finished_at IS NULL OR o.finished_at > r.created_at)
    ORDER BY o.scheduled_for DESC LIMIT 1`,
};

const AUDITED = {
  name: 'runs-audited',
  text: `
    SELECT id, scheduled_for AS "scheduledFor", due_at AS "dueAt", started_at AS "startedAt", trigger,
           trigger_nonce AS nonce
    FROM runs
    WHERE project_id = $1 AND job_id = $2 AND scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz
      AND trigger_nonce = 0
    ORDER BY scheduled_for LIMIT $5`,
};

/** The ledger as people see it, of one project at a time. */
@Injectable()
export class RunsRepository {
  constructor(private readonly database: Database) {}

  async find(projectId: string, id: string, sql: Sql = this.database): Promise<RunWithBody | null> {
    const scheduledFor = scheduledForOf(id);
    if (scheduledFor === null || scheduledFor > LAST_INSTANT) return null;
    const [run] = await sql.rows<RunWithBody>(FIND, [projectId, id, formatInstant(scheduledFor)]);
    return run ?? null;
  }

  /** Ends an open run; false when it isn't open. A worker that holds it finds its token gone. */
  async cancel(projectId: string, run: Pick<Run, 'id' | 'scheduledFor'>, now: Instant, sql: Sql): Promise<boolean> {
    const rows = await sql.rows(CANCEL, [projectId, run.id, formatInstant(run.scheduledFor), formatInstant(now)]);
    return rows.length > 0;
  }

  /** Those of these ids that are runs of the project. */
  async findMany(projectId: string, ids: readonly string[], sql: Sql = this.database): Promise<FoundRun[]> {
    const known = ids.flatMap((id) => {
      const scheduledFor = scheduledForOf(id);
      return scheduledFor === null || scheduledFor > LAST_INSTANT ? [] : [{ id, scheduledFor }];
    });
    if (known.length === 0) return [];
    const values = [projectId, plainArray(known.map(({ id }) => id)), ...spanOf(known)];
    return sql.rows<FoundRun>(FIND_MANY, values);
  }

  /** Ends those of these that are open, and answers their ids. */
  async cancelMany(
    projectId: string,
    runs: readonly Pick<Run, 'id' | 'scheduledFor'>[],
    now: Instant,
    sql: Sql,
  ): Promise<Set<string>> {
    if (runs.length === 0) return new Set();
    const values = [projectId, plainArray(runs.map(({ id }) => id)), ...spanOf(runs), formatInstant(now)];
    const rows = await sql.rows<{ id: string }>(CANCEL_MANY, values);
    return new Set(rows.map(({ id }) => id));
  }

  /** The run of the schedule for an occurrence, a skipped one too. */
  async findAt(projectId: string, jobId: string, scheduledFor: Instant): Promise<Omit<Run, 'attempts'> | null> {
    const [run] = await this.database.rows<Omit<Run, 'attempts'>>(AT, [projectId, jobId, formatInstant(scheduledFor)]);
    return run ?? null;
  }

  /** The run of the same job that was open when a run entered the ledger. */
  async openBeside(projectId: string, { id, scheduledFor }: Pick<Run, 'id' | 'scheduledFor'>): Promise<string | null> {
    const [open] = await this.database.rows<{ id: string }>(OPEN_AT, [projectId, id, formatInstant(scheduledFor)]);
    return open?.id ?? null;
  }

  /** Runs of the schedule for instants in [from, to], in their order, `limit` at most. */
  audited(projectId: string, jobId: string, from: Instant, to: Instant, limit: number): Promise<AuditedRun[]> {
    const values = [projectId, jobId, formatInstant(from), formatInstant(to), limit];
    return this.database.rows<AuditedRun>(AUDITED, values);
  }

  /** Occurrences of a job in [from, to] that have a run, skipped ones too. */
  async occurrencesWithRun(jobId: string, from: Instant, to: Instant): Promise<Set<Instant>> {
    const rows = await this.database.rows<{ at: Instant }>(WITH_RUN, [jobId, formatInstant(from), formatInstant(to)]);
    return new Set(rows.map((row) => row.at));
  }
}
