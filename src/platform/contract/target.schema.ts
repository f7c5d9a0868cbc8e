import { z } from 'zod';
import type { HttpTarget } from '../../domain/job.js';
import { MAX_URL_LENGTH, refuseHeaderName, refuseHeaderText, refuseUrl } from '../../domain/target.js';
import { SECRET_MASK } from '../../domain/target-secrets.js';
import { DurationText, durationMeta, elapsedInput } from './values.schema.js';
import { refuseAuth, TargetAuthInput, TargetAuthView } from './target-auth.schema.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const MAX_HEADERS = 50;
const MAX_HEADER_LENGTH = 8_000;
const MAX_STATUSES = 50;
const MAX_TIMEOUT_MS = 900_000;

const EXAMPLE_URL = 'https://example.com/hooks/report';

function refused(
  context: z.core.$RefinementCtx,
  reason: { code: string; detail: string } | null,
  path: readonly string[] = [],
): void {
  if (reason === null) return;
  context.addIssue({ code: 'custom', path: [...path], message: reason.detail, params: { code: reason.code } });
}

const Url = z
  .string()
  .superRefine((text, context) => refused(context, refuseUrl(text)))
  .meta({
    // Not `format: uri`: templates stand in it.
    pattern: '^[Hh][Tt][Tt][Pp][Ss]?:[^\\x00-\\x20]+$',
    maxLength: MAX_URL_LENGTH,
    description: 'http or https. Templates such as {{scheduledFor}} may stand in the query.',
    example: EXAMPLE_URL,
  });

const HeaderText = z
  .string()
  .max(MAX_HEADER_LENGTH)
  .superRefine((text, context) => refused(context, refuseHeaderText(text)));

const Header = z.union([
  HeaderText,
  z.strictObject({
    value: HeaderText.meta({
      description: `Read back as "${SECRET_MASK}"; sent back so, it leaves the secret as it is, while the scheme, host and port of the URL stay the same`,
    }),
    secret: z.literal(true),
  }),
]);

const Headers = z
  .record(z.string(), Header)
  .superRefine((headers, context) => {
    const names = Object.keys(headers);
    if (names.length > MAX_HEADERS) {
      refused(context, { code: 'too_many', detail: `has ${names.length} members; at most ${MAX_HEADERS} are allowed` });
    }
    const seen = new Set<string>();
    for (const name of names) {
      refused(context, refuseHeaderName(name), [name]);
      const isTwice = seen.has(name.toLowerCase());
      if (isTwice)
        refused(context, { code: 'duplicate_header', detail: 'is there twice; case makes no difference' }, [name]);
      seen.add(name.toLowerCase());
    }
  })
  .default({})
  .meta({
    description: 'Values may hold templates. Names of the connection, webhook-* and carillon-* are refused.',
    example: { authorization: { value: 'Bearer the-token-of-your-service', secret: true } },
  });

const Status = z
  .string()
  .regex(/^[2-5](\d\d|xx)$/, 'is neither a status such as 200 nor a class such as 2xx')
  .meta({ example: '2xx' });

const HttpTargetInput = z
  .strictObject({
    type: z.literal('http').default('http'),
    method: z.enum(METHODS).default('POST'),
    url: Url,
    headers: Headers,
    auth: TargetAuthInput.nullish(),
    body: z
      .unknown()
      .optional()
      .meta({
        description:
          'Any JSON; a text is sent as it is. Texts in it may hold templates. Absent or null: the default body. Not for GET and HEAD.',
        example: { report: 'daily' },
      }),
    timeout: elapsedInput(100, MAX_TIMEOUT_MS)
      .prefault('PT30S')
      .meta(durationMeta('From 100 ms to 15 minutes, for each attempt', 'PT30S')),
    success: z
      .strictObject({ statuses: z.array(Status).min(1).max(MAX_STATUSES) })
      .default({ statuses: ['2xx'] })
      .meta({ description: 'Which statuses of the answer mean success' }),
  })
  .superRefine(({ auth, url, headers }, context) => {
    const reason = auth == null ? null : refuseAuth(auth, url, Object.keys(headers));
    refused(context, reason, reason?.path);
  })
  .superRefine(({ method, body }, context) => {
    if (body === undefined || body === null || !WITHOUT_BODY.has(method)) return;
    refused(context, { code: 'not_allowed', detail: `is not possible with ${method}` }, ['body']);
  })
  .transform(({ timeout, auth, body, ...target }): HttpTarget => ({
    ...target,
    ...(auth != null && { auth }),
    ...(body !== undefined && body !== null && { body }),
    timeoutMs: timeout,
  }))
  .meta({ id: 'HttpTargetInput', example: { type: 'http', method: 'POST', url: EXAMPLE_URL } });

/** A target, or its URL alone: a POST. */
export const TargetInput = z
  .union([
    HttpTargetInput,
    Url.transform((url): HttpTarget => ({
      type: 'http',
      method: 'POST',
      url,
      headers: {},
      timeoutMs: 30_000,
      success: { statuses: ['2xx'] },
    })),
  ])
  .meta({ id: 'TargetInput', description: 'What is called. A text is the URL of a POST.' });

export const TargetView = z
  .strictObject({
    type: z.literal('http'),
    method: z.enum(METHODS),
    url: z.string().meta({ example: EXAMPLE_URL }),
    headers: z.record(
      z.string(),
      z.union([z.string(), z.strictObject({ value: z.literal(SECRET_MASK), secret: z.literal(true) })]),
    ),
    auth: TargetAuthView.optional(),
    body: z.unknown().optional().meta({ description: 'Absent: the default body' }),
    timeout: DurationText,
    success: z.strictObject({ statuses: z.array(z.string()) }),
  })
  .meta({ id: 'HttpTarget' });
