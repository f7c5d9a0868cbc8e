import { listed } from './day-rule.js';
import type { TimeOfDay } from './time-of-day.js';

/** Times of day as hours, minutes and seconds that are each combined with each. */
export interface TimeFields {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
}

/** The smallest fields that hold all the times; they may hold more. */
export function fieldsAround(times: readonly TimeOfDay[]): TimeFields {
  const distinct = (valueOf: (time: TimeOfDay) => number): number[] =>
    [...new Set(times.map(valueOf))].sort((a, b) => a - b);
  return {
    hours: distinct((time) => Math.floor(time / 3_600)),
    minutes: distinct((time) => Math.floor(time / 60) % 60),
    seconds: distinct((time) => time % 60),
  };
}

/** Whether the fields hold the times alone. */
export function isExact({ hours, minutes, seconds }: TimeFields, times: readonly TimeOfDay[]): boolean {
  return hours.length * minutes.length * seconds.length === times.length;
}

/** Places (from 1) of the times among all that their fields hold. */
export function placesOf({ hours, minutes, seconds }: TimeFields, times: readonly TimeOfDay[]): number[] {
  const all = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => h * 3_600 + m * 60 + s)));
  const wanted = new Set(times);
  return all.flatMap((time, index) => (wanted.has(time) ? [index + 1] : []));
}

/**
 * `minute hour`, with seconds in front when there are any. Times of a step ("every 15 minutes") are written as one, so
 * that they run through a clock change as steps do.
 */
export function cronTimes({ hours, minutes, seconds }: TimeFields, isStep: boolean): string {
  const list = (values: readonly number[]): string => (isStep ? listed(values) : values.join(','));
  const hour = isStep && hours.length === 24 ? '*' : list(hours);
  const step = isStep && minutes[0] === 0 && minutes.length > 1 ? 60 / minutes.length : 0;
  const isEven = Number.isInteger(step) && step > 0 && minutes.every((minute, index) => minute === index * step);
  const minute = isEven ? (step === 1 ? '*' : `*/${step}`) : list(minutes);
  const isWholeMinutes = seconds.length === 1 && seconds[0] === 0;
  return isWholeMinutes ? `${minute} ${hour}` : `${list(seconds)} ${minute} ${hour}`;
}
