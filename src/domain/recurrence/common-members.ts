import { FIRST_INSTANT, FIRST_YEAR, LAST_INSTANT, LAST_YEAR } from './civil.js';
import { DAY_MS, meanDurationMs, parseDuration, parseElapsedMs } from './duration.js';
import { formatInstant, parseInstant, parseLocalDateTime } from './instants.js';
import { memberPointer, type ProblemList, quote, quoteValue } from './problems.js';
import type { DstPolicy, Instant, OnExcluded } from './schedule.js';
import { findZone, getZone, MAX_ZONE_NAME_LENGTH } from './zone.js';

/** The members that every type takes, read and normalised; only those that were given, and the zone. */
export interface CommonMembers {
  readonly timeZone: string;
  readonly startAt?: string;
  readonly endAt?: string;
  readonly maxRuns?: number;
  readonly jitter?: string;
  readonly dst?: DstPolicy;
  readonly exclude?: string[];
  readonly onExcluded?: OnExcluded;
}

type Input = Readonly<Record<string, unknown>>;

export const COMMON_MEMBERS = [
  'type',
  'timeZone',
  'startAt',
  'endAt',
  'maxRuns',
  'jitter',
  'exclude',
  'onExcluded',
  'dst',
] as const;

export const MAX_RUNS_LIMIT = 1_000_000_000;
const MAX_JITTER_MS = 7 * DAY_MS;
export const MOST_CALENDARS = 10;
export const MAX_CALENDAR_NAME = 200;
const ON_EXCLUDED = ['skip', 'nextBusinessDay', 'previousBusinessDay'] as const;

export function readCommonMembers(input: Input, problems: ProblemList): CommonMembers {
  const timeZone = readTimeZone(input, problems);
  const startAt = readMoment(input, 'startAt', problems);
  const endAt = readMoment(input, 'endAt', problems);
  const maxRuns = readMaxRuns(input, problems);
  const jitter = readJitter(input, problems);
  const dst = readDst(input, problems);
  const exclude = readExclude(input, problems);
  const onExcluded = readChoice(input.onExcluded, '/onExcluded', ON_EXCLUDED, problems);
  if (startAt !== undefined && endAt !== undefined && problems.problems.length === 0) {
    if (momentOf(startAt, timeZone, 'start') > momentOf(endAt, timeZone, 'end')) {
      problems.add('/endAt', 'out_of_range', `${quote(endAt)} is before startAt`);
    }
  }
  return {
    timeZone,
    ...(startAt !== undefined && { startAt }),
    ...(endAt !== undefined && { endAt }),
    ...(maxRuns !== undefined && { maxRuns }),
    ...(jitter !== undefined && { jitter }),
    ...(dst !== undefined && { dst }),
    ...(exclude !== undefined && { exclude }),
    ...(onExcluded !== undefined && { onExcluded }),
  };
}

/** A member that has to be text; undefined when it is absent or, with a problem added, is something else. */
export function readText(input: Input, name: string, problems: ProblemList): string | undefined {
  const value = input[name];
  if (value === undefined || typeof value === 'string') return value;
  problems.add(memberPointer(name), 'invalid_type', `${quoteValue(value)} is not text`);
  return undefined;
}

/**
 * An instant, normalised to UTC, or a local date-time, kept as written so that it follows later changes of the zone's
 * rules.
 */
export function readMoment(input: Input, name: string, problems: ProblemList): string | undefined {
  const text = readText(input, name, problems);
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  const localMs = instant ?? parseLocalDateTime(text);
  if (localMs === null) {
    problems.add(
      memberPointer(name),
      'invalid_instant',
      `${quote(text)} is neither an RFC 3339 instant (2026-12-24T18:00:00Z) nor a local date-time (2026-12-24T18:00)`,
    );
    return undefined;
  }
  // A local time near the border of the years is some hours from its instant; two days leave room for any zone.
  const marginMs = instant === null ? 2 * DAY_MS : 0;
  if (localMs < FIRST_INSTANT + marginMs || localMs > LAST_INSTANT - marginMs) {
    problems.add(memberPointer(name), 'out_of_range', `${quote(text)} is not in the years ${FIRST_YEAR}–${LAST_YEAR}`);
    return undefined;
  }
  return instant === null ? text : formatInstant(instant);
}

/**
 * The instant of a normalised moment. A local bound in a gap is the gap's end; one that occurs twice is the first for a
 * start and the last for an end, so that the bounds take in as much as they can mean.
 */
export function momentOf(text: string, timeZone: string, role: 'start' | 'end'): Instant {
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  const localMs = parseLocalDateTime(text);
  if (localMs === null) throw new RangeError(`${quote(text)} is not a moment of a normalised schedule`);
  const { earliest, latest, gap } = getZone(timeZone).resolve(localMs);
  return (role === 'start' ? earliest : latest) ?? gap?.at ?? localMs;
}

function readTimeZone(input: Input, problems: ProblemList): string {
  const name = readText(input, 'timeZone', problems);
  if (name === undefined) return 'UTC';
  if (findZone(name) !== null) return name;
  const isTooLong = name.length > MAX_ZONE_NAME_LENGTH;
  const allowed = isTooLong
    ? `a name has at most ${MAX_ZONE_NAME_LENGTH} characters`
    : 'an IANA name such as Europe/Paris or UTC is allowed, an offset is not';
  problems.add(
    '/timeZone',
    isTooLong ? 'too_long' : 'invalid_time_zone',
    `${quote(name)} is not a time zone: ${allowed}`,
  );
  return 'UTC';
}

function readMaxRuns(input: Input, problems: ProblemList): number | undefined {
  const value = input.maxRuns;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_RUNS_LIMIT) return value;
  const code = typeof value === 'number' ? 'out_of_range' : 'invalid_type';
  problems.add('/maxRuns', code, `${quoteValue(value)} is not a whole number from 1 to ${MAX_RUNS_LIMIT}`);
  return undefined;
}

function readJitter(input: Input, problems: ProblemList): string | undefined {
  const text = readText(input, 'jitter', problems);
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  const ms = parseElapsedMs(text);
  if (duration !== null && ms !== null && ms <= MAX_JITTER_MS) return duration.text;
  const isLong = duration !== null && meanDurationMs(duration) > MAX_JITTER_MS;
  const detail = `${quote(text)} is not a jitter: allowed are durations up to 7 days, such as PT30S, 30s or 5m`;
  problems.add('/jitter', isLong ? 'out_of_range' : 'invalid_duration', detail);
  return undefined;
}

function readDst(input: Input, problems: ProblemList): DstPolicy | undefined {
  const value = input.dst;
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add('/dst', 'invalid_type', `${quoteValue(value)} is not an object with gap and overlap`);
    return undefined;
  }
  const members = value as Input;
  for (const name of Object.keys(members)) {
    if (problems.isFull) return undefined;
    if (name !== 'gap' && name !== 'overlap') {
      problems.add(
        `/dst${memberPointer(name)}`,
        'unknown_member',
        `${quote(name)} is not known here: gap and overlap are`,
      );
    }
  }
  const gap = readChoice(members.gap, '/dst/gap', ['after', 'skip'] as const, problems);
  const overlap = readChoice(members.overlap, '/dst/overlap', ['first', 'second', 'both'] as const, problems);
  if (gap === undefined && overlap === undefined) return undefined;
  return { ...(gap !== undefined && { gap }), ...(overlap !== undefined && { overlap }) };
}

function readChoice<T extends string>(
  value: unknown,
  pointer: string,
  choices: readonly T[],
  problems: ProblemList,
): T | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice === undefined) {
    problems.add(pointer, 'invalid_value', `${quoteValue(value)} is not one of ${choices.join(', ')}`);
  }
  return choice;
}

/** Each name once. Whether there are such calendars is for who knows them to say. */
function readExclude(input: Input, problems: ProblemList): string[] | undefined {
  const value = input.exclude;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) {
    problems.add('/exclude', 'invalid_type', `${quoteValue(value)} is not a list of names of calendars`);
    return undefined;
  }
  if (value.length > MOST_CALENDARS) {
    problems.add('/exclude', 'too_many', `names ${value.length} calendars; at most ${MOST_CALENDARS} are allowed`);
    return undefined;
  }
  const names: string[] = [];
  for (const [index, name] of value.entries()) {
    if (typeof name !== 'string') {
      problems.add(`/exclude/${index}`, 'invalid_type', `${quoteValue(name)} is not the name of a calendar`);
    } else if (name === '' || name.length > MAX_CALENDAR_NAME) {
      const code = name === '' ? 'required' : 'too_long';
      problems.add(`/exclude/${index}`, code, `a calendar's name has 1 to ${MAX_CALENDAR_NAME} characters`);
    } else if (!names.includes(name)) names.push(name);
  }
  return names.length === 0 ? undefined : names;
}
