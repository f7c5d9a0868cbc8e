import { replaced } from './cursor.js';
import { chooseDays } from './choose-days.js';
import { cronDays, type DayRule, isDayOf } from './day-rule.js';
import { type Draft, refuseOthers } from './draft.js';
import { type Unit } from './lexicon.js';
import { firstLocal, isoDuration, lengthOf, localText, type Reading } from './moment.js';
import { ambiguous, unknown } from './refusal.js';
import { cronTimes, fieldsAround, isExact, placesOf, type TimeFields } from './time-fields.js';
import type { TimeOfDay } from './time-of-day.js';
import type { Span } from './tokenizer.js';

type Members = Readonly<Record<string, unknown>>;

const RRULE_WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const MIDNIGHT: readonly TimeOfDay[] = [0];
/** A rule longer than this is no answer that people would read. */
const LONGEST_RRULE = 480;

interface Repetition {
  readonly unit: Unit | null;
  readonly count: number;
}

/** A schedule by days: `every Monday at 9am`, `last day of the month at 23:59`, `every other Tuesday`. */
export function readRepeatedDays(draft: Draft, reading: Reading): Members {
  refuseOthers(
    draft,
    ['every', 'per', 'times', 'weekdays', 'monthDays', 'months', 'date', 'starting'],
    'a schedule by days',
  );
  refusePerMismatch(draft, reading.source);
  const length = readLengthOfDays(draft, reading);
  if (length !== null) return length;
  const repetition = repetitionOf(draft);
  const days = chooseDays(draft, repetition.unit, reading.source);
  const times = draft.times?.value ?? MIDNIGHT;
  if (repetition.count === 1) return scheduleOfDays(days, times, false, draft, reading);
  return readEveryNth(draft, repetition, days, times, reading);
}

/** `every 2 weeks`: a length from the job's creation on, when nothing says on which day. */
function readLengthOfDays(draft: Draft, reading: Reading): Members | null {
  const { every } = draft;
  if (every === undefined || !every.isLength) return null;
  if (draft.weekdays ?? draft.monthDays ?? draft.months ?? draft.date) return null;
  const unit = every.parts[0]?.unit;
  if (draft.times !== undefined && draft.starting === undefined && (unit !== 'day' || every.parts.length > 1))
    return null;
  lengthOf(every.parts, every.span);
  const interval = { type: 'interval', every: isoDuration(every.parts) };
  if (draft.times === undefined && draft.starting === undefined) return interval;
  const times = draft.times?.value ?? MIDNIGHT;
  if (times.length > 1) {
    if (unit === 'day' && every.parts.length === 1) return null;
    unknown(draft.times?.span ?? every.span, 'are several times, and a length of time is counted from one');
  }
  return { ...interval, anchorAt: localText(first(reading, times, {}, every.span)) };
}

function repetitionOf({ every, weekdays }: Draft): Repetition {
  if (weekdays !== undefined && weekdays.interval > 1) {
    if (every !== undefined) unknown(every.span, 'does not go with every other day of the week');
    return { unit: 'week', count: weekdays.interval };
  }
  const [part, second] = every?.parts ?? [];
  if (every === undefined || part === undefined) return { unit: null, count: 1 };
  if (second !== undefined) unknown(every.span, 'is no whole number of days, weeks, months or years');
  lengthOf(every.parts, every.span);
  return part;
}

/** Cron says it; else a rule by days of which some times are picked. */
export function scheduleOfDays(
  days: DayRule,
  times: readonly TimeOfDay[],
  isStep: boolean,
  draft: Draft,
  reading: Reading,
): Members {
  const fields = fieldsAround(times);
  const dateFields = cronDays(days);
  const span = draft.window?.span ?? draft.times?.span ?? draft.monthDays?.span ?? { start: 0, end: 0 };
  if (dateFields !== null && isExact(fields, times)) {
    const startAt =
      draft.starting === undefined ? {} : { startAt: localText(first(reading, MIDNIGHT, {}, draft.starting.span)) };
    return { type: 'cron', expression: `${cronTimes(fields, isStep)} ${dateFields}`, ...startAt };
  }
  const isOneADay = days.monthDays === undefined || days.monthDays.every(({ kind }) => kind === 'day');
  const freq = isOneADay ? 'DAILY' : 'MONTHLY';
  return rruleOf({ freq, count: 1 }, days, times, fields, span, reading);
}

function readEveryNth(
  draft: Draft,
  { unit, count }: Repetition,
  days: DayRule,
  times: readonly TimeOfDay[],
  reading: Reading,
): Members {
  const span = draft.every?.span ?? draft.weekdays?.span ?? { start: 0, end: reading.source.length };
  if (unit === 'quarter') {
    ambiguous(span, 'leaves open which quarters', [
      replaced(reading.source, span, `every ${count * 3} months`),
      replaced(reading.source, span, 'every quarter'),
    ]);
  }
  const months = draft.months;
  if (months !== undefined) unknown(months.span, `does not go with every ${count} ${unit}s`);
  const isDaily = unit === 'day';
  if (isDaily && (days.weekdays ?? days.monthDays) !== undefined) {
    unknown(draft.weekdays?.span ?? span, `does not go with every ${count} days`);
  }
  if (isDaily && times.length === 1) {
    return { type: 'interval', every: `P${count}D`, anchorAt: localText(first(reading, times, {}, span)) };
  }
  const freq = ({ day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', year: 'YEARLY' } as const)[
    unit as 'day' | 'week' | 'month' | 'year'
  ];
  return rruleOf({ freq, count }, days, times, fieldsAround(times), span, reading);
}

interface Frequency {
  readonly freq: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  readonly count: number;
}

/** RFC 5545. Its first occurrence, from which it counts, is the first time of its days at or after `notBefore`. */
function rruleOf(
  { freq, count }: Frequency,
  days: DayRule,
  times: readonly TimeOfDay[],
  fields: TimeFields,
  span: Span,
  reading: Reading,
): Members {
  const setParts = rruleDays(days, span);
  const isExactTimes = isExact(fields, times);
  const isPicked = !isExactTimes && (freq === 'DAILY' || (setParts.length === 1 && isOneDay(days)));
  const isWorkday = days.monthDays?.[0]?.kind === 'workday';
  if ((!isExactTimes && !isPicked) || (isWorkday && times.length > 1)) {
    unknown(span, 'is too much for one schedule: times of these days need the same minutes', [
      'every weekday at 9:00 and 17:30',
    ]);
  }
  const parts = [`FREQ=${freq}`, ...(count > 1 ? [`INTERVAL=${count}`] : []), ...setParts];
  if (times.length > 1) {
    parts.push(`BYHOUR=${fields.hours.join(',')}`, `BYMINUTE=${fields.minutes.join(',')}`);
    if (fields.seconds.join() !== '0') parts.push(`BYSECOND=${fields.seconds.join(',')}`);
    if (isPicked) parts.push(`BYSETPOS=${placesOf(fields, times).join(',')}`);
  }
  const rule = parts.join(';');
  if (rule.length > LONGEST_RRULE) refuseLong(span, times, reading.source);
  return { type: 'rrule', rule, startAt: localText(first(reading, times, days, span)) };
}

function isOneDay({ monthDays, weekdays, months }: DayRule): boolean {
  return (monthDays?.length ?? 0) + (weekdays?.length ?? 0) === 1 && (months?.length ?? 1) === 1;
}

function rruleDays({ weekdays, monthDays, months }: DayRule, span: Span): string[] {
  const parts: string[] = [];
  if (months !== undefined) parts.push(`BYMONTH=${months.join(',')}`);
  if (weekdays !== undefined) parts.push(`BYDAY=${byWeekdays(weekdays)}`);
  if (monthDays === undefined) return parts;
  const numbers = monthDays.flatMap((day) => (day.kind === 'day' ? [day.day] : []));
  const nths = monthDays.flatMap((day) =>
    day.kind === 'weekday' ? [`${day.nth}${RRULE_WEEKDAYS[day.weekday] ?? ''}`] : [],
  );
  const workdays = monthDays.flatMap((day) => (day.kind === 'workday' ? [day.nth] : []));
  if ([numbers, nths, workdays].filter((list) => list.length > 0).length > 1) {
    unknown(span, 'mixes days of several kinds: one schedule for each is needed');
  }
  if (numbers.length > 0) parts.push(`BYMONTHDAY=${numbers.join(',')}`);
  if (nths.length > 0) parts.push(`BYDAY=${nths.join(',')}`);
  if (workdays.length > 0) parts.push('BYDAY=MO,TU,WE,TH,FR', `BYSETPOS=${workdays.join(',')}`);
  return parts;
}

function byWeekdays(weekdays: readonly number[]): string {
  const places = weekdays.map((day) => (day + 6) % 7).sort((a, b) => a - b);
  return places.map((place) => RRULE_WEEKDAYS[(place + 1) % 7]).join(',');
}

/** "every minute between 9 and 17" has one minute more than cron can leave out. */
function refuseLong(span: Span, times: readonly TimeOfDay[], source: string): never {
  const hour = Math.floor((times.at(-1) ?? 0) / 3_600);
  const from = Math.floor((times[0] ?? 0) / 3_600);
  const until = (text: string): string => replaced(source, span, `between ${from}:00 and ${text}`);
  return ambiguous(span, `has too many times to leave out those after ${hour}:00`, [
    until(`${Math.max(hour - 1, 0)}:59`),
    until(`${hour}:59`),
  ]);
}

function first(reading: Reading, times: readonly TimeOfDay[], days: DayRule, span: Span): number {
  return firstLocal(reading, times, (day) => isDayOf(days, day)) ?? unknown(span, 'never comes');
}

/** "twice a day" needs two times, "twice a week" two days. */
function refusePerMismatch({ per, times, weekdays, monthDays, date, months }: Draft, source: string): void {
  if (per === undefined) return;
  const counted = {
    day: times?.value.length,
    week: weekdays?.days.length,
    month: monthDays?.days.length,
    quarter: monthDays?.days.length,
    year: date === undefined ? months?.value.length : date.days.length * date.months.length,
  };
  const found = counted[per.unit as keyof typeof counted];
  if (found === per.times || (found === undefined && per.times === 1)) return;
  const named = per.unit === 'day' ? 'times of day' : 'days';
  const plain = replaced(source, per.span, `every ${per.unit}`);
  const detail = found === undefined ? `leaves open which ${named}` : `does not fit the ${found} ${named} that follow`;
  ambiguous(per.span, detail, [...perExamples(per.unit, source, per.span), plain]);
}

/** The phrase with days or times behind the count, for the counts that people use. */
function perExamples(unit: Unit, source: string, span: Span): string[] {
  const words = source.slice(span.start, span.end);
  const examples: Partial<Record<Unit, string[]>> = {
    day: ['at 9:00', 'at 8:00 and 20:00', 'at 8:00, 14:00 and 20:00'],
    week: ['on Mondays', 'on Monday and Thursday', 'on Monday, Wednesday and Friday'],
    month: ['on the 1st', 'on the 1st and 15th', 'on the 1st, 11th and 21st'],
    year: ['on 1 January', 'on 1 January and 1 July', 'on 1 January, 1 May and 1 September'],
  };
  return (examples[unit] ?? []).map((example) => replaced(source, span, `${words} ${example}`));
}
