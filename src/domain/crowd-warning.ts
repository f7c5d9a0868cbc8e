import type { Schedule } from './recurrence/schedule.js';

/** Fewer jobs at one instant are no crowd. */
const CROWD = 20;
/** No more are counted. */
export const MOST_COUNTED = 1_000;

/** Warns of an occurrence at which so many other jobs of the project are due; of a schedule that is spread, never. */
export function crowdWarnings(schedule: Schedule, others: number): string[] {
  if (others < CROWD || !canCrowd(schedule)) return [];
  const count = others >= MOST_COUNTED ? `${MOST_COUNTED.toLocaleString('en-US')} or more` : `${others}`;
  return [`same instant as ${count} other jobs: consider ${schedule.type === 'cron' ? 'H' : 'jitter'}`];
}

/** Whether a schedule says itself at which instants it is due, and not the job's id. */
export function canCrowd(schedule: Schedule): boolean {
  return schedule.jitter === undefined && !(schedule.type === 'cron' && /\bH\b/.test(schedule.expression));
}
