export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** On the monotonic clock: what was acknowledged holds from `answeredAtMs` on, and took effect after `sentAtMs`. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** One call of a replica's API. Throws when there is no answer: refused, broken off, or later than the limit. */
export async function callApi(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  limitMs = 10_000,
): Promise<Answer> {
  const sentAtMs = performance.now();
  const response = await fetch(url + path, {
    method,
    signal: AbortSignal.timeout(limitMs),
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    body: isJson ? JSON.parse(text) : text,
    sentAtMs,
    answeredAtMs: performance.now(),
  };
}
