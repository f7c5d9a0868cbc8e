import { quote } from '../recurrence/problems.js';

/** Five fields as this service reads them, or why there are none that mean the same. */
export type Translated = { readonly expression: string } | { readonly refused: string };

const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/**
 * The five fields of a crontab (Vixie cron and cronie). They differ from ours where both days are restricted and one of them
 * begins with `*`: cron then wants both to match, which no expression here says. `a~b` is cronie's random choice, ours is `H`.
 */
export function fromVixie(fields: readonly string[]): Translated {
  const translated = fields.map((field) => field.split(',').map(fromRandom).join(','));
  for (const day of [DAY_OF_MONTH, DAY_OF_WEEK]) {
    if (isEveryDay(fields[day] ?? '')) translated[day] = '*';
  }
  const [dayOfMonth = '', dayOfWeek = ''] = [translated[DAY_OF_MONTH], translated[DAY_OF_WEEK]];
  const both = dayOfMonth !== '*' && dayOfWeek !== '*';
  if (both && (dayOfMonth.startsWith('*') || dayOfWeek.startsWith('*'))) {
    const days = quote(`${dayOfMonth} and ${dayOfWeek}`);
    return { refused: `with the days ${days} cron runs when both match, here a job would run when either does` };
  }
  return { expression: translated.join(' ') };
}

/** Every day, however it is spelled: a list that begins with `*`, or `*` in steps of one. */
function isEveryDay(field: string): boolean {
  return /^\*(\/1)?(,|$)/.test(field);
}

function fromRandom(item: string): string {
  const random = /^(\w*)~(\w*)(\/\w+)?$/.exec(item);
  if (random === null) return item;
  const [, from = '', to = '', step = ''] = random;
  if (from === '' && to === '') return `H${step}`;
  // A bound that is left out needs the field's own; there is none to write.
  return from === '' || to === '' ? item : `H(${from}-${to})${step}`;
}

/** The five fields of a Kubernetes CronJob (robfig/cron): `?` is `*` in every field, and steps of one restrict nothing. */
export function fromRobfig(fields: readonly string[]): Translated {
  return { expression: fields.map((field) => field.replaceAll('?', '*').replace(/^\*\/1$/, '*')).join(' ') };
}

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/**
 * The six fields of EventBridge: minutes, hours, day-of-month, month, day-of-week, year. Days of the week count from 1
 * (Sunday) there and from 0 here, so they become names.
 */
export function fromEventBridge(fields: readonly string[]): Translated {
  if (fields.length !== 6) return { refused: `has ${fields.length} fields, not six` };
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  const weekdays = dayOfWeek === '?' || dayOfWeek === '*' ? dayOfWeek : weekdaysOf(dayOfWeek);
  if (weekdays === null) return { refused: `${quote(dayOfWeek)} is not a day-of-week of EventBridge (1–7 or SUN–SAT)` };
  const five = `${minute} ${hour} ${dayOfMonth} ${month} ${weekdays}`;
  return { expression: year === '*' ? five : `0 ${five} ${year}` };
}

function weekdaysOf(field: string): string | null {
  const items = field.split(',').map(weekdayItem);
  return items.includes(null) ? null : items.join(',');
}

function weekdayItem(item: string): string | null {
  if (/^L$/i.test(item)) return 'SAT';
  const special = /^(\w+?)(L|#[1-5])$/i.exec(item);
  if (special !== null && weekdayNumber(item) === null) {
    const day = weekdayNumber(special[1] ?? '');
    return day === null ? null : `${day}${(special[2] ?? '').toUpperCase()}`;
  }
  const range = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/([1-7]))?$/.exec(item);
  if (range === null) return null;
  const [, from = '1', to, stepText] = range;
  const isSingle = to === undefined && stepText === undefined && range[1] !== undefined;
  const first = weekdayNumber(from);
  const last = isSingle ? first : to === undefined ? 6 : weekdayNumber(to);
  if (first === null || last === null) return null;
  // A range may go over the end of the week there (FRI-MON).
  const span = (last - first + 7) % 7;
  const names: (string | undefined)[] = [];
  for (let days = 0; days <= span; days += Number(stepText ?? 1)) names.push(WEEKDAYS[(first + days) % 7]);
  return names.join(',');
}

/** 0 for Sunday; null when it is no day. */
function weekdayNumber(text: string): number | null {
  const named = WEEKDAYS.indexOf(text.toUpperCase());
  if (named >= 0) return named;
  return /^[1-7]$/.test(text) ? Number(text) - 1 : null;
}
