import fc from 'fast-check';
import { MemoryLimits } from '../../../src/rate-limiting/memory-limits.js';
import type { Check } from '../../../src/rate-limiting/limit-store.js';

const WINDOW_MS = 60_000;
const check = (counter: string, requests: number): Check => ({
  policy: 'key',
  counter,
  limit: { requests, windowMs: WINDOW_MS },
});

function limitsAt(): { limits: MemoryLimits; at: (ms: number) => void } {
  let nowMs = 0;
  return { limits: new MemoryLimits(() => nowMs), at: (ms) => (nowMs = ms) };
}

describe('MemoryLimits', () => {
  it('counts each caller apart, and says when there is more', async () => {
    const { limits, at } = limitsAt();
    expect(await limits.take([check('a', 2)], 1)).toEqual([{ used: 1, resetMs: 60_500, waitMs: 0 }]);
    at(30_000);
    expect(await limits.take([check('a', 2)], 1)).toEqual([{ used: 2, resetMs: 30_500, waitMs: 0 }]);
    expect(await limits.take([check('a', 2)], 1)).toEqual([{ used: 2, resetMs: 30_500, waitMs: 30_500 }]);
    expect(await limits.take([check('a', 2)], 2)).toEqual([{ used: 2, resetMs: 30_500, waitMs: 60_500 }]);
    expect(await limits.take([check('b', 2)], 1)).toMatchObject([{ used: 1 }]);
    at(60_500);
    expect(await limits.take([check('a', 2)], 1)).toEqual([{ used: 2, resetMs: 30_000, waitMs: 0 }]);
  });

  it('counts against all limits or against none', async () => {
    const { limits } = limitsAt();
    const [key, project] = [check('key', 5), check('project', 2)];
    await limits.take([key, project], 2);
    expect(await limits.take([key, project], 1)).toMatchObject([
      { used: 2, waitMs: 0 },
      { used: 2, waitMs: 60_500 },
    ]);
    expect(await limits.take([key], 3)).toMatchObject([{ used: 5, waitMs: 0 }]);
  });

  it('lets in what costs more than the whole limit, when there is all of it', async () => {
    const { limits } = limitsAt();
    expect(await limits.take([check('a', 5)], 10)).toMatchObject([{ used: 5, waitMs: 0 }]);
    expect(await limits.take([check('a', 5)], 10)).toMatchObject([{ used: 5, waitMs: 60_500 }]);
  });

  it('goes on from what another store has counted', async () => {
    const { limits, at } = limitsAt();
    limits.adopt('a', { requests: 3, windowMs: WINDOW_MS }, 2);
    expect(await limits.take([check('a', 3)], 1)).toMatchObject([{ used: 3, waitMs: 0 }]);
    expect(await limits.take([check('a', 3)], 1)).toMatchObject([{ waitMs: 60_500 }]);
    at(60_500);
    expect(await limits.take([check('a', 3)], 1)).toMatchObject([{ used: 1, waitMs: 0 }]);
  });

  it('starts anew under another window', async () => {
    const { limits } = limitsAt();
    await limits.take([check('a', 1)], 1);
    const other = { ...check('a', 1), limit: { requests: 1, windowMs: 1_000 } };
    expect(await limits.take([other], 1)).toMatchObject([{ used: 1, waitMs: 0 }]);
  });

  it('never lets more through in any stretch as long as the window, and tells the truth about the wait', async () => {
    const gaps = fc.array(fc.record({ gapMs: fc.nat(WINDOW_MS / 4), cost: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 20,
      maxLength: 100,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(WINDOW_MS), gaps, async (startMs, arrivals) => {
        const { limits, at } = limitsAt();
        const admitted: { ms: number; cost: number }[] = [];
        let nowMs = startMs;
        const take = async (cost: number): Promise<number> => {
          at(nowMs);
          const waitMs = (await limits.take([check('a', 10)], cost))[0]?.waitMs ?? NaN;
          if (waitMs === 0) admitted.push({ ms: nowMs, cost });
          return waitMs;
        };
        for (const { gapMs, cost } of arrivals) {
          nowMs += gapMs;
          const waitMs = await take(cost);
          if (waitMs === 0) continue;
          nowMs += waitMs - 1;
          expect(await take(cost)).toBe(1);
          nowMs += 1;
          expect(await take(cost)).toBe(0);
        }
        for (const { ms } of admitted) {
          const inside = admitted.filter((other) => other.ms >= ms && other.ms < ms + WINDOW_MS);
          expect(inside.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('lets 99 % of the limit through to one who sends ten times as much, for hours', async () => {
    const { limits, at } = limitsAt();
    let admitted = 0;
    const windows = 200;
    for (let ms = 0; ms < windows * WINDOW_MS; ms += WINDOW_MS / 1_000) {
      at(ms);
      if ((await limits.take([check('a', 100)], 1))[0]?.waitMs === 0) admitted += 1;
    }
    expect(admitted / (windows * 100)).toBeGreaterThan(0.99);
    expect(admitted / (windows * 100)).toBeLessThanOrEqual(1);
  });
});
