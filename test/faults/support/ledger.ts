import type pg from 'pg';

export interface LedgerAttempt {
  readonly number: number;
  readonly startedAt: number;
  readonly outcome: string;
}

/** A row of the ledger, read past the service. Instants in epoch milliseconds. */
export interface LedgerRow {
  readonly id: string;
  readonly jobId: string;
  readonly scheduledFor: number;
  readonly dueAt: number;
  readonly trigger: string;
  readonly state: string;
  readonly reason: string | null;
  readonly jobVersion: number;
  readonly epoch: number | null;
  readonly attempt: number;
  readonly attempts: readonly LedgerAttempt[];
  /** The instant at which it was planned. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

const at = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`;

const ROWS = `
  SELECT id, job_id AS "jobId", ${at('scheduled_for')} AS "scheduledFor", ${at('due_at')} AS "dueAt", trigger, state, reason,
         job_version AS "jobVersion", epoch::float8 AS epoch, attempt, attempts, ${at('created_at')} AS "createdAt",
         ${at('started_at')} AS "startedAt", ${at('finished_at')} AS "finishedAt"
  FROM runs`;

/** The whole ledger, or that of some jobs, in the order of occurrences. */
export async function readLedger(pool: pg.Pool, jobIds?: readonly string[]): Promise<LedgerRow[]> {
  const { rows } =
    jobIds === undefined
      ? await pool.query<LedgerRow>(`${ROWS} ORDER BY scheduled_for`)
      : await pool.query<LedgerRow>(`${ROWS} WHERE job_id = ANY ($1) ORDER BY scheduled_for`, [jobIds]);
  return rows;
}

/** Runs that have not ended. */
export async function countOpen(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM runs WHERE state IN ('queued', 'running', 'retrying', 'held')`,
  );
  return rows[0]?.count ?? 0;
}

/**
 * How old the oldest occurrence is that is due and not in the ledger, in milliseconds; 0 when there is none. Not by
 * `next_run_at`: what is left of a long backlog goes behind everything that is due by now.
 */
export async function planningLagMs(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ lag: number | null }>(
    `SELECT ${at('now()')} - ${at('min(next_occurrence_at)')} AS lag FROM job_states WHERE next_run_at <= now()`,
  );
  return rows[0]?.lag ?? 0;
}
