import type { Schedule } from './schedule.js';
import { scheduleTypeOf } from './schedule-types.js';

/** A schedule in words: "At 09:00, Monday through Friday (Europe/Paris)", "Every 15 minutes". Bounds are left out. */
export function describeSchedule(schedule: Schedule): string {
  return scheduleTypeOf(schedule).describe(schedule);
}
