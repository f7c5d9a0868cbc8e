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

/** How much larger the median of one is, and what that is at least with 95 % confidence (bootstrap). */
export function ratioAtLeast(
  one: readonly number[],
  other: readonly number[],
  random: Random,
): { readonly ratio: number; readonly least: number } {
  const resampled = (values: readonly number[]): number[] => values.map(() => random.pick(values));
  const ratios = Array.from({ length: RESAMPLES }, () => median(resampled(one)) / median(resampled(other)));
  ratios.sort((a, b) => a - b);
  return { ratio: median(one) / median(other), least: ratios[Math.floor(RESAMPLES * 0.05)] ?? NaN };
}

/** A millisecond at least: that is how fine the clock is. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.max(1, sorted[Math.floor(sorted.length / 2)] ?? NaN);
}
