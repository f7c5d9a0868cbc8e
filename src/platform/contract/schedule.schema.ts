import { z } from 'zod';
import type { PreviewedOfJob } from '../../domain/job-preview.js';
import { EDIT_ACTIONS } from '../../domain/occurrence-edit.js';
import type { OccurrenceEdit } from '../../domain/occurrence-edit.js';
import { MAX_CALENDAR_NAME, MOST_CALENDARS } from '../../domain/recurrence/common-members.js';
import { formatInstant } from '../../domain/recurrence/instants.js';
import { parseSchedule } from '../../domain/recurrence/parse-schedule.js';
import { MAX_RULE_LENGTH } from '../../domain/recurrence/rrule-text.js';
import { MAX_WORDS_LENGTH } from '../../domain/recurrence/words/read-words.js';
import { DURATION_PATTERN, InstantText } from './values.schema.js';

const bounds = {
  timeZone: z.string().meta({ description: 'IANA time zone', example: 'Europe/Paris' }),
  startAt: z.string().optional().meta({ description: 'First instant, inclusive: an instant, or a local date-time' }),
  endAt: z.string().optional().meta({ description: 'Last instant, inclusive: an instant, or a local date-time' }),
  maxRuns: z.int().optional().meta({ description: 'Completed after so many runs by the schedule', minimum: 1 }),
  jitter: z
    .string()
    .optional()
    .meta({ description: 'Spread of the due instant, deterministic by job and occurrence', example: 'PT30S' }),
  dst: z
    .strictObject({
      gap: z.enum(['after', 'skip']).optional(),
      overlap: z.enum(['first', 'second', 'both']).optional(),
    })
    .optional()
    .meta({ description: 'What a fixed time does at a clock change; default after and first' }),
  exclude: z
    .array(z.string().min(1).max(MAX_CALENDAR_NAME))
    .max(MOST_CALENDARS)
    .optional()
    .meta({ description: 'Names of calendars of the project; what they leave out is no occurrence' }),
  onExcluded: z.enum(['skip', 'nextBusinessDay', 'previousBusinessDay']).optional().meta({
    description:
      'What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free',
  }),
};

const CronSchedule = z
  .strictObject({ type: z.literal('cron'), expression: z.string().meta({ example: '0 9 * * MON-FRI' }), ...bounds })
  .meta({
    id: 'CronSchedule',
    description: '5 fields, 6 with seconds first, 7 with a year last, or a macro such as @daily.',
  });

const IntervalSchedule = z
  .strictObject({
    type: z.literal('interval'),
    every: z.string().meta({ pattern: DURATION_PATTERN, example: 'PT15M' }),
    anchorAt: InstantText,
    ...bounds,
  })
  .meta({
    id: 'IntervalSchedule',
    description:
      'Counted from anchorAt; hours and shorter are elapsed time, days and longer calendar units in the zone.',
  });

const OnceSchedule = z
  .strictObject({ type: z.literal('once'), at: z.string().meta({ example: '2026-12-24T18:00' }), ...bounds })
  .meta({ id: 'OnceSchedule', description: 'An instant, or a local date-time in timeZone.' });

const RruleSchedule = z
  .strictObject({
    type: z.literal('rrule'),
    rule: z.string().meta({ example: 'FREQ=MONTHLY;BYDAY=-1FR' }),
    ...bounds,
    startAt: z.string().meta({
      description: "DTSTART: the start of the rule on the zone's wall clock; default: creation",
      example: '2026-01-01T17:00',
    }),
  })
  .meta({
    id: 'RruleSchedule',
    description:
      'RFC 5545, FREQ from DAILY to YEARLY: FREQ=…, or an RRULE line with RDATE and EXDATE lines. Counted from startAt, ' +
      "which gives what the rule leaves open; a time that a clock change leaves out moves by the change's length.",
  });

const ruleBounds = {
  timeZone: bounds.timeZone.optional().meta({ description: "IANA time zone; default: the union's" }),
  startAt: bounds.startAt,
  endAt: bounds.endAt,
  dst: bounds.dst,
};
const MOST_RULES = 20;

const AnyOfSchedule = z
  .strictObject({
    type: z.literal('anyOf'),
    anyOf: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({ type: z.literal('cron'), expression: z.string(), ...ruleBounds }),
          z.strictObject({
            type: z.literal('interval'),
            every: z.string().meta({ pattern: DURATION_PATTERN, example: 'PT15M' }),
            anchorAt: InstantText,
            ...ruleBounds,
          }),
          z.strictObject({ type: z.literal('once'), at: z.string(), ...ruleBounds }),
          z.strictObject({ type: z.literal('rrule'), rule: z.string(), ...ruleBounds, startAt: z.string() }),
        ]),
      )
      .min(2)
      .max(MOST_RULES),
    ...bounds,
  })
  .meta({
    id: 'AnyOfSchedule',
    description: 'Fires when any of its rules does; an instant that two of them share is one occurrence.',
  });

/** A schedule in answers: normalised. */
export const ScheduleView = z
  .discriminatedUnion('type', [CronSchedule, IntervalSchedule, OnceSchedule, RruleSchedule, AnyOfSchedule])
  .meta({ id: 'Schedule', example: { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Europe/Paris' } });

const inputBounds = {
  ...bounds,
  timeZone: z.string().default('UTC'),
};

const WORDS_EXAMPLES =
  'every Monday at 9am, every 90 minutes, weekdays at 18:30, last day of the month at 23:59, every other Tuesday at noon, ' +
  'in 20 minutes, tomorrow at 5pm';

const ScheduleTextInput = z.string().meta({
  description:
    'A cron expression (0 9 * * 1), a macro (@daily), a duration (PT15M), a recurrence rule (FREQ=…), an instant, or ' +
    `an English phrase of at most ${MAX_WORDS_LENGTH} characters: ${WORDS_EXAMPLES}. A phrase may end with its time zone`,
  example: 'every Monday at 9am Europe/Paris',
});

const cronInput = { type: z.literal('cron'), expression: z.string() };
const intervalInput = { type: z.literal('interval'), every: z.string(), anchorAt: z.string().optional() };
const onceInput = { type: z.literal('once'), at: z.string() };
const rruleInput = {
  type: z.literal('rrule'),
  rule: z.string().meta({
    description: 'FREQ=…, or lines of an iCalendar: RRULE, DTSTART, RDATE, EXDATE',
    example: 'FREQ=MONTHLY;BYDAY=-1FR',
    maxLength: MAX_RULE_LENGTH,
  }),
};
const rruleStart = z.string().optional().meta({
  description: "DTSTART on the zone's wall clock; default: that line, or creation",
  example: '2026-01-01T17:00',
});
const wordsInput = {
  type: z.literal('words'),
  text: z.string().meta({
    description: `An English phrase: ${WORDS_EXAMPLES}. It comes back as a schedule of one of the other types`,
    example: 'weekdays at 18:30',
    maxLength: MAX_WORDS_LENGTH,
  }),
};
const zoneDefault = (description: string): z.ZodOptional<z.ZodString> =>
  z
    .string()
    .optional()
    .meta({ description: `Default: ${description}` });

const SCHEDULE_INPUT_SHAPES = [
  ScheduleTextInput,
  z.strictObject({ ...cronInput, ...inputBounds }),
  z.strictObject({ ...intervalInput, ...inputBounds }),
  z.strictObject({ ...onceInput, ...inputBounds }),
  z.strictObject({
    ...rruleInput,
    ...inputBounds,
    startAt: rruleStart,
    timeZone: zoneDefault('the TZID of DTSTART, or UTC'),
  }),
  z.strictObject({ ...wordsInput, ...inputBounds, timeZone: zoneDefault('the one that the phrase ends with, or UTC') }),
  z
    .strictObject({
      type: z.literal('anyOf').optional(),
      anyOf: z
        .array(
          z.union([
            ScheduleTextInput,
            z.strictObject({ ...cronInput, ...ruleBounds }),
            z.strictObject({ ...intervalInput, ...ruleBounds }),
            z.strictObject({ ...onceInput, ...ruleBounds }),
            z.strictObject({
              ...rruleInput,
              ...ruleBounds,
              startAt: rruleStart,
              timeZone: zoneDefault("the TZID of DTSTART, or the union's"),
            }),
            z.strictObject({
              ...wordsInput,
              ...ruleBounds,
              timeZone: zoneDefault("the one that the phrase ends with, or the union's"),
            }),
          ]),
        )
        .min(2)
        .max(MOST_RULES),
      ...inputBounds,
    })
    .meta({
      description:
        'Several rules: fires when any of them does. What a rule does not name of zone and dst is the whole one.',
      example: { anyOf: ['0 9 * * MON-FRI', { type: 'cron', expression: '0 11 * * SAT' }], timeZone: 'Europe/Paris' },
    }),
].map((shape) => {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' });
  return schema;
});

/**
 * A schedule in requests, checked by the domain and handed on as it came: who takes it normalises it with the time at
 * hand, which decides an interval's anchor.
 */
export const ScheduleInput = z
  .unknown()
  .superRefine((input, context) => {
    if (input === undefined) {
      context.addIssue({ code: 'custom', message: 'is required', params: { code: 'required' } });
      return;
    }
    // Nothing is refused because of the time: any will do.
    const parsed = parseSchedule(input, { now: 0 });
    for (const { pointer, detail, ...params } of parsed.ok ? [] : parsed.problems) {
      context.addIssue({ code: 'custom', path: pathOf(pointer), message: detail, params });
    }
  })
  .meta({
    id: 'ScheduleInput',
    description:
      'A schedule, or a text that stands for one. A phrase that is not understood, or has two meanings, is refused ' +
      '(`unknown_words`, `ambiguous_words`) with the `words` at fault and two `suggestions` that are understood.',
    anyOf: SCHEDULE_INPUT_SHAPES,
    example: { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Europe/Paris' },
  });

function pathOf(pointer: string): string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export const OccurrenceEditView = z
  .strictObject({
    action: z.enum(EDIT_ACTIONS),
    to: InstantText.nullable().meta({ description: 'Of `move`: when it is due instead' }),
    body: z.unknown().optional().meta({ description: "In place of the job's" }),
    note: z.string().nullable().meta({ example: 'public holiday' }),
  })
  .meta({ id: 'OccurrenceEdit' });

const NOTE = z.string().optional().meta({
  description: 'Why it does not stand at its wall-clock time, how far jitter may go, or how it was edited',
  example: 'moved: 02:30 does not exist',
});

const LOCAL = z
  .string()
  .meta({ description: "The zone's wall clock with its offset", example: '2026-03-30T09:00:00+02:00' });

/** One occurrence of a job. */
export const OccurrenceView = z
  .strictObject({
    scheduledFor: InstantText,
    local: LOCAL,
    note: NOTE,
    dueAt: InstantText.optional().meta({ description: 'Where it is due at another instant: by jitter, or moved' }),
    edit: OccurrenceEditView.optional(),
  })
  .meta({ id: 'Occurrence' });
export type OccurrenceView = z.infer<typeof OccurrenceView>;

/** What a schedule will do. */
export const PreviewView = z
  .strictObject({
    schedule: ScheduleView,
    text: z.string().meta({ example: 'At 09:00, Monday through Friday (Europe/Paris)' }),
    occurrences: z.array(z.strictObject({ scheduledFor: InstantText, local: LOCAL, note: NOTE })),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'SchedulePreview' });

/** What a job will do. */
export const JobPreviewView = PreviewView.extend({ occurrences: z.array(OccurrenceView) }).meta({ id: 'JobPreview' });

export function viewOfOccurrence({ edit, ...occurrence }: PreviewedOfJob): OccurrenceView {
  return { ...occurrence, ...(edit !== undefined && { edit: viewOfEdit(edit) }) };
}

export function viewOfEdit({ action, to, body, note }: OccurrenceEdit): z.infer<typeof OccurrenceEditView> {
  return {
    action,
    to: to === null ? null : formatInstant(to),
    ...(body !== null && { body: JSON.parse(body) as unknown }),
    note,
  };
}
