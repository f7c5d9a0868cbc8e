import { FIRST_YEAR, LAST_YEAR } from './civil.js';
import { formatLocal, parseInstant } from './instants.js';
import { quote } from './problems.js';
import type { Instant } from './schedule.js';
import { getZone } from './zone.js';

export class RruleSyntaxError extends RangeError {}

export type RruleFrequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';

/** One item of BYDAY. `nth` counts in the month or year, from its end when it is negative; null: each of them. */
export interface RruleWeekday {
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly nth: number | null;
}

/** A recurrence rule of RFC 5545. Lists are ascending, those from the end last, without repeats; null stands for a part that is not there. */
export interface RruleParts {
  readonly frequency: RruleFrequency;
  readonly interval: number;
  readonly count: number | null;
  readonly untilAt: Instant | null;
  /** 0 is Sunday. */
  readonly weekStart: number;
  readonly months: readonly number[] | null;
  readonly weekNumbers: readonly number[] | null;
  readonly yearDays: readonly number[] | null;
  readonly monthDays: readonly number[] | null;
  readonly weekdays: readonly RruleWeekday[] | null;
  readonly hours: readonly number[] | null;
  readonly minutes: readonly number[] | null;
  readonly seconds: readonly number[] | null;
  readonly positions: readonly number[] | null;
}

const FREQUENCIES: readonly string[] = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];
const SHORTER: readonly string[] = ['HOURLY', 'MINUTELY', 'SECONDLY'];
const WEEKDAYS: readonly string[] = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const MAX_INTERVAL = 100_000;
const MAX_COUNT = 1_000_000_000;
const LAST_SECOND = 59;

interface ListRule {
  readonly min: number;
  readonly max: number;
  /** Negative numbers count from the end; zero is none. */
  readonly isSigned: boolean;
}

const LISTS: Readonly<Record<string, ListRule>> = {
  BYMONTH: { min: 1, max: 12, isSigned: false },
  BYWEEKNO: { min: 1, max: 53, isSigned: true },
  BYYEARDAY: { min: 1, max: 366, isSigned: true },
  BYMONTHDAY: { min: 1, max: 31, isSigned: true },
  BYHOUR: { min: 0, max: 23, isSigned: false },
  BYMINUTE: { min: 0, max: 59, isSigned: false },
  // 60 is a leap second; without those it means the 59th (RFC 5545, 3.3.12).
  BYSECOND: { min: 0, max: 60, isSigned: false },
  BYSETPOS: { min: 1, max: 366, isSigned: true },
};
const PARTS: readonly string[] = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY', ...Object.keys(LISTS)];

/**
 * Reads the parts of a rule, `FREQ=…;…`, in upper case. Throws RruleSyntaxError with the part at fault and what is
 * allowed. `timeZone` serves to show how a local UNTIL is to be written. It says nothing about whether the rule ever
 * fires; its cost is linear in the text, whose length the caller has bounded.
 */
export function parseRruleParts(text: string, timeZone: string): RruleParts {
  const given = splitParts(text);
  const list = (name: string): number[] | null => readList(name, given.get(name));
  const seconds = list('BYSECOND')?.map((second) => Math.min(second, LAST_SECOND));
  const parts: RruleParts = {
    frequency: readFrequency(given.get('FREQ')),
    interval: readNumber('INTERVAL', given.get('INTERVAL'), MAX_INTERVAL) ?? 1,
    count: readNumber('COUNT', given.get('COUNT'), MAX_COUNT),
    untilAt: readUntil(given.get('UNTIL'), timeZone),
    weekStart: readWeekStart(given.get('WKST')),
    months: list('BYMONTH'),
    weekNumbers: list('BYWEEKNO'),
    yearDays: list('BYYEARDAY'),
    monthDays: list('BYMONTHDAY'),
    weekdays: readWeekdays(given.get('BYDAY')),
    hours: list('BYHOUR'),
    minutes: list('BYMINUTE'),
    seconds: seconds === undefined ? null : [...new Set(seconds)],
    positions: list('BYSETPOS'),
  };
  refuseMisplaced(parts);
  return parts;
}

function splitParts(text: string): Map<string, string> {
  const given = new Map<string, string>();
  for (const part of text.split(';')) {
    const [name = '', ...values] = part.split('=');
    if (!PARTS.includes(name)) {
      throw new RruleSyntaxError(`${quote(name)} is not a part of a rule: allowed are ${PARTS.join(', ')}`);
    }
    if (values.length !== 1) throw new RruleSyntaxError(`${quote(part)}: a part is a name, "=" and its values`);
    if (given.has(name)) throw new RruleSyntaxError(`${name} is given twice`);
    given.set(name, values[0] ?? '');
  }
  return given;
}

function readFrequency(value: string | undefined): RruleFrequency {
  if (value === undefined) throw new RruleSyntaxError(`FREQ is missing: allowed are ${FREQUENCIES.join(', ')}`);
  if (FREQUENCIES.includes(value)) return value as RruleFrequency;
  const hint = SHORTER.includes(value) ? '; an interval such as PT1H or a cron expression fires more often' : '';
  throw new RruleSyntaxError(`FREQ=${quote(value)}: allowed are ${FREQUENCIES.join(', ')}${hint}`);
}

function readNumber(name: string, value: string | undefined, max: number): number | null {
  if (value === undefined) return null;
  const number = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= max) return number;
  throw new RruleSyntaxError(`${name}=${quote(value)}: a whole number from 1 to ${max} is allowed`);
}

function readWeekStart(value: string | undefined): number {
  if (value === undefined) return WEEKDAYS.indexOf('MO');
  const weekday = WEEKDAYS.indexOf(value);
  if (weekday < 0) throw new RruleSyntaxError(`WKST=${quote(value)}: allowed are ${WEEKDAYS.join(', ')}`);
  return weekday;
}

function readList(name: string, value: string | undefined): number[] | null {
  const rule = LISTS[name];
  if (value === undefined || rule === undefined) return null;
  const { min, max, isSigned } = rule;
  const numbers = value.split(',').map((item) => {
    const match = /^([+-]?)(\d{1,3})$/.exec(item);
    const size = match === null ? Number.NaN : Number(match[2]);
    if (size >= min && size <= max && (isSigned || match?.[1] === '')) return match?.[1] === '-' ? -size : size;
    const allowed = isSigned ? `${min} to ${max} and -${max} to -${min} are` : `${min} to ${max} are`;
    throw new RruleSyntaxError(`${name}=${quote(value)}: ${quote(item)} is out of range, ${allowed} allowed`);
  });
  // Those that count from the end come last, as one would say them.
  return [...new Set(numbers)].sort((a, b) => Number(a < 0) - Number(b < 0) || a - b);
}

function readWeekdays(value: string | undefined): RruleWeekday[] | null {
  if (value === undefined) return null;
  const byText = new Map<string, RruleWeekday>();
  for (const item of value.split(',')) {
    const match = /^([+-]?)(\d{0,2})([A-Z]{2})$/.exec(item);
    const weekday = WEEKDAYS.indexOf(match?.[3] ?? '');
    const size = Number(match?.[2] || Number.NaN);
    const isPlain = match?.[1] === '' && match[2] === '';
    if (weekday < 0 || !(isPlain || (size >= 1 && size <= 53))) {
      const allowed = `allowed are ${WEEKDAYS.join(', ')}, with 1 to 53 or -53 to -1 before them`;
      throw new RruleSyntaxError(`BYDAY=${quote(value)}: ${quote(item)} is not a day, ${allowed}`);
    }
    const nth = isPlain ? null : match?.[1] === '-' ? -size : size;
    byText.set(`${nth},${weekday}`, { weekday, nth });
  }
  return [...byText.values()].sort((a, b) => orderOf(a) - orderOf(b) || a.weekday - b.weekday);
}

function orderOf({ nth }: RruleWeekday): number {
  return nth === null ? 0 : nth < 0 ? nth + 1_000 : nth;
}

/** RFC 5545, 3.3.10: with a start in a time zone UNTIL is in UTC, and it is a date-time as the start is one. */
function readUntil(value: string | undefined, timeZone: string): Instant | null {
  if (value === undefined) return null;
  const read = parseRfcDateTime(value);
  if (read?.isUtc === true) return read.ms;
  const local = read ?? parseRfcDateTime(`${value}T235959`);
  const written = local === null ? '20261224T180000Z' : utcText(local.ms, timeZone);
  const allowed = `an instant in UTC is allowed, such as ${written}`;
  throw new RruleSyntaxError(`UNTIL=${quote(value)}: as the start is a time in a zone, ${allowed}`);
}

function utcText(localMs: number, timeZone: string): string {
  const { latest, gap } = getZone(timeZone).resolve(localMs);
  return rfcDateTime(latest ?? gap?.at ?? localMs, true);
}

/** `19971224T090000`, with a `Z` in UTC; null when it is anything else or not in the engine's years. */
export function parseRfcDateTime(text: string): { readonly ms: number; readonly isUtc: boolean } | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, zulu] = match;
  if (Number(year) < FIRST_YEAR || Number(year) > LAST_YEAR) return null;
  const ms = parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return ms === null ? null : { ms, isUtc: zulu === 'Z' };
}

/** The same the other way round. */
export function rfcDateTime(ms: number, isUtc: boolean): string {
  return formatLocal(ms).slice(0, 19).replace(/[-:]/g, '') + (isUtc ? 'Z' : '');
}

/** What each part may stand beside, by the table and notes of RFC 5545, 3.3.10. */
function refuseMisplaced(parts: RruleParts): void {
  const { frequency, weekdays } = parts;
  const refuse = (detail: string): never => {
    throw new RruleSyntaxError(detail);
  };
  if (parts.count !== null && parts.untilAt !== null) refuse('COUNT and UNTIL can not stand in one rule');
  if (parts.weekNumbers !== null && frequency !== 'YEARLY') {
    refuse(`BYWEEKNO is not allowed with FREQ=${frequency}, only with YEARLY`);
  }
  if (parts.yearDays !== null && frequency !== 'YEARLY') {
    refuse(`BYYEARDAY is not allowed with FREQ=${frequency}, only with YEARLY`);
  }
  if (parts.monthDays !== null && frequency === 'WEEKLY') refuse('BYMONTHDAY is not allowed with FREQ=WEEKLY');
  const numbered = weekdays?.find(({ nth }) => nth !== null);
  if (numbered !== undefined) {
    const day = `"${numbered.nth}${WEEKDAYS[numbered.weekday]}"`;
    if (frequency === 'DAILY' || frequency === 'WEEKLY') {
      refuse(`BYDAY=${day}: a number is not allowed with FREQ=${frequency}, only with MONTHLY and YEARLY`);
    }
    if (parts.weekNumbers !== null) refuse(`BYDAY=${day}: a number is not allowed beside BYWEEKNO`);
  }
  const others = Object.entries(parts).some(
    ([name, value]) => Array.isArray(value) && name !== 'positions' && value.length > 0,
  );
  if (parts.positions !== null && !others) refuse('BYSETPOS is not allowed alone: it chooses from another BY part');
}
