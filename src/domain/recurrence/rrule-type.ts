import { BoundedMap } from './bounded-map.js';
import { momentOf, readText } from './common-members.js';
import { civilDate } from './civil.js';
import { describeRrule } from './describe-rrule.js';
import { DAY_MS, SECOND_MS } from './duration.js';
import { frequencyWarnings } from './frequency-warning.js';
import { formatLocal, parseInstant, parseLocalDateTime } from './instants.js';
import { type ProblemList, quote } from './problems.js';
import { RruleCalendar } from './rrule-calendar.js';
import { RruleSyntaxError } from './rrule-parts.js';
import { RruleRule } from './rrule-rule.js';
import { parseRruleText, type RruleText } from './rrule-text.js';
import type { Instant, RruleSchedule } from './schedule.js';
import type { ScheduleType } from './schedule-type.js';
import { resolveDst } from './wall-clock.js';
import { getZone } from './zone.js';

interface CompiledRule {
  readonly text: RruleText;
  readonly calendar: RruleCalendar;
  readonly rule: RruleRule;
}

const MAX_RULES = 4_096;
const LEAST_MONTH_DAYS = 28;
const LEAP_DAY = 29;

const rules = new BoundedMap<string, CompiledRule>(MAX_RULES);

export const rruleType: ScheduleType<RruleSchedule> = {
  type: 'rrule',
  members: ['rule'],

  read(input, common, { now, problems }) {
    const text = readText(input, 'rule', problems);
    if (input.rule === undefined) {
      problems.add('/rule', 'required', 'an rrule schedule needs a rule, such as FREQ=WEEKLY;BYDAY=MO');
    }
    if (text === undefined || problems.problems.length > 0) return null;
    const read = refusingSyntax(problems, () => {
      return parseRruleText(text, input.timeZone === undefined ? null : common.timeZone, common.timeZone);
    });
    if (read === null) return null;
    const startAt = readStart(read, common.startAt, now, problems);
    const schedule = { ...common, type: 'rrule' as const, rule: read.normalised, timeZone: read.timeZone, startAt };
    refuseDates(read, schedule, common.startAt !== undefined || read.startLocalMs !== null, problems);
    return problems.problems.length > 0 ? null : schedule;
  },

  compile(schedule) {
    return compiledRule(schedule).rule;
  },

  describe(schedule) {
    const { text, calendar } = compiledRule(schedule);
    return `${describeRrule(text, calendar.startSecond)} (${schedule.timeZone})`;
  },

  frequency(schedule) {
    const { calendar, rule } = compiledRule(schedule);
    const shortestGapMs = rule.shortestGapMs;
    return { timesPerDay: calendar.timesPerDay, shortestGapMs: shortestGapMs === Infinity ? null : shortestGapMs };
  },

  warnings(schedule) {
    const { calendar } = compiledRule(schedule);
    return [...frequencyWarnings(calendar.timesPerDay), ...startWarnings(schedule, calendar)];
  },
};

function refusingSyntax<T>(problems: ProblemList, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RruleSyntaxError)) throw error;
    problems.add('/rule', 'invalid_rrule', error.message);
    return null;
  }
}

/** The given start, that of DTSTART, or now: local, to the second. */
function readStart(read: RruleText, given: string | undefined, now: Instant, problems: ProblemList): string {
  const { startLocalMs, timeZone } = read;
  if (given === undefined) {
    const localMs = startLocalMs ?? now + getZone(timeZone).offsetAt(now);
    return formatLocal(Math.floor(localMs / SECOND_MS) * SECOND_MS);
  }
  const localMs = localStartOf(given, timeZone);
  if (localMs % SECOND_MS !== 0) {
    problems.add('/startAt', 'invalid_value', `${quote(given)} has a fraction of a second; an rrule has none`);
  } else if (startLocalMs !== null && startLocalMs !== localMs) {
    const detail = `DTSTART is ${formatLocal(startLocalMs)}, and startAt is ${quote(given)}; one of them is enough`;
    problems.add('/rule', 'invalid_rrule', detail);
  }
  return given;
}

function refuseDates(read: RruleText, schedule: RruleSchedule, isStartGiven: boolean, problems: ProblemList): void {
  const { startAt, endAt, timeZone } = schedule;
  const fromAt = momentOf(startAt, timeZone, 'start');
  if (endAt !== undefined && isStartGiven && momentOf(endAt, timeZone, 'end') < fromAt) {
    problems.add('/endAt', 'out_of_range', `${quote(endAt)} is before the start, ${startAt}`);
  }
  const startLocalMs = localStartOf(startAt, timeZone);
  const early = read.added.find(({ ms, isUtc }) => ms < (isUtc ? fromAt : startLocalMs));
  if (early !== undefined) {
    problems.add('/rule', 'invalid_rrule', `RDATE has ${formatLocal(early.ms)}, which is before the start, ${startAt}`);
  }
}

/** The wall clock at the start of a normalised schedule. */
function localStartOf(startAt: string, timeZone: string): number {
  const instant = parseInstant(startAt);
  const localMs = instant === null ? parseLocalDateTime(startAt) : instant + getZone(timeZone).offsetAt(instant);
  if (localMs === null) throw new RangeError(`${quote(startAt)} is not the start of a normalised schedule`);
  return localMs;
}

function compiledRule({ rule: ruleText, startAt, timeZone, dst }: RruleSchedule): CompiledRule {
  const { gap, overlap } = resolveDst(dst);
  const name = `${gap} ${overlap} ${timeZone} ${startAt} ${ruleText}`;
  const known = rules.get(name);
  if (known !== undefined) return known;
  const text = parseRruleText(ruleText, timeZone);
  const calendar = new RruleCalendar(text.parts, localStartOf(startAt, timeZone) / SECOND_MS);
  const rule = new RruleRule(calendar, getZone(timeZone), { gap, overlap }, text);
  const compiled = { text, calendar, rule };
  rules.set(name, compiled);
  return compiled;
}

function startWarnings({ startAt }: RruleSchedule, calendar: RruleCalendar): string[] {
  const { frequency, months, monthDays, weekdays, yearDays, weekNumbers } = calendar.parts;
  const warnings: string[] = [];
  if (!calendar.has(calendar.startSecond)) {
    warnings.push(`the start, ${startAt}, is not one of the rule's times: it does not fire then`);
  }
  const { month, day } = civilDate(Math.floor((calendar.startSecond * SECOND_MS) / DAY_MS));
  const isDayOfStart = [monthDays, weekdays, yearDays, weekNumbers].every((part) => part === null);
  if (isDayOfStart && frequency === 'YEARLY' && months === null && month === 2 && day === LEAP_DAY) {
    return [...warnings, 'fires in leap years only'];
  }
  const isCalledByDay = frequency === 'MONTHLY' || (frequency === 'YEARLY' && months !== null);
  const late = isDayOfStart && isCalledByDay ? [day] : (monthDays ?? []);
  if (late.length > 0 && late.every((monthDay) => monthDay > LEAST_MONTH_DAYS) && weekdays === null) {
    warnings.push(`does not fire in months without day ${late[0]}; BYMONTHDAY=-1 is the last day of each month`);
  }
  return warnings;
}
