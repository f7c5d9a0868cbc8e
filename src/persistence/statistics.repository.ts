import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Span } from '../domain/statistics/resolution.js';
import type { Rollup } from '../domain/statistics/tally.js';
import { Database } from './database.js';
import { COUNTED_COLUMNS, ROLLUP_ANSWER, rollupOfRuns } from './rollup-sql.js';

/** What has not been rolled up is read from the ledger, but no farther back than this: rollups that stand still make nobody wait. */
const LEDGER_MS = 600_000;
const LEDGER_OF_JOB_MS = 6 * 3_600_000;

/**
 * Rollups, and what is younger than they are from the ledger: one snapshot, so that nothing is missed or counted twice while the
 * rollups go on.
 */
const OF_PROJECT = {
  name: 'statistics-of-project',
  text: `
    SELECT at, ${ROLLUP_ANSWER} FROM run_rollups
    WHERE project_id = $1 AND grain = $2 AND at >= $3::timestamptz AND at < $4::timestamptz
    UNION ALL
    SELECT at, ${ROLLUP_ANSWER} FROM (${rollupOfRuns(
      'at',
      `SELECT date_bin(interval '1 minute', r.scheduled_for, 'epoch') AS at, ${COUNTED_COLUMNS} FROM runs r
       WHERE r.project_id = $1 AND r.scheduled_for < $4::timestamptz
         AND r.scheduled_for >= greatest($3::timestamptz, $5::timestamptz, (SELECT rolled_up_to FROM rollup_progress))`,
    )}) AS young`,
};

const OF_JOB = {
  name: 'statistics-of-job',
  text: `
    SELECT at, ${ROLLUP_ANSWER} FROM job_rollups
    WHERE job_id = $1 AND at >= $2::timestamptz AND at < $3::timestamptz
    UNION ALL
    SELECT at, ${ROLLUP_ANSWER} FROM (${rollupOfRuns(
      'at',
      `SELECT date_bin(interval '1 hour', r.scheduled_for, 'epoch') AS at, ${COUNTED_COLUMNS} FROM runs r
       WHERE r.job_id = $1 AND r.scheduled_for < $3::timestamptz
         AND r.scheduled_for >= greatest($2::timestamptz, $4::timestamptz, (SELECT jobs_to FROM rollup_progress))`,
    )}) AS young`,
};

const MINUTES_OF_JOB = {
  name: 'statistics-minutes-of-job',
  text: `SELECT at, ${ROLLUP_ANSWER} FROM (${rollupOfRuns(
    'at',
    `SELECT date_bin(interval '1 minute', r.scheduled_for, 'epoch') AS at, ${COUNTED_COLUMNS} FROM runs r
     WHERE r.job_id = $1 AND r.scheduled_for >= $2::timestamptz AND r.scheduled_for < $3::timestamptz`,
  )}) AS counted`,
};

const ROLLED_UP_TO = {
  name: 'statistics-rolled-up-to',
  text: `SELECT rolled_up_to AS at FROM rollup_progress`,
};

const GRAINS = { PT1M: 'minute', PT1H: 'hour', P1D: 'day' } as const;
export type StatisticsSpan = Span<keyof typeof GRAINS>;

/** Counts of runs by time, however many there were. */
@Injectable()
export class StatisticsRepository {
  constructor(private readonly database: Database) {}

  ofProject(projectId: string, { from, to, resolution }: StatisticsSpan, now: Instant): Promise<Rollup[]> {
    return this.database.rows<Rollup>(OF_PROJECT, [
      ...[projectId, GRAINS[resolution.name], formatInstant(from), formatInstant(to)],
      formatInstant(Math.max(0, now - LEDGER_MS)),
    ]);
  }

  /** The caller knows that the job is the project's. */
  ofJob(jobId: string, { from, to, resolution }: StatisticsSpan, now: Instant): Promise<Rollup[]> {
    const values = [jobId, formatInstant(from), formatInstant(to)];
    if (resolution.name === 'PT1M') return this.database.rows<Rollup>(MINUTES_OF_JOB, values);
    return this.database.rows<Rollup>(OF_JOB, [...values, formatInstant(Math.max(0, now - LEDGER_OF_JOB_MS))]);
  }

  /** Null: nothing has been rolled up yet. */
  async rolledUpTo(): Promise<Instant | null> {
    const [progress] = await this.database.rows<{ at: Instant | null }>(ROLLED_UP_TO);
    return progress?.at ?? null;
  }
}
