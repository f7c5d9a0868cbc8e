import { scaleUtc } from 'd3-scale';
import { dayOf, fieldsIn, timeOf, weekdayOf } from '../../time/format';
import { instantOf, localOf } from '../../time/wall';

export interface Tick {
  readonly at: number;
  readonly text: string;
  /** A day begins here. */
  readonly day: boolean;
}

/** Round times of the zone's clocks between two instants. */
export function ticksOf(from: number, to: number, zone: string, count: number): Tick[] {
  const wall = (at: number) => Date.parse(`${localOf(at, zone)}Z`);
  const walls = scaleUtc()
    .domain([wall(from), wall(to)])
    .ticks(count);
  return walls.flatMap((date) => {
    const at = instantOf(date.toISOString().slice(0, 19), zone);
    if (at === null || at < from || at > to) return [];
    const { hour, minute } = fieldsIn(at, zone);
    const day = hour === '00' && minute === '00';
    return [{ at, day, text: day ? `${weekdayOf(at, zone)} ${dayOf(at, zone).slice(8)}` : timeOf(at, zone, false) }];
  });
}
