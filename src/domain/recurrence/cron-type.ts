import { BoundedMap } from './bounded-map.js';
import { readText } from './common-members.js';
import { CronCalendar } from './cron-calendar.js';
import { CronDays } from './cron-days.js';
import { type CronExpression, CronSyntaxError, parseCronExpression, tidyExpression } from './cron-expression.js';
import { CronRule } from './cron-rule.js';
import { usesHash, valuesOf } from './cron-values.js';
import { describeCron } from './describe-cron.js';
import { SECOND_MS } from './duration.js';
import { frequencyWarnings } from './frequency-warning.js';
import type { CronSchedule } from './schedule.js';
import type { ScheduleType } from './schedule-type.js';
import { resolveDst } from './wall-clock.js';
import { getZone } from './zone.js';

interface CompiledExpression {
  readonly expression: CronExpression;
  /** The calendar that all jobs share; null when `H` makes one for each job. */
  readonly calendar: CronCalendar | null;
  /** The days that all jobs share; absent when `H` stands in a date field. */
  readonly days: CronDays | undefined;
}

const MAX_EXPRESSIONS = 4_096;
const MAX_RULES = 4_096;

const expressions = new BoundedMap<string, CompiledExpression>(MAX_EXPRESSIONS);
const rules = new BoundedMap<string, CronRule>(MAX_RULES);

export const cronType: ScheduleType<CronSchedule> = {
  type: 'cron',
  members: ['expression'],

  read(input, common, { problems }) {
    const text = readText(input, 'expression', problems);
    if (text === undefined) {
      if (input.expression === undefined)
        problems.add('/expression', 'required', 'a cron schedule needs an expression');
      return null;
    }
    try {
      parseCronExpression(text);
    } catch (error) {
      if (!(error instanceof CronSyntaxError)) throw error;
      problems.add('/expression', 'invalid_cron', error.message);
      return null;
    }
    return { type: 'cron', expression: tidyExpression(text), ...common };
  },

  compile(schedule, seed) {
    const calendar = calendarOf(schedule, seed);
    const dst = resolveDst(schedule.dst);
    // Equal times may be written with a step or without, and only the latter heeds dst.
    const ruleName = `${calendar.isFixedTime} ${calendar.key} ${dst.gap} ${dst.overlap} ${schedule.timeZone}`;
    let rule = rules.get(ruleName);
    if (rule === undefined) {
      rule = new CronRule(calendar, getZone(schedule.timeZone), dst);
      rules.set(ruleName, rule);
    }
    return rule;
  },

  describe(schedule) {
    return `${describeCron(schedule.expression)} (${schedule.timeZone})`;
  },

  frequency(schedule, seed) {
    const { timesPerDay, shortestGapSeconds } = calendarOf(schedule, seed);
    return { timesPerDay, shortestGapMs: shortestGapSeconds === null ? null : shortestGapSeconds * SECOND_MS };
  },

  warnings(schedule) {
    const { timesPerDay } = calendarOf(schedule, '');
    return [...frequencyWarnings(timesPerDay), ...dayWarnings(compiledExpression(schedule.expression).expression)];
  },
};

function calendarOf({ expression: text }: CronSchedule, seed: string): CronCalendar {
  const { calendar, expression, days } = compiledExpression(text);
  return calendar ?? new CronCalendar(expression, seed, days);
}

function dayWarnings({ dayOfMonth, dayOfWeek }: CronExpression): string[] {
  if (!dayOfMonth.isOpen && !dayOfWeek.isOpen) {
    return ['day-of-month and day-of-week are both restricted: it fires when either one matches'];
  }
  const days = valuesOf(dayOfMonth, 1, 31, '');
  const onlyLate =
    days.length > 0 && days.every((day) => day > 28) && dayOfMonth.items.every((i) => i.kind === 'range');
  return onlyLate ? [`does not fire in months without day ${days[0]}; L is the last day of each month`] : [];
}

function compiledExpression(text: string): CompiledExpression {
  const known = expressions.get(text);
  if (known !== undefined) return known;
  const expression = parseCronExpression(text);
  const { dayOfMonth, month, dayOfWeek } = expression;
  const days = [dayOfMonth, month, dayOfWeek].some(usesHash) ? undefined : new CronDays(expression, '');
  const calendar = Object.values(expression).some(usesHash) ? null : new CronCalendar(expression, '', days);
  const compiled = { expression, calendar, days };
  expressions.set(text, compiled);
  return compiled;
}
