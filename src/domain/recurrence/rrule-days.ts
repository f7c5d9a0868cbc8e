import { civilDate, dayNumber, isLeapYear, LAST_YEAR, monthLength, weekday } from './civil.js';
import type { RruleParts, RruleWeekday } from './rrule-parts.js';

const WEEK_DAYS = 7;
const LAST_DAY = dayNumber(LAST_YEAR, 12, 31);
const MONTHS = 12;
const MOST_MONTH_DAYS = 31;
/** 1970-01-04, the first day of an epoch week that starts on Sunday; WKST is added to it. */
const FIRST_SUNDAY = 3;
/** The day that is in the first week of every year, whatever WKST is (RFC 5545: a week with four days in the year). */
const DAY_IN_FIRST_WEEK = 4;

/** Of units that are too short to remember. */
const NO_SHAPE = -1;
const NO_DAYS_SHAPE = -2;

/** Days of a unit: `first` plus each of the offsets. */
export interface UnitDays {
  readonly first: number;
  readonly offsets: readonly number[];
}

type Unit = 'week' | 'month' | 'year' | 'weekYear';

/**
 * The dates of a recurrence rule, unit by unit. A unit is what the rule's FREQ repeats: a week, a month, a year, or a
 * year of whole weeks where BYWEEKNO numbers them. For DAILY it is the month, whose days are tested for their
 * distance from the start. Units have numbers without holes, so INTERVAL is a jump and not a walk. What depends on a
 * month's length and first weekday alone is worked out once for each of the 28 possible months.
 */
export class RruleDays {
  /** The start's own unit. */
  readonly firstUnit: number;
  /** That of the engine's last day. */
  readonly lastUnit: number;
  readonly step: number;
  private readonly unit: Unit;
  private readonly dayStep: number;
  private readonly months: number;
  private readonly monthDays: readonly [fromStart: number, fromEnd: number] | null;
  private readonly yearDays: ReadonlySet<number> | null;
  private readonly weekNumbers: ReadonlySet<number> | null;
  private readonly weekdays: number;
  private readonly numberedWeekdays: ReadonlySet<number>;
  private readonly numberedMask: number;
  private readonly hasWeekdays: boolean;
  /** A number in BYDAY counts in the month where the rule names months, by FREQ or BYMONTH, and in the year elsewhere. */
  private readonly isNumberedInMonth: boolean;
  /** Whether the month's shape does not decide alone. */
  private readonly testsDays: boolean;
  private readonly maskByMonthShape = new Int32Array(28).fill(-1);
  private readonly offsetsByShape = new Map<number, readonly number[]>();
  private known = { unit: Number.NaN, first: 0, offsets: [] as readonly number[] };

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
    const numberedDays = (weekdays ?? []).filter(({ nth }) => nth !== null);
    this.numberedWeekdays = new Set(numberedDays.map(numbered));
    this.numberedMask = bitsOf(numberedDays.map((day) => day.weekday));
    this.isNumberedInMonth = parts.frequency === 'MONTHLY' || parts.months !== null;
    const isNumberedInYear = numberedDays.length > 0 && !this.isNumberedInMonth;
    this.unit = unitKindOf(parts);
    this.firstUnit = this.unitOf(startDay);
    this.lastUnit = this.unitOf(LAST_DAY);
    const isDaily = parts.frequency === 'DAILY';
    this.step = isDaily ? 1 : parts.interval;
    this.dayStep = isDaily ? parts.interval : 1;
    this.testsDays = this.dayStep > 1 || this.yearDays !== null || this.weekNumbers !== null || isNumberedInYear;
  }

  /** The first unit of the rule that ends on a day or after it. */
  unitFrom(day: number): number {
    const ahead = Math.max(0, this.unitOf(day) - this.firstUnit);
    return this.firstUnit + Math.ceil(ahead / this.step) * this.step;
  }

  /** The rule's days in a unit: the unit's first day, and how far from it they are, ascending. */
  daysOf(unit: number): UnitDays {
    if (this.known.unit === unit) return this.known;
    const first = this.firstDayOf(unit);
    const shape = this.shapeOf(unit, first);
    let offsets = this.offsetsByShape.get(shape);
    if (offsets === undefined) {
      offsets = this.collect(unit, first);
      if (shape !== NO_SHAPE) this.offsetsByShape.set(shape, offsets);
    }
    this.known = { unit, first, offsets };
    return this.known;
  }

  /**
   * Equal for units whose days lie alike: there are 28 kinds of months (and of each as many as intervals may begin in it), 14 of
   * years, and few more of whole weeks.
   */
  private shapeOf(unit: number, first: number): number {
    if (this.unit === 'week') return NO_SHAPE;
    if (this.unit === 'month') {
      const { year, month } = monthOf(unit);
      if ((this.months & (1 << month)) === 0) return NO_DAYS_SHAPE;
      const length = monthLength(year, month);
      // How far into the month the first day is that lies whole intervals from the start.
      const phase = this.dayStep === 1 ? 0 : remainder(this.startDay - first, this.dayStep);
      return phase >= length ? NO_DAYS_SHAPE : ((length - 28) * WEEK_DAYS + weekday(first)) * MOST_MONTH_DAYS + phase;
    }
    const leapYears = [unit - 1, unit, unit + 1].reduce((bits, year) => bits * 2 + Number(isLeapYear(year)), 0);
    // A year of whole weeks starts up to three days before or after the year.
    const start = this.unit === 'year' ? weekday(first) : first - dayNumber(unit, 1, 1) + 3;
    return (leapYears * WEEK_DAYS + start) * 2 + Number(this.firstDayOf(unit + 1) - first > 366);
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
    if (this.unit === 'month') {
      const { year, month } = monthOf(unit);
      return dayNumber(year, month, 1);
    }
    if (this.unit === 'year') return dayNumber(unit, 1, 1);
    const week = this.weekOf(dayNumber(unit, 1, DAY_IN_FIRST_WEEK));
    return week * WEEK_DAYS + FIRST_SUNDAY + this.parts.weekStart;
  }

  private weekOf(day: number): number {
    return Math.floor((day - FIRST_SUNDAY - this.parts.weekStart) / WEEK_DAYS);
  }

  private collect(unit: number, first: number): number[] {
    const found: number[] = [];
    const end = this.firstDayOf(unit + 1);
    let { year, month, day } = this.unit === 'month' ? { ...monthOf(unit), day: 1 } : civilDate(first);
    for (let monthFirst = first - day + 1; monthFirst < end; day = 1) {
      const length = monthLength(year, month);
      if ((this.months & (1 << month)) !== 0) {
        const toDay = Math.min(length, end - monthFirst);
        let mask = this.maskOf(length, weekday(monthFirst)) & bitsUpTo(toDay) & ~bitsUpTo(day - 1);
        for (; mask !== 0; mask &= mask - 1) {
          const number = monthFirst + 31 - Math.clz32(mask & -mask);
          if (!this.testsDays || this.holds(number, year, first, end)) found.push(number - first);
        }
      }
      monthFirst += length;
      month = month === MONTHS ? 1 : month + 1;
      if (month === 1) year += 1;
    }
    return found;
  }

  /** The days of a month of this shape that may be meant: bit 0 is its first day. */
  private maskOf(length: number, firstWeekday: number): number {
    const shape = (length - 28) * WEEK_DAYS + firstWeekday;
    const known = this.maskByMonthShape[shape] ?? -1;
    if (known >= 0) return known;
    let mask = 0;
    for (let day = 1; day <= length; day += 1) {
      if (this.holdsInMonth(day, length, (firstWeekday + day - 1) % WEEK_DAYS)) mask |= 1 << (day - 1);
    }
    this.maskByMonthShape[shape] = mask;
    return mask;
  }

  private holdsInMonth(day: number, length: number, dayOfWeek: number): boolean {
    if (this.monthDays !== null) {
      const [fromStart, fromEnd] = this.monthDays;
      if ((fromStart & (1 << day)) === 0 && (fromEnd & (1 << (length - day + 1))) === 0) return false;
    }
    if (!this.hasWeekdays || (this.weekdays & (1 << dayOfWeek)) !== 0) return true;
    if (!this.isNumberedInMonth) return (this.numberedMask & (1 << dayOfWeek)) !== 0;
    return this.isNumbered(dayOfWeek, day, length);
  }

  /** What the shape of its month does not say of a day. */
  private holds(number: number, year: number, unitFirst: number, unitEnd: number): boolean {
    if ((number - this.startDay) % this.dayStep !== 0) return false;
    const yearDay = number - dayNumber(year, 1, 1) + 1;
    const yearDays = isLeapYear(year) ? 366 : 365;
    if (this.yearDays !== null && !this.yearDays.has(yearDay) && !this.yearDays.has(yearDay - yearDays - 1)) {
      return false;
    }
    if (this.weekNumbers !== null) {
      const week = Math.floor((number - unitFirst) / WEEK_DAYS) + 1;
      const weeks = (unitEnd - unitFirst) / WEEK_DAYS;
      if (!this.weekNumbers.has(week) && !this.weekNumbers.has(week - weeks - 1)) return false;
    }
    const dayOfWeek = weekday(number);
    const isOpen = !this.hasWeekdays || this.isNumberedInMonth || (this.weekdays & (1 << dayOfWeek)) !== 0;
    return isOpen || this.isNumbered(dayOfWeek, yearDay, yearDays);
  }

  /** Whether BYDAY names a weekday that is day `index` of a month or year of this length. */
  private isNumbered(dayOfWeek: number, index: number, length: number): boolean {
    const nth = Math.ceil(index / WEEK_DAYS);
    const nthFromEnd = -Math.ceil((length - index + 1) / WEEK_DAYS);
    return (
      this.numberedWeekdays.has(numbered({ weekday: dayOfWeek, nth })) ||
      this.numberedWeekdays.has(numbered({ weekday: dayOfWeek, nth: nthFromEnd }))
    );
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

/** Never negative. */
function remainder(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function monthOf(unit: number): { year: number; month: number } {
  return { year: Math.floor(unit / MONTHS), month: (unit % MONTHS) + 1 };
}

/** The lowest `count` bits, of 31. */
function bitsUpTo(count: number): number {
  return count >= 31 ? 0x7fffffff : (1 << count) - 1;
}

function bitsOf(values: readonly number[]): number {
  // Day 31 uses the sign bit; only single bits are ever tested, so that does no harm.
  return values.reduce((mask, value) => mask | (1 << value), 0);
}
