import { civilDate, dayNumber, isLeapYear, LAST_YEAR, monthLength, weekday } from './civil.js';
import type { RruleParts, RruleWeekday } from './rrule-parts.js';

const WEEK_DAYS = 7;
const LAST_DAY = dayNumber(LAST_YEAR, 12, 31);
const MONTHS = 12;
/** 1970-01-04, the first day of an epoch week that starts on Sunday; WKST is added to it. */
const FIRST_SUNDAY = 3;
/** The day that is in the first week of every year, whatever WKST is (RFC 5545: a week with four days in the year). */
const DAY_IN_FIRST_WEEK = 4;

type Unit = 'week' | 'month' | 'year' | 'weekYear';

/** A day in its month and year, as the filters see it. */
interface Day {
  readonly number: number;
  readonly day: number;
  readonly monthDays: number;
  readonly yearDay: number;
  readonly yearDays: number;
}

/**
 * The dates of a recurrence rule, unit by unit. A unit is what the rule's FREQ repeats: a week, a month, a year, or a
 * year of whole weeks where BYWEEKNO numbers them. For DAILY it is the month: its days are tested one by one for their
 * distance from the start. Numbers of units are dense, so INTERVAL is a jump and not a walk.
 */
export class RruleDays {
  /** The start's own unit. */
  readonly firstUnit: number;
  readonly step: number;
  private readonly unit: Unit;
  private readonly months: number;
  private readonly monthDays: readonly [fromStart: number, fromEnd: number] | null;
  private readonly yearDays: ReadonlySet<number> | null;
  private readonly weekNumbers: ReadonlySet<number> | null;
  private readonly weekdays: number;
  private readonly numberedWeekdays: ReadonlySet<number>;
  private readonly hasWeekdays: boolean;
  private known = { unit: Number.NaN, days: [] as readonly number[] };

  constructor(
    private readonly parts: RruleParts,
    private readonly startDay: number,
  ) {
    const { months, monthDays, weekdays } = withDefaults(parts, startDay);
    this.months = months === null ? ~0 : bitsOf(months);
    this.monthDays =
      monthDays === null
        ? null
        : [bitsOf(monthDays.filter((day) => day > 0)), bitsOf(monthDays.filter((day) => day < 0).map((day) => -day))];
    this.yearDays = parts.yearDays === null ? null : new Set(parts.yearDays);
    this.weekNumbers = parts.weekNumbers === null ? null : new Set(parts.weekNumbers);
    this.hasWeekdays = weekdays !== null;
    this.weekdays = bitsOf((weekdays ?? []).filter(({ nth }) => nth === null).map((day) => day.weekday));
    this.numberedWeekdays = new Set((weekdays ?? []).flatMap((day) => (day.nth === null ? [] : [numbered(day)])));
    this.unit = unitKindOf(parts);
    this.firstUnit = this.unitOf(startDay);
    this.step = parts.frequency === 'DAILY' ? 1 : parts.interval;
  }

  /** The first unit of the rule that ends on a day or after it. */
  unitFrom(day: number): number {
    const ahead = Math.max(0, this.unitOf(day) - this.firstUnit);
    return this.firstUnit + Math.ceil(ahead / this.step) * this.step;
  }

  /** Whether a unit lies beyond the engine's last year. */
  isPastEnd(unit: number): boolean {
    return this.firstDayOf(unit) > LAST_DAY;
  }

  /** The rule's days in a unit, ascending. */
  daysOf(unit: number): readonly number[] {
    if (this.known.unit !== unit) this.known = { unit, days: this.collect(unit) };
    return this.known.days;
  }

  private unitOf(day: number): number {
    if (this.unit === 'week') return this.weekOf(day);
    const { year, month } = civilDate(day);
    if (this.unit === 'month') return year * MONTHS + month - 1;
    if (this.unit === 'year') return year;
    if (day < this.firstDayOf(year)) return year - 1;
    return day < this.firstDayOf(year + 1) ? year : year + 1;
  }

  private firstDayOf(unit: number): number {
    if (this.unit === 'week') return unit * WEEK_DAYS + FIRST_SUNDAY + this.parts.weekStart;
    if (this.unit === 'month') return dayNumber(Math.floor(unit / MONTHS), (unit % MONTHS) + 1, 1);
    if (this.unit === 'year') return dayNumber(unit, 1, 1);
    const week = this.weekOf(dayNumber(unit, 1, DAY_IN_FIRST_WEEK));
    return week * WEEK_DAYS + FIRST_SUNDAY + this.parts.weekStart;
  }

  private weekOf(day: number): number {
    return Math.floor((day - FIRST_SUNDAY - this.parts.weekStart) / WEEK_DAYS);
  }

  private collect(unit: number): number[] {
    const first = this.firstDayOf(unit);
    const end = this.firstDayOf(unit + 1);
    const found: number[] = [];
    let { year, month, day } = civilDate(first);
    for (let number = first; number < end; day = 1) {
      const monthDays = monthLength(year, month);
      const monthEnd = Math.min(end, number + monthDays - day + 1);
      if ((this.months & (1 << month)) !== 0) {
        const yearFirst = dayNumber(year, 1, 1);
        const yearDays = isLeapYear(year) ? 366 : 365;
        for (; number < monthEnd; number += 1, day += 1) {
          const date = { number, day, monthDays, yearDay: number - yearFirst + 1, yearDays };
          if (this.holds(date) && this.holdsWeek(number - first, end - first)) found.push(number);
        }
      }
      number = monthEnd;
      month = month === MONTHS ? 1 : month + 1;
      if (month === 1) year += 1;
    }
    return found;
  }

  private holds(date: Day): boolean {
    const { number, day, monthDays, yearDay, yearDays } = date;
    if (this.monthDays !== null) {
      const [fromStart, fromEnd] = this.monthDays;
      if ((fromStart & (1 << day)) === 0 && (fromEnd & (1 << (monthDays - day + 1))) === 0) return false;
    }
    if (this.hasWeekdays && !this.holdsWeekday(date)) return false;
    if (this.yearDays !== null && !this.yearDays.has(yearDay) && !this.yearDays.has(yearDay - yearDays - 1)) {
      return false;
    }
    const { frequency, interval } = this.parts;
    return frequency !== 'DAILY' || interval === 1 || (number - this.startDay) % interval === 0;
  }

  private holdsWeekday({ number, day, monthDays, yearDay, yearDays }: Day): boolean {
    const dayOfWeek = weekday(number);
    if ((this.weekdays & (1 << dayOfWeek)) !== 0) return true;
    if (this.numberedWeekdays.size === 0) return false;
    // A number counts in the month where the rule names months, by FREQ or BYMONTH, and in the year elsewhere.
    const isInMonth = this.parts.frequency === 'MONTHLY' || this.parts.months !== null;
    const [index, length] = isInMonth ? [day, monthDays] : [yearDay, yearDays];
    const nth = Math.ceil(index / WEEK_DAYS);
    const nthFromEnd = -Math.ceil((length - index + 1) / WEEK_DAYS);
    return (
      this.numberedWeekdays.has(numbered({ weekday: dayOfWeek, nth })) ||
      this.numberedWeekdays.has(numbered({ weekday: dayOfWeek, nth: nthFromEnd }))
    );
  }

  private holdsWeek(dayOfUnit: number, unitDays: number): boolean {
    if (this.weekNumbers === null) return true;
    const week = Math.floor(dayOfUnit / WEEK_DAYS) + 1;
    return this.weekNumbers.has(week) || this.weekNumbers.has(week - unitDays / WEEK_DAYS - 1);
  }
}

function unitKindOf({ frequency, weekNumbers }: RruleParts): Unit {
  if (frequency === 'WEEKLY') return 'week';
  if (frequency !== 'YEARLY') return 'month';
  return weekNumbers === null ? 'year' : 'weekYear';
}

/** What a rule leaves open is as in its start (RFC 5545, 3.3.10). */
function withDefaults(
  { frequency, months, weekNumbers, yearDays, monthDays, weekdays }: RruleParts,
  startDay: number,
): Pick<RruleParts, 'months' | 'monthDays' | 'weekdays'> {
  if (frequency === 'DAILY' || weekdays !== null || monthDays !== null || yearDays !== null) {
    return { months, monthDays, weekdays };
  }
  const start = civilDate(startDay);
  if (frequency === 'WEEKLY' || weekNumbers !== null) {
    return { months, monthDays, weekdays: [{ weekday: weekday(startDay), nth: null }] };
  }
  const isYearly = frequency === 'YEARLY' && months === null;
  return { months: isYearly ? [start.month] : months, monthDays: [start.day], weekdays };
}

/** A weekday and its number as one number. */
function numbered({ weekday: dayOfWeek, nth }: RruleWeekday): number {
  return (nth ?? 0) * WEEK_DAYS + dayOfWeek;
}

function bitsOf(values: readonly number[]): number {
  // Day 31 uses the sign bit; only single bits are ever tested, so that does no harm.
  return values.reduce((mask, value) => mask | (1 << value), 0);
}
