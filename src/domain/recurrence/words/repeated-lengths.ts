import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../duration.js';
import { replaced } from './cursor.js';
import { chooseDays } from './choose-days.js';
import { cronDays } from './day-rule.js';
import { type Draft, type Every, refuseOthers } from './draft.js';
import type { Unit } from './lexicon.js';
import { firstLocal, instantOf, isoDuration, lengthOf, localOf, localText, type Reading } from './moment.js';
import { ambiguous, unknown } from './refusal.js';
import { scheduleOfDays } from './repeated-days.js';
import { clockText } from './time-of-day.js';

type Members = Readonly<Record<string, unknown>>;
type SubDay = 'second' | 'minute' | 'hour';

const UNIT_SECONDS: Readonly<Record<SubDay, number>> = { second: 1, minute: 60, hour: 3_600 };
const DAY_SECONDS = 86_400;
/** Steps of whole seconds fill a minute, of whole minutes an hour, of whole hours a day. */
const EVEN_SPANS = [
  { span: 60, unit: 1 },
  { span: 3_600, unit: 60 },
  { span: DAY_SECONDS, unit: 3_600 },
];
const HOURLY: Every['parts'] = [{ count: 1, unit: 'hour' }];

/** Whether the phrase repeats within the day: `every 90 minutes`, `hourly`, `at 15 minutes past the hour`. */
export function isWithinDay({ every, minutesPast }: Draft): boolean {
  return minutesPast !== undefined || (every?.parts.some(({ unit }) => isSubDay(unit)) ?? false);
}

function isSubDay(unit: Unit): unit is SubDay {
  return unit === 'second' || unit === 'minute' || unit === 'hour';
}

/**
 * A length with a number is counted from the job's creation (`every 90 minutes` is `PT90M`), a bare unit from the clock
 * (`every hour` is on the hour). On some days only, or between two times, it starts with the span, or with the day.
 */
export function readRepeatedLength(draft: Draft, reading: Reading): Members {
  const every = draft.every ?? {
    parts: HOURLY,
    isLength: false,
    span: draft.minutesPast?.span ?? { start: 0, end: 0 },
  };
  const isAnchored = draft.starting !== undefined && draft.times !== undefined;
  refuseOthers(
    draft,
    ['every', 'per', 'minutesPast', 'window', 'weekdays', 'monthDays', 'months', 'date', 'starting'].concat(
      isAnchored ? ['times'] : [],
    ) as (keyof Draft)[],
    'a schedule that repeats within the day',
  );
  if (draft.per !== undefined && draft.per.times !== (draft.minutesPast?.value.length ?? 1)) {
    ambiguous(draft.per.span, 'leaves open which minutes of the hour', ['every hour', 'every 30 minutes']);
  }
  const isOpen = (draft.weekdays ?? draft.monthDays ?? draft.months ?? draft.date ?? draft.window) === undefined;
  const [part, second] = every.parts;
  const isOne = part !== undefined && second === undefined;
  if (isOpen && draft.minutesPast === undefined && (every.isLength || !isOne || part.count > 1)) {
    return intervalOf(draft, every, reading);
  }
  if (draft.window !== undefined) return withinWindow(draft, every, draft.window, reading);
  return byClock(draft, every, reading);
}

function intervalOf(draft: Draft, { parts, isLength, span }: Every, reading: Reading): Members {
  const { elapsedMs } = lengthOf(parts, span);
  const interval = { type: 'interval', every: isoDuration(parts) };
  if (draft.starting !== undefined) {
    const localMs = firstLocal(reading, draft.times?.value.slice(0, 1) ?? [0], () => true) ?? 0;
    return { ...interval, anchorAt: localText(localMs) };
  }
  if (isLength) return interval;
  // "every other hour" is on the hour.
  const unitMs = parts.some(({ unit }) => unit === 'second')
    ? SECOND_MS
    : parts.some(({ unit }) => unit === 'minute')
      ? MINUTE_MS
      : HOUR_MS;
  const localMs = Math.ceil(localOf(reading, reading.notBefore) / unitMs) * unitMs;
  return elapsedMs > 0 && instantOf(reading, localMs) >= reading.notBefore
    ? { ...interval, anchorAt: localText(localMs) }
    : interval;
}

/** `every 3 hours between 9 and 17`: from the first time on, the last one included when a step falls on it. */
function withinWindow(draft: Draft, every: Every, window: NonNullable<Draft['window']>, reading: Reading): Members {
  const step = stepSeconds(every, reading.source);
  if (step % 60 !== 0) {
    unknown(every.span, 'is too often for a span of the day', [
      replaced(reading.source, every.span, 'every minute'),
      replaced(reading.source, every.span, 'every 5 minutes'),
    ]);
  }
  const days = chooseDays(draft, 'hour', reading.source);
  const past = draft.minutesPast?.value;
  const times: number[] = [];
  const from = past === undefined ? window.from : Math.floor(window.from / 3_600) * 3_600;
  if (past !== undefined && step % 3_600 !== 0) unknown(draft.minutesPast?.span ?? every.span, 'goes with hours only');
  for (let time = from; time <= window.to; time += step) {
    for (const minute of past ?? [0]) {
      const at = time + minute * 60;
      if (at >= window.from && at <= window.to) times.push(at);
    }
  }
  if (times.length === 0) unknown(window.span, 'holds none of these minutes');
  return scheduleOfDays(days, times, true, draft, reading);
}

/** Without a span the steps have to fill the hour, or the day, or nobody could say where they start. */
function byClock(draft: Draft, every: Every, reading: Reading): Members {
  const { source } = reading;
  const step = stepSeconds(every, source);
  const days = cronDays(chooseDays(draft, 'hour', source));
  if (days === null) unknown(every.span, 'does not go with these days');
  const past = draft.minutesPast?.value;
  const fits = EVEN_SPANS.find(({ span, unit }) => step < span && span % step === 0 && step % unit === 0)?.span;
  if (fits === undefined || (past !== undefined && step % 3_600 !== 0)) {
    const with_ = (words: string): string => replaced(source, every.span, words);
    if (past !== undefined) unknown(every.span, 'does not go with minutes of the hour', [with_('every hour')]);
    const last = clockText(Math.floor((DAY_SECONDS - 60) / step) * step);
    return ambiguous(every.span, 'does not fit into the hour or the day evenly: say between which times', [
      `${source} between 9:00 and 17:00`,
      `${source} between 0:00 and ${last}`,
      with_('every 30 minutes'),
    ]);
  }
  const startAt = draft.starting === undefined ? {} : { startAt: localText(firstLocal(reading, [0], () => true) ?? 0) };
  const slash = (size: number): string => (size === 1 ? '*' : `*/${size}`);
  const time =
    fits === 60
      ? `${slash(step)} * *`
      : fits === 3_600
        ? `${slash(step / 60)} *`
        : `${(past ?? [0]).join(',')} ${slash(step / 3_600)}`;
  return { type: 'cron', expression: `${time} ${days}`, ...startAt };
}

function stepSeconds({ parts, span }: Every, source: string): number {
  let seconds = 0;
  for (const { count, unit } of parts) {
    if (!isSubDay(unit)) return unknown(span, 'is longer than a day: it does not go with a part of one');
    seconds += count * UNIT_SECONDS[unit];
  }
  if (seconds * SECOND_MS <= DAY_MS) return seconds;
  return unknown(span, 'is longer than a day', [replaced(source, span, 'every hour')]);
}
