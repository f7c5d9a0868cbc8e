import type { RateLimit } from '../domain/rate-limit.js';
import { LimitStore, SLOTS } from './limit-store.js';
import type { Check, Standing } from './limit-store.js';

interface Counter {
  readonly windowMs: number;
  used: number;
  /** The oldest first; slots that are empty are not there. */
  slots: { readonly slot: number; count: number }[];
}

const MAX_COUNTERS = 100_000;

/** Counters of this process alone, on the monotonic clock. Beyond so many the longest unused is forgotten. */
export class MemoryLimits extends LimitStore {
  readonly degraded = null;
  private readonly counters = new Map<string, Counter>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {
    super();
  }

  take(checks: readonly Check[], cost: number): Promise<Standing[]> {
    const nowMs = this.nowMs();
    const counters = checks.map(({ counter, limit }) => this.counterOf(counter, limit, nowMs));
    const rooms = checks.map(({ limit }, index) => {
      const worth = Math.min(cost, limit.requests);
      return { worth, missing: (counters[index]?.used ?? 0) + worth - limit.requests };
    });
    const admitted = rooms.every(({ missing }) => missing <= 0);
    const standings = counters.map((counter, index): Standing => {
      const { worth, missing } = rooms[index] ?? { worth: 0, missing: 0 };
      if (admitted) count(counter, worth, nowMs);
      return {
        used: counter.used,
        resetMs: untilGone(counter, 1, nowMs),
        waitMs: missing > 0 ? untilGone(counter, missing, nowMs) : 0,
      };
    });
    return Promise.resolve(standings);
  }

  /** Goes on from what another store has counted, so that nobody starts anew here when that one falls silent. */
  adopt(counter: string, { windowMs }: RateLimit, used: number): void {
    const slot = slotOf(this.nowMs(), windowMs);
    this.remember(counter, { windowMs, used, slots: used === 0 ? [] : [{ slot, count: used }] });
  }

  private counterOf(name: string, { windowMs }: RateLimit, nowMs: number): Counter {
    const known = this.counters.get(name);
    const counter = known?.windowMs === windowMs ? known : { windowMs, used: 0, slots: [] };
    dropGone(counter, nowMs);
    this.remember(name, counter);
    return counter;
  }

  private remember(name: string, counter: Counter): void {
    this.counters.delete(name); // so that the map stays in order of use
    this.counters.set(name, counter);
    if (this.counters.size <= MAX_COUNTERS) return;
    const [oldest] = this.counters.keys();
    if (oldest !== undefined) this.counters.delete(oldest);
  }
}

function slotOf(nowMs: number, windowMs: number): number {
  return Math.floor((nowMs * SLOTS) / windowMs);
}

function dropGone(counter: Counter, nowMs: number): void {
  const first = slotOf(nowMs, counter.windowMs) - SLOTS;
  while (counter.slots[0] !== undefined && counter.slots[0].slot < first) {
    counter.used -= counter.slots.shift()?.count ?? 0;
  }
}

function count(counter: Counter, worth: number, nowMs: number): void {
  const slot = slotOf(nowMs, counter.windowMs);
  const newest = counter.slots.at(-1);
  if (newest?.slot === slot) newest.count += worth;
  else counter.slots.push({ slot, count: worth });
  counter.used += worth;
}

/** How long until so many of the counted requests have left the window. */
function untilGone({ slots, windowMs }: Counter, wanted: number, nowMs: number): number {
  let gone = 0;
  for (const { slot, count } of slots) {
    gone += count;
    if (gone >= wanted) return Math.max(1, Math.ceil(((slot + SLOTS + 1) * windowMs) / SLOTS - nowMs));
  }
  return 0;
}
