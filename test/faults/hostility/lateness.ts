import type { Random } from '../support/seed.js';

const RESAMPLES = 2_000;

export interface Lateness {
  readonly dueAt: number;
  readonly lateMs: number;
}

/** The latest of each due instant. */
export function worstOfEach(all: readonly Lateness[]): Lateness[] {
  const worst = new Map<number, number>();
  for (const { dueAt, lateMs } of all) worst.set(dueAt, Math.max(lateMs, worst.get(dueAt) ?? 0));
  return [...worst].map(([dueAt, lateMs]) => ({ dueAt, lateMs }));
}

/**
 * How many times as late the chosen seconds are as the ones right after them, and what that is at least with 95 % confidence
 * (bootstrap). A millisecond at least: that is how fine the clock is.
 */
export function ratioAtLeast(
  worst: readonly Lateness[],
  isChosen: (dueAt: number) => boolean,
  random: Random,
): { readonly ratio: number; readonly least: number; readonly pairs: number } {
  const lateAt = new Map(worst.map(({ dueAt, lateMs }) => [dueAt, Math.max(1, lateMs)]));
  const ratios = [...lateAt].flatMap(([dueAt, lateMs]) => {
    const next = lateAt.get(dueAt + 1_000);
    return isChosen(dueAt) && next !== undefined ? [lateMs / next] : [];
  });
  const medians = Array.from({ length: RESAMPLES }, () => median(ratios.map(() => random.pick(ratios))));
  medians.sort((a, b) => a - b);
  return { ratio: median(ratios), least: medians[Math.floor(RESAMPLES * 0.05)] ?? NaN, pairs: ratios.length };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
