import { COMMON_MEMBERS, readCommonMembers } from './common-members.js';
import { MOST_MOVED_A_DAY } from './moving-rule.js';
import { memberPointer, ProblemList, quote, quoteValue } from './problems.js';
import type { Instant, Schedule, ScheduleProblem } from './schedule.js';
import { readScheduleText } from './schedule-text.js';
import { isScheduleTypeName, SCHEDULE_TYPE_NAMES, scheduleTypeOf } from './schedule-types.js';

export type ParsedSchedule = { ok: true; schedule: Schedule } | { ok: false; problems: ScheduleProblem[] };

type Input = Readonly<Record<string, unknown>>;

const PLANNED_TYPES = ['rrule'];

/**
 * Reads an untrusted schedule (any JSON value) and normalises it. A text is turned into the type that its shape shows.
 * Durations become ISO 8601, instants UTC; `type`, `timeZone` and an interval's `anchorAt` (from `context.now`) are
 * filled in (`anyOf` alone says its type), every other member is there only when it was given. Never throws: refusals are listed, at most twenty, with
 * pointers from the schedule's root (`''` for a text). Lengths are checked first, so the cost is bounded.
 */
export function parseSchedule(input: unknown, context: { now: Instant }): ParsedSchedule {
  const problems = new ProblemList();
  const schedule = readAny(input, WHOLE, context.now, problems);
  if (schedule !== null) refuseMovingOften(schedule, problems);
  return schedule === null || problems.problems.length > 0
    ? { ok: false, problems: problems.problems }
    : { ok: true, schedule };
}

/** Where a schedule stands: alone, or as a rule of one. */
interface Place {
  /** Common members that it takes. */
  readonly common: readonly string[];
  /** Of members that it does not name. */
  readonly inherited: Input;
  readonly isRule: boolean;
}

const WHOLE: Place = { common: COMMON_MEMBERS, inherited: {}, isRule: false };

function readAny(input: unknown, place: Place, now: Instant, problems: ProblemList): Schedule | null {
  if (typeof input === 'string') {
    const found = new ProblemList();
    const members = readScheduleText(input, found);
    const schedule = members === null ? null : readMembers(members, place, now, found);
    // The one text is all there is to point at.
    for (const { code, detail } of found.problems) problems.add('', code, detail);
    return schedule;
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return readMembers(input as Input, place, now, problems);
  }
  problems.add('', 'invalid_type', `${quoteValue(input)} is not a schedule: text or an object with a type is allowed`);
  return null;
}

function readMembers(input: Input, place: Place, now: Instant, problems: ProblemList): Schedule | null {
  const typeName = readTypeName(input, place, problems);
  if (typeName === null) return null;
  const type = scheduleTypeOf({ type: typeName });
  refuseUnknownMembers(input, [...place.common, ...type.members], problems);
  const common = readCommonMembers({ ...place.inherited, ...input }, problems);
  return type.read(input, common, {
    now,
    problems,
    readRule: (rule, allowed, inherited, found) =>
      readAny(rule, { common: allowed, inherited, isRule: true }, now, found),
  });
}

/** What fires all day long has no day to be moved to that it does not fire on by itself. */
function refuseMovingOften(schedule: Schedule, problems: ProblemList): void {
  const { onExcluded = 'skip' } = schedule;
  if (onExcluded === 'skip' || problems.problems.length > 0) return;
  const { timesPerDay } = scheduleTypeOf(schedule).frequency(schedule, '');
  if (timesPerDay <= MOST_MOVED_A_DAY) return;
  const fires = `fires ${Math.floor(timesPerDay).toLocaleString('en-US')} times a day`;
  const detail = `${quote(onExcluded)} moves days of at most ${MOST_MOVED_A_DAY} occurrences, and this ${fires}; use skip`;
  problems.add('/onExcluded', 'too_frequent', detail);
}

function readTypeName(input: Input, { isRule }: Place, problems: ProblemList): Schedule['type'] | null {
  const { type: value } = input;
  const names = SCHEDULE_TYPE_NAMES.filter((name) => name !== 'anyOf' || !isRule);
  const allowed = names.join(', ');
  if (!isRule && value === undefined && Object.hasOwn(input, 'anyOf')) return 'anyOf';
  if (value === undefined) problems.add('/type', 'required', `a schedule needs a type: allowed are ${allowed}`);
  else if (typeof value !== 'string') problems.add('/type', 'invalid_type', `${quoteValue(value)} is not text`);
  else if (isScheduleTypeName(value) && names.includes(value)) return value;
  else {
    const code = PLANNED_TYPES.includes(value) ? 'unsupported_schedule' : 'invalid_value';
    const detail = code === 'invalid_value' ? 'is not a schedule type' : 'schedules are not supported yet';
    problems.add('/type', code, `${quote(value)} ${detail}: allowed are ${allowed}`);
  }
  return null;
}

function refuseUnknownMembers(input: Input, known: readonly string[], problems: ProblemList): void {
  for (const name in input) {
    if (problems.isFull) return;
    if (known.includes(name) || !Object.hasOwn(input, name)) continue;
    problems.add(
      memberPointer(name),
      'unknown_member',
      `${quote(name)} is not known here: allowed are ${known.join(', ')}`,
    );
  }
}
