import { parseSchedule } from './parse-schedule.js';
import { previewSchedule } from './preview.js';
import type { Instant } from './schedule.js';

const ROUNDS = 10;
const COUNT = 50;
const ZONES = ['Europe/Vienna', 'America/Toronto'];

/** One rule for each way of finding a next time. */
const RULES = [
  { type: 'cron', expression: '7 3 * * *' },
  { type: 'cron', expression: '7 3 1 * *' },
  { type: 'cron', expression: '7 3 29 2 *' },
  { type: 'rrule', rule: 'FREQ=DAILY;BYHOUR=3', startAt: '2026-01-01T00:00' },
  { type: 'rrule', rule: 'FREQ=YEARLY;BYDAY=MO,TU,WE;BYSETPOS=-2;BYMONTH=3', startAt: '2026-01-01T00:00' },
];

/**
 * Previews a few schedules for nobody, so that the first ones that are asked for, which may have twenty rules in twenty zones,
 * find the engine compiled and the zone data read in: they take some two thirds as long then (`bench:recurrence`). Takes
 * some 25 ms. Returns how many occurrences were found.
 */
export function warmUpRecurrence(now: Instant): number {
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const timeZone = ZONES[round % ZONES.length];
    const parsed = parseSchedule({ anyOf: RULES.map((rule) => ({ ...rule, timeZone })) }, { now });
    if (parsed.ok) found += previewSchedule(parsed.schedule, { seed: '', from: now, count: COUNT }).occurrences.length;
  }
  return found;
}
