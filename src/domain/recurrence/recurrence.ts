import { momentOf } from './common-members.js';
import { parseElapsedMs } from './duration.js';
import { hash32 } from './hash.js';
import type { Instant, Schedule } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { scheduleTypeOf } from './schedule-types.js';

/** A compiled schedule: pure functions of instants. */
export interface Recurrence {
  /** Equal for two jobs exactly when `next` is the same function; depends on the seed only where the rule does (`H`). */
  readonly key: string;
  /** The first nominal occurrence strictly after `after`; null when there is none any more. The search is bounded. */
  next(after: Instant): Instant | null;
  /** Nominal instant plus jitter: always before the next occurrence, the same on every replica. */
  dueAt(scheduledFor: Instant): Instant;
  /** Why an occurrence does not stand at its wall-clock time, for people; null when there is nothing to say. */
  note(scheduledFor: Instant): string | null;
}

/**
 * Compiles a normalised schedule. `seed` (the job's id) decides `H` and jitter. Cheap: parsed expressions and rules are
 * kept, so jobs with equal rules share them. `maxRuns` is not applied here: who keeps the ledger counts. Throws
 * RangeError for what `parseSchedule` would refuse, such as a zone that this tz database lacks.
 */
export function compileSchedule(schedule: Schedule, seed: string): Recurrence {
  const rule = scheduleTypeOf(schedule).compile(schedule, seed);
  const { startAt, endAt, jitter, timeZone } = schedule;
  const jitterMs = jitter === undefined ? 0 : (parseElapsedMs(jitter) ?? 0);
  if (startAt === undefined && endAt === undefined) return new CompiledRecurrence(rule.key, rule, seed, jitterMs);
  const fromAt = startAt === undefined ? -Infinity : momentOf(startAt, timeZone, 'start');
  const untilAt = endAt === undefined ? Infinity : momentOf(endAt, timeZone, 'end');
  const key = `${rule.key},${fromAt},${untilAt}`;
  return new CompiledRecurrence(key, new BoundedRule(rule, key, fromAt, untilAt), seed, jitterMs);
}

class CompiledRecurrence implements Recurrence {
  constructor(
    readonly key: string,
    private readonly rule: Rule,
    private readonly seed: string,
    private readonly jitterMs: number,
  ) {}

  next(after: Instant): Instant | null {
    return this.rule.next(after);
  }

  /** A hash of job and occurrence, not chance: a replayed slot or another replica must find the same instant. */
  dueAt(scheduledFor: Instant): Instant {
    if (this.jitterMs === 0) return scheduledFor;
    const next = this.rule.next(scheduledFor);
    const spanMs = next === null ? this.jitterMs : Math.min(this.jitterMs, next - scheduledFor);
    const share = hash32(`${this.seed}@${scheduledFor}`) / 2 ** 32;
    return scheduledFor + Math.floor(share * spanMs);
  }

  note(scheduledFor: Instant): string | null {
    return this.rule.note(scheduledFor);
  }
}

/** A rule between two inclusive instants. */
class BoundedRule implements Rule {
  constructor(
    private readonly rule: Rule,
    readonly key: string,
    private readonly fromAt: Instant,
    private readonly untilAt: Instant,
  ) {}

  next(after: Instant): Instant | null {
    const found = this.rule.next(Math.max(after, this.fromAt - 1));
    return found !== null && found <= this.untilAt ? found : null;
  }

  note(scheduledFor: Instant): string | null {
    return this.rule.note(scheduledFor);
  }
}
