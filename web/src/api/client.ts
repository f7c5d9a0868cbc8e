import { createClient, type Carillon } from '../../../clients/typescript/src/client';
import { ConnectionError, ProblemError } from '../../../clients/typescript/src/errors';
import type { Input, OperationId, Output, Schemas } from '../../../clients/typescript/src/operation-types';
import { session, subscribe } from '../session/session';

export type { Input, OperationId, Output, Schemas };
export { ConnectionError, ProblemError };

/** The client that services use, with the key of this session. What waits and tries again is the query cache, not it. */
let carillon: Carillon | null = null;
subscribe(() => (carillon = null));

export function api(): Carillon {
  carillon ??= createClient({
    url: location.origin,
    ...(session().key !== null && { key: session().key ?? '' }),
    ...(session().project !== null && { project: session().project ?? '' }),
    retries: { maxRetries: 0 },
  });
  return carillon;
}

/** Operations that the description of the API does not have yet; they may answer 404, see `isMissing`. */
export async function call<Answer>(
  path: string,
  options: { method?: string; query?: Record<string, unknown>; body?: unknown; signal?: AbortSignal } = {},
): Promise<Answer> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    for (const item of Array.isArray(value) ? (value as string[]) : [value as string]) {
      if (item != null) query.append(name, String(item));
    }
  }
  const method = options.method ?? 'GET';
  let response: Response;
  try {
    response = await fetch(path + (query.size > 0 ? `?${query.toString()}` : ''), {
      method,
      headers: {
        ...authorization(),
        accept: 'application/json, application/problem+json',
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
      },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause;
    throw new ConnectionError(`${method} ${path}: no answer came`, { cause });
  }
  const text = await response.text();
  const content = /json/.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : undefined;
  if (!response.ok) throw new ProblemError(response.status, content ?? {}, null, `${method} ${path}`);
  return content as Answer;
}

export function authorization(): Record<string, string> {
  const { key, project } = session();
  return {
    ...(key !== null && { authorization: `Bearer ${key}` }),
    ...(project !== null && { 'carillon-project': project }),
  };
}

/** The service does not have this operation: the page shows itself without what it would have brought. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  return error.status === 405 || (error.status === 404 && !/^no |not found/i.test(error.problem.detail ?? ''));
}

export function isRefused(error: unknown, status: number): error is ProblemError {
  return error instanceof ProblemError && error.status === status;
}
