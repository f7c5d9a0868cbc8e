import fc from 'fast-check';
import { addPacked, bucketOf, countOf, percentilesOf } from '../../../src/domain/statistics/histogram.js';
import type { Histogram } from '../../../src/domain/statistics/histogram.js';

const packed = (values: readonly number[]): string => values.map((ms) => bucketOf(ms) * 2 ** 40 + 1).join(',');

function histogramOf(values: readonly number[]): Histogram {
  const histogram: Histogram = new Map();
  addPacked(histogram, packed(values));
  return histogram;
}

describe('a histogram of durations', () => {
  it('gives percentiles that are 3.2 % and half a millisecond off at most', () => {
    const values = fc.array(fc.integer({ min: 0, max: 30 * 86_400_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, (given) => {
        const sorted = [...given].sort((left, right) => left - right);
        const max = sorted.at(-1) as number;
        const found = percentilesOf(histogramOf(given), max);
        for (const [name, share] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
          const error = Math.abs((found?.[name] ?? NaN) - exact);
          expect(error).toBeLessThanOrEqual(0.032 * (exact + 1) + 0.5);
          expect(found?.[name]).toBeLessThanOrEqual(max);
        }
        expect(found?.max).toBe(max);
      }),
    );
  });

  it('is exact where milliseconds are few', () => {
    for (const ms of [0, 1, 2, 3, 5, 8]) expect(percentilesOf(histogramOf([ms, ms, ms]), null)?.p50).toBe(ms);
  });

  it('adds up, with a bucket named more than once, and counts beyond what a bucket fits in 32 bits', () => {
    const histogram: Histogram = new Map();
    addPacked(histogram, `${5 * 2 ** 40 + 3},${5 * 2 ** 40 + 2 ** 33}`);
    addPacked(histogram, null);
    expect([...histogram]).toEqual([[5, 3 + 2 ** 33]]);
    expect(countOf(histogram)).toBe(3 + 2 ** 33);
  });

  it('has nothing to say of nothing', () => {
    expect(percentilesOf(new Map(), null)).toBeNull();
  });
});
