import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database, PROMPT_MS } from './database.js';

/** Counting stops here: a backlog must not cost more the longer it is. */
const RUNS_COUNTED = 10_000;
const JOBS_COUNTED = 1_000;

/** Each a look at the start of an index that planning and claims use. */
const BACKLOG = {
  name: 'ledger-health-backlog',
  limitMs: PROMPT_MS,
  text: `
    SELECT (SELECT count(*) FROM (SELECT FROM runs WHERE state IN ('queued', 'retrying') AND available_at <= $1::timestamptz
                                  LIMIT ${RUNS_COUNTED}) AS counted) AS waiting,
           (SELECT available_at FROM runs WHERE state IN ('queued', 'retrying') AND available_at <= $1::timestamptz
            ORDER BY available_at LIMIT 1) AS "oldestAt",
           (SELECT next_run_at FROM job_states WHERE next_run_at <= $1::timestamptz ORDER BY next_run_at LIMIT 1)
             AS "overdueAt"`,
};

/**
 * The index holds the failing alone, and each is looked up by itself: a join could read every job. Paused and completed ones
 * call nobody any more.
 */
const FAILING = {
  name: 'ledger-health-failing',
  limitMs: PROMPT_MS,
  text: `
    WITH failing AS MATERIALIZED (SELECT job_id FROM job_stats WHERE failure_streak >= 3 LIMIT ${JOBS_COUNTED})
    SELECT count(*) FILTER (
      WHERE (SELECT state FROM job_states WHERE job_states.job_id = failing.job_id) = 'active') AS jobs
    FROM failing`,
};

export interface Backlog {
  /** Runs that could start now, counted up to 10,000. */
  readonly waiting: number;
  /** Since when the first of them waits; null: none does. */
  readonly oldestAt: Instant | null;
  /** The earliest due instant that nobody has planned; null: none has passed. */
  readonly overdueAt: Instant | null;
}

/** What gauges tell of the ledger as a whole, at a cost that does not grow with it. */
@Injectable()
export class LedgerHealthRepository {
  constructor(private readonly database: Database) {}

  async backlog(now: Instant): Promise<Backlog> {
    const [row] = await this.database.rows<Backlog>(BACKLOG, [formatInstant(now)]);
    return row ?? { waiting: 0, oldestAt: null, overdueAt: null };
  }

  /** Active jobs whose last three runs or more failed, looked for among the first 1,000 that do. */
  async failingJobs(): Promise<number> {
    const [row] = await this.database.rows<{ jobs: number }>(FAILING);
    return row?.jobs ?? 0;
  }

  /** Throws when the database does not answer. */
  async ping(): Promise<void> {
    await this.database.rows({ text: 'SELECT 1', limitMs: PROMPT_MS });
  }

  /** Of this process's pool. `waiting`: for a connection to be free. */
  connections(): { readonly busy: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.database.pool;
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }
}
