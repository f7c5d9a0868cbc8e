import type { Schemas } from '../../api/client';

type Calendar = Schemas['Calendar'];

/** What is left out of a day: all of it, or some hours. */
export type Much = 'whole' | 'part';
export type LeftOut = ReadonlyMap<string, Much>;

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

/**
 * The days of a year that are left out, as they stand in the calendar, on its own wall clock.
 *
 * @param ruled of each rule the days that the service found
 */
export function leftOutOf(calendar: Calendar, year: number, ruled: readonly [string, Much][]): LeftOut {
  const days = new Map<string, Much>();
  const add = (day: string, much: Much) => {
    if (day.startsWith(`${year}-`) && days.get(day) !== 'whole') days.set(day, much);
  };
  const week = weekOf(calendar.windows);
  for (const day of daysFrom(`${year}-01-01`, `${year}-12-31`)) {
    const much = week[(new Date(day).getUTCDay() + 6) % 7];
    if (much != null) add(day, much);
  }
  for (const day of calendar.dates) add(day, 'whole');
  for (const [day, much] of ruled) add(day, much);
  for (const { from, to } of calendar.ranges) daysFrom(from, to).forEach((day) => add(day, 'whole'));
  for (const event of calendar.events) {
    if (event.rule === undefined) for (const [day, much] of daysOfEvent(event)) add(day, much);
  }
  return days;
}

/** Ends are exclusive: an event until midnight is none of the next day. */
export function daysOfEvent({ start, end }: { start: string; end: string }): [string, Much][] {
  const [first, last] = [start.slice(0, 10), end.slice(0, 10)];
  const midnight = /^(T00:00(:00(\.0+)?)?Z?)?$/;
  const [startsWhole, endsWhole] = [midnight.test(start.slice(10)), midnight.test(end.slice(10))];
  return daysFrom(first, last)
    .filter((day) => day !== last || !endsWhole || first === last)
    .map((day) => [day, (day === first && !startsWhole) || (day === last && !endsWhole) ? 'part' : 'whole']);
}

/** Of each day of the week, from Monday on: how much of it the windows leave out. */
function weekOf(windows: Calendar['windows']): (Much | null)[] {
  const out = new Array<boolean>(7 * DAY_MINUTES).fill(false);
  const fill = (from: number, to: number) => {
    for (let at = from; at < (to > from ? to : to + out.length); at += 1) out[at % out.length] = true;
  };
  for (const { from, to } of windows) {
    const [start, end] = [minuteOf(from), minuteOf(to)];
    if (from.includes(' ')) fill(start, end);
    else {
      for (let day = 0; day < 7; day += 1) {
        fill(day * DAY_MINUTES + start, day * DAY_MINUTES + (end > start ? end : end + DAY_MINUTES));
      }
    }
  }
  return WEEKDAYS.map((_, day) => {
    const minutes = out.slice(day * DAY_MINUTES, (day + 1) * DAY_MINUTES);
    return minutes.every(Boolean) ? 'whole' : minutes.some(Boolean) ? 'part' : null;
  });
}

/** Of the week, or of the day where none is named. */
function minuteOf(text: string): number {
  const [time = '', weekday] = text.split(' ').reverse();
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return Math.max(0, WEEKDAYS.indexOf(weekday ?? '')) * DAY_MINUTES + hour * 60 + minute;
}

function daysFrom(from: string, to: string): string[] {
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
