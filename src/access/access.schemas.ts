import { z } from 'zod';
import { KEY_ROLES } from '../domain/access.js';
import type { ApiKey, Project } from '../domain/access.js';
import { LEAST_WINDOW_MS, LONGEST_WINDOW_MS, MAX_REQUESTS } from '../domain/rate-limit.js';
import type { RateLimit } from '../domain/rate-limit.js';
import { formatElapsed } from '../domain/recurrence/duration.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import {
  durationMeta,
  DurationText,
  elapsedInput,
  IdText,
  InstantInput,
  InstantText,
  isUuid,
} from '../platform/contract/values.schema.js';

const MAX_KEY_NAME = 200;
const MAX_OVERLAP_MS = 30 * 86_400_000;

/** A header carries it, so it is plain; and it can't be taken for an id. */
const ProjectName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is not 1 to 63 letters, digits and ._-, a letter or digit first')
  .refine((name) => !isUuid(name), { error: 'looks like an id', params: { code: 'invalid_text' } })
  .meta({ description: 'Unique; the header `Carillon-Project` takes it', example: 'billing' });

const MAX_QUOTA = 1_000_000_000;
const LONGEST_INTERVAL_MS = 366 * 86_400_000;
const FIRES_TEXT =
  'How often the schedules of all jobs together fire; each counts as on a day on which it fires (`0 9 * * MON`: once in 1,440 minutes)';

const RateLimitInput = z
  .strictObject({
    requests: z.int().min(1).max(MAX_REQUESTS).meta({ example: 6000 }),
    window: elapsedInput(LEAST_WINDOW_MS, LONGEST_WINDOW_MS).meta({
      type: 'string',
      format: 'duration',
      description: 'From 1 second to a day',
      example: 'PT1M',
    }),
  })
  .transform(({ requests, window }): RateLimit => ({ requests, windowMs: window }))
  .nullable()
  .optional();

const RateLimitsInput = z
  .strictObject({
    perKey: RateLimitInput.meta({ description: 'For each key; null: as RATE_LIMIT has it' }),
    total: RateLimitInput.meta({ description: 'For all keys together; null: ten times RATE_LIMIT' }),
  })
  .meta({ description: 'So many requests in any stretch of time as long as the window' });

const wholeQuota = (description: string) =>
  z.int().min(0).max(MAX_QUOTA).nullable().optional().meta({ description, example: 1000 });

const QuotasInput = z
  .strictObject({
    jobs: wholeQuota('Jobs, whatever their state'),
    firesPerMinute: z
      .number()
      .min(0)
      .max(MAX_QUOTA)
      .nullable()
      .optional()
      .meta({ description: FIRES_TEXT, example: 600 }),
    concurrentRuns: wholeQuota('Calls under way at the same time; further runs wait').meta({ example: 50 }),
    leastInterval: elapsedInput(1_000, LONGEST_INTERVAL_MS)
      .nullable()
      .optional()
      .meta({
        ...{ type: ['string', 'null'], example: 'PT1M' },
        description: 'What lies at least between two occurrences of one job',
      }),
  })
  .meta({ description: 'Null: as much as it likes. What is there already stays when a quota is lowered.' });

const planMembers = { rateLimits: RateLimitsInput.optional(), quotas: QuotasInput.optional() };
const PLAN_EXAMPLE = {
  rateLimits: { perKey: null, total: { requests: 6000, window: 'PT1M' } },
  quotas: { jobs: 1000, firesPerMinute: 600, concurrentRuns: 50, leastInterval: 'PT1M' },
};

export const ProjectInput = z
  .strictObject({ name: ProjectName, ...planMembers })
  .meta({ id: 'ProjectInput', example: { name: 'billing' } });
export type ProjectInput = z.infer<typeof ProjectInput>;

export const ProjectPatch = z
  .strictObject(planMembers)
  .meta({ id: 'ProjectPatch', description: 'A JSON merge patch', example: PLAN_EXAMPLE });
export type ProjectPatch = z.infer<typeof ProjectPatch>;

const RateLimitView = z.strictObject({ requests: z.int(), window: DurationText }).nullable();

const projectMembers = {
  id: IdText,
  name: z.string(),
  rateLimits: z
    .strictObject({ perKey: RateLimitView, total: RateLimitView })
    .meta({ description: 'Null: what the service gives everyone' }),
  quotas: z
    .strictObject({
      jobs: z.int().nullable(),
      firesPerMinute: z.number().nullable(),
      concurrentRuns: z.int().nullable(),
      leastInterval: DurationText.nullable(),
    })
    .meta({ description: 'Null: as much as it likes' }),
  createdAt: InstantText,
  updatedAt: InstantText,
};

const PROJECT_EXAMPLE = {
  id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
  name: 'billing',
  ...PLAN_EXAMPLE,
  createdAt: '2026-01-02T10:20:30.123Z',
  updatedAt: '2026-01-02T10:20:30.123Z',
};

export const ProjectView = z.strictObject(projectMembers).meta({ id: 'Project', example: PROJECT_EXAMPLE });
export type ProjectView = z.infer<typeof ProjectView>;

export const ProjectWithUse = z
  .strictObject({
    ...projectMembers,
    use: z
      .strictObject({ jobs: z.int(), firesPerMinute: z.number(), concurrentRuns: z.int() })
      .meta({ description: 'What is taken of the quotas' }),
  })
  .meta({
    id: 'ProjectWithUse',
    example: { ...PROJECT_EXAMPLE, use: { jobs: 412, firesPerMinute: 37.5, concurrentRuns: 3 } },
  });
export type ProjectWithUse = z.infer<typeof ProjectWithUse>;
export const ProjectPage = z.strictObject({ data: z.array(ProjectView), page: PageInfo }).meta({ id: 'ProjectPage' });

export const PageQuery = z.strictObject(pageParameters);
export type PageQuery = z.infer<typeof PageQuery>;

const ExpiresAt = InstantInput.nullable();

export const ApiKeyInput = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(MAX_KEY_NAME)
      .refine((name) => !/\p{Cc}/u.test(name), { error: 'holds a control character', params: { code: 'invalid_text' } })
      .meta({ description: 'For people; need not be unique', example: 'deploy pipeline' }),
    role: z.enum(KEY_ROLES).meta({ description: '`viewer` reads, `editor` writes jobs, `admin` manages keys too' }),
    expiresAt: ExpiresAt.optional().meta({ description: 'When it ends; default never' }),
  })
  .meta({ id: 'ApiKeyInput', example: { name: 'deploy pipeline', role: 'editor' } });
export type ApiKeyInput = z.infer<typeof ApiKeyInput>;

export const RotateInput = z
  .strictObject({
    overlap: elapsedInput(0, MAX_OVERLAP_MS)
      .prefault('PT1H')
      .meta(durationMeta('How long the old key still works, up to 30 days', 'PT1H')),
    expiresAt: ExpiresAt.optional().meta({
      description: 'When the new key ends; default: it lives as long as the old one was to',
    }),
  })
  .prefault({})
  .meta({ id: 'RotateInput', example: { overlap: 'P1D' } });
export type RotateInput = z.infer<typeof RotateInput>;

const keyMembers = {
  id: IdText,
  name: z.string(),
  role: z.enum(KEY_ROLES),
  prefix: z.string().meta({ description: 'The first characters of the key, to know it by' }),
  expiresAt: InstantText.nullable(),
  lastUsedAt: InstantText.nullable().meta({ description: 'To the minute' }),
  replacedBy: IdText.nullable().meta({ description: 'The key that a rotation made in its place' }),
  createdAt: InstantText,
};

const KEY_EXAMPLE = {
  id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
  name: 'deploy pipeline',
  role: 'editor',
  prefix: 'car_4fK9x2Lm',
  expiresAt: null,
  lastUsedAt: '2026-03-02T08:00:00.004Z',
  replacedBy: null,
  createdAt: '2026-01-02T10:20:30.123Z',
} as const;

export const ApiKeyView = z.strictObject(keyMembers).meta({ id: 'ApiKey', example: KEY_EXAMPLE });
export type ApiKeyView = z.infer<typeof ApiKeyView>;
export const ApiKeyPage = z.strictObject({ data: z.array(ApiKeyView), page: PageInfo }).meta({ id: 'ApiKeyPage' });

export const NewApiKeyView = z
  .strictObject({ ...keyMembers, key: z.string().meta({ description: 'The key itself. It is shown this once.' }) })
  .meta({
    id: 'NewApiKey',
    example: { ...KEY_EXAMPLE, lastUsedAt: null, key: 'car_4fK9x2Lm…' },
  });
export type NewApiKeyView = z.infer<typeof NewApiKeyView>;

export function viewOfProject({ id, name, rateLimits, quotas, createdAt, updatedAt }: Project): ProjectView {
  const { leastIntervalMs, ...counts } = quotas;
  return {
    ...{ id, name },
    rateLimits: { perKey: viewOfRateLimit(rateLimits.perKey), total: viewOfRateLimit(rateLimits.total) },
    quotas: { ...counts, leastInterval: leastIntervalMs === null ? null : formatElapsed(leastIntervalMs) },
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}

function viewOfRateLimit(limit: RateLimit | null): { requests: number; window: string } | null {
  return limit === null ? null : { requests: limit.requests, window: formatElapsed(limit.windowMs) };
}

export function viewOfKey(key: ApiKey): ApiKeyView {
  const { id, name, role, prefix, expiresAt, lastUsedAt, replacedBy, createdAt } = key;
  return {
    ...{ id, name, role, prefix },
    expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
    lastUsedAt: lastUsedAt === null ? null : formatInstant(lastUsedAt),
    replacedBy,
    createdAt: formatInstant(createdAt),
  };
}
