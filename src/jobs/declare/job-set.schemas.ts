import { z } from 'zod';
import { SECRET_MASK } from '../../domain/target-secrets.js';
import { IdText } from '../../platform/contract/values.schema.js';
import { flag, flagMeta, JOB_EXAMPLE, JobInput } from '../job.schemas.js';

/** Beyond, a set would hold its rows' locks for longer than a due job may wait. */
export const MAX_SET = 5_000;

export const DeclaredJob = JobInput.extend({
  paused: z.boolean().optional().meta({ description: 'Absent: it stays as it is, and a new job is active' }),
}).meta({ id: 'DeclaredJob', description: 'A job as it is to be.', example: JOB_EXAMPLE });
export type DeclaredJob = z.infer<typeof DeclaredJob>;

/** What the description says; the jobs are checked one by one, so that none of 5,000 keeps the process from others. */
export const JobSet = z.strictObject({ jobs: z.array(DeclaredJob).max(MAX_SET) }).meta({
  id: 'JobSet',
  description: 'All jobs of a project, each by its name. Masked secrets stand for what is stored.',
  example: { jobs: [JOB_EXAMPLE] },
});

export const PutSetQuery = z.strictObject({
  dryRun: flag.meta(flagMeta('Only says what would be done')),
  prune: flag.meta(flagMeta('Deletes the jobs that the set does not name')),
});
export type PutSetQuery = z.infer<typeof PutSetQuery>;

export const EXPORT_FORMATS = ['json', 'yaml', 'crontab'] as const;
export const ExportQuery = z.strictObject({
  format: z.enum(EXPORT_FORMATS).default('json').meta({ description: 'json and yaml can be sent back as they are' }),
});
export type ExportQuery = z.infer<typeof ExportQuery>;

export const IMPORT_FORMATS = ['crontab', 'kubernetes', 'eventbridge', 'cloud-scheduler'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

const MAX_TARGET = 2_000;

export const ImportQuery = z.strictObject({
  format: z.enum(IMPORT_FORMATS).optional().meta({
    description: 'Default: plain text is a crontab, the others are told by their members',
  }),
  dryRun: flag.meta(flagMeta('Only says what would be done')),
  target: z.string().min(1).max(MAX_TARGET).optional().meta({
    description:
      'URL of a POST for what calls none in the other system (commands, containers, functions); `{{name}}` stands for the name of the job, percent-encoded',
    example: 'https://runner.example.com/run/{{name}}',
  }),
  timeZone: z.string().max(100).optional().meta({
    description: "IANA time zone of the crontab's machine or of the cluster, where the source names none; default UTC",
    example: 'Europe/Berlin',
  }),
  userColumn: flag.meta(flagMeta('A crontab with a column of users, as /etc/crontab')),
});
export type ImportQuery = z.infer<typeof ImportQuery>;

/** A source of any of the formats. */
export const ImportSource = z.union([z.string(), z.looseObject({}), z.array(z.unknown())]).meta({
  id: 'ImportSource',
  description:
    'A crontab as text/plain; CronJobs (one, a List, several documents); schedules of EventBridge Scheduler as get-schedule answers them; jobs of Cloud Scheduler as `gcloud scheduler jobs list` writes them. All but the first as JSON or YAML.',
  example: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly-report' },
    spec: { schedule: '0 2 * * *', timeZone: 'Europe/Paris', concurrencyPolicy: 'Forbid' },
  },
});

const Step = z
  .strictObject({
    action: z.enum(['create', 'change', 'delete', 'keep']),
    name: z.string().meta({ example: 'nightly-report' }),
    id: IdText.nullable().meta({ description: 'Null for a job that a dry run did not create' }),
    changes: z
      .array(z.string())
      .optional()
      .meta({ description: 'Of a change: the members that differ', example: ['schedule', 'retry'] }),
    scheduleText: z.string().optional().meta({ example: 'At 09:00, Monday through Friday (Europe/Paris)' }),
  })
  .meta({ id: 'JobSetStep' });

const planMembers = {
  dryRun: z.boolean(),
  summary: z.strictObject({ create: z.int(), change: z.int(), delete: z.int(), keep: z.int() }),
  plan: z.array(Step).meta({ description: 'In the order of the set; deletions last' }),
};

const PLAN_EXAMPLE = {
  dryRun: false,
  summary: { create: 1, change: 0, delete: 0, keep: 0 },
  plan: [
    {
      action: 'create',
      name: JOB_EXAMPLE.name,
      id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
      scheduleText: 'At 09:00, Monday through Friday (Europe/Paris)',
    },
  ],
} as const;

export const PlanView = z
  .strictObject(planMembers)
  .meta({ id: 'JobSetPlan', example: { ...PLAN_EXAMPLE, plan: [...PLAN_EXAMPLE.plan] } });
export type PlanView = z.infer<typeof PlanView>;
export type StepView = PlanView['plan'][number];

const Loss = z
  .strictObject({
    scope: z
      .enum(['document', 'job', 'setting'])
      .meta({ description: '`job`: it is not there at all; `setting`: it is, without or with another setting' }),
    job: z.string().nullable().meta({ description: 'Name of the job, where it has one' }),
    pointer: z.string().nullable().meta({ description: 'JSON pointer into what was sent', example: '/spec/suspend' }),
    line: z.int().nullable().meta({ description: 'Line of a crontab' }),
    code: z.string().meta({ example: 'no_equivalent' }),
    detail: z.string(),
  })
  .meta({ id: 'ImportLoss' });

export const ImportView = z.strictObject({ ...planMembers, notCarriedOver: z.array(Loss) }).meta({
  id: 'JobImport',
  example: {
    ...PLAN_EXAMPLE,
    plan: [...PLAN_EXAMPLE.plan],
    notCarriedOver: [
      {
        scope: 'setting',
        job: JOB_EXAMPLE.name,
        pointer: '/spec/successfulJobsHistoryLimit',
        line: null,
        code: 'no_equivalent',
        detail: 'has no counterpart here',
      },
    ],
  },
});
export type ImportView = z.infer<typeof ImportView>;

export const EXPORT_EXAMPLE = {
  jobs: [
    {
      ...{ name: JOB_EXAMPLE.name, description: '', labels: { team: 'billing' }, schedule: JOB_EXAMPLE.schedule },
      target: {
        ...{ type: 'http', method: 'POST', url: JOB_EXAMPLE.target.url },
        ...{ headers: { authorization: { value: SECRET_MASK, secret: true } }, timeout: 'PT30S' },
        success: { statuses: ['2xx'] },
      },
      retry: { maxAttempts: 3, backoff: 'exponential', initialDelay: 'PT1S', maxDelay: 'PT5M', maxElapsed: 'PT1H' },
      overlap: 'allow',
      misfire: { policy: 'runLast', grace: 'PT10S', within: 'PT1H', limit: 100 },
    },
  ],
} as const;
