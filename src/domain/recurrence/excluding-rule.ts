import { LAST_INSTANT } from './civil.js';
import type { Exclusions } from './exclusion.js';
import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';

/**
 * Looked for a free occurrence no longer than this many stretches that are left out, one after the other: two years of one
 * each day.
 */
export const MOST_EXCLUDED = 750;

/**
 * The occurrences of a rule that no calendar leaves out. A stretch is passed in one step, however many occurrences it
 * holds. Where `MOST_EXCLUDED` stretches leave nothing, the rule counts as being at its end.
 */
export class ExcludingRule implements Rule {
  readonly key: string;
  /** The last answer, which holds for every instant from where it was asked up to it. */
  private known: { readonly after: Instant; readonly found: Instant | null } | null = null;

  constructor(
    private readonly rule: Rule,
    private readonly exclusions: Exclusions,
  ) {
    this.key = `${rule.key} without ${exclusions.key}`;
  }

  next(after: Instant): Instant | null {
    const { known } = this;
    if (known !== null && after >= known.after && (known.found === null || after < known.found)) return known.found;
    const found = this.search(after);
    this.known = { after, found };
    return found;
  }

  note(scheduledFor: Instant): string | null {
    return this.rule.note(scheduledFor);
  }

  private search(after: Instant): Instant | null {
    let from = after;
    for (let tries = 0; tries < MOST_EXCLUDED; tries += 1) {
      const found = this.rule.next(from);
      if (found === null) return null;
      const cover = this.exclusions.coverAt(found);
      if (cover === null) return found;
      if (cover.endAt > LAST_INSTANT) return null;
      from = cover.endAt - 1;
    }
    return null;
  }
}
