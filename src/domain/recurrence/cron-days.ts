import { monthLength } from './civil.js';
import type { CronExpression, CronField, CronItem } from './cron-expression.js';
import { valuesOf } from './cron-values.js';

const SATURDAY = 6;
const SUNDAY = 0;

/**
 * The date part of a cron expression. Whether a day matches depends only on its month's length and first weekday, so
 * there are 28 possible months and each is worked out once.
 */
export class CronDays {
  readonly key: string;
  /** False for dates that do not exist in any year, such as 31 February. */
  readonly hasAnyDay: boolean;
  private readonly dayOfMonth: DayChoice;
  private readonly dayOfWeek: DayChoice;
  private readonly months: number;
  private readonly maskByMonthShape = new Int32Array(28).fill(-1);

  constructor(expression: CronExpression, seed: string) {
    this.dayOfMonth = choiceOf(expression.dayOfMonth, valuesOf(expression.dayOfMonth, 1, 31, seed));
    const weekdays = valuesOf(expression.dayOfWeek, 0, 6, seed).map((value) => value % 7);
    this.dayOfWeek = choiceOf(expression.dayOfWeek, weekdays);
    this.months = bitsOf(valuesOf(expression.month, 1, 12, seed));
    this.key = [this.months.toString(36), this.dayOfMonth.key, this.dayOfWeek.key].join(',');
    this.hasAnyDay = this.findAnyDay();
  }

  hasMonth(month: number): boolean {
    return (this.months & (1 << month)) !== 0;
  }

  /** The matching days of a month: bit 0 is its first day. */
  maskOf(length: number, firstWeekday: number): number {
    const shape = (length - 28) * 7 + firstWeekday;
    const known = this.maskByMonthShape[shape] ?? -1;
    if (known >= 0) return known;
    const mask = this.computeMask(length, firstWeekday);
    this.maskByMonthShape[shape] = mask;
    return mask;
  }

  private findAnyDay(): boolean {
    for (let month = 1; month <= 12; month += 1) {
      if (!this.hasMonth(month)) continue;
      for (let firstWeekday = 0; firstWeekday < 7; firstWeekday += 1) {
        if (this.maskOf(monthLength(2000, month), firstWeekday) !== 0) return true;
      }
    }
    return false;
  }

  private computeMask(length: number, firstWeekday: number): number {
    const isEveryDay = this.dayOfMonth.isOpen && this.dayOfWeek.isOpen;
    let mask = 0;
    for (let day = 1; day <= length; day += 1) {
      const weekday = (firstWeekday + day - 1) % 7;
      const isDayOfMonth = !this.dayOfMonth.isOpen && (this.dayOfMonth.plain & (1 << day)) !== 0;
      const isDayOfWeek = !this.dayOfWeek.isOpen && (this.dayOfWeek.plain & (1 << weekday)) !== 0;
      // Vixie cron: when both are restricted, either one matches.
      if (isEveryDay || isDayOfMonth || isDayOfWeek) mask |= 1 << (day - 1);
    }
    for (const item of [...this.dayOfMonth.special, ...this.dayOfWeek.special]) {
      const day = specialDay(item, length, firstWeekday);
      if (day !== null && day >= 1 && day <= length) mask |= 1 << (day - 1);
    }
    return mask;
  }
}

interface DayChoice {
  readonly isOpen: boolean;
  /** Bit n stands for value n. */
  readonly plain: number;
  /** Items whose day depends on the month. */
  readonly special: readonly CronItem[];
  readonly key: string;
}

function choiceOf(field: CronField, values: readonly number[]): DayChoice {
  const special = field.items.filter((item) => !['every', 'range', 'hash'].includes(item.kind));
  const plain = bitsOf(values);
  const specialKeys = special.map((item) => Object.values(item).join('.')).sort();
  const key = field.isOpen ? '*' : [plain.toString(36), ...specialKeys].join('+');
  return { isOpen: field.isOpen, plain, special, key };
}

function bitsOf(values: readonly number[]): number {
  // Day 31 uses the sign bit; only single bits are ever tested, so that does no harm.
  return values.reduce((mask, value) => mask | (1 << value), 0);
}

/** The day that a Quartz item names in a month of this shape; null or out of the month when there is none. */
function specialDay(item: CronItem, length: number, firstWeekday: number): number | null {
  switch (item.kind) {
    case 'lastDay':
      return length - item.daysBefore;
    case 'lastWorkday':
      return workdayNear(length, length, firstWeekday);
    case 'workdayNear':
      return item.day > length ? null : workdayNear(item.day, length, firstWeekday);
    case 'nthWeekday':
      return 1 + ((item.weekday - firstWeekday + 7) % 7) + (item.nth - 1) * 7;
    case 'lastWeekday': {
      const lastWeekday = (firstWeekday + length - 1) % 7;
      return length - ((lastWeekday - item.weekday + 7) % 7);
    }
    default:
      return null;
  }
}

/** Quartz: the Monday to Friday nearest to a day, never in another month. */
function workdayNear(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === SATURDAY) return day === 1 ? day + 2 : day - 1;
  if (weekday === SUNDAY) return day === length ? day - 2 : day + 1;
  return day;
}
