import { describeSchedule } from './describe.js';
import { parseElapsedMs } from './duration.js';
import { formatInstant, localIso } from './instants.js';
import { compileSchedule, type Recurrence } from './recurrence.js';
import type { Instant, Schedule } from './schedule.js';
import { scheduleTypeOf } from './schedule-types.js';

export interface PreviewedOccurrence {
  /** RFC 3339 in UTC. */
  scheduledFor: string;
  /** The zone's wall clock with its offset. */
  local: string;
  note?: string;
}

export interface SchedulePreview {
  text: string;
  occurrences: PreviewedOccurrence[];
  warnings: string[];
}

export interface PreviewOptions {
  /** The job's id; decides `H`. */
  seed: string;
  /** Exclusive. */
  from: Instant;
  /** 1–1000; more is cut to 1000. */
  count: number;
  /** Inclusive. */
  until?: Instant;
}

const MAX_COUNT = 1_000;

/**
 * What a schedule will do from `from` on, as if it had not run yet: at most `count` occurrences, and at most `maxRuns`.
 * No occurrences and no `until` means that it never fires again. Nominal instants: jitter is not shown.
 */
export function previewSchedule(schedule: Schedule, options: PreviewOptions): SchedulePreview {
  const recurrence = compileSchedule(schedule, options.seed);
  const count = Math.min(options.count, MAX_COUNT, schedule.maxRuns ?? Infinity);
  const occurrences: PreviewedOccurrence[] = [];
  let at = recurrence.next(options.from);
  while (at !== null && at <= (options.until ?? Infinity) && occurrences.length < count) {
    const note = recurrence.note(at);
    occurrences.push({
      scheduledFor: formatInstant(at),
      local: localIso(at, schedule.timeZone),
      ...(note !== null && { note }),
    });
    at = recurrence.next(at);
  }
  const warnings = [
    ...scheduleTypeOf(schedule).warnings(schedule),
    ...jitterWarnings(schedule, recurrence, options.from),
  ];
  return { text: describeSchedule(schedule), occurrences, warnings };
}

function jitterWarnings(schedule: Schedule, recurrence: Recurrence, from: Instant): string[] {
  const jitterMs = schedule.jitter === undefined ? 0 : (parseElapsedMs(schedule.jitter) ?? 0);
  const first = jitterMs === 0 ? null : recurrence.next(from);
  const second = first === null ? null : recurrence.next(first);
  if (first === null || second === null || second - first >= jitterMs) return [];
  return [`jitter ${schedule.jitter} is longer than the time to the next occurrence and is cut to it`];
}
