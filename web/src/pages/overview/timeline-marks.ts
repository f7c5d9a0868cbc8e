import type { Ends, RunState } from '../../api/additions';

/** Drawings of the timeline, as paths: one for all marks of a kind, however many there are. */
export interface Drawing {
  readonly path: string;
  readonly filled: boolean;
}

const SHAPES: Record<RunState, { readonly filled: boolean; readonly at: (x: number, y: number) => string }> = {
  succeeded: { filled: true, at: (x, y) => disc(x, y, 3.2) },
  failed: { filled: false, at: (x, y) => `M${x - 3.4} ${y - 3.4}l6.8 6.8M${x + 3.4} ${y - 3.4}l-6.8 6.8` },
  cancelled: { filled: true, at: (x, y) => `M${x - 3} ${y - 3}h6v6h-6z` },
  skipped: { filled: false, at: (x, y) => `M${x - 3.5} ${y}h7` },
  queued: { filled: false, at: (x, y) => disc(x, y, 2.6) },
  running: { filled: false, at: (x, y) => `${disc(x, y, 3)}M${x} ${y - 1.2}v2.4` },
  retrying: { filled: false, at: (x, y) => `M${x} ${y - 3.6}l3.8 6.6h-7.6z` },
  held: { filled: false, at: (x, y) => `M${x - 1.8} ${y - 3.4}v6.8M${x + 1.8} ${y - 3.4}v6.8` },
};

export const MARK_STATES = Object.keys(SHAPES) as RunState[];

export function marks(state: RunState, xs: readonly number[], y: number): Drawing {
  const { filled, at } = SHAPES[state];
  return { filled, path: xs.map((x) => at(round(x), y)).join('') };
}

/** What is to come: hollow, whatever will become of it. */
export function hollow(xs: readonly number[], y: number): string {
  return xs.map((x) => disc(round(x), y, 2.6)).join('');
}

export function disc(x: number, y: number, r: number): string {
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
}

export interface BandPart {
  readonly kind: 'ok' | 'bad' | 'rest' | 'busy';
  readonly height: number;
}

/** A band from the bottom up. What failed stands on top and is always seen. */
export function bandParts(band: Ends, most: number, room: number): BandPart[] {
  const counts = {
    ok: band.succeeded,
    rest: band.cancelled + band.skipped,
    busy: band.open,
    bad: band.failed,
  } as const;
  const total = counts.ok + counts.rest + counts.busy + counts.bad;
  if (total === 0) return [];
  const height = 4 + (room - 4) * Math.sqrt(total / Math.max(most, 1));
  return (['ok', 'rest', 'busy', 'bad'] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => ({ kind, height: Math.max((height * counts[kind]) / total, kind === 'bad' ? 3 : 1) }));
}

export function totalOf(band: Ends): number {
  return band.succeeded + band.failed + band.cancelled + band.skipped + band.open;
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}
