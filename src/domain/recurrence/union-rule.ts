import type { Instant } from './schedule.js';
import type { Rule } from './schedule-type.js';

/** A rule with its last answers: nothing after `after` and before `found`, where it fires; Infinity when it does no more. */
class Member {
  private after = Infinity;
  private found = -Infinity;
  /** The answer before the last: who walks asks about an occurrence when the next is known. */
  private afterBefore = Infinity;
  private foundBefore = -Infinity;

  constructor(readonly rule: Rule) {}

  next(after: Instant): Instant {
    if (after < this.after || after >= this.found) {
      const found = this.rule.next(after) ?? Infinity;
      this.afterBefore = this.after;
      this.foundBefore = this.found;
      this.after = after;
      this.found = found;
    }
    return this.found;
  }

  fires(instant: Instant): boolean {
    if (this.after < instant && instant <= this.found) return instant === this.found;
    if (this.afterBefore < instant && instant <= this.foundBefore) return instant === this.foundBefore;
    return this.rule.next(instant - 1) === instant;
  }
}

/** All occurrences of several rules, each instant once. */
export class UnionRule implements Rule {
  readonly key: string;
  private readonly members: readonly Member[];

  constructor(rules: readonly Rule[]) {
    this.members = rules.map((rule) => new Member(rule));
    // In any order, and however often one stands there, they are the same function.
    this.key = `anyOf(${[...new Set(rules.map(({ key }) => key))].sort().join(';')})`;
  }

  next(after: Instant): Instant | null {
    let first = Infinity;
    for (const member of this.members) first = Math.min(first, member.next(after));
    return first === Infinity ? null : first;
  }

  note(scheduledFor: Instant): string | null {
    const notes = new Set<string>();
    for (const member of this.members) {
      const note = member.fires(scheduledFor) ? member.rule.note(scheduledFor) : null;
      if (note !== null) notes.add(note);
    }
    return notes.size === 0 ? null : [...notes].join('; ');
  }
}
