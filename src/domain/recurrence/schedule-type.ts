import type { CommonMembers } from './common-members.js';
import type { ProblemList } from './problems.js';
import type { Instant, Schedule } from './schedule.js';

/** A schedule's own rule, without bounds and jitter. */
export interface Rule {
  /** Equal exactly when `next` is the same function. */
  readonly key: string;
  next(after: Instant): Instant | null;
  note(scheduledFor: Instant): string | null;
}

/** How often a schedule fires, by its rule alone: no bounds, no clock changes. */
export interface Frequency {
  /** On a day on which it fires; a mean for what fires less often than that by its nature. */
  readonly timesPerDay: number;
  /** Between two occurrences that follow each other, on a clock that never changes; null: there are no two. */
  readonly shortestGapMs: number | null;
}

/**
 * All that one schedule type needs. A new type is one file with one of these, an entry in `schedule-types.ts` and its
 * shape in `schedule.ts`.
 */
export interface ScheduleType<S extends Schedule> {
  readonly type: S['type'];
  /** Members beside the common ones. */
  readonly members: readonly string[];
  /** Reads the type's own members from untrusted input; null when it added problems. */
  read(input: Readonly<Record<string, unknown>>, common: CommonMembers, reading: Reading): S | null;
  compile(schedule: S, seed: string): Rule;
  /** Text for people, without the zone when it has no part in the rule. */
  describe(schedule: S): string;
  /** Cheap: it is asked for at each write. */
  frequency(schedule: S, seed: string): Frequency;
  /** What a person should know before saving it. */
  warnings(schedule: S): string[];
}

export interface Reading {
  readonly now: Instant;
  readonly problems: ProblemList;
  /**
   * Reads a schedule inside of this one; null when it added problems, whose pointers begin at that schedule. Of the common
   * members only these are known there, and what they don't say is taken from `inherited`.
   */
  readonly readRule: (
    input: unknown,
    allowed: readonly string[],
    inherited: Readonly<Record<string, unknown>>,
    problems: ProblemList,
  ) => Schedule | null;
}
