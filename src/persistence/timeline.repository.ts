import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { JobRevision } from '../domain/job-revision.js';
import type { Span } from '../domain/statistics/resolution.js';
import type { StateCounts } from '../domain/statistics/tally.js';
import { Database } from './database.js';
import { CALENDAR_REFS } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { JOB_COLUMNS, JOB_TABLES, plannableJobsOf, STATS_COLUMNS } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';
import { MARK_COLUMNS } from './run-strips.repository.js';
import type { RunMark } from './run-strips.repository.js';

const JOB = `SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}, ${CALENDAR_REFS} FROM ${JOB_TABLES}`;

const BY_NAME = {
  name: 'timeline-jobs-by-name',
  text: `${JOB} WHERE j.project_id = $1 AND j.name > $2 ORDER BY j.name LIMIT $3`,
};
const BY_IDS = {
  name: 'timeline-jobs-by-ids',
  text: `SELECT found.* FROM unnest($2::uuid[]) AS q (id), LATERAL (${JOB} WHERE j.project_id = $1 AND j.id = q.id OFFSET 0) found`,
};

/** Of each job at most so many, whichever: whoever gets so many counts them instead. To sort before, Postgres may read them all. */
const MARKS = {
  name: 'timeline-marks',
  text: `
    SELECT q.id AS "jobId", found.*
    FROM unnest($1::uuid[]) AS q (id),
         LATERAL (SELECT ${MARK_COLUMNS} FROM runs r
                  WHERE r.job_id = q.id AND r.scheduled_for >= $2::timestamptz AND r.scheduled_for < $3::timestamptz
                  LIMIT $4) found
    ORDER BY found."scheduledFor"`,
};

/** What is older comes from the rollups, of which the primary key holds all that is counted here. */
const BANDS = {
  name: 'timeline-bands',
  text: `
    SELECT job_id AS "jobId", date_bin($4::interval, at, 'epoch') AS at, sum(succeeded)::int AS succeeded,
           sum(failed)::int AS failed, sum(cancelled)::int AS cancelled, sum(skipped)::int AS skipped, sum(open)::int AS open
    FROM (
      SELECT job_id, at, succeeded, failed, cancelled, skipped, open FROM job_rollups
      WHERE job_id = ANY ($1::uuid[]) AND at >= $2::timestamptz AND at < $3::timestamptz AND $4::interval >= interval '1 hour'
      UNION ALL
      SELECT q.id, r.scheduled_for, (r.state = 'succeeded')::int, (r.state = 'failed')::int, (r.state = 'cancelled')::int,
             (r.state = 'skipped')::int, (r.state IN ('queued', 'running', 'retrying', 'held'))::int
      FROM unnest($1::uuid[]) AS q (id),
           LATERAL (SELECT scheduled_for, state FROM runs
                    WHERE job_id = q.id AND scheduled_for < $3::timestamptz
                      AND scheduled_for >= greatest($2::timestamptz, $5::timestamptz,
                            CASE WHEN $4::interval >= interval '1 hour' THEN (SELECT jobs_to FROM rollup_progress) END)
                    OFFSET 0) r
    ) counted
    GROUP BY 1, 2 ORDER BY 1, 2`,
};

/** Those in force in the span; of a job that was changed more often, the last ones are left out. */
const REVISIONS = {
  name: 'timeline-revisions',
  text: `
    SELECT q.id AS "jobId", found.*
    FROM unnest($1::uuid[]) AS q (id),
         LATERAL (SELECT r.version, r.at, r.state, r.pause_note AS "pauseNote", r.paused_until AS "pausedUntil"
                  FROM job_revisions r
                  WHERE r.job_id = q.id AND r.at <= $3::timestamptz
                    AND r.version >= coalesce((SELECT max(b.version) FROM job_revisions b
                                               WHERE b.job_id = q.id AND b.at <= $2::timestamptz), 0)
                  ORDER BY r.version LIMIT 100) found`,
};

/** Farther back the ledger is not counted run by run where rollups should be. */
const LEDGER_MS = 6 * 3_600_000;

export type Standing = Pick<JobRevision, 'at' | 'state' | 'pauseNote' | 'pausedUntil'>;
export type Band = StateCounts & { readonly at: Instant };

/** What is drawn of many jobs at once; each answer is by job. */
@Injectable()
export class TimelineRepository {
  constructor(private readonly database: Database) {}

  /** Jobs in the order of their names, `limit` at most. */
  async jobsAfter(projectId: string, name: string, limit: number): Promise<StoredJob[]> {
    return plannableJobsOf(
      await this.database.rows<JobRow & WithRefs>(BY_NAME, [projectId, name, limit]),
      this.database,
    );
  }

  /** In the order of the ids. */
  async jobs(projectId: string, ids: readonly string[]): Promise<StoredJob[]> {
    const rows = await this.database.rows<JobRow & WithRefs>(BY_IDS, [projectId, ids]);
    const jobs = new Map((await plannableJobsOf(rows, this.database)).map((job) => [job.id, job]));
    return ids.flatMap((id) => jobs.get(id) ?? []);
  }

  /** Up to `limit` runs of each job in the span, the oldest first; which ones is not said where there are more. */
  marks(jobIds: readonly string[], { from, to }: Span, limit: number): Promise<Map<string, RunMark[]>> {
    return this.byJob<RunMark>(MARKS, [jobIds, formatInstant(from), formatInstant(to), limit]);
  }

  bands(jobIds: readonly string[], { from, to, resolution }: Span, now: Instant): Promise<Map<string, Band[]>> {
    const isByHour = resolution.ms >= 3_600_000;
    return this.byJob<Band>(BANDS, [
      ...[jobIds, formatInstant(from), formatInstant(to), resolution.name],
      formatInstant(isByHour ? Math.max(0, now - LEDGER_MS) : from),
    ]);
  }

  standings(jobIds: readonly string[], { from, to }: Span): Promise<Map<string, Standing[]>> {
    return this.byJob<Standing>(REVISIONS, [jobIds, formatInstant(from), formatInstant(to)]);
  }

  private async byJob<Item extends object>(
    statement: { readonly name: string; readonly text: string },
    values: Parameters<Database['rows']>[1],
  ): Promise<Map<string, Item[]>> {
    const found = new Map<string, Item[]>();
    for (const { jobId, ...item } of await this.database.rows<Item & { readonly jobId: string }>(statement, values)) {
      const items = found.get(jobId) ?? [];
      items.push(item as unknown as Item);
      found.set(jobId, items);
    }
    return found;
  }
}
