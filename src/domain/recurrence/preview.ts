import { describeSchedule } from './describe.js';
import { parseElapsedMs } from './duration.js';
import type { Calendars } from './exclusion.js';
import { formatInstant, localIso, parseInstant } from './instants.js';
import { compileSchedule, type Recurrence } from './recurrence.js';
import type { Instant, Schedule } from './schedule.js';
import { scheduleTypeOf } from './schedule-types.js';

export interface PreviewedOccurrence {
  /** RFC 3339 in UTC. */
  scheduledFor: string;
  /** The zone's wall clock with its offset. */
  local: string;
  note?: string;
  /** When it is due, where that is another instant. */
  dueAt?: string;
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
  /** Those that the schedule names. */
  calendars?: Calendars;
  /** `seed` is the id of a job, so that jitter is known and not only how far it may go. */
  isOfJob?: boolean;
}

const MAX_COUNT = 1_000;

/**
 * What a schedule will do from `from` on, as if it had not run yet: at most `count` occurrences, and at most `maxRuns`.
 * No occurrences and no `until` means that it never fires again. In the order of their nominal instants.
 */
export function previewSchedule(schedule: Schedule, options: PreviewOptions): SchedulePreview {
  const recurrence = compileSchedule(schedule, options.seed, options.calendars);
  const count = Math.min(options.count, MAX_COUNT, schedule.maxRuns ?? Infinity);
  const occurrences: PreviewedOccurrence[] = [];
  let at = recurrence.next(options.from);
  while (at !== null && at <= (options.until ?? Infinity) && occurrences.length < count) {
    const next = recurrence.next(at);
    occurrences.push(previewed(at, next, schedule, recurrence, options.isOfJob === true));
    at = next;
  }
  const warnings = [
    ...scheduleTypeOf(schedule).warnings(schedule),
    ...jitterWarnings(schedule, recurrence, options.from),
    ...exclusionWarnings(schedule, options, occurrences),
  ];
  return { text: describeSchedule(schedule), occurrences, warnings };
}

function previewed(
  at: Instant,
  next: Instant | null,
  schedule: Schedule,
  recurrence: Recurrence,
  isOfJob: boolean,
): PreviewedOccurrence {
  const { timeZone } = schedule;
  const dueAt = isOfJob ? recurrence.dueAt(at) : at;
  const jitterMs = isOfJob ? 0 : jitterOf(schedule);
  const latest = jitterMs === 0 ? null : Math.min(at + jitterMs, next ?? Infinity);
  const notes = [recurrence.note(at), latest === null ? null : `jitter: due before ${localIso(latest, timeZone)}`];
  const note = notes.filter((one) => one !== null).join('; ');
  return {
    scheduledFor: formatInstant(at),
    local: localIso(at, timeZone),
    ...(note !== '' && { note }),
    ...(dueAt !== at && { dueAt: formatInstant(dueAt) }),
  };
}

function jitterOf({ jitter }: Schedule): number {
  return jitter === undefined ? 0 : (parseElapsedMs(jitter) ?? 0);
}

function jitterWarnings(schedule: Schedule, recurrence: Recurrence, from: Instant): string[] {
  const jitterMs = jitterOf(schedule);
  const first = jitterMs === 0 ? null : recurrence.next(from);
  const second = first === null ? null : recurrence.next(first);
  if (first === null || second === null || second - first >= jitterMs) return [];
  return [`jitter ${schedule.jitter} is longer than the time to the next occurrence and is cut to it`];
}

const NAMED = 3;

/** Which occurrences are missing in the span that is shown, and by whom; those that are moved are noted where they stand. */
function exclusionWarnings(
  { exclude = [], onExcluded = 'skip', ...schedule }: Schedule,
  { seed, from, calendars, until = Infinity }: PreviewOptions,
  shown: readonly PreviewedOccurrence[],
): string[] {
  const last = shown.at(-1)?.scheduledFor;
  if (exclude.length === 0 || onExcluded !== 'skip' || last === undefined) return [];
  const all = compileSchedule(schedule, seed);
  const excluding = compileSchedule({ ...schedule, exclude }, seed, calendars);
  const to = Math.min(parseInstant(last) ?? Infinity, until);
  const out: string[] = [];
  let looked = 0;
  let at = all.next(from);
  for (; at !== null && at < to && looked < 2 * MAX_COUNT; at = all.next(at), looked += 1) {
    const names = excluding.excludedBy(at);
    if (names.length > 0) out.push(`${localIso(at, schedule.timeZone).slice(0, 16)} by ${names.join(' and ')}`);
  }
  if (out.length === 0) return [];
  const more = at !== null && at < to ? ' and more' : out.length > NAMED ? ` and ${out.length - NAMED} more` : '';
  return [`left out: ${out.slice(0, NAMED).join(', ')}${more}`];
}
