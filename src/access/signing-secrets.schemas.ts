import { z } from 'zod';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { SigningSecret } from '../domain/signing-secret.js';
import { PageInfo } from '../platform/contract/page.js';
import { durationMeta, elapsedInput, IdText, InstantText } from '../platform/contract/values.schema.js';

const MAX_OVERLAP_MS = 30 * 86_400_000;

export const SigningRotateInput = z
  .strictObject({
    overlap: elapsedInput(0, MAX_OVERLAP_MS)
      .prefault('P1D')
      .meta(durationMeta('How long calls are signed with the old secret too, up to 30 days', 'P1D')),
  })
  .prefault({})
  .meta({ id: 'SigningRotateInput', example: { overlap: 'P1D' } });
export type SigningRotateInput = z.infer<typeof SigningRotateInput>;

const members = {
  id: IdText,
  expiresAt: InstantText.nullable().meta({
    description: 'From then on nothing is signed with it; null: it is current',
  }),
  replacedBy: IdText.nullable().meta({ description: 'The secret that a rotation made in its place' }),
  createdAt: InstantText,
};

const EXAMPLE = {
  id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
  expiresAt: null,
  replacedBy: null,
  createdAt: '2026-01-02T10:20:30.123Z',
};

export const SigningSecretView = z.strictObject(members).meta({ id: 'SigningSecret', example: EXAMPLE });
export type SigningSecretView = z.infer<typeof SigningSecretView>;
export const SigningSecretPage = z
  .strictObject({ data: z.array(SigningSecretView), page: PageInfo })
  .meta({ id: 'SigningSecretPage' });

export const NewSigningSecretView = z
  .strictObject({
    ...members,
    secret: z.string().meta({ description: 'The secret itself, for receivers to verify with. It is shown this once.' }),
  })
  .meta({ id: 'NewSigningSecret', example: { ...EXAMPLE, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…' } });
export type NewSigningSecretView = z.infer<typeof NewSigningSecretView>;

export function viewOfSigningSecret({ id, expiresAt, replacedBy, createdAt }: SigningSecret): SigningSecretView {
  const endsAt = expiresAt === null ? null : formatInstant(expiresAt);
  return { id, expiresAt: endsAt, replacedBy, createdAt: formatInstant(createdAt) };
}
