import { BoundedMap } from './bounded-map.js';
import { boundedRule } from './bounded-rule.js';
import { frequencyWarnings } from './frequency-warning.js';
import { ProblemList } from './problems.js';
import type { AnyOfSchedule, RuleSchedule, UnionRule as UnionRuleSchedule } from './schedule.js';
import type { Frequency, Rule, ScheduleType } from './schedule-type.js';
import { UnionRule } from './union-rule.js';

type RuleTypeOf = (rule: Pick<RuleSchedule, 'type'>) => ScheduleType<RuleSchedule>;

const FEWEST_RULES = 2;
export const MOST_RULES = 20;

/** Members that a rule takes beside its own; the others are the union's. */
const RULE_MEMBERS = ['type', 'timeZone', 'startAt', 'endAt', 'dst'];

/** Looked at for the shortest time between two occurrences: enough for a day of what rules are mostly made of. */
const GAP_LOOKS = 1_000;
/** Where the look begins: what fires from some year on is met at its own first occurrence. */
const GAPS_FROM = Date.UTC(2024, 0, 1);
const MAX_GAPS = 4_096;

/** The type whose schedules are unions of these. */
export function unionTypeOf(ruleTypeOf: RuleTypeOf): ScheduleType<AnyOfSchedule> {
  const gaps = new BoundedMap<string, number | null>(MAX_GAPS);
  const compileRule = (rule: RuleSchedule, seed: string): Rule => ruleTypeOf(rule).compile(rule, seed);

  return {
    type: 'anyOf',
    members: ['anyOf'],

    read(input, common, { problems, readRule }) {
      const rules = input.anyOf;
      if (!Array.isArray(rules)) {
        problems.add('/anyOf', rules === undefined ? 'required' : 'invalid_type', 'anyOf is a list of schedules');
        return null;
      }
      if (rules.length < FEWEST_RULES || rules.length > MOST_RULES) {
        const detail = `has ${rules.length} rules; ${FEWEST_RULES} to ${MOST_RULES} are allowed`;
        problems.add('/anyOf', 'out_of_range', detail);
        return null;
      }
      const read: UnionRuleSchedule[] = [];
      for (const [index, rule] of rules.entries()) {
        const found = new ProblemList();
        const schedule = readRule(rule, RULE_MEMBERS, { timeZone: common.timeZone }, found);
        for (const { pointer, code, detail, ...words } of found.problems) {
          problems.add(`/anyOf/${index}${pointer}`, code, detail, words);
        }
        if (schedule !== null && schedule.type !== 'anyOf') {
          read.push(withoutInherited(schedule, rule, common.timeZone));
        }
        if (schedule?.type === 'anyOf')
          problems.add(`/anyOf/${index}`, 'invalid_value', 'a union can not hold another');
      }
      return problems.problems.length > 0 ? null : { type: 'anyOf', anyOf: read, ...common };
    },

    compile(schedule, seed) {
      return new UnionRule(wholeRules(schedule).map((rule) => boundedRule(compileRule(rule, seed), rule)));
    },

    describe(schedule) {
      const texts = wholeRules(schedule).map((rule) => ruleTypeOf(rule).describe(rule));
      return [...new Set(texts)].join('; ');
    },

    frequency(schedule, seed): Frequency {
      const rules = wholeRules(schedule);
      const frequencies = rules.map((rule) => ruleTypeOf(rule).frequency(rule, seed));
      const union = new UnionRule(rules.map((rule) => compileRule(rule, seed)));
      let between = gaps.get(union.key);
      if (between === undefined) {
        between = shortestGapMs(
          union,
          rules.map((rule) => compileRule(rule, seed)),
        );
        gaps.set(union.key, between);
      }
      const own = frequencies.flatMap(({ shortestGapMs }) => shortestGapMs ?? []);
      const all = between === null ? own : [...own, between];
      return {
        timesPerDay: frequencies.reduce((sum, { timesPerDay }) => sum + timesPerDay, 0),
        shortestGapMs: all.length === 0 ? null : Math.min(...all),
      };
    },

    warnings(schedule) {
      const rules = wholeRules(schedule);
      const timesPerDay = rules.reduce((sum, rule) => sum + ruleTypeOf(rule).frequency(rule, '').timesPerDay, 0);
      const own = rules.flatMap((rule, index) =>
        ruleTypeOf(rule)
          .warnings(rule)
          .filter((warning) => !frequencyWarnings(ruleTypeOf(rule).frequency(rule, '').timesPerDay).includes(warning))
          .map((warning) => `rule ${index + 1}: ${warning}`),
      );
      return [...frequencyWarnings(timesPerDay), ...own];
    },
  };
}

/** The rules as schedules of their own: with what they take from the union. */
function wholeRules({ anyOf, timeZone, dst }: AnyOfSchedule): RuleSchedule[] {
  return anyOf.map((rule): RuleSchedule => {
    return { ...rule, timeZone: rule.timeZone ?? timeZone, ...((rule.dst ?? dst) && { dst: { ...dst, ...rule.dst } }) };
  });
}

/**
 * What it takes from the union isn't stored with it: a change of the union's zone would not reach it there. A zone may also
 * stand in a phrase or at a DTSTART; there it is of weight only where it is another one.
 */
function withoutInherited({ timeZone, ...rule }: RuleSchedule, input: unknown, inherited: string): UnionRuleSchedule {
  const isNamed = typeof input === 'object' && input !== null && Object.hasOwn(input, 'timeZone');
  return isNamed || timeZone !== inherited ? { ...rule, timeZone } : rule;
}

/**
 * Between two occurrences in some stretches: what lies between rules of different kinds has no closed form. Bounds make no
 * difference, as for a rule alone.
 */
function shortestGapMs(union: Rule, rules: readonly Rule[]): number | null {
  let shortest = Infinity;
  const looks = Math.floor(GAP_LOOKS / rules.length / rules.length);
  for (const rule of rules) {
    let at = rule.next(GAPS_FROM);
    for (let looked = 0; at !== null && looked <= looks; looked += 1) {
      const next = union.next(at);
      if (next !== null) shortest = Math.min(shortest, next - at);
      at = next;
    }
  }
  return shortest === Infinity ? null : shortest;
}
