import type { JobRevision } from '../job-revision.js';
import { getZone } from '../recurrence/zone.js';
import type { Instant } from '../recurrence/schedule.js';

export interface Pause {
  readonly from: Instant;
  /** Null: it has no end yet. */
  readonly to: Instant | null;
  readonly note: string | null;
}

type Standing = Pick<JobRevision, 'at' | 'state' | 'pauseNote' | 'pausedUntil'>;

/** The pauses of a job that have a part in [from, to), by its versions: ascending, the one in force at `from` first. */
export function pausesOf(revisions: readonly Standing[], from: Instant, to: Instant): Pause[] {
  const pauses: Pause[] = [];
  for (const [index, { at, state, pauseNote, pausedUntil }] of revisions.entries()) {
    if (state !== 'paused') continue;
    const nextAt = revisions[index + 1]?.at ?? null;
    // A pause with an end is over without a version of its own.
    const end = pausedUntil !== null && (nextAt === null || pausedUntil < nextAt) ? pausedUntil : nextAt;
    const last = pauses.at(-1);
    if (last?.to === at && last.note === pauseNote) pauses[pauses.length - 1] = { ...last, to: end };
    else if (end !== at) pauses.push({ from: at, to: end, note: pauseNote });
  }
  return pauses.filter((pause) => pause.from < to && (pause.to === null || pause.to > from));
}

export interface ClockChange {
  readonly at: Instant;
  /** Offsets from UTC, as `+01:00`. */
  readonly before: string;
  readonly after: string;
}

/** When the clocks of a zone change in [from, to); none for a zone that this tz database lacks. */
export function clockChangesOf(timeZone: string, from: Instant, to: Instant): ClockChange[] {
  try {
    const changes = getZone(timeZone).transitions(from, to - 1);
    return changes.map(({ at, beforeMs, afterMs }) => ({ at, before: offsetOf(beforeMs), after: offsetOf(afterMs) }));
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function offsetOf(ms: number): string {
  const minutes = Math.abs(Math.trunc(ms / 60_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
