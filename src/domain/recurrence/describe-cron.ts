import cronstrue from 'cronstrue';
import {
  type CronExpression,
  type CronField,
  expandMacro,
  parseCronExpression,
  tidyExpression,
} from './cron-expression.js';
import { usesHash } from './cron-values.js';

const MIDNIGHT = 'At 00:00, ';
const MAX_LISTED_TIMES = 6;

/**
 * A cron expression in words, 24-hour clock. cronstrue names each part; the parts are joined here because it says "and"
 * where day-of-month and day-of-week mean "or", and because it does not know `H`.
 */
export function describeCron(text: string): string {
  const tidy = expandMacro(tidyExpression(text)).toUpperCase();
  const expression = parseCronExpression(tidy);
  const fields = tidy.split(' ');
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = '*'] =
    fields.length === 5 ? ['0', ...fields] : fields;
  const time = describeTime(expression, second, minute, hour);
  const monthText = expression.month.isOpen ? '' : describeDate(expression.month, `* ${month} *`);
  const yearText = expression.year.isOpen ? '' : describeDate(expression.year, `* * * ${year}`);
  return [time, describeDays(expression, dayOfMonth, dayOfWeek), monthText, yearText].filter(Boolean).join(', ');
}

function describeTime(expression: CronExpression, second: string, minute: string, hour: string): string {
  const parts = [expression.second, expression.minute, expression.hour];
  if (!parts.some(usesHash))
    return listedTimes(expression) ?? words(`${second} ${minute} ${hour} * * *`) ?? 'At set times';
  const isSpreadEvenly = [second, minute].every((field) => /^(\d+|\*|H\/\d+)$/.test(field)) && !hour.includes('H');
  const isHourly = second === '0' && minute === 'H' && hour === '*';
  if (isHourly) return 'Every hour, at a minute spread by job';
  const even = isSpreadEvenly ? words(`${second} ${minute} ${hour} * * *`.replaceAll('H/', '*/')) : null;
  if (even !== null) return `${even}, spread by job`;
  return `At a time spread by job (${[second, minute, hour].slice(second === '0' ? 1 : 0).join(' ')})`;
}

/** "At 02:00 and 02:30" where all time fields are plain numbers; null when there are others or too many. */
function listedTimes({ second, minute, hour }: CronExpression): string | null {
  const [seconds, minutes, hours] = [plainValues(second), plainValues(minute), plainValues(hour)];
  if (seconds === null || minutes === null || hours === null) return null;
  if (seconds.length * minutes.length * hours.length > MAX_LISTED_TIMES) return null;
  const two = (value: number): string => String(value).padStart(2, '0');
  const times = hours.flatMap((h) =>
    minutes.flatMap((m) =>
      seconds.map((s) => `${two(h)}:${two(m)}${s === 0 && seconds.length === 1 ? '' : `:${two(s)}`}`),
    ),
  );
  return `At ${new Intl.ListFormat('en', { type: 'conjunction' }).format([...new Set(times)].sort())}`;
}

function plainValues(field: CronField): number[] | null {
  const values: number[] = [];
  for (const item of field.items) {
    if (item.kind !== 'range' || item.from !== item.to || item.step !== null) return null;
    values.push(item.from);
  }
  return values;
}

function describeDays({ dayOfMonth, dayOfWeek }: CronExpression, dayText: string, weekdayText: string): string {
  const monthDays = dayOfMonth.isOpen ? '' : describeDate(dayOfMonth, `${dayText} * *`);
  const weekdays = dayOfWeek.isOpen ? '' : describeDate(dayOfWeek, `* * ${weekdayText}`);
  if (monthDays === '' || weekdays === '') return monthDays + weekdays;
  const bare = weekdays.replace(/^only on /, 'on ');
  return `${monthDays} or ${/^[A-Z]/.test(bare) ? `on ${bare}` : bare}`;
}

/** The date part that a field adds; the other fields of `date` are open. */
function describeDate(field: CronField, date: string): string {
  const own = date.split(' ').find((part) => part !== '*') ?? '*';
  const label = { dayOfMonth: 'on days of the month', month: 'in months', dayOfWeek: 'on weekdays', year: 'in years' };
  const fallback = `${label[field.name as keyof typeof label]} ${own}`;
  if (usesHash(field)) return `${fallback} (spread by job)`;
  const fields = date.split(' ');
  const text = words(fields.length === 4 ? `0 0 0 ${date}` : `0 0 ${date}`);
  if (text === null) return fallback;
  // A field such as */1 leaves nothing to say beside the time.
  if (!text.startsWith(MIDNIGHT)) return field.name.startsWith('day') ? 'every day' : '';
  return text.slice(MIDNIGHT.length);
}

/** cronstrue's text; null for what it can't read, such as lists of `W`. */
function words(expression: string): string | null {
  try {
    return cronstrue.toString(expression, { use24HourTimeFormat: true });
  } catch {
    return null;
  }
}
