import { DAY_MS, SECOND_MS } from '../duration.js';
import { formatInstant } from '../instants.js';
import { addCalendar } from '../civil.js';
import type { DaySpec } from './days.js';
import { type Draft, refuseOthers } from './draft.js';
import { after, dayOf, lengthOf, localOf, localText, type Reading } from './moment.js';
import { ambiguous, unknown } from './refusal.js';
import type { TimeOfDay } from './time-of-day.js';
import type { Span } from './tokenizer.js';

type Members = Readonly<Record<string, unknown>>;

/** Whether the phrase names one instant: a delay, a day as seen from today, or a date that nothing repeats. */
export function isOnce(draft: Draft): boolean {
  const isDate = draft.date !== undefined && !draft.date.isEach && draft.every === undefined;
  return draft.delay !== undefined || draft.day !== undefined || draft.once !== undefined || isDate;
}

/** A `once` schedule: `in 20 minutes`, `tomorrow at 5pm`, `on 24 December at 18:00`. Relative words count from `now`. */
export function readOnceWords(draft: Draft, reading: Reading): Members {
  if (draft.delay !== undefined) return readDelayed(draft, draft.delay, reading);
  refuseOthers(draft, ['once', 'day', 'date', 'times'], 'a schedule that fires once');
  const named = oneDay(draft, reading);
  const time = oneTime(draft, named.span, reading);
  const day = dayOf(reading, named.spec, time, named.span);
  return { type: 'once', at: localText(day * DAY_MS + time * SECOND_MS) };
}

function readDelayed(draft: Draft, delay: NonNullable<Draft['delay']>, reading: Reading): Members {
  refuseOthers(draft, ['once', 'delay', 'times'], 'a schedule that fires once');
  const length = lengthOf(delay.parts, delay.span);
  if (draft.times === undefined) return { type: 'once', at: formatInstant(after(reading, length, delay.span)) };
  if (length.elapsedMs > 0) {
    unknown(draft.times.span, 'does not go with a time of day behind a delay in hours, minutes or seconds', [
      reading.source.slice(delay.span.start, delay.span.end),
    ]);
  }
  after(reading, length, delay.span);
  const time = oneTime(draft, delay.span, reading);
  const local = addCalendar(localOf(reading, reading.now), length.months, length.days);
  return { type: 'once', at: localText(Math.floor(local / DAY_MS) * DAY_MS + time * SECOND_MS) };
}

function oneDay({ day, date, once }: Draft, { source }: Reading): { spec: DaySpec; span: Span } {
  if (day !== undefined && date !== undefined) unknown(date.span, 'names a second day');
  if (day !== undefined) return { spec: day.value, span: day.span };
  if (date === undefined) {
    const span = once?.span ?? { start: 0, end: source.length };
    return unknown(span, 'needs a day', [`${source} tomorrow`, `${source} on 24 December`]);
  }
  const [first, month] = [date.days[0] ?? 1, date.months[0] ?? 1];
  if (date.days.length * date.months.length > 1) {
    ambiguous(date.span, 'is more than one day: "every year" repeats them', [
      `every year ${source}`,
      `${source} every year`,
    ]);
  }
  return { spec: { kind: 'date', day: first, month, year: date.year }, span: date.span };
}

function oneTime({ times }: Draft, daySpan: Span, { source }: Reading): TimeOfDay {
  const [time] = times?.value ?? [];
  if (times === undefined || time === undefined) {
    return ambiguous(daySpan, 'leaves open at what time', [`${source} at 9:00`, `${source} at noon`]);
  }
  if (times.value.length > 1) {
    unknown(times.span, 'are several times, and this fires once');
  }
  return time;
}
