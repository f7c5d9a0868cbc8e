import type { Schedule } from './recurrence/schedule.js';
import { scheduleTypeOf } from './recurrence/schedule-types.js';

/** How much of the service a project may use; null: as much as it likes. */
export interface Quotas {
  /** Jobs that are there, whatever their state. */
  readonly jobs: number | null;
  /** How often the schedules of all jobs together fire. */
  readonly firesPerMinute: number | null;
  /** Calls under way at the same time; further runs wait. */
  readonly concurrentRuns: number | null;
  /** What lies at least between two occurrences of one job. */
  readonly leastIntervalMs: number | null;
}

export interface ProjectUse {
  readonly jobs: number;
  readonly firesPerMinute: number;
  readonly concurrentRuns: number;
}

export const NO_QUOTAS: Quotas = { jobs: null, firesPerMinute: null, concurrentRuns: null, leastIntervalMs: null };

/** What a job takes up of its project's quotas, by its schedule alone. */
export interface JobLoad {
  /** A whole number, so that sums of many stay exact: a fire a day is 695, one a second 60,000,000. */
  readonly firesPerMillionMinutes: number;
  /** Null: it fires once. */
  readonly shortestGapMs: number | null;
}

export const MILLION = 1_000_000;
const MINUTES_A_DAY = 1_440;

/**
 * As it fires on a day on which it does: one that fires each minute of one hour a day counts as 60 fires in 1,440 minutes.
 * Bounds, `maxRuns`, jitter and clock changes make no difference, nor does the state of the job: what is registered may run.
 */
export function loadOf(job: { readonly id: string; readonly schedule: Schedule }): JobLoad {
  try {
    const { timesPerDay, shortestGapMs } = scheduleTypeOf(job.schedule).frequency(job.schedule, job.id);
    return { firesPerMillionMinutes: Math.ceil((timesPerDay / MINUTES_A_DAY) * MILLION), shortestGapMs };
  } catch (error) {
    // Of a later release: it does not fire here, and its job can be paused all the same.
    if (error instanceof RangeError) return { firesPerMillionMinutes: 0, shortestGapMs: null };
    throw error;
  }
}
