import { z } from 'zod';
import { CALENDAR_LIMITS } from '../../domain/calendar.js';
import { parseDate, parseWindow, wallTimeOf } from '../../domain/recurrence/compile-calendar.js';
import { DAY_MS } from '../../domain/recurrence/duration.js';
import { refuseRepetition } from '../../domain/recurrence/repeated-stretches.js';
import { findZone } from '../../domain/recurrence/zone.js';
import { PageInfo, pageParameters } from '../../platform/contract/page.js';
import { IdText, InstantText } from '../../platform/contract/values.schema.js';
import { Description, flag, flagMeta, Name } from '../job.schemas.js';

const DATE_PATTERN = '^\\d{4}-\\d\\d-\\d\\d$';
const EDGE_PATTERN = '^(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN) )?(?:[01]\\d|2[0-4]):[0-5]\\d$';
const MOMENT_PATTERN = '^\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?Z?)?$';
const MAX_RULE = 1_000;
const MAX_SUMMARY = 200;
const MAX_EXDATES = 200;
const FIRST_START = '2000-01-01';
const LONGEST_EVENT_MS = 3_660 * DAY_MS;

const custom = (code: string, message: string, path: string[] = []) => {
  return { code: 'custom' as const, message, path, params: { code } };
};

const DateText = z
  .string()
  .refine((text) => parseDate(text) !== null, {
    error: 'is not a date of the years 1900 to 2299, such as 2026-12-25',
    params: { code: 'invalid_date' },
  })
  .meta({ pattern: DATE_PATTERN, example: '2026-12-25' });

const RangeInput = z
  .strictObject({ from: DateText, to: DateText })
  .superRefine(({ from, to }, context) => {
    if (from > to) context.addIssue(custom('out_of_range', 'is before from', ['to']));
  })
  .meta({ description: 'Whole days, the last one too', example: { from: '2026-12-24', to: '2027-01-01' } });

const Edge = z.string().max(20).meta({ pattern: EDGE_PATTERN });
const WindowInput = z
  .strictObject({ from: Edge, to: Edge })
  .superRefine(({ from, to }, context) => {
    if (parseWindow(from, to) !== null) return;
    const allowed = 'both of them with a weekday (SAT 00:00 to MON 00:00) or both without (22:00 to 06:00)';
    context.addIssue(custom('invalid_window', `is no window: from and to are two times, ${allowed}`));
  })
  .meta({
    description: 'Of each week, or of each day; `to` is exclusive, and 24:00 the end of a day',
    example: { from: 'SAT 00:00', to: 'MON 00:00' },
  });

const RuleInput = z
  .strictObject({
    rule: z.string().min(1).max(MAX_RULE).meta({ example: 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25' }),
    startAt: DateText.default(FIRST_START).meta({ description: 'The date from which it is counted' }),
  })
  .superRefine(({ rule, startAt }, context) => {
    const day = parseDate(startAt);
    const refusal = day === null ? null : refuseRepetition(rule, day * DAY_MS, true);
    if (refusal !== null) context.addIssue(custom('invalid_rule', refusal, ['rule']));
  })
  .meta({ description: 'Whole days by a rule of RFC 5545' });

const Zone = z
  .string()
  .max(100)
  .refine((name) => findZone(name) !== null, { error: 'is not a time zone', params: { code: 'invalid_time_zone' } })
  .meta({ example: 'Europe/Paris' });

const Moment = z
  .string()
  .refine(isMoment, {
    error: 'is neither a date, a local date-time nor an instant in UTC',
    params: { code: 'invalid_instant' },
  })
  .meta({ pattern: MOMENT_PATTERN, example: '2026-12-25' });

export const EventInput = z
  .strictObject({
    summary: z.string().max(MAX_SUMMARY).default(''),
    start: Moment,
    end: Moment.meta({ description: 'Exclusive' }),
    timeZone: Zone.optional().meta({ description: 'Of local times; default: where the calendar is read' }),
    rule: z.string().min(1).max(MAX_RULE).optional().meta({ description: 'Repeats it, by RFC 5545' }),
    exdates: z.array(Moment).max(MAX_EXDATES).optional(),
  })
  .superRefine((event, context) => {
    const { start, end, rule, timeZone } = event;
    const moments = [start, end, ...(event.exdates ?? [])];
    if (!moments.every(isMoment)) return;
    if (moments.some((moment) => formOf(moment) !== formOf(start))) {
      context.addIssue(custom('invalid_value', 'has dates, local times and instants mixed'));
      return;
    }
    const lengthMs = wallTimeOf(end) - wallTimeOf(start);
    if (lengthMs <= 0 || lengthMs > LONGEST_EVENT_MS) {
      context.addIssue(custom('out_of_range', 'is not later than start, or more than ten years later', ['end']));
    }
    if (timeZone !== undefined && formOf(start) === 'utc') {
      context.addIssue(custom('not_allowed', 'has no part in instants', ['timeZone']));
    }
    const refusal = rule === undefined ? null : refuseRepetition(rule, wallTimeOf(start), formOf(start) === 'date');
    if (refusal !== null) context.addIssue(custom('invalid_rule', refusal, ['rule']));
  })
  .meta({ description: 'An event as an imported file has it' });

const daysInput = {
  timeZone: Zone.nullable()
    .default(null)
    .meta({ description: 'Null: the zone of the schedule that uses it', default: null }),
  dates: z.array(DateText).max(CALENDAR_LIMITS.dates).default([]),
  ranges: z.array(RangeInput).max(CALENDAR_LIMITS.ranges).default([]),
  windows: z.array(WindowInput).max(CALENDAR_LIMITS.windows).default([]),
  rules: z.array(RuleInput).max(CALENDAR_LIMITS.rules).default([]),
  events: z
    .array(EventInput)
    .max(CALENDAR_LIMITS.events)
    .refine((events) => events.filter(({ rule }) => rule !== undefined).length <= CALENDAR_LIMITS.repeated, {
      error: `has more than ${CALENDAR_LIMITS.repeated} events with a rule`,
      params: { code: 'too_many' },
    })
    .default([])
    .meta({ description: 'What an import sets; a patch that does not name them leaves them' }),
};

const EXAMPLE = {
  name: 'holidays',
  timeZone: 'Europe/Paris',
  dates: ['2026-12-25', '2027-01-01'],
  ranges: [{ from: '2027-08-01', to: '2027-08-15' }],
  windows: [{ from: 'SAT 00:00', to: 'MON 00:00' }],
};

export const CalendarInput = z
  .strictObject({ name: Name, description: Description.default(''), ...daysInput })
  .meta({ id: 'CalendarInput', example: EXAMPLE });
export type CalendarInput = z.infer<typeof CalendarInput>;

const MEMBERS = new Set(['name', 'description', ...Object.keys(daysInput)]);

export const CalendarPatch = z
  .record(z.string(), z.unknown())
  .superRefine((patch, context) => {
    for (const name of Object.keys(patch)) {
      if (!MEMBERS.has(name)) context.addIssue(custom('unknown_member', 'is not known here', [name]));
    }
  })
  .meta({
    id: 'CalendarPatch',
    description: 'A JSON merge patch (RFC 7396) of a calendar; a list takes the place of the one before.',
    type: 'object',
    properties: Object.fromEntries([...MEMBERS].map((name) => [name, {}])),
    additionalProperties: false,
    example: { dates: ['2026-12-24', '2026-12-25'] },
  });

export const DryRunQuery = z.strictObject({
  dryRun: flag.meta(flagMeta('Only says which jobs would move')),
});
export type DryRunQuery = z.infer<typeof DryRunQuery>;

export const CalendarListQuery = z.strictObject(pageParameters);
export type CalendarListQuery = z.infer<typeof CalendarListQuery>;

const summary = {
  id: IdText,
  name: z.string().meta({ example: 'holidays' }),
  description: z.string(),
  timeZone: z.string().nullable(),
  dates: z.array(z.string()),
  ranges: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  windows: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  rules: z.array(z.strictObject({ rule: z.string(), startAt: z.string() })),
  eventCount: z.int().meta({ description: 'Events that were imported' }),
  version: z.int(),
  createdAt: InstantText,
  updatedAt: InstantText,
};

export const CalendarSummary = z.strictObject(summary).meta({ id: 'CalendarSummary' });
export type CalendarSummary = z.infer<typeof CalendarSummary>;

const whole = {
  ...summary,
  events: z.array(
    z.strictObject({
      summary: z.string(),
      start: z.string(),
      end: z.string(),
      timeZone: z.string().optional(),
      rule: z.string().optional(),
      exdates: z.array(z.string()).optional(),
    }),
  ),
};

export const CalendarView = z.strictObject(whole).meta({ id: 'Calendar' });
export type CalendarView = z.infer<typeof CalendarView>;

export const CalendarPage = z
  .strictObject({ data: z.array(CalendarSummary), page: PageInfo })
  .meta({ id: 'CalendarPage' });

/** Media type of an iCalendar file; its text is read by the handler. */
export const IcsSource = z.string().meta({
  id: 'IcsSource',
  description: 'An iCalendar file (RFC 5545)',
  example: [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    'SUMMARY:Christmas Day',
    'DTSTART;VALUE=DATE:20261225',
    'DTEND;VALUE=DATE:20261226',
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n'),
});

const changed = {
  ...whole,
  dryRun: z.boolean(),
  moved: z.int().meta({ description: 'Jobs whose next occurrence is another one' }),
  moves: z
    .array(
      z.strictObject({
        jobId: IdText,
        jobName: z.string(),
        before: InstantText.nullable(),
        after: InstantText.nullable().meta({ description: 'Null: none is left, and the job is completed' }),
      }),
    )
    .meta({ description: 'The first 1,000 of them, by id: the next occurrence before and after' }),
};

export const CalendarChanged = z.strictObject(changed).meta({ id: 'CalendarChanged' });
export type CalendarChanged = z.infer<typeof CalendarChanged>;

export const CalendarImported = z
  .strictObject({
    ...changed,
    notCarriedOver: z
      .array(
        z.strictObject({
          line: z.int().meta({ description: 'Where its event begins in the file, counted from 1' }),
          summary: z.string(),
          code: z.enum(['malformed', 'not_understood', 'unknown_zone', 'unsupported_rule', 'left_out', 'too_many']),
          detail: z.string(),
        }),
      )
      .meta({ description: 'What of the file is not in the calendar; at most 200 are listed' }),
  })
  .meta({ id: 'CalendarImported' });
export type CalendarImported = z.infer<typeof CalendarImported>;

function isMoment(text: string): boolean {
  try {
    return Number.isFinite(wallTimeOf(text));
  } catch {
    return false;
  }
}

function formOf(moment: string): 'date' | 'utc' | 'local' {
  if (!moment.includes('T')) return 'date';
  return /(?:Z|[+-]\d\d:\d\d)$/.test(moment) ? 'utc' : 'local';
}
