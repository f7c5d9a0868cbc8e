import type { Schedule } from './recurrence/schedule.js';

/** Fewer jobs at one instant are no crowd. */
const CROWD = 20;
/** No more are counted. */
export const MOST_COUNTED = 1_000;

/**
 * Warns of an occurrence at which so many other jobs of the project are due; of a schedule that is spread, never. `others` is
 * a count of jobs; above `MOST_COUNTED` it is said to be that or more.
 */
export function crowdWarnings(schedule: Schedule, others: number): string[] {
  if (others < CROWD || !canCrowd(schedule)) return [];
  const count = others >= MOST_COUNTED ? `${MOST_COUNTED.toLocaleString('en-US')} or more` : `${others}`;
  return [`same instant as ${count} other jobs: consider ${schedule.type === 'cron' ? 'H' : 'jitter'}`];
}

/** Whether a schedule, or a rule of it, says itself at which instants it is due, and not the job's id. */
export function canCrowd(schedule: Schedule): boolean {
  if (schedule.jitter !== undefined) return false;
  const rules = schedule.type === 'anyOf' ? schedule.anyOf : [schedule];
  return rules.some((rule) => rule.type !== 'cron' || !/\bH\b/i.test(rule.expression));
}
