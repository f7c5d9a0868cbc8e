import { civilDate, dayNumber, FIRST_YEAR, LAST_YEAR, monthLength, weekday } from './civil.js';
import { CronDays } from './cron-days.js';
import type { CronExpression } from './cron-expression.js';
import { isFixed, valuesOf } from './cron-values.js';
import { ClockTimes } from './day-times.js';

const DAY_SECONDS = 86_400;
/** 1 January 2000: from there on all shapes of months come by. */
const SOME_DAY = 10_957;
const MAX_DAYS_LOOKED_AT = 400;

/**
 * The set of wall-clock seconds that a cron expression names, with `H` resolved for one seed. It knows no zone: it finds
 * the next member on a clock that never changes, in constant time for the time of day and by months for the date.
 */
export class CronCalendar {
  /** Equal for expressions that name the same values, however they are written. */
  readonly key: string;
  /** No wildcard and no step in second, minute and hour. */
  readonly isFixedTime: boolean;
  /** How often it fires on a day that it fires on. */
  readonly timesPerDay: number;

  private readonly years: readonly number[] | null;
  private readonly days: CronDays;
  private readonly everFires: boolean;
  private readonly times: ClockTimes;
  private gap: number | null | undefined;
  private lastMonth = { from: 0, to: 0, mask: 0 };

  /** `days` may be shared by calendars of one expression whose date fields have no `H`. */
  constructor(expression: CronExpression, seed: string, days = new CronDays(expression, seed)) {
    const seconds = valuesOf(expression.second, 0, 59, seed);
    const minutes = valuesOf(expression.minute, 0, 59, seed);
    const hours = valuesOf(expression.hour, 0, 23, seed);
    this.times = new ClockTimes(hours, minutes, seconds);
    this.years = expression.year.isOpen ? null : valuesOf(expression.year, FIRST_YEAR, LAST_YEAR, seed);
    this.days = days;
    this.everFires = days.hasAnyDay;
    this.timesPerDay = this.times.count;
    this.isFixedTime = isFixed(expression.second) && isFixed(expression.minute) && isFixed(expression.hour);
    const times = [seconds, minutes, hours].map(spellValues).join(',');
    this.key = `${times},${this.days.key},${this.years?.join('.') ?? '*'}`;
  }

  /** Between two members that follow each other; null when there are no two, or none within some years. */
  get shortestGapSeconds(): number | null {
    return (this.gap ??= this.findShortestGap());
  }

  private findShortestGap(): number | null {
    const { first, last, shortestGap } = this.times;
    const gap = Math.min(shortestGap, this.fewestDays() * DAY_SECONDS - (last - first));
    return gap === Infinity ? null : gap;
  }

  /** Between two days that it fires on. */
  private fewestDays(): number {
    let [fewest, day] = [Infinity, this.dayFrom(SOME_DAY)];
    for (let looked = 0; looked < MAX_DAYS_LOOKED_AT && day !== Infinity && fewest > 1; looked += 1) {
      const next = this.dayFrom(day + 1);
      fewest = Math.min(fewest, next - day);
      day = next;
    }
    return fewest;
  }

  /** The first member at or after a local second; Infinity when there is none before the engine's last year ends. */
  from(localSecond: number): number {
    const startDay = Math.floor(localSecond / DAY_SECONDS);
    let day = this.dayFrom(startDay);
    if (day === startDay) {
      const secondOfDay = this.times.from(localSecond - startDay * DAY_SECONDS);
      if (secondOfDay >= 0) return startDay * DAY_SECONDS + secondOfDay;
      day = this.dayFrom(startDay + 1);
    }
    return day * DAY_SECONDS + this.times.first;
  }

  private dayFrom(startDay: number): number {
    const { from, to, mask } = this.lastMonth;
    if (startDay >= from && startDay < to) {
      const rest = mask >>> (startDay - from);
      if (rest !== 0) return startDay + lowestBit(rest);
    }
    if (!this.everFires) return Infinity;
    let { year, month, day } = civilDate(startDay);
    if (year < FIRST_YEAR) [year, month, day] = [FIRST_YEAR, 1, 1];
    for (; year <= LAST_YEAR; year += 1, month = 1, day = 1) {
      if (this.years !== null && !this.years.includes(year)) continue;
      for (; month <= 12; month += 1, day = 1) {
        if (!this.days.hasMonth(month)) continue;
        const length = monthLength(year, month);
        const firstDay = dayNumber(year, month, 1);
        const monthMask = this.days.maskOf(length, weekday(firstDay));
        const rest = monthMask >>> (day - 1);
        if (rest === 0) continue;
        this.lastMonth = { from: firstDay, to: firstDay + length, mask: monthMask };
        return firstDay + day - 1 + lowestBit(rest);
      }
    }
    return Infinity;
  }
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** Runs of neighbours are written as a range, so that keys stay short. */
function spellValues(values: readonly number[]): string {
  const parts: string[] = [];
  for (let start = 0; start < values.length;) {
    let end = start;
    while (values[end + 1] === (values[end] ?? 0) + 1) end += 1;
    parts.push(end === start ? `${values[start]}` : `${values[start]}-${values[end]}`);
    start = end + 1;
  }
  return parts.join('.');
}
