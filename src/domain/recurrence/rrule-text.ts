import { quote } from './problems.js';
import { parseRfcDateTime, parseRruleParts, rfcDateTime, type RruleParts, RruleSyntaxError } from './rrule-parts.js';
import { findZone, getZone } from './zone.js';

/** Checked before anything else looks at the text: all values of every list, and a hundred dates. */
export const MAX_RULE_LENGTH = 4_096;

/** A date-time of RDATE, EXDATE or DTSTART: wall-clock milliseconds in the schedule's zone, or an instant. */
export interface RruleDate {
  readonly ms: number;
  readonly isUtc: boolean;
}

/** The text of an rrule schedule, read. */
export interface RruleText {
  readonly parts: RruleParts;
  readonly added: readonly RruleDate[];
  readonly excluded: readonly RruleDate[];
  /** Of a DTSTART line: wall-clock milliseconds in `timeZone`. */
  readonly startLocalMs: number | null;
  /** The given one or, when none is, that of DTSTART. */
  readonly timeZone: string;
  /** As it is kept: `FREQ=…` alone, or lines when there are dates. DTSTART is not in it. */
  readonly normalised: string;
}

interface Line {
  readonly name: string;
  readonly timeZone: string | null;
  readonly value: string;
}

const LINE_NAMES: readonly string[] = ['RRULE', 'DTSTART', 'RDATE', 'EXDATE'];
const ANY_RULE = /^\s*((RRULE|DTSTART|RDATE|EXDATE|EXRULE)[:;]|(FREQ|INTERVAL|COUNT|UNTIL|WKST|BY[A-Z]+)=)/i;

/** Whether a text has the shape of a rule; whether it holds is for `parseRruleText` to say. */
export function looksLikeRrule(text: string): boolean {
  return ANY_RULE.test(text.slice(0, 64));
}

/**
 * Reads `FREQ=…`, or lines of an iCalendar (RRULE, DTSTART, RDATE, EXDATE; folded ones too) in any case. `givenZone` is
 * the schedule's own; null leaves it to DTSTART, and to `otherZone`. Throws RruleSyntaxError with the text at fault.
 */
export function parseRruleText(text: string, givenZone: string | null, otherZone = 'UTC'): RruleText {
  if (text.length > MAX_RULE_LENGTH) {
    throw new RruleSyntaxError(`has ${text.length} characters; at most ${MAX_RULE_LENGTH} are allowed`);
  }
  // Before upper case: that would make ASCII of letters that are none.
  const foreign = /[^\x20-\x7e\t\r\n]/.exec(text)?.[0];
  if (foreign !== undefined) throw new RruleSyntaxError(`${quote(foreign)} is not allowed: a rule is plain ASCII`);
  const lines = splitLines(text);
  const rules = lines.filter(({ name }) => name === 'RRULE');
  if (rules.length !== 1) throw new RruleSyntaxError(`${rules.length} rules are given; one is allowed`);
  const start = readStart(lines, givenZone, otherZone);
  const timeZone = givenZone ?? start?.timeZone ?? otherZone;
  const ruleText = rules[0]?.value ?? '';
  const parts = parseRruleParts(ruleText, timeZone);
  const added = readDates('RDATE', lines, timeZone);
  const excluded = readDates('EXDATE', lines, timeZone);
  const dateLines = [...dateLine('RDATE', added), ...dateLine('EXDATE', excluded)];
  const normalised = dateLines.length === 0 ? ruleText : [`RRULE:${ruleText}`, ...dateLines].join('\n');
  return { parts, added, excluded, startLocalMs: start?.localMs ?? null, timeZone, normalised };
}

function splitLines(text: string): Line[] {
  const unfolded = text.trim().replace(/\r?\n[ \t]/g, '');
  if (unfolded === '') throw new RruleSyntaxError('the rule is empty');
  return unfolded
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readLine);
}

function readLine(line: string): Line {
  const match = /^([A-Z]+)(;[^:]*)?:(.*)$/i.exec(line);
  if (match === null) return { name: 'RRULE', timeZone: null, value: line.toUpperCase() };
  const [, givenName = '', parameters = '', givenValue = ''] = match;
  const [name, value] = [givenName.toUpperCase(), givenValue.toUpperCase()];
  if (!LINE_NAMES.includes(name)) {
    throw new RruleSyntaxError(`${quote(line)}: allowed lines are ${LINE_NAMES.join(', ')}`);
  }
  let timeZone: string | null = null;
  for (const parameter of parameters.split(';').slice(1)) {
    const zoneName = /^TZID=(.+)$/i.exec(parameter)?.[1];
    if (name === 'RRULE' || (zoneName === undefined && !/^VALUE=DATE-TIME$/i.test(parameter))) {
      const allowed = name === 'RRULE' ? 'RRULE takes no parameters' : 'only date-times are allowed, and TZID';
      throw new RruleSyntaxError(`${quote(parameter)}: ${allowed}`);
    }
    if (zoneName !== undefined && findZone(zoneName) === null) {
      throw new RruleSyntaxError(`TZID=${quote(zoneName)} is not an IANA time zone`);
    }
    timeZone = zoneName ?? timeZone;
  }
  return { name, timeZone, value };
}

function readStart(
  lines: readonly Line[],
  givenZone: string | null,
  otherZone: string,
): { localMs: number; timeZone: string } | null {
  const [line, another] = lines.filter(({ name }) => name === 'DTSTART');
  if (line === undefined) return null;
  if (another !== undefined) throw new RruleSyntaxError('DTSTART is given twice');
  const { ms, isUtc } = readDate('DTSTART', line.value);
  const timeZone = isUtc ? 'UTC' : (line.timeZone ?? givenZone ?? otherZone);
  if (givenZone !== null && getZone(timeZone) !== getZone(givenZone)) {
    throw new RruleSyntaxError(`DTSTART is in ${quote(timeZone)}, and timeZone is ${quote(givenZone)}`);
  }
  return { localMs: ms, timeZone };
}

function readDates(name: string, lines: readonly Line[], timeZone: string): RruleDate[] {
  const byText = new Map<string, RruleDate>();
  for (const line of lines) {
    if (line.name !== name) continue;
    for (const value of line.value.split(',')) {
      const date = inZone(readDate(name, value), line.timeZone, timeZone);
      byText.set(rfcDateTime(date.ms, date.isUtc), date);
    }
  }
  return [...byText.values()];
}

function readDate(name: string, value: string): RruleDate {
  const date = parseRfcDateTime(value);
  if (date !== null) return date;
  const allowed = 'a date-time is allowed, such as 20261224T180000 or 20261224T170000Z';
  throw new RruleSyntaxError(`${name}:${quote(value)}: ${allowed}`);
}

/** A local time of another zone is an instant to this one; one that is missing there moves by the gap's length. */
function inZone(date: RruleDate, ownZone: string | null, timeZone: string): RruleDate {
  if (date.isUtc || ownZone === null || getZone(ownZone) === getZone(timeZone)) return date;
  const { earliest, gap } = getZone(ownZone).resolve(date.ms);
  return { ms: earliest ?? date.ms - (gap?.beforeMs ?? 0), isUtc: true };
}

function dateLine(name: string, dates: readonly RruleDate[]): string[] {
  return dates.length === 0 ? [] : [`${name}:${dates.map(({ ms, isUtc }) => rfcDateTime(ms, isUtc)).join(',')}`];
}
