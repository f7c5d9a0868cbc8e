import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunError } from '../domain/run.js';
import type { HostCounts, HostFailure } from '../domain/statistics/target-health.js';
import { Database } from './database.js';
import { HOST } from './rollup-sql.js';

/** Rollups of minutes; histograms are left as they are, one after the other. */
const HOSTS = {
  name: 'attention-hosts',
  text: `
    SELECT c.host, c.runs, c.failed, c.attempts, d.duration
    FROM (SELECT host, sum(runs)::int AS runs, sum(failed)::int AS failed, sum(attempts)::int AS attempts
          FROM host_rollups WHERE project_id = $1 AND at >= $2::timestamptz AND at < $3::timestamptz
          GROUP BY host ORDER BY sum(failed) DESC, sum(runs) DESC LIMIT $4) c
    LEFT JOIN (
      SELECT host, string_agg((bucket << 40 | n)::text, ',') AS duration
      FROM (SELECT host, packed >> 40 AS bucket, sum(packed & ((1::bigint << 40) - 1))::bigint AS n
            FROM host_rollups, unnest(duration) AS packed
            WHERE project_id = $1 AND at >= $2::timestamptz AND at < $3::timestamptz GROUP BY host, bucket) b
      GROUP BY host
    ) d USING (host)`,
};

/** The newest, along the index of rare ends; the host is what the job's target names now. OFFSET keeps it a look at each job. */
const FAILURES = {
  name: 'attention-failures',
  text: `
    SELECT f.at, f.error, f.job_id AS "jobId", ${HOST} AS host
    FROM (SELECT coalesce(finished_at, scheduled_for) AS at, error, job_id, scheduled_for, id FROM runs
          WHERE project_id = $1 AND state = 'failed' AND scheduled_for >= $2::timestamptz AND scheduled_for <= $3::timestamptz
          ORDER BY scheduled_for DESC, id DESC LIMIT $4) f,
         LATERAL (SELECT target FROM jobs WHERE id = f.job_id OFFSET 0) j
    ORDER BY f.scheduled_for DESC, f.id DESC`,
};

const STREAKS = {
  name: 'attention-streaks',
  text: `
    SELECT j.id, j.name, s.failure_streak AS streak, s.last_run_at AS "lastRunAt"
    FROM job_stats s JOIN jobs j ON j.id = s.job_id
    WHERE s.job_id = ANY ($2::uuid[]) AND j.project_id = $1 AND s.failure_streak >= $3 AND s.last_run_state = 'failed'
    ORDER BY s.failure_streak DESC LIMIT $4`,
};

/** Along the index of next runs. */
const OVERDUE = {
  name: 'attention-overdue',
  text: `
    SELECT j.id, j.name, t.next_run_at AS at
    FROM (SELECT job_id, next_run_at FROM job_states
          WHERE project_id = $1 AND (CASE WHEN state = 'active' THEN next_run_at END) < $2::timestamptz
          ORDER BY (CASE WHEN state = 'active' THEN next_run_at END) LIMIT $3) t
    JOIN jobs j ON j.id = t.job_id ORDER BY t.next_run_at`,
};

/** Of the paused jobs only so many are looked at. */
const PAUSED = {
  name: 'attention-paused',
  text: `
    SELECT j.id, j.name, p.paused_at AS "pausedAt", p.paused_until AS "pausedUntil", p.pause_note AS note
    FROM (SELECT job_id, paused_at, paused_until, pause_note FROM job_states
          WHERE project_id = $1 AND state = 'paused' ORDER BY job_id LIMIT $4) p
    JOIN jobs j ON j.id = p.job_id
    WHERE p.pause_note LIKE 'parked: %' OR p.paused_until BETWEEN $2::timestamptz AND $3::timestamptz
    ORDER BY p.paused_until NULLS FIRST LIMIT $5`,
};

const PAUSED_LOOKED_AT = 1_000;
const SHOWN = 20;

export type JobFailure = HostFailure & { readonly jobId: string };

export interface NamedJob {
  readonly id: string;
  readonly name: string;
}
export type FailingJob = NamedJob & { readonly streak: number; readonly lastRunAt: Instant };
export type OverdueJob = NamedJob & { readonly at: Instant };
export type PausedJob = NamedJob & {
  readonly pausedAt: Instant | null;
  readonly pausedUntil: Instant | null;
  readonly note: string | null;
};

/** What may need somebody, each looked for within bounds. */
@Injectable()
export class AttentionRepository {
  constructor(private readonly database: Database) {}

  /** What was called in [from, to), by host: those that fail most, `limit` at most. */
  hosts(projectId: string, from: Instant, to: Instant, limit: number): Promise<HostCounts[]> {
    const values = [projectId, formatInstant(from), formatInstant(to), limit];
    return this.database.rows<HostCounts>(HOSTS, values);
  }

  /** The newest failed runs of [from, to], `limit` at most. */
  async failures(projectId: string, from: Instant, to: Instant, limit: number): Promise<JobFailure[]> {
    const values = [projectId, formatInstant(from), formatInstant(to), limit];
    const rows = await this.database.rows<Omit<JobFailure, 'host'> & { host: string | null; error: RunError | null }>(
      FAILURES,
      values,
    );
    return rows.flatMap((row) => (row.host === null ? [] : [{ ...row, host: row.host }]));
  }

  /** Of these jobs those that have failed so often in a row. */
  failing(projectId: string, jobIds: readonly string[], streak: number): Promise<FailingJob[]> {
    return this.database.rows<FailingJob>(STREAKS, [projectId, jobIds, streak, SHOWN]);
  }

  /** Active jobs that should have been planned before an instant. */
  overdue(projectId: string, before: Instant, limit: number): Promise<OverdueJob[]> {
    return this.database.rows<OverdueJob>(OVERDUE, [projectId, formatInstant(before), limit]);
  }

  /** Jobs that are parked, and pauses that end in [from, to]. */
  paused(projectId: string, from: Instant, to: Instant): Promise<PausedJob[]> {
    const values = [projectId, formatInstant(from), formatInstant(to), PAUSED_LOOKED_AT, SHOWN];
    return this.database.rows<PausedJob>(PAUSED, values);
  }
}
