/** One thing that is wrong with a request, and where. */
export interface Fault {
  /** JSON pointer (RFC 6901) to the member at fault; empty for the whole document. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
  /** Of a schedule in words: what is at fault, and where it starts; 1 is the first character. */
  readonly words?: { readonly position: number; readonly text: string };
  /** Of a schedule in words: phrases that would be taken. */
  readonly suggestions?: readonly string[];
}

/** The codes of problem documents, with their HTTP status. Clients program against them: never rename one. */
export const PROBLEM_STATUS = {
  malformed_json: 400,
  malformed_yaml: 400,
  invalid_parameter: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  name_taken: 409,
  wrong_state: 409,
  calendar_in_use: 409,
  idempotency_key_in_use: 409,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  quota_exceeded: 422,
  schedule_never_fires: 422,
  idempotency_key_reused: 422,
  too_many_tests: 429,
  too_many_streams: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** An expected refusal: the platform turns it into a problem document (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly faults: readonly Fault[] = [],
    readonly retryAfterSeconds?: number,
  ) {
    super(detail);
    this.name = 'Problem';
  }
}
