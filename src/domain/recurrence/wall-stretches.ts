import { DAY_MS, HOUR_MS } from './duration.js';
import type { Cover } from './exclusion.js';
import type { Instant } from './schedule.js';
import type { Zone } from './zone.js';

/** [from, to) on a wall clock, in local milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Stretches of wall-clock time. */
export interface WallStretches {
  /** The one that holds this wall time. */
  at(localMs: number): Stretch | null;
  /** Whether one has a part in [from, to). */
  touches(from: number, to: number): boolean;
}

/** Farther than any clock change and any two offsets of a zone. */
const REACH_MS = 26 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * DAY_MS;

/** Given stretches, those that touch joined. */
export class ListedStretches implements WallStretches {
  private readonly stretches: readonly Stretch[];

  constructor(stretches: readonly Stretch[]) {
    this.stretches = joined(stretches);
  }

  at(localMs: number): Stretch | null {
    const found = this.firstEndingAfter(localMs);
    return found !== undefined && found.from <= localMs ? found : null;
  }

  touches(from: number, to: number): boolean {
    const found = this.firstEndingAfter(from);
    return found !== undefined && found.from < to;
  }

  private firstEndingAfter(localMs: number): Stretch | undefined {
    let low = 0;
    let high = this.stretches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.stretches[middle]?.to ?? Infinity) > localMs) high = middle;
      else low = middle + 1;
    }
    return this.stretches[low];
  }
}

/** Stretches that come back each week; given from Monday 00:00 on, beginning in the week and shorter than one. */
export class WeeklyStretches implements WallStretches {
  private readonly weeks: ListedStretches;
  private readonly isAlways: boolean;

  constructor(stretches: readonly Stretch[]) {
    const around = [-WEEK_MS, 0, WEEK_MS].flatMap((shift) =>
      stretches.map(({ from, to }) => ({ from: from + shift, to: to + shift })),
    );
    this.isAlways = joined(around).some(({ from, to }) => to - from >= WEEK_MS);
    this.weeks = new ListedStretches(around);
  }

  at(localMs: number): Stretch | null {
    if (this.isAlways) return { from: -Infinity, to: Infinity };
    const inWeek = intoWeek(localMs);
    const found = this.weeks.at(inWeek);
    return found && { from: found.from + localMs - inWeek, to: found.to + localMs - inWeek };
  }

  touches(from: number, to: number): boolean {
    if (this.isAlways || to - from >= WEEK_MS) return true;
    const inWeek = intoWeek(from);
    return this.weeks.touches(inWeek, inWeek + to - from);
  }
}

function intoWeek(localMs: number): number {
  return (((localMs - MONDAY_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS;
}

function joined(stretches: readonly Stretch[]): Stretch[] {
  const inOrder = [...stretches].sort((one, other) => one.from - other.from);
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of inOrder) {
    const last = found.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** A stretch of the wall clock that an instant is in, as time that passes: up to where the clocks leave it. */
export function coverOf(stretch: Stretch, zone: Zone, instant: Instant): Cover {
  const localMs = instant + zone.offsetAt(instant);
  const sinceMs = localMs - stretch.from;
  if (stretch.to === Infinity) return { endAt: Infinity, sinceMs };
  const endAt = Math.max(instantAfter(zone, stretch.to, instant), instant + 1);
  if (sinceMs >= REACH_MS || zone.isSteady(instant, Math.min(endAt, instant + REACH_MS))) return { endAt, sinceMs };
  // Set back, the clocks may show what was before the stretch.
  const back = zone
    .transitions(instant + 1, Math.min(endAt, instant + REACH_MS))
    .find(({ beforeMs, afterMs }) => afterMs < beforeMs);
  return { endAt: back === undefined ? endAt : Math.min(endAt, back.at), sinceMs };
}

/** Whether the zone's clocks may show a part of the stretches in [from, to). */
export function mayTouch(stretches: WallStretches, zone: Zone, from: Instant, to: Instant): boolean {
  const marginMs = zone.isSteady(from, to) ? 0 : REACH_MS;
  return stretches.touches(from + zone.offsetAt(from) - marginMs, to + zone.offsetAt(to) + marginMs);
}

/** The first instant after `instant` at which the clocks show this wall time, or pass it. */
function instantAfter(zone: Zone, localMs: number, instant: Instant): Instant {
  const { earliest, latest, gap } = zone.resolve(localMs);
  if (earliest === null || latest === null) return gap?.at ?? instant;
  return earliest > instant ? earliest : latest;
}
