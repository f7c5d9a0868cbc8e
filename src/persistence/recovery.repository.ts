import { Injectable } from '@nestjs/common';
import type { RetryPolicy } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunReason } from '../domain/run.js';
import { Database } from './database.js';
import type { Sql } from './database.js';

/** A run whose worker let its lease lapse. */
export interface LostRun {
  readonly id: string;
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly projectId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly lostAttempts: number;
  readonly startedAt: Instant;
  readonly claimedAt: Instant;
  /** Null when the job was deleted meanwhile. */
  readonly retry: RetryPolicy | null;
}

export interface LostRunEnd {
  readonly run: LostRun;
  readonly state: 'retrying' | 'failed' | 'cancelled';
  readonly reason: RunReason | null;
  readonly availableAt: Instant;
}

const EXPIRED_JOBS = {
  name: 'recovery-expired-jobs',
  text: `
    SELECT DISTINCT job_id AS "jobId"
    FROM (SELECT job_id FROM runs WHERE state = 'running' AND lease_until < $1::timestamptz
          ORDER BY lease_until LIMIT $2) AS expired`,
};

const SHORTEN_LEASES = {
  name: 'recovery-shorten-leases',
  text: `
    WITH long AS MATERIALIZED (
      SELECT id, scheduled_for
      FROM runs
      WHERE state = 'running' AND lease_until > $2::timestamptz
      ORDER BY lease_until DESC
      LIMIT 1000
      FOR UPDATE SKIP LOCKED
    )
    UPDATE runs SET lease_until = $1::timestamptz
    WHERE id = ANY (ARRAY(SELECT id FROM long)) AND state = 'running'
      AND scheduled_for BETWEEN (SELECT min(scheduled_for) FROM long) AND (SELECT max(scheduled_for) FROM long)`,
};

const LOCK_EXPIRED = {
  name: 'recovery-lock-expired',
  text: `
    SELECT runs.id, runs.scheduled_for AS "scheduledFor", runs.due_at AS "dueAt", runs.project_id AS "projectId",
           runs.job_id AS "jobId", runs.attempt, runs.lost_attempts AS "lostAttempts", runs.started_at AS "startedAt",
           runs.claimed_at AS "claimedAt", jobs.retry
    FROM runs LEFT JOIN jobs ON jobs.id = runs.job_id
    WHERE runs.state = 'running' AND runs.lease_until < $1::timestamptz AND runs.job_id = ANY ($3::uuid[])
    ORDER BY runs.lease_until
    LIMIT $2
    FOR UPDATE OF runs SKIP LOCKED`,
};

const END_LOST = {
  name: 'recovery-end-lost',
  text: `
    WITH ended AS (
      UPDATE runs
      SET state = n.state, reason = n.reason, available_at = n.available_at, lease_until = NULL, lease_token = NULL,
          lost_attempts = runs.lost_attempts + 1,
          lateness_ms = coalesce(runs.lateness_ms,
                                 greatest(0, extract(epoch FROM runs.started_at - runs.due_at) * 1000)::bigint),
          finished_at = CASE WHEN n.state <> 'retrying' THEN $6::timestamptz END,
          error = n.error, attempts = runs.attempts || n.attempt
      FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::timestamptz[], $7::jsonb[], $8::jsonb[])
        AS n (id, scheduled_for, state, reason, available_at, error, attempt)
      WHERE runs.id = ANY ($1::uuid[]) AND runs.id = n.id AND runs.scheduled_for = n.scheduled_for AND runs.state = 'running'
      RETURNING runs.job_id, runs.state, runs.started_at
    )
    INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak)
    SELECT ended.job_id, max(ended.started_at), 'failed', count(*)
    FROM ended JOIN jobs ON jobs.id = ended.job_id
    WHERE ended.state = 'failed'
    GROUP BY ended.job_id
    ORDER BY ended.job_id
    ON CONFLICT (job_id) DO UPDATE
    SET last_run_at = excluded.last_run_at, last_run_state = excluded.last_run_state,
        failure_streak = job_stats.failure_streak + excluded.failure_streak`,
};

/** Looked up job by job (LIMIT 1 keeps it so): a backlog of other jobs' runs must cost nothing here. */
const HELD_JOBS = {
  name: 'recovery-held-jobs',
  text: `
    SELECT held.job_id AS "jobId"
    FROM (SELECT DISTINCT job_id FROM runs WHERE state = 'held') AS held
    LEFT JOIN LATERAL (SELECT true AS found FROM runs
                       WHERE runs.job_id = held.job_id AND runs.state IN ('queued', 'running', 'retrying')
                       LIMIT 1) AS active ON true
    WHERE active.found IS NULL
    LIMIT 500`,
};

/** Only among those that wait longest: an orphan is never claimed and so ends up there, however long the backlog is. */
const CANCEL_ORPHANS = {
  name: 'recovery-cancel-orphans',
  text: `
    WITH orphans AS MATERIALIZED (
      SELECT oldest.id, oldest.scheduled_for
      FROM (SELECT id, scheduled_for, job_id FROM runs
            WHERE state IN ('queued', 'retrying') AND available_at < $2::timestamptz
            ORDER BY available_at
            LIMIT 1000) AS oldest
      LEFT JOIN LATERAL (SELECT true AS found FROM jobs WHERE jobs.id = oldest.job_id LIMIT 1) AS job ON true
      WHERE job.found IS NULL
    )
    UPDATE runs SET state = 'cancelled', reason = 'jobDeleted', finished_at = $1::timestamptz
    WHERE id = ANY (ARRAY(SELECT id FROM orphans)) AND state IN ('queued', 'retrying')
      AND scheduled_for BETWEEN (SELECT min(scheduled_for) FROM orphans) AND (SELECT max(scheduled_for) FROM orphans)
    RETURNING runs.id`,
};

/** What recovery reads and mends in the ledger. */
@Injectable()
export class RecoveryRepository {
  constructor(private readonly database: Database) {}

  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work);
  }

  /** Leases that end after `beyond` end at `leaseUntil` instead, unless their holders renew them; answers how many. */
  shortenLeases(leaseUntil: Instant, beyond: Instant): Promise<number> {
    return this.database.count(SHORTEN_LEASES, [formatInstant(leaseUntil), formatInstant(beyond)]);
  }

  /** Jobs of the runs whose lease lapsed before `now`, from at most `limit` runs. */
  async jobsWithExpiredLeases(now: Instant, limit: number): Promise<string[]> {
    const rows = await this.database.rows<{ jobId: string }>(EXPIRED_JOBS, [formatInstant(now), limit]);
    return rows.map((row) => row.jobId);
  }

  lockExpired(sql: Sql, jobIds: readonly string[], now: Instant, limit: number): Promise<LostRun[]> {
    return sql.rows<LostRun>(LOCK_EXPIRED, [formatInstant(now), limit, jobIds]);
  }

  async endLost(sql: Sql, ends: readonly LostRunEnd[], now: Instant): Promise<void> {
    const error = JSON.stringify({ code: 'worker_lost', message: 'the worker died or lost its lease during the call' });
    await sql.rows(END_LOST, [
      ends.map(({ run }) => run.id),
      ends.map(({ run }) => formatInstant(run.scheduledFor)),
      ends.map(({ state }) => state),
      ends.map(({ reason }) => reason),
      ends.map(({ availableAt }) => formatInstant(availableAt)),
      formatInstant(now),
      ends.map(() => error),
      ends.map(({ run }) =>
        JSON.stringify({
          number: run.attempt,
          startedAt: run.claimedAt,
          durationMs: null,
          outcome: 'lost',
          status: null,
          error: JSON.parse(error) as unknown,
        }),
      ),
    ]);
  }

  /** Jobs with held runs and no active one: their promotion was missed. */
  async jobsWithStuckHeldRuns(): Promise<string[]> {
    const rows = await this.database.rows<{ jobId: string }>(HELD_JOBS);
    return rows.map((row) => row.jobId);
  }

  /** Runs that wait since before `waitingSince` and whose job is gone; answers how many it cancelled. */
  async cancelOrphans(now: Instant, waitingSince: Instant): Promise<number> {
    const rows = await this.database.rows(CANCEL_ORPHANS, [formatInstant(now), formatInstant(waitingSince)]);
    return rows.length;
  }
}
