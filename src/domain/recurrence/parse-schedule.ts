import { COMMON_MEMBERS, readCommonMembers, readText } from './common-members.js';
import { MOST_MOVED_A_DAY } from './moving-rule.js';
import { memberPointer, ProblemList, quote, quoteValue } from './problems.js';
import type { Instant, Schedule, ScheduleProblem } from './schedule.js';
import { readScheduleText } from './schedule-text.js';
import { readWords } from './words/read-words.js';
import { isScheduleTypeName, SCHEDULE_TYPE_NAMES, scheduleTypeOf } from './schedule-types.js';

export type ParsedSchedule = { ok: true; schedule: Schedule } | { ok: false; problems: ScheduleProblem[] };

type Input = Readonly<Record<string, unknown>>;

/** Not a type of its own: a schedule given so comes back as one of the others. */
export const WORDS_TYPE = 'words';

/**
 * Reads an untrusted schedule (any JSON value) and normalises it. A text is turned into the type that its shape shows.
 * Durations become ISO 8601, instants UTC; `type` (`anyOf` alone says it), `timeZone`, an interval's `anchorAt` and an rrule's
 * `startAt` (from `context.now`) are filled in, every other member is there only when it was given. Never throws: refusals
 * are listed, at most twenty, with pointers from the schedule's root (`''` for a text). Lengths are checked first, so the
 * cost is bounded.
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
    const members = readScheduleText(input, { now, ...otherZoneOf(place) }, found);
    const schedule = members === null ? null : readMembers(members, place, now, found);
    // The one text is all there is to point at.
    copyProblems(found, problems, () => '');
    return schedule;
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    const members = input as Input;
    return members.type === WORDS_TYPE
      ? readWordsObject(members, place, now, problems)
      : readMembers(members, place, now, problems);
  }
  problems.add('', 'invalid_type', `${quoteValue(input)} is not a schedule: text or an object with a type is allowed`);
  return null;
}

/** `{ "type": "words", "text": "every Monday at 9am", … }`: a phrase with the members that every schedule takes. */
function readWordsObject(input: Input, place: Place, now: Instant, problems: ProblemList): Schedule | null {
  refuseUnknownMembers(input, [...place.common, 'text'], problems);
  if (problems.isFull) return null; // nothing more would be told, and so many members cost time
  const { text, ...rest } = input;
  const phrase = readText(input, 'text', problems);
  if (text === undefined) problems.add('/text', 'required', 'words need a text, such as every Monday at 9am');
  const { timeZone, startAt } = readCommonMembers({ ...place.inherited, ...input }, problems);
  if (phrase === undefined || problems.problems.length > 0) return null;
  const context = {
    now,
    ...otherZoneOf(place),
    ...(input.timeZone !== undefined && { timeZone }),
    ...(startAt !== undefined && { startAt }),
  };
  const members = readWords(phrase, context, problems, '/text');
  if (members === null) return null;
  const found = new ProblemList();
  const schedule = readMembers({ ...rest, ...members }, place, now, found);
  // What the phrase became has members that the caller never wrote.
  const pointers = COMMON_MEMBERS.map((name) => `/${name}`);
  const isOwn = (pointer: string): boolean => pointers.some((one) => pointer === one || pointer.startsWith(`${one}/`));
  copyProblems(found, problems, (pointer) => (isOwn(pointer) ? pointer : '/text'));
  return schedule;
}

/** The zone of a phrase that names none. */
function otherZoneOf({ inherited: { timeZone } }: Place): { otherZone?: string } {
  return typeof timeZone === 'string' ? { otherZone: timeZone } : {};
}

function copyProblems(from: ProblemList, to: ProblemList, pointerOf: (pointer: string) => string): void {
  for (const { pointer, code, detail, ...words } of from.problems) to.add(pointerOf(pointer), code, detail, words);
}

function readMembers(input: Input, place: Place, now: Instant, problems: ProblemList): Schedule | null {
  const typeName = readTypeName(input, place, problems);
  if (typeName === null) return null;
  const type = scheduleTypeOf({ type: typeName });
  refuseUnknownMembers(input, [...place.common, ...type.members], problems);
  if (problems.isFull) return null;
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
  const allowed = [...names, WORDS_TYPE].join(', ');
  if (!isRule && value === undefined && Object.hasOwn(input, 'anyOf')) return 'anyOf';
  if (value === undefined) problems.add('/type', 'required', `a schedule needs a type: allowed are ${allowed}`);
  else if (typeof value !== 'string') problems.add('/type', 'invalid_type', `${quoteValue(value)} is not text`);
  else if (isScheduleTypeName(value) && names.includes(value)) return value;
  else problems.add('/type', 'invalid_value', `${quote(value)} is not a schedule type: allowed are ${allowed}`);
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
