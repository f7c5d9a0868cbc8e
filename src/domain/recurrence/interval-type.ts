import { momentOf, readMoment, readText } from './common-members.js';
import { DAY_MS, type Duration, durationMs, meanDurationMs, parseDuration, SECOND_MS } from './duration.js';
import { frequencyWarnings } from './frequency-warning.js';
import { formatInstant, localIso, parseInstant } from './instants.js';
import { CalendarIntervalRule, ElapsedIntervalRule } from './interval-rule.js';
import { type ProblemList, quote } from './problems.js';
import type { IntervalSchedule } from './schedule.js';
import type { ScheduleType } from './schedule-type.js';
import { resolveDst } from './wall-clock.js';
import { getZone } from './zone.js';

const LEAST_INTERVAL_MS = SECOND_MS;
const SHORTEST_MONTH_DAYS = 28;
const LONGEST_INTERVAL_MS = 100 * 366 * DAY_MS;
const DATE_UNITS: Readonly<Record<string, string>> = { Y: 'year', M: 'month', W: 'week', D: 'day' };
const TIME_UNITS: Readonly<Record<string, string>> = { H: 'hour', M: 'minute', S: 'second' };

export const intervalType: ScheduleType<IntervalSchedule> = {
  type: 'interval',
  members: ['every', 'anchorAt'],

  read(input, common, { now, problems }) {
    const every = readEvery(input, problems);
    const anchor = readMoment(input, 'anchorAt', problems);
    if (every === null || problems.problems.length > 0) return null;
    const anchorAt = anchor === undefined ? now : momentOf(anchor, common.timeZone, 'start');
    return { type: 'interval', every: every.text, anchorAt: formatInstant(anchorAt), ...common };
  },

  compile({ every, anchorAt, timeZone, dst }) {
    const period = normalisedDuration(every);
    const anchor = parseInstant(anchorAt);
    if (anchor === null) throw new RangeError(`${quote(anchorAt)} is not the anchor of a normalised schedule`);
    const periodMs = durationMs(period);
    if (periodMs !== null) return new ElapsedIntervalRule(periodMs, anchor);
    return new CalendarIntervalRule(period, anchor, getZone(timeZone), resolveDst(dst));
  },

  describe({ every, anchorAt, timeZone }) {
    const period = normalisedDuration(every);
    const text = `Every ${spellOut(every)}`;
    if (durationMs(period) !== null) return text;
    const start = localIso(parseInstant(anchorAt) ?? 0, timeZone);
    return `${text}, counted from ${start.slice(0, 10)} ${start.slice(11, 16)} (${timeZone})`;
  },

  frequency({ every }) {
    const period = normalisedDuration(every);
    const shortestGapMs = (period.months * SHORTEST_MONTH_DAYS + period.days) * DAY_MS + period.elapsedMs;
    return { timesPerDay: DAY_MS / meanDurationMs(period), shortestGapMs };
  },

  warnings(schedule) {
    return frequencyWarnings(intervalType.frequency(schedule, '').timesPerDay);
  },
};

function readEvery(input: Readonly<Record<string, unknown>>, problems: ProblemList): Duration | null {
  const text = readText(input, 'every', problems);
  if (text === undefined) {
    if (input.every === undefined)
      problems.add('/every', 'required', 'an interval schedule needs every, such as PT15M');
    return null;
  }
  const duration = parseDuration(text);
  if (duration === null) {
    const allowed = 'allowed are ISO 8601 durations above zero (PT15M, P1D, P1M) and 30s, 15m, 2h, 1d';
    problems.add('/every', 'invalid_duration', `${quote(text)} is not an interval: ${allowed}`);
    return null;
  }
  const meanMs = meanDurationMs(duration);
  if (meanMs >= LEAST_INTERVAL_MS && meanMs <= LONGEST_INTERVAL_MS) return duration;
  problems.add('/every', 'out_of_range', `${quote(text)} is not from 1 second to 100 years`);
  return null;
}

function normalisedDuration(every: string): Duration {
  const duration = parseDuration(every);
  if (duration === null) throw new RangeError(`${quote(every)} is not the interval of a normalised schedule`);
  return duration;
}

/** `15 minutes`, `month`, `1 day and 12 hours`. */
function spellOut(iso: string): string {
  const [date = '', time = ''] = iso.slice(1).split('T');
  const amounts = [...amountsOf(date, DATE_UNITS), ...amountsOf(time, TIME_UNITS)];
  const [only] = amounts;
  if (amounts.length === 1 && only?.startsWith('1 ')) return only.slice(2);
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(amounts);
}

function amountsOf(isoPart: string, units: Readonly<Record<string, string>>): string[] {
  return [...isoPart.matchAll(/([\d.]+)([A-Z])/g)].map(([, amount = '', unit = '']) => {
    return `${amount} ${units[unit] ?? unit}${amount === '1' ? '' : 's'}`;
  });
}
