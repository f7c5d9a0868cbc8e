import { ClockTimes, type DayTimes, ListedTimes } from './day-times.js';
import { RruleDays, type UnitDays } from './rrule-days.js';
import type { RruleParts } from './rrule-parts.js';

const DAY_SECONDS = 86_400;
const MAX_DAYS_LOOKED_AT = 100;
/** Of a unit; a year of whole weeks has up to 53. */
const MOST_DAYS = { DAILY: 1, WEEKLY: 7, MONTHLY: 31, YEARLY: 371 } as const;

/**
 * The set of wall-clock seconds that a recurrence rule names from its start on. It knows no zone: it finds the next
 * member on a clock that never changes, by the arithmetic of units; whatever the rule, the years 1900–2299 have at most
 * 146,097 days to look at. COUNT becomes the last member once, by counting units from the start.
 */
export class RruleCalendar {
  private readonly days: RruleDays;
  private readonly times: DayTimes;
  /** Of a unit's members in their order; null: all of them. */
  private readonly positions: readonly number[] | null;
  /** Beyond it there is nothing. */
  private lastSecond: number;
  private readonly indexesByCount = new Map<number, readonly number[]>();
  private known = { unit: Number.NaN, members: [] as readonly number[] };
  private gap: number | null | undefined;

  /** `startSecond`: the local second of the start. */
  constructor(
    readonly parts: RruleParts,
    readonly startSecond: number,
  ) {
    const startDay = Math.floor(startSecond / DAY_SECONDS);
    this.days = new RruleDays(parts, startDay);
    const times = timesOf(parts, startSecond - startDay * DAY_SECONDS);
    // On a day of its own, which positions are chosen is the same every day.
    const isChosenDaily = parts.frequency === 'DAILY' && parts.positions !== null;
    this.times = isChosenDaily ? chosenTimes(times, parts.positions) : times;
    this.positions = isChosenDaily ? null : parts.positions;
    const most = MOST_DAYS[parts.frequency] * this.times.count;
    const isEmpty = most === 0 || (this.positions?.every((position) => Math.abs(position) > most) ?? false);
    this.lastSecond = isEmpty ? -Infinity : parts.count === null ? Infinity : this.member(parts.count);
  }

  /** How often it may fire on a day that it fires on. */
  get timesPerDay(): number {
    return Math.min(this.times.count, this.positions?.length ?? Infinity);
  }

  /** The first member at or after a local second; Infinity when there is none before the engine's last year ends. */
  from(localSecond: number): number {
    const wanted = Math.max(localSecond, this.startSecond);
    if (wanted > this.lastSecond) return Infinity;
    for (let unit = this.days.unitFrom(Math.floor(wanted / DAY_SECONDS)); ; unit += this.days.step) {
      if (unit > this.days.lastUnit) {
        // The search is not made again.
        this.lastSecond = wanted - 1;
        return Infinity;
      }
      const found = this.positions === null ? this.firstOfDays(unit, wanted) : this.firstChosen(unit, wanted);
      if (found !== null) return found <= this.lastSecond ? found : Infinity;
    }
  }

  has(localSecond: number): boolean {
    return this.from(localSecond) === localSecond;
  }

  /** Between two members that follow each other; null when there are no two. Of the first hundred days that have any. */
  get shortestGapSeconds(): number | null {
    return (this.gap ??= this.findShortestGap());
  }

  private findShortestGap(): number | null {
    const { first, last } = this.times;
    const isWholeDay = this.positions === null;
    let [gap, at] = [isWholeDay ? this.times.shortestGap : Infinity, this.from(this.startSecond)];
    for (let looked = 0; looked < MAX_DAYS_LOOKED_AT && at !== Infinity; looked += 1) {
      const day = Math.floor(at / DAY_SECONDS);
      const next = this.from(isWholeDay ? (day + 1) * DAY_SECONDS : at + 1);
      // A day's last to the first of the next day that has any.
      const step = isWholeDay ? (Math.floor(next / DAY_SECONDS) - day) * DAY_SECONDS - (last - first) : next - at;
      gap = Math.min(gap, step);
      at = next;
    }
    return gap === Infinity ? null : gap;
  }

  private firstOfDays(unit: number, wanted: number): number | null {
    const wantedDay = Math.floor(wanted / DAY_SECONDS);
    const { first, offsets } = this.days.daysOf(unit);
    for (const offset of offsets) {
      const day = first + offset;
      if (day < wantedDay) continue;
      if (day > wantedDay) return day * DAY_SECONDS + this.times.first;
      const time = this.times.from(wanted - day * DAY_SECONDS);
      if (time >= 0) return day * DAY_SECONDS + time;
    }
    return null;
  }

  private firstChosen(unit: number, wanted: number): number | null {
    return this.chosenOf(unit).find((second) => second >= wanted) ?? null;
  }

  /** The members of a unit that BYSETPOS chooses, those before the start too. */
  private chosenOf(unit: number): readonly number[] {
    if (this.known.unit === unit) return this.known.members;
    const days = this.days.daysOf(unit);
    const members = this.indexesOf(days.offsets.length * this.times.count).map((index) => this.secondAt(days, index));
    this.known = { unit, members };
    return members;
  }

  /** Weeks and months of as many days share them. */
  private indexesOf(count: number): readonly number[] {
    let indexes = this.indexesByCount.get(count);
    if (indexes === undefined) {
      indexes = chosenIndexes(this.positions ?? [], count);
      this.indexesByCount.set(count, indexes);
    }
    return indexes;
  }

  /** The local second of member number `number`, from 1; Infinity when there are not so many. */
  private member(number: number): number {
    let left = number;
    for (let unit = this.days.firstUnit; unit <= this.days.lastUnit; unit += this.days.step) {
      if (this.positions !== null) {
        const members = this.chosenOf(unit).filter((second) => second >= this.startSecond);
        if (left <= members.length) return members[left - 1] ?? Infinity;
        left -= members.length;
        continue;
      }
      const days = this.days.daysOf(unit);
      const early = unit === this.days.firstUnit ? this.countBeforeStart(days) : 0;
      const count = days.offsets.length * this.times.count - early;
      if (left <= count) return this.secondAt(days, early + left - 1);
      left -= count;
    }
    return Infinity;
  }

  /** The local second of a unit's member by its index, from 0. */
  private secondAt({ first, offsets }: UnitDays, index: number): number {
    const day = first + (offsets[Math.floor(index / this.times.count)] ?? Infinity);
    return day * DAY_SECONDS + this.times.at(index % this.times.count);
  }

  private countBeforeStart({ first, offsets }: UnitDays): number {
    const startDay = Math.floor(this.startSecond / DAY_SECONDS);
    const wholeDays = offsets.filter((offset) => first + offset < startDay).length;
    const onStartDay = offsets.includes(startDay - first)
      ? this.times.countBefore(this.startSecond - startDay * DAY_SECONDS)
      : 0;
    return wholeDays * this.times.count + onStartDay;
  }
}

function timesOf({ hours, minutes, seconds }: RruleParts, startSecondOfDay: number): DayTimes {
  const [hour, minute] = [Math.floor(startSecondOfDay / 3_600), Math.floor(startSecondOfDay / 60) % 60];
  return new ClockTimes(hours ?? [hour], minutes ?? [minute], seconds ?? [startSecondOfDay % 60]);
}

function chosenTimes(times: DayTimes, positions: readonly number[]): DayTimes {
  return new ListedTimes(chosenIndexes(positions, times.count).map((index) => times.at(index)));
}

/** Indexes into a list of `count` that positions from its start (1, 2, …) and its end (-1, -2, …) name, ascending. */
function chosenIndexes(positions: readonly number[], count: number): number[] {
  const indexes = positions.map((position) => (position > 0 ? position - 1 : count + position));
  const valid = indexes.filter((index) => index >= 0 && index < count);
  return [...new Set(valid)].sort((a, b) => a - b);
}
