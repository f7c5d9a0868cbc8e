import { z } from 'zod';
import type { RetryPolicy } from '../domain/job.js';
import { SECRET_MASK } from '../domain/target-secrets.js';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import { MISFIRE_POLICIES, MisfireInput, OverlapInput, OVERLAPS } from '../platform/contract/policies.schema.js';
import { ScheduleInput, ScheduleView } from '../platform/contract/schedule.schema.js';
import {
  durationMeta,
  DurationText,
  elapsedInput,
  IdText,
  InstantInput,
  InstantText,
} from '../platform/contract/values.schema.js';
import { TargetInput, TargetView } from '../platform/contract/target.schema.js';

const DAY_MS = 86_400_000;
const MAX_NAME = 200;
const MAX_DESCRIPTION = 2_000;
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 200;
const MAX_NOTE = 500;
export const MAX_QUERY_TEXT = 200;

const LABEL_KEY = /^[A-Za-z0-9._/-]{1,63}$/;
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LINES = /[^\P{Cc}\t\n\r]/u;

/** Characters are counted as Postgres and people count them, not in halves of surrogate pairs. */
function textUpTo(most: number) {
  return z
    .string()
    .refine((text) => text.length <= most || Array.from(text).length <= most, {
      error: `must have at most ${most} characters`,
      params: { code: 'too_long' },
    })
    .meta({ maxLength: most });
}

export const Name = textUpTo(MAX_NAME)
  .min(1)
  .refine((text) => !CONTROL.test(text), { error: 'holds a control character', params: { code: 'invalid_text' } })
  .refine((text) => text.trim() === text, { error: 'starts or ends with a space', params: { code: 'invalid_text' } })
  .meta({ minLength: 1, maxLength: MAX_NAME, description: 'Unique in the project', example: 'nightly-report' });

export const Description = textUpTo(MAX_DESCRIPTION)
  .refine((text) => !CONTROL_BUT_LINES.test(text), {
    error: 'holds a control character',
    params: { code: 'invalid_text' },
  })
  .meta({ maxLength: MAX_DESCRIPTION, example: 'Sends the sales figures' });

const Labels = z
  .record(z.string(), textUpTo(MAX_LABEL_VALUE))
  .superRefine((labels, context) => {
    const names = Object.keys(labels);
    const refuse = (code: string, message: string, path: string[] = []): void =>
      context.addIssue({ code: 'custom', path, message, params: { code } });
    if (names.length > MAX_LABELS) refuse('too_many', `has ${names.length} members; at most ${MAX_LABELS} are allowed`);
    for (const name of names) {
      if (!LABEL_KEY.test(name)) {
        refuse('invalid_label', 'has a name that is not 1 to 63 letters, digits and ._/- long', [name]);
      }
    }
  })
  .meta({
    maxProperties: MAX_LABELS,
    description: 'Names of 1 to 63 letters, digits and ._/-; values of at most 200 characters',
    example: { team: 'billing' },
  });

/** A switch in a query. */
export const flag = z
  .enum(['true', 'false'])
  .optional()
  .transform((text) => text === 'true');

export function flagMeta(description: string) {
  return { type: 'boolean', default: false, description, enum: undefined };
}

const BACKOFFS = ['exponential', 'linear', 'fixed'] as const;

const RetryInput = z
  .strictObject({
    maxAttempts: z.int().min(1).max(100).default(3).meta({ description: 'The first attempt counts' }),
    backoff: z.enum(BACKOFFS).default('exponential'),
    initialDelay: elapsedInput(1, DAY_MS)
      .prefault('PT1S')
      .meta(durationMeta('Before the second attempt, up to 1 day', 'PT1S')),
    maxDelay: elapsedInput(1, 7 * DAY_MS)
      .prefault('PT5M')
      .meta(durationMeta('Longest delay, up to 7 days', 'PT5M')),
    maxElapsed: elapsedInput(1, 30 * DAY_MS)
      .prefault('PT1H')
      .meta(durationMeta('No attempt starts later than this after the first one, up to 30 days', 'PT1H')),
  })
  .superRefine(({ initialDelay, maxDelay }, context) => {
    if (initialDelay <= maxDelay) return;
    context.addIssue({
      code: 'custom',
      path: ['maxDelay'],
      message: 'is shorter than initialDelay',
      params: { code: 'out_of_range' },
    });
  })
  .transform(({ maxAttempts, backoff, initialDelay, maxDelay, maxElapsed }): RetryPolicy => ({
    maxAttempts,
    backoff,
    initialDelayMs: initialDelay,
    maxDelayMs: maxDelay,
    maxElapsedMs: maxElapsed,
  }))
  .meta({ id: 'RetryInput', description: 'How failed attempts are repeated.' });

const members = {
  description: Description.default(''),
  labels: Labels.default({}),
  schedule: ScheduleInput,
  target: TargetInput,
  retry: RetryInput.prefault({}),
  overlap: OverlapInput,
  misfire: MisfireInput.prefault({}),
};

export const JOB_EXAMPLE = {
  name: 'nightly-report',
  schedule: { type: 'cron', expression: '0 9 * * MON-FRI', timeZone: 'Europe/Paris' },
  target: { url: 'https://example.com/hooks/report' },
};

export const JobInput = z.strictObject({ name: Name, ...members }).meta({
  id: 'JobInput',
  description: 'A job as it is created. name, schedule and target are required.',
  example: JOB_EXAMPLE,
});
export type JobInput = z.infer<typeof JobInput>;

export const NamedJobInput = z
  .strictObject({ name: Name.optional().meta({ description: 'When given, the same as in the path' }), ...members })
  .meta({
    id: 'NamedJobInput',
    description: 'The whole job, but for its name: what is left out goes back to its default.',
    example: { schedule: JOB_EXAMPLE.schedule, target: JOB_EXAMPLE.target },
  });
export type NamedJobInput = z.infer<typeof NamedJobInput>;

/** A part of a patch: checked when it is merged, as a part of the whole job. Readers are told what it may be. */
function patched(schema: Readonly<Record<string, unknown>>) {
  return z.unknown().optional().meta(schema);
}

const TEXT_OR_NULL = { type: ['string', 'null'] };
const OBJECT_OR_NULL = { type: ['object', 'null'], additionalProperties: true };
const OBJECT_OR_TEXT = { type: ['object', 'string'], additionalProperties: true };

const patchMembers = {
  name: patched({ type: 'string' }),
  description: patched(TEXT_OR_NULL),
  labels: patched({ ...OBJECT_OR_NULL, additionalProperties: TEXT_OR_NULL }),
  schedule: patched(OBJECT_OR_TEXT),
  target: patched(OBJECT_OR_TEXT),
  retry: patched(OBJECT_OR_NULL),
  overlap: patched({ enum: [...OVERLAPS, null] }),
  misfire: patched(OBJECT_OR_NULL),
};

/** Refused here is only what no job has: merged, a null of it would be nothing to refuse. */
export const JobPatch = z.strictObject(patchMembers).meta({
  id: 'JobPatch',
  description:
    'A JSON merge patch (RFC 7396) of name, description, labels, schedule, target, retry, overlap and misfire: members are merged, null takes a member back to its default. A schedule of another type drops the members that only the old type knows.',
  example: { schedule: { expression: '30 9 * * MON-FRI' }, labels: { team: null } },
});

export const PauseMembers = {
  note: textUpTo(MAX_NOTE)
    .refine((text) => !CONTROL_BUT_LINES.test(text), {
      error: 'holds a control character',
      params: { code: 'invalid_text' },
    })
    .nullable()
    .optional()
    .meta({ description: 'Why, for people', example: 'maintenance' }),
  until: InstantInput.nullable().optional().meta({ description: 'Resumed by itself at this instant' }),
};

export const PauseInput = z.strictObject(PauseMembers).optional().meta({ id: 'PauseInput' });

export const JOB_STATES = ['active', 'paused', 'completed'] as const;
export const JOB_SORTS = ['name', '-name', 'nextRunAt', '-nextRunAt', 'createdAt', '-createdAt'] as const;

const LABEL_FILTER = /^[A-Za-z0-9._/-]{1,63}:/;

export const JobListQuery = z.strictObject({
  ...pageParameters,
  state: z.enum(JOB_STATES).optional().meta({ description: 'Only jobs in this state' }),
  label: z
    .preprocess(
      (given) => (typeof given === 'string' ? [given] : given),
      z.array(z.string().regex(LABEL_FILTER, 'is not name:value')).max(MAX_LABELS),
    )
    .optional()
    .transform((pairs) => pairs ?? [])
    .meta({ description: '`name:value`; repeat it for several, all of which must match', example: ['team:billing'] }),
  q: z.string().min(1).max(MAX_QUERY_TEXT).optional().meta({
    description:
      'Text in name, description or URL; case makes no difference. Under three letters in a row, a page may hold fewer rows than there are: go on to the next.',
    example: 'report',
  }),
  sort: z
    .enum(JOB_SORTS)
    .default('-createdAt')
    .meta({ description: '`-` for descending; default newest first. Jobs without a next run come last either way.' }),
});
export type JobListQuery = z.infer<typeof JobListQuery>;

export const JobView = z
  .strictObject({
    id: IdText,
    name: z.string().meta({ example: 'nightly-report' }),
    description: z.string(),
    labels: z.record(z.string(), z.string()).meta({ example: { team: 'billing' } }),
    schedule: ScheduleView,
    target: TargetView,
    retry: z.strictObject({
      maxAttempts: z.int(),
      backoff: z.enum(BACKOFFS),
      initialDelay: DurationText,
      maxDelay: DurationText,
      maxElapsed: DurationText,
    }),
    overlap: z.enum(OVERLAPS),
    misfire: z.strictObject({
      policy: z.enum(MISFIRE_POLICIES),
      grace: DurationText,
      within: DurationText,
      limit: z.int(),
    }),
    state: z.enum(JOB_STATES),
    pauseNote: z.string().nullable(),
    pausedUntil: InstantText.nullable(),
    nextRunAt: InstantText.nullable().meta({ description: 'When it is due next, jitter included; null unless active' }),
    lastRunAt: InstantText.nullable(),
    lastRunState: z.string().nullable().meta({ example: 'succeeded' }),
    runCount: z.int(),
    failureStreak: z.int().meta({ description: 'Runs that failed since the last success' }),
    scheduleText: z.string().meta({ example: 'At 09:00, Monday through Friday (Europe/Paris)' }),
    version: z.int(),
    createdAt: InstantText,
    updatedAt: InstantText,
  })
  .meta({
    id: 'Job',
    example: {
      id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
      name: 'nightly-report',
      description: '',
      labels: { team: 'billing' },
      schedule: JOB_EXAMPLE.schedule,
      target: {
        type: 'http',
        method: 'POST',
        url: 'https://example.com/hooks/report',
        headers: { authorization: { value: SECRET_MASK, secret: true } },
        timeout: 'PT30S',
        success: { statuses: ['2xx'] },
      },
      retry: { maxAttempts: 3, backoff: 'exponential', initialDelay: 'PT1S', maxDelay: 'PT5M', maxElapsed: 'PT1H' },
      overlap: 'allow',
      misfire: { policy: 'runLast', grace: 'PT10S', within: 'PT1H', limit: 100 },
      state: 'active',
      pauseNote: null,
      pausedUntil: null,
      nextRunAt: '2026-03-03T08:00:00.000Z',
      lastRunAt: '2026-03-02T08:00:00.004Z',
      lastRunState: 'succeeded',
      runCount: 41,
      failureStreak: 0,
      scheduleText: 'At 09:00, Monday through Friday (Europe/Paris)',
      version: 1,
      createdAt: '2026-01-02T10:20:30.123Z',
      updatedAt: '2026-01-02T10:20:30.123Z',
    },
  });
export type JobView = z.infer<typeof JobView>;

export const JobPage = z.strictObject({ data: z.array(JobView), page: PageInfo }).meta({ id: 'JobPage' });
