import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { TargetAuth } from '../../domain/job.js';
import { MAX_URL_LENGTH, refuseUrl } from '../../domain/target.js';
import { SECRET_MASK } from '../../domain/target-secrets.js';

const MAX_SECRET_LENGTH = 8_000;
const MAX_PEM_LENGTH = 10_000;
const MAX_NAME_LENGTH = 500;

/** All that an authentication of any type may have. */
export const AUTH_MEMBERS = [
  ...['username', 'password', 'token', 'tokenUrl', 'clientId', 'clientSecret', 'scope', 'audience', 'credentialsIn'],
  ...['certificate', 'privateKey', 'ca'],
] as const;

const WRITE_ONLY = `Read back as "${SECRET_MASK}"; sent back so, it leaves the secret as it is`;
const PRINTABLE = /^[\x21-\x7e]+$/;
const EXAMPLE_PEM = (what: string) => `-----BEGIN ${what}-----\n…\n-----END ${what}-----\n`;

function custom(code: string, message: string): { readonly message: string; readonly params: { code: string } } {
  return { message, params: { code } };
}

const withoutControl = (text: string): boolean => !/\p{Cc}/u.test(text);
const plainText = custom('invalid_text', 'holds a control character');

const Secret = z.string().min(1).max(MAX_SECRET_LENGTH);

const Basic = z.strictObject({
  type: z.literal('basic'),
  username: z
    .string()
    .max(MAX_NAME_LENGTH)
    .refine(withoutControl, plainText)
    // RFC 7617, 2: it could not be told from the password.
    .refine((text) => !text.includes(':'), custom('invalid_text', 'holds a colon'))
    .meta({ example: 'scheduler' }),
  password: Secret.refine(withoutControl, plainText).meta({ description: WRITE_ONLY, writeOnly: true }),
});

const Bearer = z.strictObject({
  type: z.literal('bearer'),
  token: Secret.regex(PRINTABLE, 'holds a space or what is not ASCII').meta({
    description: WRITE_ONLY,
    writeOnly: true,
    example: 'eyJhbGciOi.J9.c2ln',
  }),
});

const TokenUrl = z
  .string()
  .superRefine((text, context) => {
    const reason = text.includes('{{')
      ? { code: 'invalid_url', detail: 'holds a template; none is filled here' }
      : refuseUrl(text);
    if (reason !== null) context.addIssue({ code: 'custom', ...custom(reason.code, reason.detail) });
  })
  .meta({ format: 'uri', maxLength: MAX_URL_LENGTH, example: 'https://login.example.com/oauth2/token' });

const OAuth2 = z.strictObject({
  type: z.literal('oauth2'),
  tokenUrl: TokenUrl,
  clientId: z.string().min(1).max(MAX_NAME_LENGTH).refine(withoutControl, plainText).meta({ example: 'carillon' }),
  clientSecret: Secret.refine(withoutControl, plainText).meta({ description: WRITE_ONLY, writeOnly: true }),
  scope: z
    .string()
    .min(1)
    .max(2_000)
    .regex(/^[\x20-\x7e]+$/, 'is not printable ASCII')
    .optional()
    .meta({ example: 'reports:write' }),
  audience: z.string().min(1).max(2_000).refine(withoutControl, plainText).optional(),
  credentialsIn: z
    .enum(['header', 'body'])
    .default('header')
    .meta({ description: 'Where the token endpoint takes id and secret: HTTP basic authentication, or the form' }),
});

const Mtls = z
  .strictObject({
    type: z.literal('mtls'),
    certificate: z
      .string()
      .max(MAX_PEM_LENGTH)
      .meta({ description: 'PEM; a chain has its own certificate first', example: EXAMPLE_PEM('CERTIFICATE') }),
    privateKey: z
      .string()
      .max(MAX_PEM_LENGTH)
      .meta({
        description: `PEM, without a passphrase. ${WRITE_ONLY}, as long as the certificate is the same`,
        writeOnly: true,
        example: EXAMPLE_PEM('PRIVATE KEY'),
      }),
    ca: z.string().max(MAX_PEM_LENGTH).optional().meta({
      description: "PEM: what the target's certificate is trusted by, in place of the well-known authorities",
    }),
  })
  .superRefine(({ certificate, privateKey, ca }, context) => {
    for (const { path, code, detail } of refusePems(certificate, privateKey, ca)) {
      context.addIssue({ code: 'custom', path: [path], ...custom(code, detail) });
    }
  });

/** How a call shows who it comes from. */
export const TargetAuthInput = z.discriminatedUnion('type', [Basic, Bearer, OAuth2, Mtls]).meta({
  id: 'TargetAuthInput',
  description: 'How a call shows who it comes from. Sets the header `authorization`, but for `mtls`.',
  example: { type: 'basic', username: 'scheduler', password: 'correct horse battery staple' },
});

const Mask = z.literal(SECRET_MASK);

export const TargetAuthView = z
  .discriminatedUnion('type', [
    Basic.extend({ username: z.string(), password: Mask }),
    Bearer.extend({ token: Mask }),
    z.strictObject({
      type: z.literal('oauth2'),
      tokenUrl: z.string().meta({ format: 'uri' }),
      clientId: z.string(),
      clientSecret: Mask,
      scope: z.string().optional(),
      audience: z.string().optional(),
      credentialsIn: z.enum(['header', 'body']),
    }),
    z.strictObject({
      type: z.literal('mtls'),
      certificate: z.string(),
      privateKey: Mask,
      ca: z.string().optional(),
    }),
  ])
  .meta({ id: 'TargetAuth', example: { type: 'basic', username: 'scheduler', password: SECRET_MASK } });

/** What keeps an authentication from its target. */
export function refuseAuth(
  auth: TargetAuth,
  url: string,
  headerNames: readonly string[],
): { readonly path: readonly string[]; readonly code: string; readonly detail: string } | null {
  if (auth.type === 'mtls') {
    if (/^https:/i.test(url)) return null;
    return { path: ['auth', 'type'], code: 'not_allowed', detail: 'needs an https URL: certificates belong to TLS' };
  }
  const header = headerNames.find((name) => name.toLowerCase() === 'authorization');
  if (header === undefined) return null;
  return { path: ['headers', header], code: 'duplicate_header', detail: 'is set by auth' };
}

interface PemFault {
  readonly path: 'certificate' | 'privateKey' | 'ca';
  readonly code: string;
  readonly detail: string;
}

/** A masked key was checked when it was given: it is kept beside the same certificate only. Never says what a key holds. */
function refusePems(certificate: string, privateKey: string, ca: string | undefined): PemFault[] {
  const faults: PemFault[] = [];
  const refuse = (path: PemFault['path'], code: string, detail: string): void => {
    faults.push({ path, code, detail });
  };
  const parsed = attempt(() => new X509Certificate(certificate));
  const isPem = (text: string): boolean => /^\s*-----BEGIN [A-Z0-9 ]+-----/.test(text);
  if (parsed === null || !isPem(certificate)) refuse('certificate', 'invalid_certificate', 'is no certificate in PEM');
  if (ca !== undefined && (!isPem(ca) || attempt(() => new X509Certificate(ca)) === null)) {
    refuse('ca', 'invalid_certificate', 'is no certificate in PEM');
  }
  if (privateKey === SECRET_MASK) return faults;
  const key = isPem(privateKey) ? attempt(() => createPrivateKey(privateKey)) : null;
  if (key === null) refuse('privateKey', 'invalid_key', 'is no private key in PEM without a passphrase');
  else if (parsed !== null && !parsed.checkPrivateKey(key)) {
    refuse('privateKey', 'key_mismatch', 'is not the key of the certificate');
  }
  return faults;
}

function attempt<Result>(parse: () => Result): Result | null {
  try {
    return parse();
  } catch {
    return null;
  }
}
