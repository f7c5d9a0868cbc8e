import type { Calendar } from '../../domain/calendar.js';
import { formatInstant } from '../../domain/recurrence/instants.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import type { HttpReply } from '../../platform/contract/page.js';
import type { CalendarChanged, CalendarView } from './calendar.schemas.js';
import { tagCalendar, viewOfCalendar } from './calendar-view.js';
import type { CalendarChange } from './calendars.service.js';

const MOST_MOVES = 1_000;

/** The calendar as the body of an answer, whose `etag` it sets. */
export function answerCalendar(calendar: Calendar, reply: HttpReply): CalendarView {
  const view = viewOfCalendar(calendar);
  tagCalendar(view, reply);
  return view;
}

/** The tag is that of the calendar alone. */
export function answerChange({ calendar, moved }: CalendarChange, dryRun: boolean, reply: HttpReply): CalendarChanged {
  const moves = moved.jobs.slice(0, MOST_MOVES).map(({ before, after, ...job }) => {
    return { ...job, before: textOf(before), after: textOf(after) };
  });
  return { ...answerCalendar(calendar, reply), dryRun, moved: moved.jobs.length, moves };
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
