import { BoundedMap } from './bounded-map.js';
import type { Schedule } from './schedule.js';
import { scheduleTypeOf } from './schedule-types.js';

/** Putting a schedule into words takes a hundred times as long as finding them again. */
const MAX_TEXTS = 10_000;
const texts = new BoundedMap<string, string>(MAX_TEXTS);

/** A schedule in words: "At 09:00, Monday through Friday (Europe/Paris)", "Every 15 minutes". Bounds are left out. */
export function describeSchedule(schedule: Schedule): string {
  const key = JSON.stringify(schedule);
  const known = texts.get(key);
  if (known !== undefined) return known;
  const { exclude = [], onExcluded = 'skip' } = schedule;
  const rule = scheduleTypeOf(schedule).describe(schedule);
  const text = exclude.length === 0 ? rule : `${rule}, ${INSTEAD[onExcluded]} ${LIST.format(exclude)}`;
  texts.set(key, text);
  return text;
}

const LIST = new Intl.ListFormat('en', { type: 'conjunction' });
const INSTEAD = {
  skip: 'but not on',
  nextBusinessDay: 'on the next free day instead of',
  previousBusinessDay: 'on the free day before instead of',
} as const;
