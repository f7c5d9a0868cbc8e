import type { ThrottlerStorage } from '@nestjs/throttler';

type Counted = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface Window {
  hits: number;
  endsAtMs: number;
}

const MAX_KEYS = 100_000;

/**
 * Fixed windows, one counter a caller: constant work and bounded memory. (The storage of @nestjs/throttler keeps a time
 * for every hit and walks them all at each request.)
 */
export class MemoryThrottlerStorage implements ThrottlerStorage {
  private readonly windows = new Map<string, Window>();

  increment(key: string, windowMs: number, limit: number): Promise<Counted> {
    const nowMs = performance.now();
    const window = this.windowOf(key, windowMs, nowMs);
    window.hits += 1;
    const secondsLeft = Math.ceil((window.endsAtMs - nowMs) / 1_000);
    const isBlocked = window.hits > limit;
    return Promise.resolve({
      totalHits: window.hits,
      timeToExpire: secondsLeft,
      isBlocked,
      timeToBlockExpire: isBlocked ? secondsLeft : 0,
    });
  }

  private windowOf(key: string, windowMs: number, nowMs: number): Window {
    const known = this.windows.get(key);
    if (known !== undefined && known.endsAtMs > nowMs) return known;
    const window = { hits: 0, endsAtMs: nowMs + windowMs };
    this.windows.delete(key); // so that the map stays in order of age
    this.windows.set(key, window);
    if (this.windows.size > MAX_KEYS) this.forgetOldest(nowMs);
    return window;
  }

  /** Ended windows first; a full house of live ones gives up its oldest. */
  private forgetOldest(nowMs: number): void {
    let first = true;
    for (const [key, { endsAtMs }] of this.windows) {
      if (!first && endsAtMs > nowMs) return;
      this.windows.delete(key);
      first = false;
    }
  }
}
