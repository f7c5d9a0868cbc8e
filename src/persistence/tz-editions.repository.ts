import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { CALENDAR_REFS } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { JOB_COLUMNS, JOB_TABLES, plannableJobsOf, STATS_COLUMNS } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';
import { jsonOrNull } from './jsonb.js';
import { plainArray } from './plain-array.js';

export interface EditionInUse {
  readonly edition: string;
  readonly usedAt: Instant;
  readonly settledAt: Instant | null;
}

const USE = {
  name: 'tz-editions-use',
  text: `
    INSERT INTO tz_editions (edition, used_at) VALUES ($1, $2::timestamptz)
    ON CONFLICT (edition) DO UPDATE SET used_at = greatest(tz_editions.used_at, excluded.used_at)`,
};
const ALL = {
  name: 'tz-editions-all',
  text: `SELECT edition, used_at AS "usedAt", settled_at AS "settledAt" FROM tz_editions ORDER BY used_at DESC LIMIT 50`,
};
const SETTLE = {
  name: 'tz-editions-settle',
  text: `UPDATE tz_editions SET settled_at = $2::timestamptz WHERE edition = $1`,
};

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** So many rows are looked at, whatever they hold: no statement goes through a million. */
const PAGE = {
  name: 'tz-editions-page',
  text: `
    SELECT job_id AS id, (tz_edition IS DISTINCT FROM $2 AND (next_occurrence_at IS NOT NULL OR occurrence_edits IS NOT NULL)) AS "isOther"
    FROM job_states WHERE job_id > $1::uuid ORDER BY job_id LIMIT $3`,
};
/** Planning goes around locked rows; who edits them waits. In the order of ids, as everyone who locks several. */
const LOCK = {
  name: 'tz-editions-lock',
  text: `
    SELECT job_id AS id FROM job_states WHERE job_id = ANY ($1::uuid[]) AND tz_edition IS DISTINCT FROM $2
    ORDER BY job_id FOR UPDATE`,
};
const FIND = {
  name: 'tz-editions-find',
  text: `SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}, ${CALENDAR_REFS} FROM ${JOB_TABLES} WHERE j.id = ANY ($1::uuid[])`,
};
const MOVE = {
  name: 'tz-editions-move',
  text: `
    UPDATE job_states t
    SET state = n.state, next_occurrence_at = n.next_occurrence_at, next_run_at = n.next_run_at,
        occurrence_edits = n.occurrence_edits, pause_note = n.pause_note, paused_until = n.paused_until
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::jsonb[], $6::text[], $7::timestamptz[])
      AS n (id, state, next_occurrence_at, next_run_at, occurrence_edits, pause_note, paused_until)
    WHERE t.job_id = n.id`,
};
const MARK = {
  name: 'tz-editions-mark',
  text: `UPDATE job_states SET tz_edition = $2 WHERE job_id = ANY ($1::uuid[])`,
};

/** By which edition of the time zones due times were computed; of all projects, for who looks after them as a whole. */
@Injectable()
export class TzEditionsRepository {
  constructor(private readonly database: Database) {}

  /** Says that this edition is in use, and answers all that are known, the one used last first. */
  async use(edition: string, now: Instant): Promise<EditionInUse[]> {
    await this.database.count(USE, [edition, formatInstant(now)]);
    return this.database.rows<EditionInUse & { [column: string]: unknown }>(ALL);
  }

  async settle(edition: string, at: Instant): Promise<void> {
    await this.database.count(SETTLE, [edition, formatInstant(at)]);
  }

  /** `limit` jobs in the order of ids; those with a due time by another edition, and where to go on. */
  async pageOfOthers(
    edition: string,
    afterId: string | null,
    limit: number,
  ): Promise<{ readonly ids: string[]; readonly lastId: string | null }> {
    const rows = await this.database.rows<{ id: string; isOther: boolean }>(PAGE, [
      afterId ?? FIRST_ID,
      edition,
      limit,
    ]);
    const ids = rows.filter(({ isOther }) => isOther).map(({ id }) => id);
    return { ids, lastId: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
  }

  /** Takes the row locks of those that are still of another edition, then reads them. */
  async lock(edition: string, ids: readonly string[], sql: Sql): Promise<StoredJob[]> {
    const locked = await sql.rows<{ id: string }>(LOCK, [plainArray(ids), edition]);
    if (locked.length === 0) return [];
    const rows = await sql.rows<JobRow & WithRefs>(FIND, [plainArray(locked.map(({ id }) => id))]);
    return plannableJobsOf(rows, sql);
  }

  /** Where these stand now; locked before. No new version: nobody changed them. */
  async move(jobs: readonly Job[], sql: Sql): Promise<void> {
    if (jobs.length === 0) return;
    const at = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
    await sql.rows(MOVE, [
      plainArray(jobs.map(({ id }) => id)),
      plainArray(jobs.map(({ state }) => state)),
      plainArray(jobs.map(({ nextOccurrenceAt }) => at(nextOccurrenceAt))),
      plainArray(jobs.map(({ nextRunAt }) => at(nextRunAt))),
      jobs.map(({ occurrenceEdits }) => jsonOrNull(occurrenceEdits)),
      jobs.map(({ pauseNote }) => pauseNote),
      plainArray(jobs.map(({ pausedUntil }) => at(pausedUntil))),
    ]);
  }

  /** These are of this edition now, moved or not. */
  async mark(edition: string, ids: readonly string[], sql: Sql): Promise<void> {
    if (ids.length > 0) await sql.rows(MARK, [plainArray(ids), edition]);
  }
}
