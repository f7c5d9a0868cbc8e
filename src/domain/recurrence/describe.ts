import type { Schedule } from './schedule.js';
import { scheduleTypeOf } from './schedule-types.js';

/** A schedule in words: "At 09:00, Monday through Friday (Europe/Paris)", "Every 15 minutes". Bounds are left out. */
export function describeSchedule(schedule: Schedule): string {
  const { exclude = [], onExcluded = 'skip' } = schedule;
  const text = scheduleTypeOf(schedule).describe(schedule);
  return exclude.length === 0 ? text : `${text}, ${INSTEAD[onExcluded]} ${LIST.format(exclude)}`;
}

const LIST = new Intl.ListFormat('en', { type: 'conjunction' });
const INSTEAD = {
  skip: 'but not on',
  nextBusinessDay: 'on the next free day instead of',
  previousBusinessDay: 'on the free day before instead of',
} as const;
