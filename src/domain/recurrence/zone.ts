import { BoundedMap } from './bounded-map.js';
import { FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './duration.js';
import type { Instant } from './schedule.js';

/** A clock change: from `at` on the offset is `afterMs`; until then it was `beforeMs` (local = instant + offset). */
export interface Transition {
  readonly at: Instant;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** Where a wall-clock time lies on the time line. `earliest` and `latest` differ in an overlap and are null in a gap. */
export interface WallTime {
  readonly earliest: Instant | null;
  readonly latest: Instant | null;
  readonly gap: Transition | null;
  readonly overlap: Transition | null;
}

interface Segment {
  readonly from: Instant;
  readonly to: Instant;
  readonly offsetMs: number;
}

/** Longest name accepted; the longest in the tz database has 32 characters. Checked before Intl sees the text. */
export const MAX_ZONE_NAME_LENGTH = 64;

// A table is read from Intl in pieces of about 50 days, only where someone asks: a yearly rule touches one a year.
const CHUNK_MS = 2 ** 32;
// Of all zones together, about 250 bytes each: every zone's years around now, or far previews of a few.
const MAX_CHUNKS = 40_000;
// No zone of the tz database changes its clocks and back in less: the shortest are weeks (Recife in October 2000, Gaza
// around Ramadan).
const PROBE_MS = 5 * DAY_MS;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;
// Farther than any zone's offset (±15:13 in local mean time) and than any clock change (24 h at the date line).
const REACH_MS = 26 * HOUR_MS;
const MAX_ZONES = 1_024;
const MAX_FORMATTERS = 16;
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/**
 * One time zone's offsets, read once from `Intl.DateTimeFormat` and kept as a table of clock changes, because asking
 * Intl takes over a microsecond and a next time asks several times. Memory is bounded: a full table starts again.
 */
export class Zone {
  private readonly chunks = new Map<number, Segment[]>();
  private steady: Segment = { from: 0, to: 0, offsetMs: 0 };

  constructor(readonly name: string) {}

  /** Milliseconds that local time is ahead of UTC. */
  offsetAt(instant: Instant): number {
    const { from, to, offsetMs } = this.steady;
    return instant >= from && instant < to ? offsetMs : this.enterSegment(instant).offsetMs;
  }

  /** The offset that holds for a whole day and more around a wall-clock time; NaN when a clock change may be near. */
  steadyOffset(localMs: number): number {
    const { from, to, offsetMs } = this.steady;
    if (localMs - REACH_MS >= from && localMs + REACH_MS < to) return offsetMs;
    const segment = this.enterSegment(localMs);
    return localMs - REACH_MS >= segment.from && localMs + REACH_MS < segment.to ? segment.offsetMs : Number.NaN;
  }

  /** Whether the offset is known to be one from `from` to `to`; false may also mean that this is not known yet. */
  isSteady(from: Instant, to: Instant): boolean {
    return from >= this.steady.from && to < this.steady.to;
  }

  /** Clock changes with `from` ≤ at ≤ `to`. Meant for spans of days. */
  transitions(from: Instant, to: Instant): Transition[] {
    const found: Transition[] = [];
    // Changes at the very edge of a chunk show only beside the chunk before it.
    let before = this.segmentOf(from - 1);
    while (before.to <= to) {
      const after = this.segmentOf(before.to);
      if (after.offsetMs !== before.offsetMs) {
        found.push({ at: after.from, beforeMs: before.offsetMs, afterMs: after.offsetMs });
      }
      before = after;
    }
    return found;
  }

  /** Finds the instants that show `localMs` on this zone's clocks. */
  resolve(localMs: number): WallTime {
    const offsetMs = this.steadyOffset(localMs);
    if (!Number.isNaN(offsetMs)) {
      return { earliest: localMs - offsetMs, latest: localMs - offsetMs, gap: null, overlap: null };
    }
    const changes = this.transitions(localMs - REACH_MS, localMs + REACH_MS);
    const offsets = [this.offsetAt(localMs - REACH_MS), ...changes.map((change) => change.afterMs)];
    const instants = [...new Set(offsets)]
      .map((offset) => localMs - offset)
      .filter((instant) => instant + this.offsetAt(instant) === localMs)
      .sort((a, b) => a - b);
    const gap = changes.find((c) => localMs >= c.at + c.beforeMs && localMs < c.at + c.afterMs) ?? null;
    const overlap = changes.find((c) => localMs >= c.at + c.afterMs && localMs < c.at + c.beforeMs) ?? null;
    const earliest = instants[0] ?? null;
    return { earliest, latest: instants.at(-1) ?? null, gap: earliest === null ? gap : null, overlap };
  }

  private enterSegment(instant: Instant): Segment {
    this.steady = this.segmentOf(instant);
    return this.steady;
  }

  private segmentOf(instant: Instant): Segment {
    const index = Math.floor(Math.min(Math.max(instant, FIRST_INSTANT), LAST_INSTANT) / CHUNK_MS);
    let chunk = this.chunks.get(index);
    if (chunk === undefined) {
      chunk = readChunk(this.name, index);
      makeRoomForChunk(this.chunks);
      this.chunks.set(index, chunk);
    }
    for (const segment of chunk) if (instant < segment.to) return segment;
    throw new RangeError(`no offset of ${this.name} at ${instant}`);
  }
}

const tables = new Set<Map<number, Segment[]>>();
let chunkCount = 0;

function makeRoomForChunk(table: Map<number, Segment[]>): void {
  if (chunkCount >= MAX_CHUNKS) {
    for (const full of tables) full.clear();
    tables.clear();
    chunkCount = 0;
  }
  tables.add(table);
  chunkCount += 1;
}

const zonesByName = new BoundedMap<string, Zone>(MAX_ZONES);
const zonesByCanonicalName = new BoundedMap<string, Zone>(MAX_ZONES);
// A formatter costs tens of kilobytes outside the heap, a table a few hundred bytes: formatters are few and come back.
const formatters = new BoundedMap<string, Intl.DateTimeFormat>(MAX_FORMATTERS);

/** The zone of an IANA name in any case, aliases included; null when there is none. Offsets such as `+02:00` are none. */
export function findZone(name: string): Zone | null {
  const known = zonesByName.get(name);
  if (known !== undefined) return known;
  if (name.length > MAX_ZONE_NAME_LENGTH || !ZONE_NAME.test(name)) return null;
  let canonicalName: string;
  try {
    canonicalName = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
  const zone = zonesByCanonicalName.get(canonicalName) ?? new Zone(canonicalName);
  zonesByCanonicalName.set(canonicalName, zone);
  zonesByName.set(name, zone);
  return zone;
}

/** As `findZone`, for names that were checked before; throws RangeError when this tz database lacks the name. */
export function getZone(name: string): Zone {
  const zone = findZone(name);
  if (zone === null) throw new RangeError(`time zone ${JSON.stringify(name)} is not in this tz database`);
  return zone;
}

function readChunk(name: string, index: number): Segment[] {
  const chunkFrom = index * CHUNK_MS;
  const chunkTo = chunkFrom + CHUNK_MS;
  // The outermost chunks answer for everything beyond them.
  const to = chunkTo > LAST_INSTANT ? Infinity : chunkTo;
  let from = chunkFrom <= FIRST_INSTANT ? -Infinity : chunkFrom;
  const segments: Segment[] = [];
  let offsetMs = readOffset(name, chunkFrom);
  let probedAt = chunkFrom;
  while (probedAt < chunkTo) {
    const probeTo = Math.min(probedAt + PROBE_MS, chunkTo - SECOND_MS);
    if (readOffset(name, probeTo) === offsetMs) {
      probedAt += PROBE_MS;
      continue;
    }
    const changeAt = findChange(name, probedAt, probeTo, offsetMs);
    segments.push({ from, to: changeAt, offsetMs });
    from = changeAt;
    offsetMs = readOffset(name, changeAt);
    probedAt = changeAt;
  }
  segments.push({ from, to, offsetMs });
  return segments;
}

/** The first whole second after `steadyAt` at which the offset is no longer `offsetMs`; it has changed at `changedAt`. */
function findChange(name: string, steadyAt: Instant, changedAt: Instant, offsetMs: number): Instant {
  const quarterAt = bisectChange(name, steadyAt, changedAt, offsetMs, QUARTER_HOUR_MS);
  // Changes at odd times are history; for the others the search to the second is not needed.
  if (readOffset(name, quarterAt - SECOND_MS) === offsetMs) return quarterAt;
  return bisectChange(name, Math.max(steadyAt, quarterAt - QUARTER_HOUR_MS), quarterAt, offsetMs, SECOND_MS);
}

/** The first whole `unitMs` at which the change shows; the one before it is still steady, or not after `steadyAt`. */
function bisectChange(name: string, steadyAt: Instant, changedAt: Instant, offsetMs: number, unitMs: number): Instant {
  let low = Math.floor(steadyAt / unitMs);
  let high = Math.ceil(changedAt / unitMs);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle * unitMs <= steadyAt || readOffset(name, middle * unitMs) === offsetMs) low = middle;
    else high = middle;
  }
  return high * unitMs;
}

function readOffset(name: string, instant: Instant): number {
  const wholeMs = Math.floor(Math.min(Math.max(instant, FIRST_INSTANT), LAST_INSTANT) / SECOND_MS) * SECOND_MS;
  // Always MM/DD/YYYY, HH:MM:SS in this locale with these options.
  const text = formatterOf(name).format(wholeMs);
  const field = (start: number, end: number): number => Number(text.slice(start, end));
  const date = Date.UTC(field(6, 10), field(0, 2) - 1, field(3, 5), field(12, 14), field(15, 17), field(18, 20));
  return date - wholeMs;
}

function formatterOf(name: string): Intl.DateTimeFormat {
  const known = formatters.get(name);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(name, formatter);
  return formatter;
}
