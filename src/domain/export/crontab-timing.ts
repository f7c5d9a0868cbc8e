import type { CronField, CronItem } from '../recurrence/cron-expression.js';
import { parseCronExpression } from '../recurrence/cron-expression.js';
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS, parseDuration } from '../recurrence/duration.js';
import { parseInstant } from '../recurrence/instants.js';
import type { CronSchedule, IntervalSchedule, Schedule } from '../recurrence/schedule.js';
import { getZone } from '../recurrence/zone.js';

/** The five fields of a crontab and the zone that they are meant in, or why there are none. */
export type CrontabTiming = { readonly fields: string; readonly timeZone: string } | { readonly impossible: string };

/** A schedule as a line of a crontab would say it; one that it can only say roughly is impossible. */
export function crontabTiming(schedule: Schedule): CrontabTiming {
  if (schedule.type === 'rrule') {
    // Its lines must not become lines of the crontab.
    return { impossible: `cron knows no recurrence rules (${schedule.rule.replaceAll(/\s+/g, ' ')})` };
  }
  const bound = (['startAt', 'endAt', 'maxRuns', 'exclude'] as const).find((name) => schedule[name] !== undefined);
  if (bound !== undefined) return { impossible: `cron knows no ${bound}` };
  switch (schedule.type) {
    case 'cron':
      return cronTiming(schedule);
    case 'interval':
      return intervalTiming(schedule);
    case 'anyOf':
      return { impossible: `cron knows no union of ${schedule.anyOf.length} rules in one line` };
    case 'once':
      return { impossible: `cron knows no time that comes once (${schedule.at})` };
  }
}

function cronTiming({ expression, timeZone }: CronSchedule): CrontabTiming {
  const fields = parseCronExpression(expression);
  const [second] = fields.second.items;
  if (fields.second.items.length > 1 || second?.kind !== 'range' || second.from !== 0 || second.step !== null) {
    return { impossible: `cron knows no seconds (${expression})` };
  }
  if (!fields.year.isOpen) return { impossible: `cron knows no years (${expression})` };
  const five = [
    write(fields.minute, 59),
    write(fields.hour, 23),
    write(fields.dayOfMonth, 31),
    write(fields.month, 12),
    write(fields.dayOfWeek, 6),
  ];
  const known = five.filter((field) => field !== null);
  if (known.length < five.length) return { impossible: `cron knows neither L, W, # nor H (${expression})` };
  return { fields: known.join(' '), timeZone };
}

const FIRST: Readonly<Record<string, number>> = { dayOfMonth: 1, month: 1 };

function write({ name, items, isOpen }: CronField, last: number): string | null {
  if (isOpen) return '*';
  const isDay = name === 'dayOfMonth' || name === 'dayOfWeek';
  const written = items.map((item) => writeItem(item, isDay ? `${FIRST[name] ?? 0}-${last}` : '*', last));
  return written.includes(null) ? null : written.join(',');
}

/** `all` spells a wildcard: in a day field a star would make cron ask for both days. */
function writeItem(item: CronItem, all: string, last: number): string | null {
  if (item.kind !== 'every' && item.kind !== 'range') return null;
  const step = item.step === null || item.step === 1 ? '' : `/${item.step}`;
  if (item.kind === 'every') return `${all}${step}`;
  const isToEnd = item.step !== null && item.to === item.from && item.from < last;
  return item.to === item.from && !isToEnd ? String(item.from) : `${item.from}-${item.to}${step}`;
}

function intervalTiming({ every, anchorAt, timeZone }: IntervalSchedule): CrontabTiming {
  const impossible = { impossible: `cron can't count ${every} from ${anchorAt}` };
  const duration = parseDuration(every);
  const anchor = parseInstant(anchorAt);
  if (duration === null || anchor === null) return impossible;
  const elapsedMs = durationMs(duration);
  const localMs = elapsedMs === null ? anchor + getZone(timeZone).offsetAt(anchor) : anchor;
  if (localMs % MINUTE_MS !== 0) return impossible;
  const minute = (localMs / MINUTE_MS) % 60;
  const hour = Math.floor(localMs / HOUR_MS) % 24;
  if (elapsedMs === null) {
    const isDaily = duration.months === 0 && duration.days === 1 && duration.elapsedMs === 0;
    return isDaily ? { fields: `${minute} ${hour} * * *`, timeZone } : impossible;
  }
  // Elapsed time goes on evenly where no clock changes.
  const utc = (fields: string): CrontabTiming => ({ fields, timeZone: 'UTC' });
  if (elapsedMs === DAY_MS) return utc(`${minute} ${hour} * * *`);
  if (elapsedMs % HOUR_MS === 0 && DAY_MS % elapsedMs === 0) {
    return utc(`${minute} ${stepped(hour % (elapsedMs / HOUR_MS), elapsedMs / HOUR_MS, 23)} * * *`);
  }
  if (elapsedMs % MINUTE_MS === 0 && HOUR_MS % elapsedMs === 0) {
    return utc(`${stepped(minute % (elapsedMs / MINUTE_MS), elapsedMs / MINUTE_MS, 59)} * * * *`);
  }
  return impossible;
}

function stepped(from: number, step: number, last: number): string {
  if (step === 1) return '*';
  return from === 0 ? `*/${step}` : `${from}-${last}/${step}`;
}
