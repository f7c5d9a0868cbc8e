/**
 * Durations in buckets that widen with them: bucket `b` holds the milliseconds from e^(b/16) - 1 to e^((b+1)/16) - 1. So a
 * value read from a bucket is off by 3.2 % at most, from a millisecond to weeks, and histograms add up. `BUCKET_SQL` in
 * `persistence/rollup-sql.ts` is the same in SQL.
 */
export const BUCKETS_PER_E = 16;

/** Packed as `bucket << 40 | count`, with commas between. A bucket may stand there more than once. */
const COUNT_SPAN = 2 ** 40;

/** Counts by bucket. */
export type Histogram = Map<number, number>;

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export function bucketOf(ms: number): number {
  return Math.floor(Math.log(ms + 1) * BUCKETS_PER_E);
}

export function addPacked(histogram: Histogram, packed: string | null): void {
  if (packed === null || packed === '') return;
  for (const text of packed.split(',')) {
    const value = Number(text);
    const bucket = Math.floor(value / COUNT_SPAN);
    histogram.set(bucket, (histogram.get(bucket) ?? 0) + (value % COUNT_SPAN));
  }
}

export function countOf(histogram: Histogram): number {
  let total = 0;
  for (const count of histogram.values()) total += count;
  return total;
}

/** Null when nothing was counted. By the nearest rank, and none is above `exactMax`; null: that is not known. */
export function percentilesOf(histogram: Histogram, exactMax: number | null): Percentiles | null {
  const buckets = [...histogram].sort(([left], [right]) => left - right);
  const widest = buckets.at(-1);
  if (widest === undefined) return null;
  const max = exactMax ?? valueOf(widest[0]);
  const total = countOf(histogram);
  const at = (share: number): number => {
    const rank = Math.max(1, Math.ceil(share * total));
    if (rank >= total) return max;
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen >= rank) return Math.min(max, valueOf(bucket));
    }
    return max;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max };
}

/** The geometric middle of a bucket, in whole milliseconds. */
function valueOf(bucket: number): number {
  return Math.round(Math.exp((bucket + 0.5) / BUCKETS_PER_E) - 1);
}
