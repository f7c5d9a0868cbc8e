import type { Instant, Schedule } from './schedule.js';

/** A compiled schedule: pure functions of instants. */
export interface Recurrence {
  /** Equal for two jobs exactly when `next` is the same function; holds the seed only where the rule depends on it. */
  readonly key: string;
  /** The first nominal occurrence strictly after `after`; null when there is none any more. */
  next(after: Instant): Instant | null;
  /** Nominal instant plus jitter: always before the next occurrence, the same on every replica. */
  dueAt(scheduledFor: Instant): Instant;
  /** Why an occurrence does not stand at its wall-clock time, for people; null when there is nothing to say. */
  note(scheduledFor: Instant): string | null;
}

export function compileSchedule(schedule: Schedule, seed: string): Recurrence {
  throw new Error(`not built yet: ${schedule.type} ${seed}`);
}
