import { momentOf } from './common-members.js';
import type { Instant, Schedule } from './schedule.js';
import type { Rule } from './schedule-type.js';

/** The rule between the inclusive bounds of its schedule; itself when there are none. */
export function boundedRule(
  rule: Rule,
  { startAt, endAt, timeZone }: Pick<Schedule, 'startAt' | 'endAt' | 'timeZone'>,
): Rule {
  if (startAt === undefined && endAt === undefined) return rule;
  const fromAt = startAt === undefined ? -Infinity : momentOf(startAt, timeZone, 'start');
  const untilAt = endAt === undefined ? Infinity : momentOf(endAt, timeZone, 'end');
  return new BoundedRule(rule, fromAt, untilAt);
}

class BoundedRule implements Rule {
  readonly key: string;

  constructor(
    private readonly rule: Rule,
    private readonly fromAt: Instant,
    private readonly untilAt: Instant,
  ) {
    this.key = `${rule.key},${fromAt},${untilAt}`;
  }

  next(after: Instant): Instant | null {
    const found = this.rule.next(Math.max(after, this.fromAt - 1));
    return found !== null && found <= this.untilAt ? found : null;
  }

  note(scheduledFor: Instant): string | null {
    return this.rule.note(scheduledFor);
  }
}
