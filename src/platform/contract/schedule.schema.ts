import { z } from 'zod';
import { MAX_CALENDAR_NAME, MOST_CALENDARS } from '../../domain/recurrence/common-members.js';
import { parseSchedule } from '../../domain/recurrence/parse-schedule.js';
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
  .discriminatedUnion('type', [CronSchedule, IntervalSchedule, OnceSchedule, AnyOfSchedule])
  .meta({ id: 'Schedule', example: { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Europe/Paris' } });

const inputBounds = {
  ...bounds,
  timeZone: z.string().default('UTC'),
};

const ScheduleTextInput = z
  .string()
  .meta({ description: 'A cron expression, a macro, a duration or an instant', example: '0 9 * * 1' });

const cronInput = { type: z.literal('cron'), expression: z.string() };
const intervalInput = { type: z.literal('interval'), every: z.string(), anchorAt: z.string().optional() };
const onceInput = { type: z.literal('once'), at: z.string() };

const SCHEDULE_INPUT_SHAPES = [
  ScheduleTextInput,
  z.strictObject({ ...cronInput, ...inputBounds }),
  z.strictObject({ ...intervalInput, ...inputBounds }),
  z.strictObject({ ...onceInput, ...inputBounds }),
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
    for (const { pointer, code, detail } of parsed.ok ? [] : parsed.problems) {
      context.addIssue({ code: 'custom', path: pathOf(pointer), message: detail, params: { code } });
    }
  })
  .meta({
    id: 'ScheduleInput',
    description: 'A schedule, or a text that stands for one.',
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

/** What a schedule will do. */
export const PreviewView = z
  .strictObject({
    schedule: ScheduleView,
    text: z.string().meta({ example: 'At 09:00, Monday through Friday (Europe/Paris)' }),
    occurrences: z.array(
      z.strictObject({
        scheduledFor: InstantText,
        local: z
          .string()
          .meta({ description: "The zone's wall clock with its offset", example: '2026-03-30T09:00:00+02:00' }),
        note: z.string().optional().meta({
          description: 'Why it does not stand at its wall-clock time',
          example: 'moved: 02:30 does not exist',
        }),
      }),
    ),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'SchedulePreview' });
