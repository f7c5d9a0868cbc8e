import { formatLocal } from './instants.js';
import { parseSchedule } from './parse-schedule.js';
import { compileSchedule, type Recurrence } from './recurrence.js';
import type { Stretch, WallStretches } from './wall-stretches.js';

/**
 * Stretches of one length that begin where an RFC 5545 rule has its occurrences, on a clock that never changes. The rule is
 * a schedule of type `rrule`. Throws RangeError for a rule that is none.
 */
export function repeatedStretches(
  rule: string,
  startLocalMs: number,
  lengthMs: number,
  skipped: readonly number[],
): WallStretches {
  const read = readRepetition(rule, startLocalMs);
  if ('problem' in read) throw new RangeError(read.problem);
  return new RepeatedStretches(read.recurrence, lengthMs, new Set(skipped));
}

/** Null: it can be used; otherwise why not, in words. */
export function refuseRepetition(rule: string, startLocalMs: number): string | null {
  const read = readRepetition(rule, startLocalMs);
  return 'problem' in read ? read.problem : null;
}

function readRepetition(rule: string, startLocalMs: number): { recurrence: Recurrence } | { problem: string } {
  const input = { type: 'rrule', rule, startAt: formatLocal(startLocalMs), timeZone: 'UTC' };
  const parsed = parseSchedule(input, { now: 0 });
  if (parsed.ok) return { recurrence: compileSchedule(parsed.schedule, '') };
  return { problem: parsed.problems[0]?.detail ?? 'is not a rule' };
}

class RepeatedStretches implements WallStretches {
  constructor(
    private readonly recurrence: Recurrence,
    private readonly lengthMs: number,
    private readonly skipped: ReadonlySet<number>,
  ) {}

  at(localMs: number): Stretch | null {
    const from = this.startAfter(localMs - this.lengthMs);
    return from !== null && from <= localMs ? { from, to: from + this.lengthMs } : null;
  }

  touches(from: number, to: number): boolean {
    const start = this.startAfter(from - this.lengthMs);
    return start !== null && start < to;
  }

  private startAfter(localMs: number): number | null {
    let start = this.recurrence.next(localMs);
    while (start !== null && this.skipped.has(start)) start = this.recurrence.next(start);
    return start;
  }
}
