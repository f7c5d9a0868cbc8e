/** Times of day at which a rule fires, in seconds of the day, ascending. There is at least one. */
export interface DayTimes {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** Between two that follow each other on one day; Infinity when there is one only. */
  readonly shortestGap: number;
  /** The first one at or after a second of the day; -1 when there is none. */
  from(secondOfDay: number): number;
  /** The one with this index, from 0. */
  at(index: number): number;
  /** How many are before a second of the day. */
  countBefore(secondOfDay: number): number;
}

/**
 * Every combination of some hours, minutes and seconds (ascending, none empty): up to 86,400 times in a table of 147
 * bytes, each found in constant time.
 */
export class ClockTimes implements DayTimes {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly shortestGap: number;

  // followers[v] is the smallest value ≥ v of the field, -1 when there is none.
  private readonly secondsFrom: Int8Array;
  private readonly minutesFrom: Int8Array;
  private readonly hoursFrom: Int8Array;

  constructor(
    private readonly hours: readonly number[],
    private readonly minutes: readonly number[],
    private readonly seconds: readonly number[],
  ) {
    this.secondsFrom = followersOf(seconds, 60);
    this.minutesFrom = followersOf(minutes, 60);
    this.hoursFrom = followersOf(hours, 24);
    this.count = hours.length * minutes.length * seconds.length;
    this.first = (hours[0] ?? 0) * 3_600 + (minutes[0] ?? 0) * 60 + (seconds[0] ?? 0);
    const secondSpan = spanOf(seconds);
    const minuteSpan = spanOf(minutes) * 60 + secondSpan;
    this.last = this.first + spanOf(hours) * 3_600 + minuteSpan;
    // From the last of a minute or an hour to the first of the next one that has any.
    this.shortestGap = Math.min(
      leastStep(seconds),
      leastStep(minutes) * 60 - secondSpan,
      leastStep(hours) * 3_600 - minuteSpan,
    );
  }

  from(secondOfDay: number): number {
    const startHour = Math.floor(secondOfDay / 3_600);
    let hour = follower(this.hoursFrom, startHour);
    if (hour === startHour) {
      const startMinute = Math.floor(secondOfDay / 60) % 60;
      let second = follower(this.secondsFrom, secondOfDay % 60);
      const minute = follower(this.minutesFrom, second < 0 ? startMinute + 1 : startMinute);
      if (minute >= 0) {
        if (minute !== startMinute) second = follower(this.secondsFrom, 0);
        return hour * 3_600 + minute * 60 + second;
      }
      hour = follower(this.hoursFrom, startHour + 1);
    }
    return hour < 0 ? -1 : hour * 3_600 + follower(this.minutesFrom, 0) * 60 + follower(this.secondsFrom, 0);
  }

  at(index: number): number {
    const { hours, minutes, seconds } = this;
    const inMinute = index % seconds.length;
    const minuteIndex = Math.floor(index / seconds.length);
    const hour = hours[Math.floor(minuteIndex / minutes.length)] ?? 0;
    return hour * 3_600 + (minutes[minuteIndex % minutes.length] ?? 0) * 60 + (seconds[inMinute] ?? 0);
  }

  countBefore(secondOfDay: number): number {
    const next = this.from(secondOfDay);
    if (next < 0) return this.count;
    const { hours, minutes, seconds } = this;
    const hourIndex = hours.indexOf(Math.floor(next / 3_600));
    const minuteIndex = minutes.indexOf(Math.floor(next / 60) % 60);
    return (hourIndex * minutes.length + minuteIndex) * seconds.length + seconds.indexOf(next % 60);
  }
}

/** A few times, listed: seconds of the day, ascending, not empty. */
export class ListedTimes implements DayTimes {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly shortestGap: number;

  constructor(private readonly times: readonly number[]) {
    this.count = times.length;
    this.first = times[0] ?? 0;
    this.last = times.at(-1) ?? 0;
    this.shortestGap = leastStep(times);
  }

  from(secondOfDay: number): number {
    return this.times.find((time) => time >= secondOfDay) ?? -1;
  }

  at(index: number): number {
    return this.times[index] ?? -1;
  }

  countBefore(secondOfDay: number): number {
    return this.times.filter((time) => time < secondOfDay).length;
  }
}

function spanOf(values: readonly number[]): number {
  return (values.at(-1) ?? 0) - (values[0] ?? 0);
}

function leastStep(values: readonly number[]): number {
  return values.reduce((least, value, index) => Math.min(least, value - (values[index - 1] ?? -Infinity)), Infinity);
}

function followersOf(values: readonly number[], size: number): Int8Array {
  const table = new Int8Array(size + 1).fill(-1);
  for (const value of values) table[value] = value;
  for (let value = size - 1; value >= 0; value -= 1) if (table[value] === -1) table[value] = follower(table, value + 1);
  return table;
}

function follower(table: Int8Array, value: number): number {
  return table[value] ?? -1;
}
