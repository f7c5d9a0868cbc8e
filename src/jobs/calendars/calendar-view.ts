import { createHash } from 'node:crypto';
import { differenceOf } from '../../domain/audit.js';
import type { AuditAction, AuditNote, Members } from '../../domain/audit.js';
import type { Calendar } from '../../domain/calendar.js';
import { canonicalJson } from '../../domain/json.js';
import { jobTag } from '../../domain/preconditions.js';
import { formatInstant } from '../../domain/recurrence/instants.js';
import type { HttpReply } from '../../platform/contract/page.js';
import type { CalendarInput, CalendarSummary, CalendarView } from './calendar.schemas.js';

/** What a client may set, as it would send it. A merge patch is applied to this. */
export function settingsOfCalendar(calendar: Calendar): CalendarInput {
  const { name, description, timeZone, dates, ranges, windows, rules, events } = calendar;
  return {
    ...{ name, description, timeZone, dates: [...dates] },
    ranges: ranges.map(({ from, to }) => ({ from, to })),
    windows: windows.map(({ from, to }) => ({ from, to })),
    rules: rules.map(({ rule, startAt }) => ({ rule, startAt })),
    events: events.map(({ exdates, ...event }) => ({ ...event, ...(exdates && { exdates: [...exdates] }) })),
  };
}

export function viewOfCalendar(calendar: Calendar): CalendarView {
  const { events, ...settings } = settingsOfCalendar(calendar);
  return {
    id: calendar.id,
    ...settings,
    eventCount: events.length,
    version: calendar.version,
    createdAt: formatInstant(calendar.createdAt),
    updatedAt: formatInstant(calendar.updatedAt),
    events,
  };
}

export function summaryOfCalendar(calendar: Calendar): CalendarSummary {
  const { events: _, ...summary } = viewOfCalendar(calendar);
  return summary;
}

/** Sets the `etag` of an answer; answers it as conditions have it, without its quotes. */
export function tagCalendar(view: CalendarView, reply: HttpReply): string {
  const tag = jobTag(view, createHash('sha256').update(canonicalJson(view)).digest('hex').slice(0, 16));
  reply.header('etag', `"${tag}"`);
  return tag;
}

/** Of what changed only that; of events how many there are and a mark of them, for there may be thousands. */
export function noteOfCalendar(action: AuditAction, before: Calendar | null, after: Calendar | null): AuditNote {
  const { id, projectId, name } = after ?? before ?? {};
  if (id === undefined || projectId === undefined) throw new RangeError('a note of no calendar');
  const members = [before, after].map((calendar) => (calendar === null ? null : membersOf(calendar)));
  const [old = null, next = null] = members;
  const seen = old === null || next === null ? { before: old, after: next } : differenceOf(old, next);
  return { projectId, action, thingId: id, thingName: name ?? null, ...seen };
}

function membersOf(calendar: Calendar): Members {
  const { events, ...settings } = settingsOfCalendar(calendar);
  const mark = createHash('sha256').update(canonicalJson(events)).digest('hex').slice(0, 12);
  return {
    ...settings,
    events: events.length === 0 ? 'none' : `${events.length} (${mark})`,
    version: calendar.version,
  };
}
