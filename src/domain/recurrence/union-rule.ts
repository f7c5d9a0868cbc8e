import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';

/** All occurrences of several rules, each instant once. */
export class UnionRule implements Rule {
  readonly key: string;

  /** Of each rule the last answer, which holds for every instant from where it was asked up to it. */
  private readonly known: { after: Instant; found: Instant }[];

  constructor(private readonly rules: readonly Rule[]) {
    this.known = rules.map(() => ({ after: Infinity, found: -Infinity }));
    // In any order, and however often one stands there, they are the same function.
    this.key = `anyOf(${[...new Set(rules.map(({ key }) => key))].sort().join(';')})`;
  }

  next(after: Instant): Instant | null {
    let first = Infinity;
    for (const [index, known] of this.known.entries()) {
      if (after < known.after || after >= known.found) {
        known.found = this.rules[index]?.next(after) ?? Infinity;
        known.after = after;
      }
      if (known.found < first) first = known.found;
    }
    return first === Infinity ? null : first;
  }

  note(scheduledFor: Instant): string | null {
    const notes = this.rules.flatMap((rule) =>
      rule.next(scheduledFor - 1) === scheduledFor ? (rule.note(scheduledFor) ?? []) : [],
    );
    return notes.length === 0 ? null : [...new Set(notes)].join('; ');
  }
}
