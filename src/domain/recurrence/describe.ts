import type { Schedule } from './schedule.js';

export function describeSchedule(schedule: Schedule): string {
  throw new Error(`not built yet: ${schedule.type}`);
}
