import { formatLocal } from './instants.js';
import { SECOND_MS } from './duration.js';
import type { RruleParts, RruleWeekday } from './rrule-parts.js';
import type { RruleText } from './rrule-text.js';

const MONTHS = 'January,February,March,April,May,June,July,August,September,October,November,December'.split(',');
const WEEKDAYS = 'Sunday,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday'.split(',');
const UNITS = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' } as const;
const WORKDAYS = '1,2,3,4,5';
const MAX_LISTED_TIMES = 6;
const MAX_LISTED = 12;

/**
 * A recurrence rule in words, 24-hour clock: "Every 2 weeks on Tuesday and Sunday at 09:00, counted from 1997-08-05,
 * 4 times". `startSecond` is the local second of the start, which says what the rule leaves open.
 */
export function describeRrule({ parts, added, excluded }: RruleText, startSecond: number): string {
  const start = formatLocal(startSecond * SECOND_MS);
  const { interval, frequency, positions, count, untilAt } = parts;
  const unit = UNITS[frequency];
  const dates = (name: string, amount: number): string => `${amount} ${name} date${amount === 1 ? '' : 's'}`;
  const sentence = [
    interval === 1 ? `Every ${unit}` : `Every ${interval} ${unit}s`,
    ...daysText(parts, start),
    timesText(parts, start),
  ].join(' ');
  return [
    sentence,
    positions === null || picksTimesOfDay(parts) ? '' : `of these the ${listed(positions.map(ordinal))}`,
    interval === 1 ? '' : `counted from ${start.slice(0, 10)}`,
    count === null ? '' : count === 1 ? 'once' : `${count} times`,
    untilAt === null
      ? ''
      : `until ${formatLocal(untilAt)
          .replace('T', ' ')
          .replace(/(:\d\d):00$/, '$1')} UTC`,
    added.length === 0 ? '' : `and on ${dates('more', added.length)}`,
    excluded.length === 0 ? '' : `without ${dates('excluded', excluded.length)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function daysText(parts: RruleParts, start: string): string[] {
  const { frequency, months, weekNumbers, yearDays, monthDays, weekdays } = parts;
  const [month, day] = [Number(start.slice(5, 7)), Number(start.slice(8, 10))];
  const isOpen = weekdays === null && monthDays === null && yearDays === null;
  const texts: string[] = [];
  if (isOpen && frequency === 'YEARLY' && months === null && weekNumbers === null) {
    return [`on ${MONTHS[month - 1]} ${day}`];
  }
  const ofMonth = frequency === 'MONTHLY' ? '' : ' of the month';
  if (isOpen && (frequency === 'MONTHLY' || (frequency === 'YEARLY' && weekNumbers === null))) {
    texts.push(`on day ${day}${ofMonth}`);
  }
  if (isOpen && (frequency === 'WEEKLY' || weekNumbers !== null)) {
    texts.push(`on ${WEEKDAYS[new Date(`${start}Z`).getUTCDay()]}`);
  }
  if (yearDays !== null) texts.push(`on ${numberedDays(yearDays)} of the year`);
  if (monthDays !== null) texts.push(`on ${numberedDays(monthDays)}${ofMonth}`);
  if (weekdays !== null) {
    const isFilter = yearDays !== null || monthDays !== null;
    const named = weekdaysText(weekdays, frequency === 'YEARLY' && months === null, isFilter);
    texts.push(isFilter ? `if it is ${named}` : `on ${named}`);
  }
  if (weekNumbers !== null)
    texts.push(
      weekNumbers.every((week) => week < 0)
        ? `in ${listed(weekNumbers.map((week) => `the ${ordinal(week)} week`))}`
        : `in week ${listed(weekNumbers.map(fromEnd))}`,
    );
  if (months !== null) texts.push(`in ${listed(months.map((number) => MONTHS[number - 1] ?? ''))}`);
  return texts;
}

/** `isFilter`: the days are named already, and have to be one of these weekdays too. */
function weekdaysText(weekdays: readonly RruleWeekday[], isInYear: boolean, isFilter: boolean): string {
  const plain = weekdays.filter(({ nth }) => nth === null).map(({ weekday }) => weekday);
  // A week reads from Monday on.
  const names = [...plain].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7)).map((weekday) => WEEKDAYS[weekday] ?? '');
  const days = isFilter ? names.map((name) => `a ${name}`) : names;
  const spelled = plain.join(',') === WORKDAYS ? [isFilter ? 'a workday' : 'Monday through Friday'] : days;
  const numbered = weekdays.flatMap(({ weekday, nth }) => {
    return nth === null ? [] : [`the ${ordinal(nth)} ${WEEKDAYS[weekday]}${isInYear ? ' of the year' : ''}`];
  });
  return listed([...spelled, ...numbered], isFilter ? 'disjunction' : 'conjunction');
}

/** "day 2, 15 and the last one", "the last day". */
function numberedDays(days: readonly number[]): string {
  const fromStart = days.filter((day) => day > 0).map(String);
  const back = days.filter((day) => day < 0);
  const ends = back.map((day) => `the ${ordinal(day)} day`);
  return listed([...fromStart.map((day, index) => (index === 0 ? `day ${day}` : day)), ...ends]);
}

/** Whether BYSETPOS picks among the times of one day: what it picks can be named then. */
function picksTimesOfDay({ frequency, positions }: RruleParts): boolean {
  return frequency === 'DAILY' && positions !== null;
}

function timesText(parts: RruleParts, start: string): string {
  const own = (from: number): number[] => [Number(start.slice(from, from + 2))];
  const hours = parts.hours ?? own(11);
  const minutes = parts.minutes ?? own(14);
  const seconds = parts.seconds ?? own(17);
  const count = hours.length * minutes.length * seconds.length;
  const timeAt = (index: number): number => {
    const minuteIndex = Math.floor(index / seconds.length);
    const hour = hours[Math.floor(minuteIndex / minutes.length)] ?? 0;
    return hour * 3_600 + (minutes[minuteIndex % minutes.length] ?? 0) * 60 + (seconds[index % seconds.length] ?? 0);
  };
  // A day may have 86,400 of them: they are not all made to name a few.
  if (!picksTimesOfDay(parts) && count > MAX_LISTED_TIMES) return `at ${count} times of the day`;
  const indexes = picksTimesOfDay(parts) ? pickedOf(count, parts.positions ?? []) : [...Array(count).keys()];
  const times = indexes.map(timeAt);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hasSeconds = times.some((time) => time % 60 !== 0);
  const clock = (time: number): string => {
    const text = `${two(Math.floor(time / 3_600))}:${two(Math.floor(time / 60) % 60)}`;
    return hasSeconds ? `${text}:${two(time % 60)}` : text;
  };
  if (times.length <= MAX_LISTED_TIMES) return `at ${listed(times.map(clock))}`;
  const stepSeconds = picksTimesOfDay(parts) ? evenStep(times) : null;
  if (stepSeconds === null || stepSeconds % 60 !== 0) return `at ${times.length} times of the day`;
  const step = stepSeconds === 60 ? 'minute' : stepSeconds === 3_600 ? 'hour' : `${stepSeconds / 60} minutes`;
  return `every ${step} from ${clock(times[0] ?? 0)} to ${clock(times.at(-1) ?? 0)}`;
}

/** Of so many, by their index, ascending. RFC 5545: positions count from 1, or back from -1. */
function pickedOf(count: number, positions: readonly number[]): number[] {
  const picked = new Set(positions.map((position) => (position > 0 ? position - 1 : count + position)));
  return [...picked].filter((index) => index >= 0 && index < count).sort((one, other) => one - other);
}

function evenStep(ascending: readonly number[]): number | null {
  const step = (ascending[1] ?? 0) - (ascending[0] ?? 0);
  const isEven = ascending.every((time, index) => index === 0 || time - (ascending[index - 1] ?? 0) === step);
  return isEven ? step : null;
}

/** `3rd`, `last`, `2nd to last`. */
function ordinal(number: number): string {
  if (number === 1) return 'first';
  if (number === -1) return 'last';
  const size = Math.abs(number);
  const isTeen = size % 100 >= 11 && size % 100 <= 13;
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][size % 10] ?? 'th');
  return `${size}${ending}${number < 0 ? ' to last' : ''}`;
}

function fromEnd(number: number): string {
  return number > 0 ? String(number) : `the ${ordinal(number)} one`;
}

function listed(parts: readonly string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string {
  const shown = parts.length > MAX_LISTED ? [...parts.slice(0, MAX_LISTED - 1), 'others'] : parts;
  return new Intl.ListFormat('en', { type }).format(shown);
}
