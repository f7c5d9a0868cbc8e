import type { Instant } from '../recurrence/schedule.js';
import { addPacked, percentilesOf } from './histogram.js';
import type { Histogram, Percentiles } from './histogram.js';
import { floorTo } from './resolution.js';
import type { Span } from './resolution.js';

/** What is wished for: that the first attempt starts within it. */
export const LATENESS_OBJECTIVE_MS = 1_000;

export interface StateCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly open: number;
}

export const STATES_COUNTED = ['succeeded', 'failed', 'cancelled', 'skipped', 'open'] as const;

/** Runs of some stretch of time, counted. Histograms are packed (`histogram.ts`). */
export interface Rollup extends StateCounts {
  readonly at: Instant;
  /** Started after the objective. */
  readonly late: number;
  readonly latenessMax: number | null;
  readonly durationMax: number | null;
  readonly lateness: string | null;
  readonly duration: string | null;
  readonly reasons: Readonly<Record<string, number>> | null;
}

export interface Bucket extends StateCounts {
  readonly at: Instant;
  readonly latenessMs: Percentiles | null;
  readonly durationMs: Percentiles | null;
}

export interface Totals extends StateCounts {
  readonly runs: number;
  readonly reasons: Readonly<Record<string, number>>;
}

export interface Tallied {
  readonly totals: Totals;
  readonly latenessMs: (Percentiles & { readonly withinObjective: number }) | null;
  readonly durationMs: Percentiles | null;
  readonly buckets: readonly Bucket[];
}

/** Adds up rollups. */
export class Tally {
  private readonly states = { succeeded: 0, failed: 0, cancelled: 0, skipped: 0, open: 0 };
  private readonly lateness: Histogram = new Map();
  private readonly duration: Histogram = new Map();
  private readonly reasons: Record<string, number> = {};
  private latenessMax: number | null = null;
  private durationMax: number | null = null;
  private late = 0;

  add(rollup: Rollup): void {
    for (const state of STATES_COUNTED) this.states[state] += rollup[state];
    addPacked(this.lateness, rollup.lateness);
    addPacked(this.duration, rollup.duration);
    for (const [reason, count] of Object.entries(rollup.reasons ?? {}))
      this.reasons[reason] = (this.reasons[reason] ?? 0) + count;
    this.latenessMax = larger(this.latenessMax, rollup.latenessMax);
    this.durationMax = larger(this.durationMax, rollup.durationMax);
    this.late += rollup.late;
  }

  get counts(): StateCounts {
    return { ...this.states };
  }

  get totals(): Totals {
    const runs = STATES_COUNTED.reduce((sum, state) => sum + this.states[state], 0);
    return { runs, ...this.states, reasons: { ...this.reasons } };
  }

  get latenessMs(): Percentiles | null {
    return percentilesOf(this.lateness, this.latenessMax);
  }

  get durationMs(): Percentiles | null {
    return percentilesOf(this.duration, this.durationMax);
  }

  /** The share of what was started that was so in time. */
  get withinObjective(): number {
    let started = 0;
    for (const count of this.lateness.values()) started += count;
    return started === 0 ? 1 : (started - this.late) / started;
  }
}

/** Rollups of any finer grain in the buckets of a span, each of which is there. Those outside of the span are left out. */
export function tallyOf(span: Span, rollups: readonly Rollup[]): Tallied {
  const { ms } = span.resolution;
  const all = new Tally();
  const tallies = new Map<Instant, Tally>();
  for (let at = span.from; at < span.to; at += ms) tallies.set(at, new Tally());
  for (const rollup of rollups) {
    const tally = tallies.get(floorTo(rollup.at, ms));
    if (tally === undefined) continue;
    tally.add(rollup);
    all.add(rollup);
  }
  const { latenessMs, withinObjective } = all;
  return {
    totals: all.totals,
    latenessMs: latenessMs === null ? null : { ...latenessMs, withinObjective },
    durationMs: all.durationMs,
    buckets: [...tallies].map(([at, tally]) => ({
      at,
      ...tally.counts,
      latenessMs: tally.latenessMs,
      durationMs: tally.durationMs,
    })),
  };
}

function larger(left: number | null, right: number | null): number | null {
  return left === null ? right : right === null ? left : Math.max(left, right);
}
