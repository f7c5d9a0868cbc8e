import type { components, ProblemCode } from './generated.js';

export type Problem = components['schemas']['Problem'];
export type Fault = NonNullable<Problem['errors']>[number];

/** Everything that this client throws by itself. */
export class CarillonError extends Error {
  override readonly name: string = 'CarillonError';
}

/**
 * The service, or something before it, refused. `code` is what programs go by; `errors` points to each member at fault. What
 * was no problem document (a proxy's page) has the code `unknown`.
 */
export class ProblemError extends CarillonError {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode | 'unknown' | (string & {});
  readonly errors: readonly Fault[];
  /** As in the service's log; null when nobody said. */
  readonly requestId: string | null;

  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
    /** How long the service asked to wait before the next try. */
    readonly retryAfterMs: number | null,
    request: string,
  ) {
    super(`${request} answered ${status}: ${problem.detail ?? problem.title ?? 'no reason was given'}`);
    this.code = problem.code ?? 'unknown';
    this.errors = problem.errors ?? [];
    this.requestId = problem.requestId ?? null;
  }
}

/** No answer came: the service was not reached, or not in time. `cause` is what `fetch` said. */
export class ConnectionError extends CarillonError {
  override readonly name = 'ConnectionError';
}

/** True for a refusal; with codes, for one of these: `isProblem(error, 'name_taken')`. */
export function isProblem(error: unknown, ...codes: ProblemCode[]): error is ProblemError {
  if (!(error instanceof ProblemError)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
