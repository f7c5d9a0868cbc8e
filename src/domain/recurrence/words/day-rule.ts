import { civilDate, monthLength, weekday } from '../civil.js';
import type { MonthDay } from './days.js';
import { LAST } from './lexicon.js';

/** The days of a schedule: those that all given parts match. */
export interface DayRule {
  /** 0 is Sunday. */
  readonly weekdays?: readonly number[];
  readonly monthDays?: readonly MonthDay[];
  readonly months?: readonly number[];
}

const CRON_WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Whether a day (days since 1970-01-01) is one of the rule's. */
export function isDayOf({ weekdays, monthDays, months }: DayRule, day: number): boolean {
  const date = civilDate(day);
  if (months !== undefined && !months.includes(date.month)) return false;
  if (weekdays !== undefined && !weekdays.includes(weekday(day))) return false;
  const length = monthLength(date.year, date.month);
  return monthDays === undefined || monthDays.some((monthDay) => isMonthDay(monthDay, day, date.day, length));
}

function isMonthDay(monthDay: MonthDay, day: number, dayOfMonth: number, length: number): boolean {
  if (monthDay.kind === 'day') return dayOfMonth === (monthDay.day === LAST ? length : monthDay.day);
  if (monthDay.kind === 'weekday') {
    if (weekday(day) !== monthDay.weekday) return false;
    return monthDay.nth === LAST ? dayOfMonth > length - 7 : Math.ceil(dayOfMonth / 7) === monthDay.nth;
  }
  const isWorkday = (offset: number): boolean => weekday(day + offset) % 6 !== 0;
  if (!isWorkday(0)) return false;
  const [from, to] = monthDay.nth === LAST ? [1, length - dayOfMonth] : [1 - dayOfMonth, 0];
  let count = 0;
  for (let offset = from; offset <= to; offset += 1) if (isWorkday(offset)) count += 1;
  return count === (monthDay.nth === LAST ? 0 : monthDay.nth);
}

/** `day-of-month month day-of-week`; null for what cron can't say. */
export function cronDays({ weekdays, monthDays, months }: DayRule): string | null {
  const monthField = months === undefined ? '*' : listed(months);
  if (monthDays === undefined) return `* ${monthField} ${weekdays === undefined ? '*' : cronWeekdays(weekdays)}`;
  if (weekdays !== undefined) return null;
  const isOfWeekdays = monthDays[0]?.kind === 'weekday';
  const items = monthDays.map(cronMonthDay);
  if (items.includes(null) || monthDays.some(({ kind }) => (kind === 'weekday') !== isOfWeekdays)) return null;
  const isPlain = monthDays.every(({ kind }) => kind === 'day');
  const field = isPlain ? cronDayNumbers(monthDays) : items.join(',');
  return isOfWeekdays ? `* ${monthField} ${field}` : `${field} ${monthField} *`;
}

function cronMonthDay(monthDay: MonthDay): string | null {
  if (monthDay.kind === 'day') return monthDay.day === LAST ? 'L' : String(monthDay.day);
  if (monthDay.kind === 'workday') return monthDay.nth === LAST ? 'LW' : monthDay.nth === 1 ? '1W' : null;
  const name = CRON_WEEKDAYS[monthDay.weekday] ?? '';
  return monthDay.nth === LAST ? `${name}L` : `${name}#${monthDay.nth}`;
}

function cronDayNumbers(monthDays: readonly MonthDay[]): string {
  const days = monthDays.flatMap((monthDay) => (monthDay.kind === 'day' ? [monthDay.day] : []));
  const numbers = [...new Set(days.filter((day) => day !== LAST))].sort((a, b) => a - b);
  return [...(numbers.length > 0 ? [listed(numbers)] : []), ...(days.includes(LAST) ? ['L'] : [])].join(',');
}

function cronWeekdays(weekdays: readonly number[]): string {
  // The week starts on Monday, so that a weekend is no pair of its ends.
  const places = weekdays.map((day) => (day + 6) % 7).sort((a, b) => a - b);
  const name = (place: number): string => CRON_WEEKDAYS[(place + 1) % 7] ?? '';
  if (places.length === 7) return '*';
  return places.length >= 3 && isRun(places)
    ? `${name(places[0] ?? 0)}-${name(places.at(-1) ?? 0)}`
    : places.map(name).join(',');
}

/** `1,15`, and `1-5` for a run of three or more. */
export function listed(ascending: readonly number[]): string {
  return ascending.length >= 3 && isRun(ascending) ? `${ascending[0]}-${ascending.at(-1)}` : ascending.join(',');
}

function isRun(ascending: readonly number[]): boolean {
  return (ascending.at(-1) ?? 0) - (ascending[0] ?? 0) === ascending.length - 1;
}
