import { z } from 'zod';
import { ItemProblem } from '../../platform/contract/item-problem.js';
import { IdText, InstantInput } from '../../platform/contract/values.schema.js';
import { RUN_STATES } from '../run.schemas.js';

export const MAX_BULK_RUNS = 1_000;

const ENDS = ['succeeded', 'failed', 'cancelled', 'skipped'] as const;
const OPEN = ['queued', 'running', 'retrying', 'held'] as const;

/** Longer than an id, so that what is none is told as such. */
const ANY_ID = z.string().max(100);
const RUN_ID = '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21';

function membersOf<const States extends readonly [string, ...string[]]>(states: States) {
  const filter = z
    .strictObject({
      state: z.enum(states),
      jobId: z.guid().optional().meta({ description: 'Only runs of this job' }),
      from: InstantInput.optional().meta({ description: 'Earliest scheduledFor, inclusive' }),
      to: InstantInput.optional().meta({ description: 'Latest scheduledFor, inclusive' }),
    })
    .meta({ description: `As the list of runs has them. No more than ${MAX_BULK_RUNS} runs may match.` });
  return {
    ids: z.array(ANY_ID).min(1).max(MAX_BULK_RUNS).optional().meta({ description: 'Ids of runs; or `filter`' }),
    filter: filter.optional(),
    dryRun: z.boolean().default(false).meta({ description: 'Only tell what would become of each; nothing is written' }),
  };
}

const ONE_OF = {
  oneOf: ['ids', 'filter'].map((name) => ({ type: 'object', required: [name], properties: { [name]: {} } })),
};

interface Targets {
  readonly ids?: unknown;
  readonly filter?: unknown;
}

function refuseBoth({ ids, filter }: Targets, context: z.RefinementCtx): void {
  if ((ids === undefined) !== (filter === undefined)) return;
  const [code, message] =
    ids === undefined ? ['required', 'is required, or filter'] : ['not_allowed', 'is not possible beside ids'];
  context.addIssue({ code: 'custom', path: [ids === undefined ? 'ids' : 'filter'], message, params: { code } });
}

const BulkReplay = z
  .strictObject({ action: z.literal('replay'), ...membersOf(ENDS) })
  .superRefine(refuseBoth)
  .meta({
    id: 'RunBulkReplay',
    description: 'A new run for each, of its job as it is now, with the body that the ended one was given.',
    example: { action: 'replay', filter: { state: 'failed', from: '2026-03-02T00:00:00Z' }, dryRun: true },
    ...ONE_OF,
  });

const BulkCancel = z
  .strictObject({ action: z.literal('cancel'), ...membersOf(OPEN) })
  .superRefine(refuseBoth)
  .meta({ id: 'RunBulkCancel', example: { action: 'cancel', ids: [RUN_ID] }, ...ONE_OF });

export const RunBulkInput = z.discriminatedUnion('action', [BulkReplay, BulkCancel]).meta({
  id: 'RunBulkInput',
  description: `One action on up to ${MAX_BULK_RUNS} runs.`,
  example: { action: 'replay', ids: [RUN_ID] },
});
export type RunBulkInput = z.infer<typeof RunBulkInput>;

const RunBulkResult = z
  .strictObject({
    id: z.string().meta({ description: 'Of the run, as it was given', example: RUN_ID }),
    jobId: IdText.nullable(),
    jobName: z.string().nullable(),
    status: z.int().meta({ description: 'As the operation for one run answers', example: 202 }),
    runId: IdText.nullable().meta({ description: '`replay`: the new run; null in a dry run' }),
    state: z
      .enum(RUN_STATES)
      .nullable()
      .meta({ description: 'Of the new run, or of the one that was cancelled; null where nothing became of it' }),
    problem: ItemProblem.nullable(),
  })
  .meta({ id: 'RunBulkResult' });
export type RunBulkResult = z.infer<typeof RunBulkResult>;

export const RunBulkView = z
  .strictObject({
    action: z.enum(['replay', 'cancel']),
    dryRun: z.boolean(),
    matched: z.int().meta({ description: 'Runs that there are of those named, or that the filter found' }),
    succeeded: z.int(),
    failed: z.int(),
    results: z.array(RunBulkResult).meta({ description: 'In the order of `ids`; of a filter, the newest run first' }),
  })
  .meta({
    id: 'RunBulk',
    example: {
      action: 'replay',
      dryRun: false,
      matched: 1,
      succeeded: 1,
      failed: 0,
      results: [
        {
          id: RUN_ID,
          jobId: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
          jobName: 'nightly-report',
          status: 202,
          runId: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e22',
          state: 'queued',
          problem: null,
        },
      ],
    },
  });
export type RunBulkView = z.infer<typeof RunBulkView>;
