import { BoundedMap } from './bounded-map.js';
import { boundedRule } from './bounded-rule.js';
import { parseElapsedMs } from './duration.js';
import { ExcludingRule } from './excluding-rule.js';
import { Exclusions, NO_CALENDARS, type Calendars } from './exclusion.js';
import { hash32 } from './hash.js';
import { MovingRule } from './moving-rule.js';
import { quote } from './problems.js';
import type { Instant, Schedule } from './schedule.js';
import type { Rule } from './schedule-type.js';
import { scheduleTypeOf } from './schedule-types.js';
import { resolveDst } from './wall-clock.js';
import { getZone } from './zone.js';

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
  /** Names of the calendars that leave this instant out, which may be no occurrence anyway. */
  excludedBy(instant: Instant): string[];
}

/**
 * Compiles a normalised schedule. `seed` (the job's id) decides `H` and jitter. Cheap: parsed expressions and rules are
 * kept, so jobs with equal rules share them. `maxRuns` is not applied here: who keeps the ledger counts. Throws
 * RangeError for what `parseSchedule` would refuse, such as a zone that this tz database lacks, and when `calendars` lacks one
 * that the schedule excludes: to go on without it would fire on the very days that are left out.
 */
export function compileSchedule(schedule: Schedule, seed: string, calendars: Calendars = NO_CALENDARS): Recurrence {
  const all = boundedRule(scheduleTypeOf(schedule).compile(schedule, seed), schedule);
  const exclusions = exclusionsOf(schedule, calendars);
  const rule = exclusions === null ? all : kept(withoutExcluded(all, schedule, exclusions));
  const { jitter } = schedule;
  const jitterMs = jitter === undefined ? 0 : (parseElapsedMs(jitter) ?? 0);
  return new CompiledRecurrence(rule, seed, jitterMs, exclusions);
}

function exclusionsOf({ exclude = [], timeZone }: Schedule, calendars: Calendars): Exclusions | null {
  if (exclude.length === 0) return null;
  const named = exclude.map((name) => {
    const calendar = calendars.get(name);
    if (calendar === undefined) throw new RangeError(`there is no calendar ${quote(name)}`);
    return calendar;
  });
  return new Exclusions(named, getZone(timeZone));
}

function withoutExcluded(rule: Rule, schedule: Schedule, exclusions: Exclusions): Rule {
  const { onExcluded = 'skip', dst } = schedule;
  if (onExcluded === 'skip') return new ExcludingRule(rule, exclusions);
  const direction = onExcluded === 'nextBusinessDay' ? 1 : -1;
  // Neither is anything moved out of the bounds.
  return boundedRule(new MovingRule(rule, exclusions, direction, resolveDst(dst)), schedule);
}

const MAX_RULES = 4_096;
const rules = new BoundedMap<string, Rule>(MAX_RULES);

/** Of rules with the same key one, which remembers its last answer for all. */
function kept(rule: Rule): Rule {
  const known = rules.get(rule.key);
  if (known !== undefined) return known;
  rules.set(rule.key, rule);
  return rule;
}

class CompiledRecurrence implements Recurrence {
  readonly key: string;

  constructor(
    private readonly rule: Rule,
    private readonly seed: string,
    private readonly jitterMs: number,
    private readonly exclusions: Exclusions | null,
  ) {
    this.key = rule.key;
  }

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

  excludedBy(instant: Instant): string[] {
    return this.exclusions?.namesAt(instant) ?? [];
  }
}
