import { replaced } from './cursor.js';
import type { DayRule } from './day-rule.js';
import type { MonthDay, MonthDays, Period } from './days.js';
import type { Draft } from './draft.js';
import { LAST, type Unit, weekdayName } from './lexicon.js';
import { ambiguous, unknown } from './refusal.js';
import type { Span } from './tokenizer.js';

const FIRST_MONTHS: Readonly<Record<Period, readonly number[]>> = { month: [], quarter: [1, 4, 7, 10], year: [1] };
const LAST_MONTHS: Readonly<Record<Period, readonly number[]>> = { month: [], quarter: [3, 6, 9, 12], year: [12] };
const FIRST_DAY: readonly MonthDay[] = [{ kind: 'day', day: 1 }];

/**
 * The days that a repeating phrase means. A period without a day is its first day: `every month` is the 1st, `every
 * quarter` the 1st of January, April, July and October, `every year` 1 January, a time alone every day. A week has no
 * first day that all agree on: its day has to be said. So has whether `Monday`, or `the 15th`, is one day or each.
 */
export function chooseDays(draft: Draft, unit: Unit | null, source: string): DayRule {
  if (draft.date !== undefined) return daysOfDate(draft, draft.date, unit);
  if (draft.monthDays !== undefined) return daysOfMonth(draft, draft.monthDays, unit, source);
  const months = draft.months === undefined ? {} : { months: draft.months.value };
  if (draft.weekdays !== undefined) return { ...months, weekdays: weekdaysOf(draft, draft.weekdays, unit, source) };
  if (unit === 'week') {
    const span = draft.every?.span ?? { start: 0, end: source.length };
    return ambiguous(span, 'leaves open which day of the week', [`${source} on Monday`, `${source} on Sunday`]);
  }
  if (unit === 'day' || unit === 'hour') return months;
  if (unit === 'month' || draft.months?.isEvery === true) return { ...months, monthDays: FIRST_DAY };
  if (draft.months?.isSpan === true && unit === null && draft.times !== undefined) return months;
  if (draft.months !== undefined) return refuseMonths(draft.months.span, source);
  if (unit === 'quarter' || unit === 'year') return { months: FIRST_MONTHS[unit], monthDays: FIRST_DAY };
  return {};
}

function refuseMonths(span: Span, source: string): never {
  return ambiguous(span, 'leaves open which days', [`every day ${source}`, `1st of the month ${source}`]);
}

function daysOfDate(
  draft: Draft,
  { days, months, year, span }: NonNullable<Draft['date']>,
  unit: Unit | null,
): DayRule {
  if (unit !== null && unit !== 'year') unknown(span, `is a day of the year and does not go with every ${unit}`);
  if (year !== null) unknown(span, 'is a day of one year and does not repeat');
  const other = draft.monthDays ?? draft.weekdays ?? draft.months;
  if (other !== undefined) unknown(other.span, 'does not go with a date');
  return { months, monthDays: days.map((day) => ({ kind: 'day', day })) };
}

function daysOfMonth(draft: Draft, monthDays: MonthDays, unit: Unit | null, source: string): DayRule {
  const { span, days } = monthDays;
  if (draft.weekdays !== undefined) {
    const detail = 'beside days of the month may mean either or both';
    ambiguous(draft.weekdays.span, detail, [without(source, draft.weekdays.span), without(source, span)]);
  }
  const period = periodOf(draft, monthDays, unit, source);
  if (period === 'month') {
    const months = draft.months === undefined ? {} : { months: draft.months.value };
    return { ...months, monthDays: days };
  }
  if (draft.months !== undefined) unknown(draft.months.span, `does not go with days of the ${period}`);
  return { months: monthsOfPeriod(period, days, span), monthDays: days };
}

function periodOf(draft: Draft, { period, isEach, span }: MonthDays, unit: Unit | null, source: string): Period {
  const ofUnit = unit === 'month' || unit === 'quarter' || unit === 'year' ? unit : null;
  if (unit !== null && ofUnit === null) unknown(span, `is a day of the month and does not go with every ${unit}`);
  if (draft.months !== undefined) {
    // "the last Friday of November" may be this year's; "every year" says that it is each.
    const isRepeated =
      draft.months.value.length > 1 || ofUnit !== null || draft.months.isEvery || period !== null || isEach;
    if (isRepeated && (period ?? 'month') === 'month' && ofUnit !== 'quarter') return 'month';
    return ambiguous(span, 'may be one day or one of each year', [`${source} every year`, without(source, span)]);
  }
  if (period !== null && ofUnit !== null && period !== ofUnit) {
    unknown(span, `is counted in the ${period}, which does not go with every ${ofUnit}`);
  }
  const chosen = period ?? ofUnit;
  if (chosen !== null) return chosen;
  if (isEach) return 'month';
  const words = source.slice(span.start, span.end);
  return ambiguous(span, 'may be one day or one of each month', [
    replaced(source, span, `${words} of every month`),
    `${source} every month`,
  ]);
}

/** Counted from the start of a quarter or year the day is in its first month, the last one in its last. */
function monthsOfPeriod(period: Period, days: readonly MonthDay[], span: Span): readonly number[] {
  const nth = (day: MonthDay): number => (day.kind === 'day' ? day.day : day.nth);
  const isLast = days.map((day) => nth(day) === LAST);
  const most = { day: 30, workday: 20, weekday: 4 };
  const isInFirstMonth = days.every((day) => nth(day) <= most[day.kind]);
  if (!isInFirstMonth || new Set(isLast).size > 1) {
    unknown(span, `is not all in the first or all in the last month of a ${period}`);
  }
  return isLast[0] === true ? LAST_MONTHS[period] : FIRST_MONTHS[period];
}

function weekdaysOf(
  draft: Draft,
  { days, isEach, span }: NonNullable<Draft['weekdays']>,
  unit: Unit | null,
  source: string,
): readonly number[] {
  const name = weekdayName(days[0] ?? 0);
  if (unit === 'month' || unit === 'quarter' || unit === 'year') {
    return ambiguous(span, `leaves open which ${name} of the ${unit}`, [
      replaced(source, span, `on the first ${name}`),
      replaced(source, span, `on the last ${name}`),
    ]);
  }
  const isEveryDay = unit === 'day' && (days.length === 1 || /^(every|each)/i.test(source.slice(span.start)));
  if (isEveryDay) {
    return ambiguous(span, 'does not go with every day', [without(source, span), `every ${name}`]);
  }
  if (isEach || unit !== null) return days;
  const time = draft.times === undefined ? ' at 9:00' : '';
  return ambiguous(span, `may be one ${name} or each`, [
    replaced(source, span, `every ${name}`),
    `${replaced(source, span, `next ${name}`)}${time}`,
  ]);
}

function without(source: string, span: Span): string {
  return replaced(source, span, '');
}
