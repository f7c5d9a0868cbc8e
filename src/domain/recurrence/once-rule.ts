import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { instantsOf, noteOf, type ResolvedDst } from './wall-clock.js';
import type { Zone } from './zone.js';

/** One instant. */
export class OnceRule implements Rule {
  readonly key: string;

  constructor(
    private readonly at: Instant | null,
    private readonly explain: (scheduledFor: Instant) => string | null = () => null,
  ) {
    this.key = `once,${at}`;
  }

  /** The instant of a wall-clock time; in a gap that is skipped there is none and the rule never fires. */
  static ofLocal(localMs: number, zone: Zone, dst: ResolvedDst): OnceRule {
    const at = instantsOf(zone, localMs, dst)[0] ?? null;
    return new OnceRule(at, (scheduledFor) => noteOf(zone, localMs, scheduledFor));
  }

  next(after: Instant): Instant | null {
    return this.at !== null && this.at > after ? this.at : null;
  }

  note(scheduledFor: Instant): string | null {
    return scheduledFor === this.at ? this.explain(scheduledFor) : null;
  }
}
