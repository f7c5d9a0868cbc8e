import { z } from 'zod';
import { ItemProblem } from '../../platform/contract/item-problem.js';
import { IdText } from '../../platform/contract/values.schema.js';
import { JOB_EXAMPLE, JobListQuery, JobPatch, PauseMembers } from '../job.schemas.js';

export const MAX_BULK = 1_000;

const { state, label, q } = JobListQuery.shape;

const BulkFilter = z
  .strictObject({ state, label, q })
  .refine((filter) => filter.state !== undefined || filter.label.length > 0 || filter.q !== undefined, {
    error: 'names no filter',
    params: { code: 'too_few' },
  })
  .meta({
    id: 'BulkFilter',
    description: `As the list of jobs has them, joined by "and"; one at least. No more than ${MAX_BULK} jobs may match.`,
    example: { state: 'active', label: ['team:billing'] },
  });

/** Longer than an id, so that what is none is told as such. */
const ANY_ID = z.string().max(100);

const dryRun = z
  .boolean()
  .default(false)
  .meta({ description: 'Only tell what would become of each; nothing is written' });

const targets = {
  ids: z.array(ANY_ID).min(1).max(MAX_BULK).optional().meta({ description: 'Ids of jobs; or `filter`' }),
  filter: BulkFilter.optional(),
  dryRun,
};

interface Targets {
  readonly ids?: unknown;
  readonly filter?: unknown;
}

const ONE_OF = {
  oneOf: ['ids', 'filter'].map((name) => ({ type: 'object', required: [name], properties: { [name]: {} } })),
};

function refuseBoth({ ids, filter }: Targets, context: z.RefinementCtx): void {
  if ((ids === undefined) !== (filter === undefined)) return;
  const [code, message] =
    ids === undefined ? ['required', 'is required, or filter'] : ['not_allowed', 'is not possible beside ids'];
  context.addIssue({ code: 'custom', path: [ids === undefined ? 'ids' : 'filter'], message, params: { code } });
}

const BulkCreate = z
  .strictObject({
    action: z.literal('create'),
    // Each is checked apart, so that a bad one keeps no other from being created.
    jobs: z
      .array(z.unknown().meta({ $ref: '#/components/schemas/JobInput' }))
      .min(1)
      .max(MAX_BULK),
    dryRun,
  })
  .meta({ id: 'BulkCreate', example: { action: 'create', jobs: [JOB_EXAMPLE] } });

const BulkUpdate = z
  .strictObject({ action: z.literal('update'), ...targets, patch: JobPatch })
  .superRefine((input, context) => {
    refuseBoth(input, context);
    if (!Object.hasOwn(input.patch, 'name')) return;
    const message = 'is not possible for many: names are unique';
    context.addIssue({ code: 'custom', path: ['patch', 'name'], message, params: { code: 'not_allowed' } });
  })
  .meta({
    id: 'BulkUpdate',
    description: 'The same merge patch for each job; a name can not be changed.',
    example: { action: 'update', filter: { label: ['team:billing'] }, patch: { retry: { maxAttempts: 5 } } },
    ...ONE_OF,
  });

const BulkPause = z
  .strictObject({ action: z.literal('pause'), ...targets, ...PauseMembers })
  .superRefine(refuseBoth)
  .meta({
    id: 'BulkPause',
    example: { action: 'pause', filter: { label: ['team:billing'] }, note: 'maintenance' },
    ...ONE_OF,
  });

const ids = ['0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11'];

const BulkResume = z
  .strictObject({ action: z.literal('resume'), ...targets })
  .superRefine(refuseBoth)
  .meta({ id: 'BulkResume', example: { action: 'resume', filter: { state: 'paused' } }, ...ONE_OF });

const BulkDelete = z
  .strictObject({ action: z.literal('delete'), ...targets })
  .superRefine(refuseBoth)
  .meta({ id: 'BulkDelete', example: { action: 'delete', ids, dryRun: true }, ...ONE_OF });

const BulkTrigger = z
  .strictObject({
    action: z.literal('trigger'),
    ...targets,
    body: z
      .unknown()
      .optional()
      .meta({ description: "Any JSON, in place of each job's body; absent or null: the job's" }),
  })
  .superRefine(refuseBoth)
  .meta({ id: 'BulkTrigger', example: { action: 'trigger', ids, body: { report: 'again' } }, ...ONE_OF });

export const BulkInput = z
  .discriminatedUnion('action', [BulkCreate, BulkUpdate, BulkPause, BulkResume, BulkDelete, BulkTrigger])
  .meta({
    id: 'BulkInput',
    description: `One action on up to ${MAX_BULK} jobs.`,
    example: { action: 'pause', filter: { label: ['team:billing'] }, note: 'maintenance', dryRun: true },
  });
export type BulkInput = z.infer<typeof BulkInput>;
export type BulkCreate = z.infer<typeof BulkCreate>;
export type BulkChange = Exclude<BulkInput, BulkCreate>;

const BulkResult = z
  .strictObject({
    id: z
      .string()
      .nullable()
      .meta({ description: 'Of the job, as it was given; null for one that was not created', example: ids[0] }),
    name: z.string().nullable().meta({ description: 'Of the job; null where there is none' }),
    status: z.int().meta({ description: 'As the operation for one job answers', example: 200 }),
    runId: IdText.nullable().meta({ description: '`trigger`: the new run' }),
    problem: ItemProblem.nullable(),
  })
  .meta({ id: 'BulkResult' });
export type BulkResult = z.infer<typeof BulkResult>;

export const BulkView = z
  .strictObject({
    action: z.enum(['create', 'update', 'pause', 'resume', 'delete', 'trigger']),
    dryRun: z.boolean(),
    succeeded: z.int(),
    failed: z.int(),
    results: z
      .array(BulkResult)
      .meta({ description: 'In the order of `jobs` or `ids`; of a filter, the oldest job first' }),
  })
  .meta({
    id: 'Bulk',
    example: {
      action: 'pause',
      dryRun: false,
      succeeded: 1,
      failed: 1,
      results: [
        { id: ids[0], name: 'nightly-report', status: 200, runId: null, problem: null },
        {
          id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12',
          name: null,
          status: 404,
          runId: null,
          problem: {
            type: 'urn:carillon:problem:not_found',
            title: 'Not found',
            status: 404,
            detail: 'there is no such job',
            code: 'not_found',
            errors: [{ pointer: '/ids/1', code: 'not_found', detail: 'there is no such job' }],
          },
        },
      ],
    },
  });
export type BulkView = z.infer<typeof BulkView>;
