import type { Instant } from '../domain/recurrence/schedule.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { OpenRuns } from '../domain/planning/overlap.js';
import type { RunReason, RunState, RunTrigger } from '../domain/run.js';
import type { Sql, SqlValue } from './database.js';
import { plainArray, sharedArray, sparseArray } from './plain-array.js';

/** A run about to enter the ledger. Instants in epoch milliseconds. */
export interface NewRun {
  readonly id: string;
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly projectId: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly jobVersion: number;
  readonly trigger: RunTrigger;
  /** 0 for an occurrence; anything else for a manual run or a replay, which share no occurrence. */
  readonly triggerNonce: number;
  readonly epoch: number | null;
  readonly state: Extract<RunState, 'queued' | 'held' | 'skipped'>;
  readonly reason: RunReason | null;
  readonly maxAttempts: number;
  /** JSON text of the body that replaces the job's, or null. */
  readonly body: string | null;
}

/** For `runsColumns`: $1 to $15. */
export const INSERT_RUNS_SQL = `
    INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, epoch,
                      state, reason, max_attempts, body, available_at, created_at, finished_at)
    SELECT n.id, coalesce(n.scheduled_for, ($2::timestamptz[])[1]),
           coalesce(n.due_at, n.scheduled_for, ($2::timestamptz[])[1]), coalesce(n.project_id, ($4::uuid[])[1]), n.job_id,
           n.job_name, coalesce(n.job_version, ($7::int[])[1]), coalesce(n.trigger, ($8::text[])[1]),
           coalesce(n.trigger_nonce, ($9::int[])[1]), n.epoch, coalesce(n.state, ($11::text[])[1]), n.reason,
           coalesce(n.max_attempts, ($13::int[])[1]), n.body, $15::timestamptz, $15::timestamptz,
           CASE WHEN coalesce(n.state, ($11::text[])[1]) = 'skipped' THEN $15::timestamptz END
    FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::text[], $7::int[], $8::text[],
                $9::int[], $10::bigint[], $11::text[], $12::text[], $13::int[], $14::jsonb[])
      AS n (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, epoch,
            state, reason, max_attempts, body)
    ON CONFLICT (job_id, scheduled_for, trigger_nonce) DO NOTHING`;

const INSERT_RUNS = { name: 'ledger-insert-runs', text: INSERT_RUNS_SQL };

const ENTERED_RUNS = {
  name: 'ledger-entered-runs',
  text: `SELECT id FROM runs WHERE id = ANY ($1::uuid[]) AND scheduled_for BETWEEN $2::timestamptz AND $3::timestamptz`,
};

/**
 * Writes runs into the ledger and answers the ids of those that were new: an occurrence that has a run already keeps it.
 */
export async function insertRuns(sql: Sql, runs: readonly NewRun[], now: Instant): Promise<Set<string>> {
  if (runs.length === 0) return new Set();
  const inserted = await sql.count(INSERT_RUNS, runsColumns(runs, now));
  return inserted === runs.length ? new Set(runs.map((run) => run.id)) : enteredRuns(sql, runs);
}

/** The values of `INSERT_RUNS_SQL`. */
export function runsColumns(runs: readonly NewRun[], now: Instant): SqlValue[] {
  const column = <Value extends string | number | null>(read: (run: NewRun) => Value): Value[] => runs.map(read);
  return [
    plainArray(column((run) => run.id)),
    sharedArray(column((run) => formatInstant(run.scheduledFor))),
    sparseArray(column((run) => (run.dueAt === run.scheduledFor ? null : formatInstant(run.dueAt)))),
    sharedArray(column((run) => run.projectId)),
    plainArray(column((run) => run.jobId)),
    column((run) => run.jobName),
    sharedArray(column((run) => run.jobVersion)),
    sharedArray(column((run) => run.trigger)),
    sharedArray(column((run) => run.triggerNonce)),
    sparseArray(column((run) => run.epoch)),
    sharedArray(column((run) => run.state)),
    sparseArray(column((run) => run.reason)),
    sharedArray(column((run) => run.maxAttempts)),
    runs.every((run) => run.body === null) ? [] : column((run) => run.body),
    formatInstant(now),
  ];
}

/** After an insert that left some out: which of these did enter. Ids are drawn afresh for each plan, so they say it. */
export async function enteredRuns(sql: Sql, runs: readonly NewRun[]): Promise<Set<string>> {
  const [from, to] = spanOf(runs);
  const rows = await sql.rows<{ id: string }>(ENTERED_RUNS, [plainArray(runs.map((run) => run.id)), from, to]);
  return new Set(rows.map((row) => row.id));
}

/** First and last `scheduledFor`: lets Postgres look only into the partitions that can hold the rows. */
export function spanOf(runs: readonly { readonly scheduledFor: Instant }[]): [string, string] {
  let [from, to] = [Infinity, -Infinity];
  for (const { scheduledFor } of runs) {
    from = Math.min(from, scheduledFor);
    to = Math.max(to, scheduledFor);
  }
  return [formatInstant(from), formatInstant(to)];
}

const COUNT_OPEN_RUNS = {
  name: 'ledger-count-open-runs',
  text: `
    SELECT job_id, count(*) FILTER (WHERE state <> 'held') AS active, count(*) FILTER (WHERE state = 'held') AS held
    FROM runs
    WHERE job_id = ANY ($1::uuid[]) AND state IN ('queued', 'running', 'retrying', 'held')
    GROUP BY job_id`,
};

/** Open runs of each of these jobs (none: not in the map). Only true while the caller holds the jobs' row locks. */
export async function countOpenRuns(sql: Sql, jobIds: readonly string[]): Promise<Map<string, OpenRuns>> {
  if (jobIds.length === 0) return new Map();
  const rows = await sql.rows<{ job_id: string; active: number; held: number }>(COUNT_OPEN_RUNS, [jobIds]);
  return new Map(rows.map((row) => [row.job_id, { active: row.active, held: row.held }]));
}

/**
 * All open states are named beside the wanted ones, for that is what the index of open runs holds: without it a job's whole
 * history would be read. Locks in the order of ids, as renewing and finishing do.
 */
const CANCEL_OPEN_RUNS = {
  name: 'ledger-cancel-open-runs',
  text: `
    WITH open AS MATERIALIZED (
      SELECT id, scheduled_for
      FROM runs
      WHERE job_id = ANY ($1::uuid[]) AND state IN ('queued', 'running', 'retrying', 'held') AND state = ANY ($4::text[])
      ORDER BY id
      FOR UPDATE
    )
    UPDATE runs SET state = 'cancelled', reason = $2, finished_at = $3::timestamptz, lease_token = NULL, lease_until = NULL
    WHERE id = ANY (ARRAY(SELECT id FROM open))
      AND scheduled_for BETWEEN (SELECT min(scheduled_for) FROM open) AND (SELECT max(scheduled_for) FROM open)
    RETURNING id`,
};

/**
 * Cancels the open runs of these jobs that are in one of `states`. A worker that holds one finds its token gone; tell the
 * replicas (`runsCancelled`) after the commit so that calls under way are aborted at once.
 */
export async function cancelOpenRuns(
  sql: Sql,
  jobIds: readonly string[],
  states: readonly RunState[],
  reason: RunReason,
  now: Instant,
): Promise<string[]> {
  if (jobIds.length === 0) return [];
  const rows = await sql.rows<{ id: string }>(CANCEL_OPEN_RUNS, [jobIds, reason, formatInstant(now), states]);
  return rows.map((row) => row.id);
}

/** Active runs are looked for job by job (LIMIT 1 keeps it so): a backlog of other jobs' runs must cost nothing here. */
const PROMOTE_HELD_RUNS = {
  name: 'ledger-promote-held-runs',
  text: `
    WITH first_held AS (
      SELECT DISTINCT ON (job_id) id, scheduled_for, job_id
      FROM runs
      WHERE job_id = ANY ($1::uuid[]) AND state = 'held'
      ORDER BY job_id, scheduled_for, created_at
    ), free AS MATERIALIZED (
      SELECT first_held.id, first_held.scheduled_for
      FROM first_held
      LEFT JOIN LATERAL (SELECT true AS found FROM runs
                         WHERE runs.job_id = first_held.job_id AND runs.state IN ('queued', 'running', 'retrying')
                         LIMIT 1) AS active ON true
      WHERE active.found IS NULL
    )
    UPDATE runs SET state = 'queued', available_at = $2::timestamptz
    WHERE id = ANY (ARRAY(SELECT id FROM free)) AND state = 'held'
      AND scheduled_for BETWEEN (SELECT min(scheduled_for) FROM free) AND (SELECT max(scheduled_for) FROM free)
    RETURNING runs.id`,
};

/**
 * Queues the oldest held run of each of these jobs that has no active one. The caller holds the jobs' row locks, so that
 * a planner that counts open runs and this promotion can't miss each other.
 */
export async function promoteHeldRuns(sql: Sql, jobIds: readonly string[], now: Instant): Promise<string[]> {
  if (jobIds.length === 0) return [];
  const rows = await sql.rows<{ id: string }>(PROMOTE_HELD_RUNS, [jobIds, formatInstant(now)]);
  return rows.map((row) => row.id);
}

const LOCK_JOBS = {
  name: 'ledger-lock-jobs',
  text: `SELECT job_id FROM job_states WHERE job_id = ANY ($1::uuid[]) ORDER BY job_id FOR UPDATE`,
};

/** Takes the jobs' row locks in one order for everyone, so that two such transactions can't deadlock. */
export async function lockJobs(sql: Sql, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length > 0) await sql.rows(LOCK_JOBS, [jobIds]);
}
