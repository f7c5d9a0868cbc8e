import type { Instant } from './recurrence/schedule.js';

/** From the first date to the last one, both of them whole. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

/**
 * A window of the week (`SAT 00:00` to `MON 00:00`) or of each day (`22:00` to `06:00`, over midnight when it ends before it
 * begins). The end is exclusive; 24:00 is the end of a day.
 */
export interface Window {
  readonly from: string;
  readonly to: string;
}

/** Days of an RFC 5545 rule, whole ones; counted from `startAt`, a date. */
export interface DayRule {
  readonly rule: string;
  readonly startAt: string;
}

/**
 * An event of an imported file. `start` and `end` (exclusive) are dates, local date-times, or instants in UTC; they are of
 * one kind. Local times are meant in `timeZone`, or where the calendar is read.
 */
export interface CalendarEvent {
  readonly summary: string;
  readonly start: string;
  readonly end: string;
  readonly timeZone?: string;
  /** RFC 5545; repeats the event. */
  readonly rule?: string;
  /** Starts of repetitions that don't take place, written as `start`. */
  readonly exdates?: readonly string[];
}

/** What a calendar leaves out. Dates are `2026-12-25`. */
export interface CalendarDays {
  /** Null: the zone of the schedule that uses it. */
  readonly timeZone: string | null;
  readonly dates: readonly string[];
  readonly ranges: readonly DateRange[];
  readonly windows: readonly Window[];
  readonly rules: readonly DayRule[];
  readonly events: readonly CalendarEvent[];
}

/** A named set of days of a project. */
export interface Calendar extends CalendarDays {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export const CALENDAR_LIMITS = {
  dates: 1_000,
  ranges: 200,
  windows: 100,
  rules: 30,
  events: 1_000,
  repeated: 50,
} as const;

/** Jobs that one change of a calendar moves at most: they are locked together until it is committed. */
export const MOST_USERS = 10_000;
