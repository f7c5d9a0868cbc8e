import type { Schemas } from '../../api/client';

export type CalendarRules = Pick<
  Schemas['Calendar'],
  'name' | 'description' | 'timeZone' | 'dates' | 'ranges' | 'windows' | 'rules'
>;

/** What a calendar holds as lines of text, one thing a line: quickly read, and quickly pasted. */
export interface CalendarDraft {
  readonly name: string;
  readonly description: string;
  readonly timeZone: string;
  readonly days: string;
  readonly windows: string;
  readonly rules: string;
}

export const EMPTY_DRAFT: CalendarDraft = { name: '', description: '', timeZone: '', days: '', windows: '', rules: '' };

export function draftOf(calendar: CalendarRules): CalendarDraft {
  return {
    name: calendar.name,
    description: calendar.description,
    timeZone: calendar.timeZone ?? '',
    days: [...calendar.dates, ...calendar.ranges.map(({ from, to }) => `${from} to ${to}`)].sort().join('\n'),
    windows: calendar.windows.map(({ from, to }) => `${from} to ${to}`).join('\n'),
    rules: calendar.rules.map(({ rule, startAt }) => `${rule} from ${startAt}`).join('\n'),
  };
}

export interface Reading {
  readonly rules: CalendarRules;
  /** Lines that are not understood, by their field. */
  readonly faults: Partial<Record<'days' | 'windows' | 'rules', string>>;
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN) )?(?:[01]\d|2[0-4]):[0-5]\d$/;

export function readDraft(draft: CalendarDraft): Reading {
  const faults: Reading['faults'] = {};
  const dates: string[] = [];
  const ranges: { from: string; to: string }[] = [];
  for (const line of linesOf(draft.days)) {
    const [from = '', to] = line.split(/\s+to\s+/i);
    if (!DAY.test(from) || (to !== undefined && !DAY.test(to))) faults.days ??= notUnderstood(line);
    else if (to === undefined) dates.push(from);
    else ranges.push({ from, to });
  }
  const windows: { from: string; to: string }[] = [];
  for (const line of linesOf(draft.windows)) {
    const [from = '', to = ''] = line.toUpperCase().split(/\s+TO\s+/);
    if (!TIME.test(from) || !TIME.test(to)) faults.windows ??= notUnderstood(line);
    else windows.push({ from, to });
  }
  const rules: { rule: string; startAt: string }[] = [];
  for (const line of linesOf(draft.rules)) {
    const [rule = '', startAt = '2000-01-01'] = line.split(/\s+from\s+/i);
    if (!/^(RRULE:)?FREQ=/i.test(rule) || !DAY.test(startAt)) faults.rules ??= notUnderstood(line);
    else rules.push({ rule, startAt });
  }
  const timeZone = draft.timeZone.trim() === '' ? null : draft.timeZone.trim();
  const { name, description } = draft;
  return { rules: { name: name.trim(), description, timeZone, dates, ranges, windows, rules }, faults };
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function notUnderstood(line: string): string {
  return `“${line}” is not understood.`;
}

/** In a few words. */
export function contentsText(calendar: Schemas['CalendarSummary']): string {
  const parts: [number, string, string][] = [
    [calendar.dates.length, 'day', 'days'],
    [calendar.ranges.length, 'range', 'ranges'],
    [calendar.windows.length, 'window', 'windows'],
    [calendar.rules.length, 'rule', 'rules'],
    [calendar.eventCount, 'imported event', 'imported events'],
  ];
  const words = parts.flatMap(([count, one, many]) => (count === 0 ? [] : [`${count} ${count === 1 ? one : many}`]));
  return words.length === 0 ? 'empty' : words.join(', ');
}
