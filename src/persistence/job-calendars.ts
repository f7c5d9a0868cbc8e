import type { CalendarDays } from '../domain/calendar.js';
import { BoundedMap } from '../domain/recurrence/bounded-map.js';
import { compileCalendar } from '../domain/recurrence/compile-calendar.js';
import { NO_CALENDARS } from '../domain/recurrence/exclusion.js';
import type { Calendars, Exclusion } from '../domain/recurrence/exclusion.js';
import type { Sql } from './database.js';
import { plainArray } from './plain-array.js';

/** One state of a calendar, which never changes. */
export interface CalendarRef {
  readonly id: string;
  readonly version: number;
  readonly name: string;
}

/** A row of a job with the calendars that its schedule names, as the statement's snapshot shows them. */
export interface WithRefs {
  readonly calendarRefs: readonly CalendarRef[] | null;
}

/**
 * A column for statements over `jobs j`. A change of a calendar is committed under the row locks of all jobs that use it: who
 * reads this under a job's lock, in a statement after it, sees the calendars that hold for the job, and they stay so until
 * the lock is given back.
 */
export const CALENDAR_REFS = `
  CASE WHEN j.schedule ? 'exclude' THEN (
    SELECT jsonb_agg(jsonb_build_object('id', c.id, 'version', c.version, 'name', c.name)) FROM calendars c
    WHERE c.project_id = j.project_id AND c.name IN (SELECT jsonb_array_elements_text(j.schedule->'exclude'))
  ) END AS "calendarRefs"`;

const READ = {
  name: 'job-calendars-read',
  text: `SELECT id, version, name, days FROM calendars WHERE id = ANY ($1::uuid[])`,
};

/** Compiled, of all projects. An imported one may hold thousands of events. */
const MAX_COMPILED = 500;
const compiled = new BoundedMap<string, Exclusion>(MAX_COMPILED);

/** Reads the calendars of these rows; answers those of each. */
export async function calendarsFor(rows: readonly WithRefs[], sql: Sql): Promise<(row: WithRefs) => Calendars> {
  const refs = new Map<string, CalendarRef>();
  for (const { calendarRefs } of rows) for (const ref of calendarRefs ?? []) refs.set(ref.id, ref);
  if (refs.size === 0) return () => NO_CALENDARS;
  const known = await compiledOf([...refs.values()], sql);
  return ({ calendarRefs }) => new Map((calendarRefs ?? []).flatMap(({ id }) => nameAndCalendar(known.get(id))));
}

function nameAndCalendar(calendar: Exclusion | undefined): [string, Exclusion][] {
  return calendar === undefined ? [] : [[calendar.name, calendar]];
}

/**
 * By their ids. What was compiled before is known by id and version, so that a herd reads each calendar once. One that this tz
 * database can't read is left out: a job that names it can't be planned.
 */
async function compiledOf(refs: readonly CalendarRef[], sql: Sql): Promise<ReadonlyMap<string, Exclusion>> {
  const found = new Map<string, Exclusion>();
  const missing: string[] = [];
  for (const ref of refs) {
    const known = compiled.get(keyOf(ref));
    if (known === undefined) missing.push(ref.id);
    else found.set(ref.id, known);
  }
  if (missing.length === 0) return found;
  for (const row of await sql.rows<CalendarRef & { days: CalendarDays }>(READ, [plainArray(missing)])) {
    try {
      found.set(row.id, compiledCalendar(row, row.days));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return found;
}

/** Throws RangeError for what can't be read here. */
export function compiledCalendar(ref: CalendarRef, days: CalendarDays): Exclusion {
  const key = keyOf(ref);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const calendar = compileCalendar(ref.name, key, days);
  compiled.set(key, calendar);
  return calendar;
}

let drafts = 0;

/** One that is not committed yet: nothing that is computed with it may be taken for a stored one's. */
export function draftCalendar(name: string, days: CalendarDays): Exclusion {
  drafts += 1;
  return compileCalendar(name, `draft ${drafts}`, days);
}

function keyOf({ id, version, name }: CalendarRef): string {
  return `${id}@${version} ${name}`;
}
