import { bruteForce, walkMinutes } from '../../support/brute-force.js';
import type { WallRule } from '../../support/brute-force.js';

const MINUTE_MS = 60_000;

/** A schedule, and its occurrences by a walk through real time that shares no code with the service. */
export interface Rhythm {
  /** As the API takes it. */
  readonly schedule: object | string;
  /** Ascending, after `from` and up to `to`. */
  occurrences(from: number, to: number): number[];
}

/** At every second of a minute that the step divides; `step` divides 60. */
export function everySeconds(step: number): Rhythm {
  if (60 % step !== 0) throw new RangeError(`${step} does not divide a minute`);
  return cronIn('UTC', `*/${step} * * * * *`, { second: (value) => value % step === 0 });
}

/** A cron expression and what it means, said twice on purpose. Fields that are not named are `*`, seconds 0. */
export function cronIn(timeZone: string, expression: string, rule: Partial<WallRule>): Rhythm {
  const anything = (): boolean => true;
  const whole: WallRule = {
    second: (value) => value === 0,
    minute: anything,
    hour: anything,
    date: anything,
    isFixedTime: false,
    gap: 'after',
    overlap: 'first',
    ...rule,
  };
  return {
    schedule: { type: 'cron', expression, timeZone },
    occurrences(from, to) {
      // More than what is asked for: a fixed time near the edge may lie in a gap or an overlap.
      const marginMs = (whole.isFixedTime ? 180 : 1) * MINUTE_MS;
      const walk = walkMinutes(timeZone, floorMinute(from) - marginMs, floorMinute(to) + MINUTE_MS + marginMs);
      return bruteForce(whole, walk).filter((at) => at > from && at <= to);
    },
  };
}

/** Once, at an instant in epoch milliseconds. */
export function onceAt(at: number): Rhythm {
  return {
    schedule: { type: 'once', at: new Date(at).toISOString() },
    occurrences: (from, to) => (at > from && at <= to ? [at] : []),
  };
}

function floorMinute(at: number): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
