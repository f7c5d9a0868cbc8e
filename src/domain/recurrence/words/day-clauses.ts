import type { Cursor } from './cursor.js';
import { readDate, readMonthDays, readWeekdays } from './days.js';
import { type Draft, say } from './draft.js';

/** Days of whatever kind: a date, days of the month, days of the week. False when there are none. */
export function sayDays(cursor: Cursor, draft: Draft, start: number, isEach: boolean): boolean {
  const date = cursor.attempt(() => {
    cursor.takeWord('the');
    return readDate(cursor, start, isEach);
  });
  if (date !== null) {
    say(draft, 'date', date);
    return true;
  }
  const monthDays = cursor.attempt(() => {
    cursor.takeWord('the');
    return readMonthDays(cursor, start, isEach);
  });
  if (monthDays !== null) {
    say(draft, 'monthDays', monthDays);
    return true;
  }
  const weekdays = readWeekdays(cursor, start, isEach);
  if (weekdays !== null) say(draft, 'weekdays', weekdays);
  return weekdays !== null;
}
