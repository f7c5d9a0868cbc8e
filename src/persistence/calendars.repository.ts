import { Injectable } from '@nestjs/common';
import type { Calendar, CalendarDays } from '../domain/calendar.js';
import type { Job } from '../domain/job.js';
import { NO_CALENDARS } from '../domain/recurrence/exclusion.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { calendarsFor } from './job-calendars.js';
import type { CalendarRef } from './job-calendars.js';
import { jsonOrNull } from './jsonb.js';
import { plainArray } from './plain-array.js';

type Row = Omit<Calendar, keyof CalendarDays> & { readonly days: CalendarDays };

const COLUMNS = `
  c.id, c.project_id AS "projectId", c.name, c.description, c.days, c.version, c.created_at AS "createdAt",
  c.updated_at AS "updatedAt"`;

const FIND = {
  name: 'calendars-find',
  text: `SELECT ${COLUMNS} FROM calendars c WHERE c.project_id = $1 AND c.id = $2`,
};
const LOCK = {
  name: 'calendars-lock',
  text: `SELECT ${COLUMNS} FROM calendars c WHERE c.project_id = $1 AND c.id = $2 FOR UPDATE`,
};
const NAMED = {
  name: 'calendars-named',
  text: `SELECT id, version, name FROM calendars WHERE project_id = $1 AND name = ANY ($2::text[])`,
};
/** In the order of ids, as everyone who locks several; against LOCK, and nobody else. */
const SHARE = {
  name: 'calendars-share',
  text: `
    SELECT id, version, name FROM calendars WHERE project_id = $1 AND name = ANY ($2::text[])
    ORDER BY id FOR KEY SHARE`,
};
const PAGE = {
  name: 'calendars-page',
  text: `
    SELECT ${COLUMNS} FROM calendars c
    WHERE c.project_id = $1 AND ($2::uuid IS NULL OR c.id < $2)
    ORDER BY c.id DESC LIMIT $3`,
};
const USERS = {
  name: 'calendars-users',
  text: `
    SELECT id, name FROM jobs
    WHERE schedule ? 'exclude' AND calendar_uses(project_id, schedule) @> ARRAY[$1::text || '/' || $2::text]
    ORDER BY id LIMIT $3`,
};
const COUNT = {
  name: 'calendars-count',
  text: `SELECT count(*) AS there FROM (SELECT 1 FROM calendars WHERE project_id = $1 LIMIT $2) AS counted`,
};
const INSERT = {
  name: 'calendars-insert',
  text: `
    INSERT INTO calendars (project_id, id, name, description, days, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};
const UPDATE = {
  name: 'calendars-update',
  text: `
    UPDATE calendars SET name = $3, description = $4, days = $5, version = $6, created_at = $7, updated_at = $8
    WHERE project_id = $1 AND id = $2`,
};
const DELETE = { name: 'calendars-delete', text: `DELETE FROM calendars WHERE project_id = $1 AND id = $2` };
/** Where jobs stand, and nothing else of them. */
const MOVE = {
  name: 'calendars-move',
  text: `
    UPDATE job_states t
    SET state = n.state, next_occurrence_at = n.next_occurrence_at, next_run_at = n.next_run_at,
        pause_note = CASE WHEN n.state = 'completed' THEN NULL ELSE t.pause_note END,
        paused_until = CASE WHEN n.state = 'completed' THEN NULL ELSE t.paused_until END,
        run_count = n.run_count, scheduled_run_count = n.scheduled_run_count,
        occurrence_edits = n.occurrence_edits
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::jsonb[])
      AS n (id, state, next_occurrence_at, next_run_at, run_count, scheduled_run_count, occurrence_edits)
    WHERE t.job_id = n.id`,
};

export interface CalendarUser {
  readonly id: string;
  readonly name: string;
}

/**
 * Calendars, of one project at a time. Locks are taken in one order, jobs before calendars: who changes a calendar has locked
 * the jobs that use it, and who writes a job that begins to use one shares it until that is committed.
 */
@Injectable()
export class CalendarsRepository {
  constructor(private readonly database: Database) {}

  async find(projectId: string, id: string, sql: Sql = this.database): Promise<Calendar | null> {
    const [row] = await sql.rows<Row>(FIND, [projectId, id]);
    return row === undefined ? null : calendarOf(row);
  }

  /** Nobody begins to use it, or changes it, until the transaction ends. */
  async lock(projectId: string, id: string, sql: Sql): Promise<Calendar | null> {
    const [row] = await sql.rows<Row>(LOCK, [projectId, id]);
    return row === undefined ? null : calendarOf(row);
  }

  /** The newest first, up to `limit` after `afterId`. */
  async page(projectId: string, afterId: string | null, limit: number): Promise<Calendar[]> {
    return (await this.database.rows<Row>(PAGE, [projectId, afterId, limit])).map(calendarOf);
  }

  /** Those of these names that are there. */
  named(projectId: string, names: readonly string[], sql: Sql = this.database): Promise<Calendars> {
    return this.compiled(NAMED, projectId, names, sql);
  }

  /** `named`, for jobs that are written in this transaction, after they are locked: these calendars stay as they are until its end. */
  share(projectId: string, names: readonly string[], sql: Sql): Promise<Calendars> {
    return this.compiled(SHARE, projectId, names, sql);
  }

  /** Jobs that use a calendar of this name, at most `limit`, in the order of ids. */
  users(projectId: string, name: string, limit: number, sql: Sql): Promise<CalendarUser[]> {
    return sql.rows<CalendarUser>(USERS, [projectId, name, limit]);
  }

  /** How many the project has; no more than `limit` are counted. */
  async count(projectId: string, limit: number, sql: Sql): Promise<number> {
    const [row] = await sql.rows<{ there: number }>(COUNT, [projectId, limit]);
    return row?.there ?? 0;
  }

  /** Throws a unique violation of `calendars_name_key` when the name is taken. */
  async insert(calendar: Calendar, sql: Sql): Promise<void> {
    await sql.rows(INSERT, valuesOf(calendar));
  }

  /** Throws a unique violation of `calendars_name_key` when the name is taken. */
  async update(calendar: Calendar, sql: Sql): Promise<void> {
    await sql.rows(UPDATE, valuesOf(calendar));
  }

  async delete(projectId: string, id: string, sql: Sql): Promise<void> {
    await sql.rows(DELETE, [projectId, id]);
  }

  /** Where these jobs stand now; locked before. It is no new version of them: nobody changed them. */
  async move(jobs: readonly Job[], sql: Sql): Promise<void> {
    if (jobs.length === 0) return;
    const at = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));
    await sql.rows(MOVE, [
      plainArray(jobs.map(({ id }) => id)),
      plainArray(jobs.map(({ state }) => state)),
      plainArray(jobs.map(({ nextOccurrenceAt }) => at(nextOccurrenceAt))),
      plainArray(jobs.map(({ nextRunAt }) => at(nextRunAt))),
      plainArray(jobs.map(({ runCount }) => runCount)),
      plainArray(jobs.map(({ scheduledRunCount }) => scheduledRunCount)),
      jobs.map(({ occurrenceEdits }) => jsonOrNull(occurrenceEdits)),
    ]);
  }

  private async compiled(
    statement: typeof NAMED,
    projectId: string,
    names: readonly string[],
    sql: Sql,
  ): Promise<Calendars> {
    if (names.length === 0) return NO_CALENDARS;
    const calendarRefs = await sql.rows<CalendarRef & { [column: string]: unknown }>(statement, [
      projectId,
      [...names],
    ]);
    const row = { calendarRefs };
    return (await calendarsFor([row], sql))(row);
  }
}

/** The calendar's name is another one's already (SQLSTATE 23505). */
export function isCalendarNameTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && constraint === 'calendars_name_key';
}

function calendarOf({ days, ...row }: Row): Calendar {
  return { ...row, ...days };
}

function valuesOf(calendar: Calendar) {
  const { projectId, id, name, description, version, createdAt, updatedAt, ...days } = calendar;
  const json = JSON.stringify(days);
  return [projectId, id, name, description, json, version, formatInstant(createdAt), formatInstant(updatedAt)];
}
