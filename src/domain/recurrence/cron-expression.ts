import { quote } from './problems.js';

/** One item of a field's list, as written; `H` is resolved for each job later. */
export type CronItem =
  | { readonly kind: 'every'; readonly step: number | null }
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly step: number | null }
  | { readonly kind: 'hash'; readonly from: number; readonly to: number; readonly step: number | null }
  | { readonly kind: 'lastDay'; readonly daysBefore: number }
  | { readonly kind: 'lastWorkday' }
  | { readonly kind: 'workdayNear'; readonly day: number }
  | { readonly kind: 'nthWeekday'; readonly weekday: number; readonly nth: number }
  | { readonly kind: 'lastWeekday'; readonly weekday: number };

export type CronFieldName = 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek' | 'year';

export interface CronField {
  readonly name: CronFieldName;
  readonly items: readonly CronItem[];
  /** `*` or `?` alone: the field leaves the choice to the others. */
  readonly isOpen: boolean;
}

export type CronExpression = Readonly<Record<CronFieldName, CronField>>;

export class CronSyntaxError extends RangeError {}

/** Checked before anything else looks at the text; the longest sensible expression lists every value of every field. */
export const MAX_EXPRESSION_LENGTH = 512;

interface FieldRule {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** Where `n/s` and `*` end; differs from `max` where two numbers mean one value (Sunday). */
  readonly last: number;
  readonly names?: ReadonlyMap<string, number>;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');
const RULES: Readonly<Record<CronFieldName, FieldRule>> = {
  second: { label: 'a second', min: 0, max: 59, last: 59 },
  minute: { label: 'a minute', min: 0, max: 59, last: 59 },
  hour: { label: 'an hour', min: 0, max: 23, last: 23 },
  dayOfMonth: { label: 'a day-of-month', min: 1, max: 31, last: 31 },
  month: { label: 'a month', min: 1, max: 12, last: 12, names: new Map(MONTHS.map((name, i) => [name, i + 1])) },
  dayOfWeek: { label: 'a day-of-week', min: 0, max: 7, last: 6, names: new Map(WEEKDAYS.map((name, i) => [name, i])) },
  year: { label: 'a year', min: 1970, max: 2299, last: 2299 },
};
const FIVE: readonly CronFieldName[] = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'];
const SIX: readonly CronFieldName[] = ['second', ...FIVE];
const LAYOUTS: Readonly<Record<number, readonly CronFieldName[]>> = { 5: FIVE, 6: SIX, 7: [...SIX, 'year'] };

const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/**
 * Reads a cron expression: 5 fields, 6 with seconds first, 7 with a year last, or a macro. Field syntax is Vixie cron's
 * with Quartz's `L`, `W`, `LW`, `#`, `?` and Jenkins' `H`; `n/s` runs from n to the field's end. Throws CronSyntaxError
 * whose message names the text at fault and what is allowed. It says nothing about whether the rule ever fires.
 */
export function parseCronExpression(text: string): CronExpression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new CronSyntaxError(`has ${text.length} characters; at most ${MAX_EXPRESSION_LENGTH} are allowed`);
  }
  const tidy = tidyExpression(text);
  if (/^(CRON_)?TZ=/i.test(tidy)) {
    throw new CronSyntaxError(`${quote(tidy)}: a time zone prefix is not allowed; use the member timeZone`);
  }
  const fields = expandMacro(tidy).split(' ');
  const layout = LAYOUTS[fields.length];
  if (layout === undefined || tidy === '') {
    const count = tidy === '' ? 0 : fields.length;
    throw new CronSyntaxError(`${quote(tidy)} has ${count} fields; 5, 6 (seconds first) or 7 (year last) are allowed`);
  }
  const expression: Partial<Record<CronFieldName, CronField>> = {
    second: { name: 'second', items: [{ kind: 'range', from: 0, to: 0, step: null }], isOpen: false },
    year: { name: 'year', items: [{ kind: 'every', step: null }], isOpen: true },
  };
  layout.forEach((name, index) => (expression[name] = parseField(name, fields[index] ?? '')));
  return expression as CronExpression;
}

/** The expression with single spaces between fields and none around. */
export function tidyExpression(text: string): string {
  return text.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
}

/** A macro's five fields; any other text as it is. */
export function expandMacro(tidy: string): string {
  if (!tidy.startsWith('@')) return tidy;
  const expanded = MACROS.get(tidy.toLowerCase());
  if (expanded !== undefined) return expanded;
  throw new CronSyntaxError(`${quote(tidy)} is not a macro; allowed are ${[...MACROS.keys()].join(', ')}`);
}

function parseField(name: CronFieldName, text: string): CronField {
  const rule = RULES[name];
  if (text === '?') {
    if (name === 'dayOfMonth' || name === 'dayOfWeek') {
      return { name, items: [{ kind: 'every', step: null }], isOpen: true };
    }
    throw fault(rule, text, '"?" is allowed only as day-of-month and day-of-week');
  }
  const items = text.split(',').map((item) => parseItem(name, rule, item));
  return { name, items, isOpen: text === '*' };
}

function parseItem(name: CronFieldName, rule: FieldRule, text: string): CronItem {
  const item =
    (name === 'dayOfMonth' ? parseDayItem(rule, text) : null) ??
    (name === 'dayOfWeek' ? parseWeekdayItem(rule, text) : null);
  if (item !== null) return item;
  const [body = '', stepText, ...rest] = text.split('/');
  if (rest.length > 0) throw fault(rule, text, 'one "/" at most is allowed');
  const step = stepText === undefined ? null : parseStep(rule, text, stepText);
  if (body === '*') return { kind: 'every', step };
  if (/^h/i.test(body)) return parseHash(name, rule, text, body, step);
  const bounds = body.split('-');
  if (bounds.length > 2) throw fault(rule, text, 'a range has two ends');
  const from = parseValue(rule, text, bounds[0] ?? '');
  if (bounds[1] === undefined)
    return { kind: 'range', from, to: step === null ? from : Math.max(from, rule.last), step };
  return { kind: 'range', from, to: parseRangeEnd(name, rule, text, from, bounds[1]), step };
}

/** Quartz: `L`, `L-n`, `LW`, `nW`. */
function parseDayItem(rule: FieldRule, text: string): CronItem | null {
  if (/^LW$/i.test(text)) return { kind: 'lastWorkday' };
  const last = /^L(?:-(\d{1,2}))?$/i.exec(text);
  if (last !== null) {
    const daysBefore = Number(last[1] ?? 0);
    if (daysBefore > 30) throw fault(rule, text, 'at most 30 days before the last are allowed');
    return { kind: 'lastDay', daysBefore };
  }
  const near = /^(\d{1,2})W$/i.exec(text);
  return near === null ? null : { kind: 'workdayNear', day: parseValue(rule, text, near[1] ?? '') };
}

/** Quartz: `nL` (last weekday of the month) and `n#k` (k-th), with cron's numbers (0 and 7 are Sunday) or names. */
function parseWeekdayItem(rule: FieldRule, text: string): CronItem | null {
  const last = /^(\d|[a-z]{3})L$/i.exec(text);
  if (last !== null) return { kind: 'lastWeekday', weekday: parseValue(rule, text, last[1] ?? '') % 7 };
  const hash = text.indexOf('#');
  if (hash < 0) return null;
  const nth = text.slice(hash + 1);
  if (!/^[1-5]$/.test(nth)) throw fault(rule, text, 'after "#" a number from 1 to 5 is allowed');
  return { kind: 'nthWeekday', weekday: parseValue(rule, text, text.slice(0, hash)) % 7, nth: Number(nth) };
}

/** Jenkins: `H`, `H/15`, `H(0-29)`, `H(0-29)/10`. Days of the month end at 28, so that each month has its day. */
function parseHash(name: CronFieldName, rule: FieldRule, text: string, body: string, step: number | null): CronItem {
  if (name === 'year') throw fault(rule, text, '"H" is not allowed here');
  if (/^h$/i.test(body)) return { kind: 'hash', from: rule.min, to: name === 'dayOfMonth' ? 28 : rule.last, step };
  const range = /^h\(([^()-]*)-([^()-]*)\)$/i.exec(body);
  if (range === null) throw fault(rule, text, 'allowed are H, H/n, H(a-b) and H(a-b)/n');
  const from = parseValue(rule, text, range[1] ?? '');
  return { kind: 'hash', from, to: parseRangeEnd(name, rule, text, from, range[2] ?? ''), step };
}

function parseRangeEnd(name: CronFieldName, rule: FieldRule, text: string, from: number, endText: string): number {
  // "FRI-SUN" can only mean the Sunday at the week's end.
  const to = name === 'dayOfWeek' && /^sun$/i.test(endText) && from > 0 ? 7 : parseValue(rule, text, endText);
  if (to < from) throw fault(rule, text, 'a range must not end before it starts');
  return to;
}

function parseStep(rule: FieldRule, text: string, stepText: string): number {
  const span = rule.last - rule.min + 1;
  const step = /^\d{1,4}$/.test(stepText) ? Number(stepText) : 0;
  if (step < 1 || step > span) throw fault(rule, text, `a step must be a number from 1 to ${span}`);
  return step;
}

function parseValue(rule: FieldRule, text: string, valueText: string): number {
  const named = rule.names?.get(valueText.toLowerCase());
  if (named !== undefined) return named;
  const value = /^\d{1,4}$/.test(valueText) ? Number(valueText) : Number.NaN;
  if (value >= rule.min && value <= rule.max) return value;
  const names = rule.names === undefined ? '' : ` or ${[...rule.names.keys()].slice(0, 2).join(', ').toUpperCase()}, …`;
  throw fault(rule, text, `allowed are ${rule.min}–${rule.max}${names}`);
}

function fault(rule: FieldRule, text: string, allowed: string): CronSyntaxError {
  return new CronSyntaxError(`${quote(text)} is not ${rule.label}: ${allowed}`);
}
