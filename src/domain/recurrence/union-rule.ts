import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';

/** An answer of a rule: nothing from `after` on up to `found`, where it fires; Infinity when it does no more. */
interface Answer {
  readonly after: Instant;
  readonly found: Instant;
}

const NOTHING: Answer = { after: Infinity, found: -Infinity };

/** All occurrences of several rules, each instant once. */
export class UnionRule implements Rule {
  readonly key: string;

  /** Of each rule the last answer, and the one before it: who walks asks about an occurrence when the next is known. */
  private readonly known: { last: Answer; before: Answer }[];

  constructor(private readonly rules: readonly Rule[]) {
    this.known = rules.map(() => ({ last: NOTHING, before: NOTHING }));
    // In any order, and however often one stands there, they are the same function.
    this.key = `anyOf(${[...new Set(rules.map(({ key }) => key))].sort().join(';')})`;
  }

  next(after: Instant): Instant | null {
    let first = Infinity;
    for (const [index, known] of this.known.entries()) {
      if (after < known.last.after || after >= known.last.found) {
        known.before = known.last;
        known.last = { after, found: this.rules[index]?.next(after) ?? Infinity };
      }
      if (known.last.found < first) first = known.last.found;
    }
    return first === Infinity ? null : first;
  }

  note(scheduledFor: Instant): string | null {
    const notes = this.rules.flatMap((rule, index) =>
      this.fires(rule, index, scheduledFor) ? (rule.note(scheduledFor) ?? []) : [],
    );
    return notes.length === 0 ? null : [...new Set(notes)].join('; ');
  }

  private fires(rule: Rule, index: number, instant: Instant): boolean {
    const { last = NOTHING, before = NOTHING } = this.known[index] ?? {};
    const answer = [last, before].find(({ after, found }) => after < instant && instant <= found);
    return answer === undefined ? rule.next(instant - 1) === instant : answer.found === instant;
  }
}
