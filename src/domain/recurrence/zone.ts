import { BoundedMap } from './bounded-map.js';
import { FIRST_INSTANT, LAST_INSTANT } from './civil.js';
import { HOUR_MS } from './duration.js';
import type { Instant } from './schedule.js';
import { PIECE_MS, type Segment, ZoneReading } from './zone-reading.js';

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

/** Longest name accepted; the longest in the tz database has 32 characters. Checked before Intl sees the text. */
export const MAX_ZONE_NAME_LENGTH = 64;

// Of all zones together, about 250 bytes each: every zone's years around now, or far previews of a few.
const MAX_PIECES = 80_000;
// Farther than any zone's offset (±15:13 in local mean time) and than any clock change (24 h at the date line).
const REACH_MS = 26 * HOUR_MS;
const MAX_ZONES = 1_024;
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/**
 * One time zone's offsets, read once from `Intl.DateTimeFormat` and kept as a table of clock changes, because asking
 * Intl takes over a microsecond and a next time asks several times. Memory is bounded: a full table starts again.
 */
export class Zone {
  private readonly pieces = new Map<number, Segment[]>();
  private readonly reading: ZoneReading;
  private steady: Segment = { from: 0, to: 0, offsetMs: 0 };

  constructor(readonly name: string) {
    this.reading = new ZoneReading(name);
  }

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
    // What is read beside it, and is as steady, becomes a part of it.
    if (localMs - REACH_MS < segment.from) this.segmentOf(localMs - REACH_MS);
    if (localMs + REACH_MS >= segment.to) this.segmentOf(localMs + REACH_MS);
    return localMs - REACH_MS >= segment.from && localMs + REACH_MS < segment.to ? segment.offsetMs : Number.NaN;
  }

  /** Whether the offset is known to be one from `from` to `to`; false may also mean that this is not known yet. */
  isSteady(from: Instant, to: Instant): boolean {
    return from >= this.steady.from && to < this.steady.to;
  }

  /** Clock changes with `from` ≤ at ≤ `to`. Meant for spans of days. */
  transitions(from: Instant, to: Instant): Transition[] {
    const found: Transition[] = [];
    // Changes at the very edge of a piece show only beside the piece before it.
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
    const index = Math.floor(Math.min(Math.max(instant, FIRST_INSTANT), LAST_INSTANT) / PIECE_MS);
    const piece = this.pieces.get(index) ?? this.readPiece(index);
    for (const segment of piece) if (instant < segment.to) return segment;
    throw new RangeError(`no offset of ${this.name} at ${instant}`);
  }

  private readPiece(index: number): Segment[] {
    const piece = this.reading.readPiece(index);
    makeRoomForPiece(this.pieces);
    this.pieces.set(index, piece);
    const [first, last] = [piece[0], piece.at(-1)];
    if (last !== undefined) join(last, this.pieces.get(index + 1)?.[0]);
    if (first !== undefined) join(this.pieces.get(index - 1)?.at(-1), first);
    return piece;
  }
}

/** Two segments that follow each other are one where no change lies between: each then says how far both reach. */
function join(before: Segment | undefined, after: Segment | undefined): void {
  if (before === undefined || after === undefined || before.offsetMs !== after.offsetMs) return;
  after.from = before.from;
  before.to = after.to;
}

const tables = new Set<Map<number, Segment[]>>();
let pieceCount = 0;

function makeRoomForPiece(table: Map<number, Segment[]>): void {
  if (pieceCount >= MAX_PIECES) {
    for (const full of tables) full.clear();
    tables.clear();
    pieceCount = 0;
  }
  tables.add(table);
  pieceCount += 1;
}

const zonesByName = new BoundedMap<string, Zone>(MAX_ZONES);
const zonesByCanonicalName = new BoundedMap<string, Zone>(MAX_ZONES);

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
