import type { Instant, Schedule, ScheduleProblem } from './schedule.js';

export type ParsedSchedule = { ok: true; schedule: Schedule } | { ok: false; problems: ScheduleProblem[] };

export function parseSchedule(input: unknown, context: { now: Instant }): ParsedSchedule {
  throw new Error(`not built yet: ${typeof input} ${context.now}`);
}
