import { z } from 'zod';
import { KEY_ROLES } from '../domain/access.js';
import type { ApiKey, Project } from '../domain/access.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import {
  durationMeta,
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

export const ProjectInput = z
  .strictObject({ name: ProjectName })
  .meta({ id: 'ProjectInput', example: { name: 'billing' } });
export type ProjectInput = z.infer<typeof ProjectInput>;

export const ProjectView = z
  .strictObject({ id: IdText, name: z.string(), createdAt: InstantText, updatedAt: InstantText })
  .meta({
    id: 'Project',
    example: {
      id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
      name: 'billing',
      createdAt: '2026-01-02T10:20:30.123Z',
      updatedAt: '2026-01-02T10:20:30.123Z',
    },
  });
export type ProjectView = z.infer<typeof ProjectView>;
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

export function viewOfProject({ id, name, createdAt, updatedAt }: Project): ProjectView {
  return { id, name, createdAt: formatInstant(createdAt), updatedAt: formatInstant(updatedAt) };
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
