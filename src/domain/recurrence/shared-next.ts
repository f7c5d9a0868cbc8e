import type { Recurrence } from './recurrence.js';
import type { Instant } from './schedule.js';

const DEFAULT_LIMIT = 50_000;

/**
 * Next times shared among equal rules inside one planning slot. Most jobs of a slot ask the same question (same rule,
 * same instant), so the answer is kept by (key, after). Bounded: when full it forgets everything and starts again.
 */
export class SharedNext {
  private readonly byAfter = new Map<Instant, Map<string, Instant | null>>();
  private size = 0;

  constructor(private readonly limit: number = DEFAULT_LIMIT) {}

  next(recurrence: Recurrence, after: Instant): Instant | null {
    let byKey = this.byAfter.get(after);
    const known = byKey?.get(recurrence.key);
    if (known !== undefined) return known;
    if (this.size >= this.limit) {
      this.byAfter.clear();
      this.size = 0;
      byKey = undefined;
    }
    if (byKey === undefined) {
      byKey = new Map();
      this.byAfter.set(after, byKey);
    }
    const found = recurrence.next(after);
    byKey.set(recurrence.key, found);
    this.size += 1;
    return found;
  }
}
