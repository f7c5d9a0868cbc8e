import { COMMON_MEMBERS, readCommonMembers, readText } from './common-members.js';
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
 * Durations become ISO 8601, instants UTC; `type`, `timeZone`, an interval's `anchorAt` and an rrule's `startAt` (from
 * `context.now`) are filled in, every other member is there only when it was given. Never throws: refusals are listed, at most twenty, with
 * pointers from the schedule's root (`''` for a text). Lengths are checked first, so the cost is bounded.
 */
export function parseSchedule(input: unknown, context: { now: Instant }): ParsedSchedule {
  const problems = new ProblemList();
  if (typeof input === 'string') {
    const members = readScheduleText(input, context, problems);
    const schedule = members === null ? null : readMembers(members, context.now, problems);
    // The one text is all there is to point at.
    return result(
      schedule,
      problems.problems.map((problem) => ({ ...problem, pointer: '' })),
    );
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    problems.add(
      '',
      'invalid_type',
      `${quoteValue(input)} is not a schedule: text or an object with a type is allowed`,
    );
    return result(null, problems.problems);
  }
  const members = input as Input;
  if (members.type === WORDS_TYPE) return parseWordsObject(members, context.now, problems);
  return result(readMembers(members, context.now, problems), problems.problems);
}

/** `{ "type": "words", "text": "every Monday at 9am", … }`: a phrase with the members that every schedule takes. */
function parseWordsObject(input: Input, now: Instant, problems: ProblemList): ParsedSchedule {
  refuseUnknownMembers(input, ['text'], problems);
  const { text, ...rest } = input;
  const phrase = readText(input, 'text', problems);
  if (text === undefined) problems.add('/text', 'required', 'words need a text, such as every Monday at 9am');
  const { timeZone, startAt } = readCommonMembers(input, problems);
  if (phrase === undefined || problems.problems.length > 0) return result(null, problems.problems);
  const context = { now, ...(input.timeZone !== undefined && { timeZone }), ...(startAt !== undefined && { startAt }) };
  const members = readWords(phrase, context, problems, '/text');
  const schedule = members === null ? null : readMembers({ ...rest, ...members }, now, problems);
  // What the phrase became has members that the caller never wrote.
  const pointers = COMMON_MEMBERS.map((name) => `/${name}`);
  const isOwn = (pointer: string): boolean => pointers.some((one) => pointer === one || pointer.startsWith(`${one}/`));
  return result(
    schedule,
    problems.problems.map((problem) => ({ ...problem, pointer: isOwn(problem.pointer) ? problem.pointer : '/text' })),
  );
}

function readMembers(input: Input, now: Instant, problems: ProblemList): Schedule | null {
  const typeName = readTypeName(input.type, problems);
  if (typeName === null) return null;
  const type = scheduleTypeOf({ type: typeName });
  refuseUnknownMembers(input, type.members, problems);
  const common = readCommonMembers(input, problems);
  return type.read(input, common, { now, problems });
}

function readTypeName(value: unknown, problems: ProblemList): Schedule['type'] | null {
  const allowed = [...SCHEDULE_TYPE_NAMES, WORDS_TYPE].join(', ');
  if (value === undefined) problems.add('/type', 'required', `a schedule needs a type: allowed are ${allowed}`);
  else if (typeof value !== 'string') problems.add('/type', 'invalid_type', `${quoteValue(value)} is not text`);
  else if (isScheduleTypeName(value)) return value;
  else problems.add('/type', 'invalid_value', `${quote(value)} is not a schedule type: allowed are ${allowed}`);
  return null;
}

function refuseUnknownMembers(input: Input, own: readonly string[], problems: ProblemList): void {
  const known = [...COMMON_MEMBERS, ...own];
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

function result(schedule: Schedule | null, problems: ScheduleProblem[]): ParsedSchedule {
  return schedule === null || problems.length > 0 ? { ok: false, problems } : { ok: true, schedule };
}
