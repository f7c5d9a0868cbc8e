/**
 * The oracle: walks real time minute by minute and reads the wall clock from Intl. It shares no code with the engine and
 * takes rules as predicates, not as text, so neither a parser's nor a zone table's fault can hide in both.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

export interface WallRule {
  second: (value: number) => boolean;
  minute: (value: number) => boolean;
  hour: (value: number) => boolean;
  date: (date: WallDate) => boolean;
  isFixedTime: boolean;
  gap: 'after' | 'skip';
  overlap: 'first' | 'second' | 'both';
}

export interface WallDate {
  year: number;
  month: number;
  day: number;
  weekday: number;
  monthLength: number;
}

/** A minute of the calendar, whether the zone's clocks showed it or not. */
interface WallMinute {
  /** The wall clock read as if it were UTC. */
  wallMs: number;
  hour: number;
  minute: number;
  date: WallDate;
  /** When the clocks showed it: never in a gap, twice in an overlap. */
  instants: number[];
  /** The first real minute that shows a later time than a missing one. */
  afterGap: number | null;
  /** When a missing one would be, had the clocks not changed: as long after the last real minute before the gap. */
  movedByGap: number | null;
}

export interface Walk {
  /** In the order of real time. */
  real: { startsAt: number; wall: WallMinute }[];
  /** In the order of the calendar. */
  calendar: WallMinute[];
}

/** Walks from `from` to `to`, whole minutes both. Offsets are whole minutes in all that is walked. */
export function walkMinutes(timeZone: string, from: number, to: number): Walk {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const shown: { startsAt: number; wallMs: number }[] = [];
  for (let startsAt = from; startsAt < to; startsAt += MINUTE_MS) {
    const [day = 0, month = 0, year = 0, hour, minute] = format.format(startsAt).split(/\D+/).map(Number);
    shown.push({ startsAt, wallMs: Date.UTC(year, month - 1, day, hour, minute) });
  }
  const calendar = new Map<number, WallMinute>();
  const last = Math.max(...shown.map((one) => one.wallMs));
  for (let wallMs = Math.min(...shown.map((one) => one.wallMs)); wallMs <= last; wallMs += MINUTE_MS) {
    calendar.set(wallMs, readWall(wallMs));
  }
  const real = shown.map(({ startsAt, wallMs }) => {
    const wall = calendar.get(wallMs);
    if (wall === undefined) throw new Error(`${timeZone} shows half a minute at ${startsAt}`);
    wall.instants.push(startsAt);
    return { startsAt, wall };
  });
  shown.forEach(({ startsAt, wallMs }, index) => {
    const before = shown[index - 1]?.wallMs ?? wallMs;
    const beforeAt = shown[index - 1]?.startsAt ?? startsAt;
    for (let missing = before + MINUTE_MS; missing < wallMs; missing += MINUTE_MS) {
      const wall = calendar.get(missing);
      if (wall === undefined) continue;
      wall.afterGap = startsAt;
      wall.movedByGap = beforeAt + missing - before;
    }
  });
  return { real, calendar: [...calendar.values()] };
}

/** Every instant at which the given minutes of the calendar fire when a missing one moves by the gap's length. */
export function bruteForceMoved(
  wallMs: readonly number[],
  policy: Pick<WallRule, 'gap' | 'overlap'>,
  walk: Walk,
): number[] {
  const wanted = new Set(wallMs);
  const found = walk.calendar
    .filter((wall) => wanted.has(wall.wallMs))
    .flatMap((wall) => {
      if (wall.instants.length > 0) return instantsToFire(policy, wall);
      return wall.movedByGap === null || policy.gap === 'skip' ? [] : [wall.movedByGap];
    });
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Every instant at which the rule fires in the walked time, ascending. */
export function bruteForce(rule: WallRule, walk: Walk): number[] {
  const seconds = Array.from({ length: 60 }, (_, second) => second).filter(rule.second);
  const inMinute = (startsAt: number): number[] => seconds.map((second) => startsAt + second * SECOND_MS);
  const isDue = (wall: WallMinute): boolean => rule.hour(wall.hour) && rule.minute(wall.minute) && rule.date(wall.date);
  if (!rule.isFixedTime) {
    return walk.real.filter(({ wall }) => isDue(wall)).flatMap(({ startsAt }) => inMinute(startsAt));
  }
  const found = new Set<number>();
  for (const wall of walk.calendar.filter(isDue)) {
    for (const startsAt of instantsToFire(rule, wall)) for (const at of inMinute(startsAt)) found.add(at);
    if (wall.instants.length === 0 && wall.afterGap !== null && rule.gap === 'after') found.add(wall.afterGap);
  }
  return [...found].sort((a, b) => a - b);
}

function instantsToFire({ overlap }: Pick<WallRule, 'overlap'>, { instants }: WallMinute): number[] {
  if (overlap === 'both') return instants;
  return overlap === 'first' ? instants.slice(0, 1) : instants.slice(-1);
}

function readWall(wallMs: number): WallMinute {
  const wall = new Date(wallMs);
  const [year, month] = [wall.getUTCFullYear(), wall.getUTCMonth() + 1];
  const monthLength = new Date(Date.UTC(year, month, 1) - DAY_MS).getUTCDate();
  const date = { year, month, day: wall.getUTCDate(), weekday: wall.getUTCDay(), monthLength };
  return {
    wallMs,
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    date,
    instants: [],
    afterGap: null,
    movedByGap: null,
  };
}
