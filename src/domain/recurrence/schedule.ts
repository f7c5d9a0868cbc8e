/** Epoch milliseconds, UTC. Wall-clock fields never leave this folder; only instants do. */
export type Instant = number;

/** What happens to a fixed wall-clock time at a clock change. Rules with wildcards or steps ignore it. */
export interface DstPolicy {
  /** A time that does not exist: `after` (default) fires at the first instant after the gap, `skip` does not fire. */
  gap?: 'after' | 'skip';
  /** A time that occurs twice: `first` (default), `second`, or `both`. */
  overlap?: 'first' | 'second' | 'both';
}

/**
 * Members that every schedule takes. `startAt` and `endAt` are inclusive bounds: an RFC 3339 instant in UTC, or a
 * local date-time (`2026-12-24T18:00`) in `timeZone`. `maxRuns` is carried for the planner, which counts.
 */
interface ScheduleBounds {
  timeZone: string;
  startAt?: string;
  endAt?: string;
  maxRuns?: number;
  /** ISO 8601 duration, elapsed (a day is 24 h). */
  jitter?: string;
  dst?: DstPolicy;
  /** Names of calendars; what they leave out is no occurrence. */
  exclude?: string[];
  onExcluded?: OnExcluded;
}

/** What becomes of an occurrence that a calendar leaves out: it is skipped (default), or moved to the nearest free day. */
export type OnExcluded = 'skip' | 'nextBusinessDay' | 'previousBusinessDay';

export interface CronSchedule extends ScheduleBounds {
  type: 'cron';
  expression: string;
}

export interface IntervalSchedule extends ScheduleBounds {
  type: 'interval';
  /** ISO 8601 duration; days and longer are calendar units in the zone. */
  every: string;
  /** RFC 3339 instant in UTC: occurrence number 0. Nothing fires before it. */
  anchorAt: string;
}

export interface OnceSchedule extends ScheduleBounds {
  type: 'once';
  /** RFC 3339 instant in UTC, or a local date-time in `timeZone`. */
  at: string;
}

export interface RruleSchedule extends ScheduleBounds {
  type: 'rrule';
  /** RFC 5545: `FREQ=…`, or an RRULE line with RDATE and EXDATE lines. In upper case. */
  rule: string;
  /** RFC 5545's DTSTART, on the wall clock of `timeZone`: the rule is counted from it and fills its gaps from it. */
  startAt: string;
}

/** A schedule of one rule. */
export type RuleSchedule = CronSchedule | IntervalSchedule | OnceSchedule | RruleSchedule;

/**
 * One rule of several: bounds of its own beside those of the union. A zone or a choice for clock changes that it does not
 * name is the union's. What counts, spreads or leaves out occurrences is the union's alone.
 */
export type UnionRule = RuleOf<RuleSchedule>;
type RuleOf<S> = S extends RuleSchedule
  ? Omit<S, 'timeZone' | 'maxRuns' | 'jitter' | 'exclude' | 'onExcluded'> & { timeZone?: string }
  : never;

/** Fires when any of its rules does; an instant that two of them share is one occurrence. */
export interface AnyOfSchedule extends ScheduleBounds {
  type: 'anyOf';
  anyOf: UnionRule[];
}

/** A normalised schedule: plain JSON, durations in ISO 8601, instants in RFC 3339 UTC. Only given members are there. */
export type Schedule = RuleSchedule | AnyOfSchedule;

/** What a refused phrase is answered with besides. */
export interface WordsFault {
  /** The words at fault, and where they start: 1 is the first character. */
  readonly words?: { readonly position: number; readonly text: string };
  /** Two phrases that are understood. */
  readonly suggestions?: readonly string[];
}

/** One reason for a refusal. `pointer` is an RFC 6901 pointer from the schedule's root (`''` is the schedule itself). */
export interface ScheduleProblem extends WordsFault {
  pointer: string;
  code: ScheduleProblemCode;
  detail: string;
}

export type ScheduleProblemCode =
  | 'invalid_type'
  | 'required'
  | 'unknown_member'
  | 'too_long'
  | 'out_of_range'
  | 'invalid_value'
  | 'invalid_cron'
  | 'invalid_rrule'
  | 'invalid_duration'
  | 'invalid_instant'
  | 'invalid_time_zone'
  | 'unknown_words'
  | 'ambiguous_words'
  | 'too_many'
  | 'too_frequent';
