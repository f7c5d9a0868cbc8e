import { HttpException } from '@nestjs/common';
import { PROBLEM_STATUS, Problem, type Fault } from '../../domain/errors.js';
import { isDatabaseUnavailable } from './database-unavailable.js';

/** The body of every error answer (RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly Fault[];
}

/** What an error means for the client. `unexpected`: a fault of ours, to be logged with its stack. */
export interface Refusal {
  readonly status: number;
  readonly code: RefusalCode;
  readonly detail: string;
  readonly faults: readonly Fault[];
  readonly retryAfterSeconds?: number;
  readonly unexpected: boolean;
}

/** Codes of the domain, and of the transport. */
export const STATUS = {
  ...PROBLEM_STATUS,
  not_acceptable: 406,
  request_timeout: 408,
  uri_too_long: 414,
  rate_limited: 429,
  headers_too_large: 431,
} as const;

export type RefusalCode = keyof typeof STATUS;

export const TITLES: Record<RefusalCode, string> = {
  malformed_json: 'The body is not JSON',
  malformed_yaml: 'The body is not YAML',
  invalid_parameter: 'A parameter is not valid',
  unauthenticated: 'Not authenticated',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  name_taken: 'The name is taken',
  wrong_state: 'Not possible in this state',
  calendar_in_use: 'Jobs use the calendar',
  idempotency_key_in_use: 'The idempotency key is in use',
  idempotency_key_reused: 'The idempotency key was used before',
  precondition_failed: 'Not as the precondition has it',
  body_too_large: 'The body is too large',
  unsupported_media_type: 'Unsupported media type',
  invalid: 'The content is not valid',
  quota_exceeded: 'A quota is used up',
  schedule_never_fires: 'The schedule never fires',
  too_many_tests: 'Too many tests at once',
  too_many_streams: 'Too many streams of events',
  internal: 'Internal error',
  unavailable: 'Unavailable for now',
  forbidden: 'Not allowed',
  headers_too_large: 'The headers are too large',
  not_acceptable: 'Not acceptable',
  rate_limited: 'Too many requests',
  request_timeout: 'The request took too long',
  uri_too_long: 'The address is too long',
};

/** What a status means when nothing more is known. */
const CODE_OF_STATUS: Readonly<Record<number, RefusalCode>> = {
  ...Object.fromEntries(Object.entries(STATUS).map(([code, status]) => [status, code as RefusalCode])),
  400: 'invalid_parameter',
  409: 'wrong_state',
  422: 'invalid',
};

/** Fastify's own refusals, in words that say what to do. */
const FASTIFY_REFUSALS: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_json', 'the body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_json', 'the body is empty'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'the body is larger than 1 MiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'send JSON with the header "content-type: application/json"',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_parameter', 'the body is not as long as content-length says'],
  FST_ERR_BAD_URL: ['invalid_parameter', 'the path is not a valid URL'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri_too_long', 'a part of the path is too long'],
};

const UNAVAILABLE_SECONDS = 2;

/** Decides what a client learns of an error; nothing of an unexpected one. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Problem) {
    const { code, message, faults, retryAfterSeconds } = error;
    return { status: PROBLEM_STATUS[code], code, detail: message, faults, retryAfterSeconds, unexpected: false };
  }
  if (isDatabaseUnavailable(error)) {
    const detail =
      'the database does not answer right now; try again in a moment: a POST with the idempotency-key that it had, and ' +
      'before any other write look whether this one took effect';
    return { ...transportRefusal('unavailable', detail), retryAfterSeconds: UNAVAILABLE_SECONDS };
  }
  const known = FASTIFY_REFUSALS[fastifyCodeOf(error) ?? ''];
  if (known !== undefined) return transportRefusal(...known);
  if (error instanceof HttpException && error.getStatus() < 500) {
    const status = error.getStatus();
    return { ...transportRefusal(CODE_OF_STATUS[status] ?? 'invalid', error.message), status };
  }
  return { ...transportRefusal('internal', 'something went wrong on our side; the log has more'), unexpected: true };
}

export function problemDocument(
  refusal: Pick<Refusal, 'status' | 'code' | 'detail' | 'faults'>,
  request: { path: string; id: string },
): ProblemDocument {
  const { status, code, detail, faults } = refusal;
  return {
    type: `urn:carillon:problem:${code}`,
    title: TITLES[code],
    status,
    detail,
    instance: request.path,
    code,
    requestId: request.id,
    ...(faults.length > 0 && { errors: faults }),
  };
}

export function transportRefusal(code: RefusalCode, detail: string): Refusal {
  return { status: STATUS[code], code, detail, faults: [], unexpected: false };
}

/** Nest wraps what Fastify throws, with the original as the cause. */
function fastifyCodeOf(error: unknown): string | undefined {
  const original = error instanceof HttpException ? error.cause : error;
  const code = (original as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
