import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { hostRollupOfRuns, REPLACE_COUNTS, ROLLUP_COLUMNS, rollupOfRollups, rollupOfRuns } from './rollup-sql.js';

const ROLLUP_LOCK = 7_246_817;
/** An hour of a busy ledger is read at once. */
const LIMIT_MS = 600_000;

const PROGRESS = {
  name: 'rollups-progress',
  text: `SELECT rolled_up_to AS "rolledUpTo", settled_to AS "settledTo", jobs_to AS "jobsTo" FROM rollup_progress`,
};

/** Ids carry `scheduledFor`: the first of them is that of the earliest run. */
const EARLIEST = {
  name: 'rollups-earliest',
  text: `SELECT scheduled_for AS at FROM runs ORDER BY id LIMIT 1`,
};

const MOVE = {
  name: 'rollups-move',
  text: `
    UPDATE rollup_progress
    SET rolled_up_to = $1::timestamptz, settled_to = $2::timestamptz, jobs_to = $3::timestamptz`,
};

const MINUTE = `date_bin(interval '1 minute', r.scheduled_for, 'epoch')`;
const HOUR = `date_bin(interval '1 hour', r.scheduled_for, 'epoch')`;
const RUN_COLUMNS = `r.job_id, r.state, r.reason, r.lateness_ms, r.duration_ms, r.attempt`;

/** Of all projects: $1 and $2 are ids, for a range of time is a range of the primary key. */
const range = (keys: string): string => `
  SELECT ${keys}, ${RUN_COLUMNS} FROM runs r
  WHERE r.id >= $1::uuid AND r.id < $2::uuid AND r.scheduled_for >= $3::timestamptz AND r.scheduled_for < $4::timestamptz`;

/** $1 projects or jobs, $2 beginnings of stretches. OFFSET keeps it one look into an index for each. */
const stretches = (key: 'project_id' | 'job_id', length: string): string => `
  SELECT q.${key}, q.at, ${RUN_COLUMNS.replace('r.job_id, ', key === 'job_id' ? '' : 'r.job_id, ')}
  FROM unnest($1::uuid[], $2::timestamptz[]) AS q (${key}, at),
       LATERAL (SELECT * FROM runs WHERE runs.${key} = q.${key} AND runs.scheduled_for >= q.at
                  AND runs.scheduled_for < q.at + interval '${length}' OFFSET 0) r`;

/** The older it is, the longer until it is looked at again. */
const recheckAt = (now: string): string => `
  CASE WHEN open > 0
       THEN ${now}::timestamptz + least(greatest((${now}::timestamptz - at) / 4, interval '10 s'), interval '1 hour') END`;

/** Answers what of the coarser grain they are in. */
const writeMinutes = (source: string, now: string): string => `
  WITH written AS (
    INSERT INTO run_rollups (project_id, grain, at, ${ROLLUP_COLUMNS}, recheck_at)
    SELECT project_id, 'minute', at, ${ROLLUP_COLUMNS}, ${recheckAt(now)}
    FROM (${rollupOfRuns('project_id, at', source)}) AS counted
    ON CONFLICT (project_id, grain, at) DO UPDATE SET ${REPLACE_COUNTS}
    RETURNING project_id, at
  )
  SELECT DISTINCT project_id AS key, date_bin(interval '1 hour', at, 'epoch') AS at FROM written`;

/** $1 projects, $2 beginnings. */
const writeCoarser = (grain: 'hour' | 'day', finer: 'minute' | 'hour'): string => `
  WITH written AS (
    INSERT INTO run_rollups (project_id, grain, at, ${ROLLUP_COLUMNS}, recheck_at)
    SELECT project_id, '${grain}', at, ${ROLLUP_COLUMNS}, NULL
    FROM (${rollupOfRollups(
      'project_id, at',
      `SELECT q.project_id, q.at, ${ROLLUP_COLUMNS}
       FROM unnest($1::uuid[], $2::timestamptz[]) AS q (project_id, at),
            LATERAL (SELECT ${ROLLUP_COLUMNS} FROM run_rollups f
                     WHERE f.project_id = q.project_id AND f.grain = '${finer}' AND f.at >= q.at
                       AND f.at < q.at + interval '1 ${grain === 'day' ? 'day' : 'hour'}' OFFSET 0) f`,
    )}) AS counted
    ON CONFLICT (project_id, grain, at) DO UPDATE SET ${REPLACE_COUNTS}
    RETURNING project_id, at
  )
  SELECT DISTINCT project_id AS key, date_bin(interval '1 day', at, 'epoch') AS at FROM written`;

const writeHosts = (source: string): string => `
  INSERT INTO host_rollups (project_id, at, host, runs, failed, attempts, duration)
  SELECT project_id, at, host, runs, failed, attempts, duration FROM (${hostRollupOfRuns(source)}) AS counted`;

const writeJobHours = (source: string, now: string): string => `
  INSERT INTO job_rollups (job_id, at, ${ROLLUP_COLUMNS}, recheck_at)
  SELECT job_id, at, ${ROLLUP_COLUMNS}, ${recheckAt(now)}
  FROM (${rollupOfRuns('job_id, at', source)}) AS counted
  ON CONFLICT (job_id, at) DO UPDATE SET ${REPLACE_COUNTS}`;

const MINUTES_IN_RANGE = { text: writeMinutes(range(`r.project_id, ${MINUTE} AS at`), '$5') };
const HOSTS_IN_RANGE = { text: writeHosts(range(`r.project_id, ${MINUTE} AS at`)) };
const CLEAR_HOSTS_IN_RANGE = {
  text: `DELETE FROM host_rollups WHERE at >= $1::timestamptz AND at < $2::timestamptz`,
};
const JOB_HOURS_IN_RANGE = { text: writeJobHours(range(`${HOUR} AS at`), '$5') };

const MINUTES = { text: writeMinutes(stretches('project_id', '1 minute'), '$3') };
const HOSTS = { text: writeHosts(stretches('project_id', '1 minute')) };
const CLEAR_HOSTS = {
  text: `
    DELETE FROM host_rollups h USING unnest($1::uuid[], $2::timestamptz[]) AS q (project_id, at)
    WHERE h.project_id = q.project_id AND h.at = q.at`,
};
const JOB_HOURS = { text: writeJobHours(stretches('job_id', '1 hour'), '$3') };
const HOURS = { text: writeCoarser('hour', 'minute') };
const DAYS = { text: writeCoarser('day', 'hour') };

const RECHECK_MINUTES = {
  name: 'rollups-recheck-minutes',
  text: `SELECT project_id AS key, at FROM run_rollups WHERE recheck_at <= $1::timestamptz ORDER BY recheck_at LIMIT $2`,
};
const RECHECK_HOURS = {
  name: 'rollups-recheck-hours',
  text: `SELECT job_id AS key, at FROM job_rollups WHERE recheck_at <= $1::timestamptz ORDER BY recheck_at LIMIT $2`,
};

/** Of the first run only where nothing has been rolled up yet. */
const OUTSTANDING = {
  name: 'rollups-outstanding',
  text: `
    SELECT p.rolled_up_to AS "rolledUpTo", p.settled_to AS "settledTo", p.jobs_to AS "jobsTo",
           CASE WHEN p.rolled_up_to IS NULL THEN EXISTS (SELECT FROM runs) ELSE false END AS "canBegin",
           EXISTS (SELECT FROM rollup_marks) AS marks,
           EXISTS (SELECT FROM run_rollups WHERE recheck_at <= $1::timestamptz)
             OR EXISTS (SELECT FROM job_rollups WHERE recheck_at <= $1::timestamptz) AS rechecks
    FROM rollup_progress p`,
};

const TAKE_MARKS = {
  name: 'rollups-take-marks',
  text: `
    WITH taken AS (
      DELETE FROM rollup_marks WHERE id = ANY (ARRAY(SELECT id FROM rollup_marks ORDER BY id LIMIT $1))
      RETURNING project_id, job_id, at
    )
    SELECT DISTINCT project_id AS "projectId", job_id AS "jobId", date_bin(interval '1 minute', at, 'epoch') AS at FROM taken`,
};

const trimmed = (table: string, where: string): { text: string } => ({
  text: `
    DELETE FROM ${table}
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE at < $1::timestamptz AND ${where} LIMIT $2))`,
});
const TRIMS = {
  minutes: trimmed('run_rollups', `grain = 'minute'`),
  coarser: trimmed('run_rollups', `grain <> 'minute'`),
  jobs: trimmed('job_rollups', 'true'),
  hosts: trimmed('host_rollups', 'true'),
};

export interface OutstandingRollups extends RollupProgress {
  /** Nothing has been rolled up, and there are runs. */
  readonly canBegin: boolean;
  readonly marks: boolean;
  readonly rechecks: boolean;
}

export interface RollupProgress {
  /** Minutes before it have been rolled up; null: nothing has. */
  readonly rolledUpTo: Instant | null;
  /** Minutes before it again, once no transaction could bring runs into them that leaves no mark. */
  readonly settledTo: Instant | null;
  /** Hours before it by job. */
  readonly jobsTo: Instant | null;
}

/** A minute of a project, or an hour of a job. */
export interface Stretch {
  readonly key: string;
  readonly at: Instant;
}

export interface Mark {
  readonly projectId: string;
  readonly jobId: string;
  /** The minute. */
  readonly at: Instant;
}

/** Rollups are derived from the ledger, all projects' together; each write replaces what was there. */
@Injectable()
export class RollupsRepository {
  constructor(private readonly database: Database) {}

  /** One replica at a time: null when another is at it. What dies in between has written nothing. */
  alone<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result | null> {
    return this.database.transaction(async (sql) => {
      const [row] = await sql.rows<{ ours: boolean }>({
        text: `SELECT pg_try_advisory_xact_lock(${ROLLUP_LOCK}) AS ours`,
      });
      return row?.ours === true ? work(sql) : null;
    }, LIMIT_MS);
  }

  /** What a pass would find to do at `now`, by one statement: mostly nothing. */
  async outstanding(now: Instant): Promise<OutstandingRollups> {
    const [found] = await this.database.rows<OutstandingRollups & Record<string, unknown>>(OUTSTANDING, [
      formatInstant(now),
    ]);
    if (found === undefined) throw new Error('rollup_progress has no row');
    return found;
  }

  async progress(sql: Sql = this.database): Promise<RollupProgress> {
    const [progress] = await sql.rows<RollupProgress & Record<string, unknown>>(PROGRESS);
    return progress ?? { rolledUpTo: null, settledTo: null, jobsTo: null };
  }

  async move(sql: Sql, { rolledUpTo, settledTo, jobsTo }: RollupProgress): Promise<void> {
    await sql.rows(
      MOVE,
      [rolledUpTo, settledTo, jobsTo].map((at) => (at === null ? null : formatInstant(at))),
    );
  }

  /** The earliest instant that there is a run for. */
  async earliest(sql: Sql): Promise<Instant | null> {
    const [run] = await sql.rows<{ at: Instant }>(EARLIEST);
    return run?.at ?? null;
  }

  /** Rolls up the minutes of [from, to) of all projects, with the hours and days that they are in. */
  async rollUp(sql: Sql, from: Instant, to: Instant, now: Instant): Promise<void> {
    const span = [idAt(from), idAt(to), formatInstant(from), formatInstant(to)];
    const hours = await sql.rows<Stretch & Record<string, unknown>>(MINUTES_IN_RANGE, [...span, formatInstant(now)]);
    await sql.rows(CLEAR_HOSTS_IN_RANGE, [formatInstant(from), formatInstant(to)]);
    await sql.rows(HOSTS_IN_RANGE, span);
    await this.rollUpCoarser(sql, hours);
  }

  /** The same for single minutes of projects. */
  async rollUpMinutes(sql: Sql, minutes: readonly Stretch[], now: Instant): Promise<void> {
    if (minutes.length === 0) return;
    const columns = columnsOf(minutes);
    const hours = await sql.rows<Stretch & Record<string, unknown>>(MINUTES, [...columns, formatInstant(now)]);
    await sql.rows(CLEAR_HOSTS, columns);
    await sql.rows(HOSTS, columns);
    await this.rollUpCoarser(sql, hours);
  }

  /** Rolls up [from, to), whole hours, by job. */
  async rollUpJobs(sql: Sql, from: Instant, to: Instant, now: Instant): Promise<void> {
    const values = [idAt(from), idAt(to), formatInstant(from), formatInstant(to), formatInstant(now)];
    await sql.rows(JOB_HOURS_IN_RANGE, values);
  }

  async rollUpJobHours(sql: Sql, hours: readonly Stretch[], now: Instant): Promise<void> {
    if (hours.length > 0) await sql.rows(JOB_HOURS, [...columnsOf(hours), formatInstant(now)]);
  }

  /** Minutes that were rolled up while runs of them were open, and that it is time to look at again. */
  minutesToRecheck(sql: Sql, now: Instant, limit: number): Promise<Stretch[]> {
    return sql.rows<Stretch & Record<string, unknown>>(RECHECK_MINUTES, [formatInstant(now), limit]);
  }

  hoursToRecheck(sql: Sql, now: Instant, limit: number): Promise<Stretch[]> {
    return sql.rows<Stretch & Record<string, unknown>>(RECHECK_HOURS, [formatInstant(now), limit]);
  }

  /** Takes the oldest marks; they are gone with the commit of what was made of them. */
  takeMarks(sql: Sql, limit: number): Promise<Mark[]> {
    return sql.rows<Mark & Record<string, unknown>>(TAKE_MARKS, [limit]);
  }

  /** Deletes up to `limit` rollups of a kind that lie before an instant; answers how many. */
  trim(kind: keyof typeof TRIMS, before: Instant, limit: number): Promise<number> {
    return this.database.count(TRIMS[kind], [formatInstant(before), limit]);
  }

  private async rollUpCoarser(sql: Sql, hours: readonly Stretch[]): Promise<void> {
    if (hours.length === 0) return;
    const days = await sql.rows<Stretch & Record<string, unknown>>(HOURS, columnsOf(hours));
    if (days.length > 0) await sql.rows(DAYS, columnsOf(days));
  }
}

function columnsOf(stretches: readonly Stretch[]): [string[], string[]] {
  return [stretches.map(({ key }) => key), stretches.map(({ at }) => formatInstant(at))];
}

/** The first id that a run at or after an instant can have. */
function idAt(at: Instant): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}
