import { z } from 'zod';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import { IdText, InstantInput, InstantText } from '../platform/contract/values.schema.js';

export const MAX_BACKFILL = 1_000;

export const RUN_STATES = [
  'queued',
  'running',
  'retrying',
  'held',
  'succeeded',
  'failed',
  'cancelled',
  'skipped',
] as const;
const RUN_TRIGGERS = ['schedule', 'manual', 'backfill', 'replay', 'misfire'] as const;
const ATTEMPT_OUTCOMES = ['succeeded', 'failed', 'timedOut', 'cancelled', 'lost'] as const;

const ErrorView = z
  .strictObject({
    code: z.string().meta({ description: 'Stable, for programs', example: 'timeout' }),
    message: z.string(),
  })
  .meta({ id: 'RunError' });

const elapsed = (description: string) => z.int().nullable().meta({ description });

const TimingsView = z
  .strictObject({
    queuedMs: elapsed('The run could be claimed'),
    claimedMs: elapsed('A worker took it'),
    resolvedMs: elapsed('The addresses of the target were known'),
    connectedMs: elapsed('The connection was made, TLS included'),
    firstByteMs: elapsed('The answer began'),
    doneMs: elapsed('The call was over'),
  })
  .meta({
    id: 'AttemptTimings',
    description:
      'Milliseconds from `startedAt`: what came before it is 0 or less. Null: not known, or it did not happen, as with a ' +
      'connection that was kept.',
  });

const AttemptView = z
  .strictObject({
    number: z.int(),
    startedAt: InstantText,
    durationMs: z.int().nullable(),
    outcome: z.enum(ATTEMPT_OUTCOMES),
    status: z.int().nullable().meta({ description: 'HTTP status of the answer' }),
    error: ErrorView.nullable(),
    timings: TimingsView.nullable().meta({ description: 'Null: nobody measured' }),
  })
  .meta({ id: 'Attempt', description: 'One delivery of a run to its target.' });

const runMembers = {
  id: IdText,
  jobId: IdText,
  jobName: z.string().meta({ example: 'nightly-report' }),
  jobVersion: z.int().meta({ description: 'The version of the job that planned it' }),
  scheduledFor: InstantText,
  trigger: z.enum(RUN_TRIGGERS),
  state: z.enum(RUN_STATES),
  reason: z.string().nullable().meta({ description: 'Why it was skipped, cancelled or failed', example: null }),
  attempt: z.int().meta({ description: 'Number of the last attempt; 0 before the first' }),
  maxAttempts: z.int(),
  startedAt: InstantText.nullable(),
  finishedAt: InstantText.nullable(),
  latenessMs: z.int().nullable().meta({ description: 'Start of the first attempt minus the due instant' }),
  durationMs: z.int().nullable().meta({ description: 'Of the last attempt' }),
  response: z.strictObject({ status: z.int(), bodyExcerpt: z.string() }).nullable(),
  error: ErrorView.nullable(),
};

const RUN_EXAMPLE = {
  id: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21',
  jobId: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
  jobName: 'nightly-report',
  jobVersion: 4,
  scheduledFor: '2026-03-02T08:00:00.000Z',
  trigger: 'schedule',
  state: 'succeeded',
  reason: null,
  attempt: 1,
  maxAttempts: 3,
  startedAt: '2026-03-02T08:00:00.004Z',
  finishedAt: '2026-03-02T08:00:00.035Z',
  latenessMs: 4,
  durationMs: 31,
  response: { status: 200, bodyExcerpt: 'ok' },
  error: null,
};
const ATTEMPT_EXAMPLE = {
  number: 1,
  startedAt: '2026-03-02T08:00:00.004Z',
  durationMs: 31,
  outcome: 'succeeded',
  status: 200,
  error: null,
  timings: { queuedMs: -3, claimedMs: -1, resolvedMs: 1, connectedMs: 4, firstByteMs: 30, doneMs: 31 },
};

/** A run in a list. */
export const RunSummary = z.strictObject(runMembers).meta({ id: 'RunSummary', example: RUN_EXAMPLE });
export type RunSummary = z.infer<typeof RunSummary>;

export const RunView = z
  .strictObject({ ...runMembers, attempts: z.array(AttemptView) })
  .meta({ id: 'Run', example: { ...RUN_EXAMPLE, attempts: [ATTEMPT_EXAMPLE] } });
export type RunView = z.infer<typeof RunView>;

export const RunPageView = z.strictObject({ data: z.array(RunSummary), page: PageInfo }).meta({ id: 'RunPage' });

const listParameters = {
  ...pageParameters,
  state: z.enum(RUN_STATES).optional().meta({
    description: 'Only runs in this state. A page may hold fewer rows than there are: go on to the next.',
  }),
  from: InstantInput.optional().meta({ description: 'Earliest scheduledFor, inclusive' }),
  to: InstantInput.optional().meta({ description: 'Latest scheduledFor, inclusive' }),
};

export const JobRunsQuery = z.strictObject(listParameters);
export type JobRunsQuery = z.infer<typeof JobRunsQuery>;

export const RunsQuery = z.strictObject({
  ...listParameters,
  jobId: z.guid().optional().meta({ description: 'Only runs of this job' }),
});
export type RunsQuery = z.infer<typeof RunsQuery>;

export const TriggerInput = z
  .strictObject({
    body: z
      .unknown()
      .optional()
      .meta({ description: "Any JSON, in place of the job's body; absent or null: the job's" }),
  })
  .optional()
  .meta({ id: 'TriggerInput', example: { body: { report: 'again' } } });

export const BackfillInput = z
  .strictObject({
    from: InstantInput.meta({
      description: 'First instant, inclusive; within the retention of runs',
      example: '2026-03-01T00:00:00Z',
    }),
    to: InstantInput.meta({
      description: 'Last instant, inclusive; not in the future',
      example: '2026-03-02T00:00:00Z',
    }),
    limit: z.int().min(1).max(MAX_BACKFILL).default(100).meta({ description: 'At most so many, the earliest' }),
    dryRun: z.boolean().default(false).meta({ description: 'Only tell what would be planned' }),
  })
  .superRefine(({ from, to }, context) => {
    if (from <= to) return;
    context.addIssue({ code: 'custom', path: ['to'], message: 'is before from', params: { code: 'out_of_range' } });
  })
  .meta({ id: 'BackfillInput', example: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z', dryRun: true } });
export type BackfillInput = z.infer<typeof BackfillInput>;

export const BackfillView = z
  .strictObject({
    planned: z.int(),
    occurrences: z.array(
      z.strictObject({ scheduledFor: InstantText, local: z.string().meta({ example: '2026-03-01T09:00:00+01:00' }) }),
    ),
    truncated: z.boolean().meta({ description: 'There may be more in the range: go on from the last one' }),
  })
  .meta({ id: 'Backfill' });
export type BackfillView = z.infer<typeof BackfillView>;
