import { parseElapsedMs } from './recurrence/duration.js';

/** So many requests in any stretch of time as long as the window. */
export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/** What a project's plan says of requests; null: what the service gives everyone. */
export interface ProjectRateLimits {
  /** Of each key. */
  readonly perKey: RateLimit | null;
  /** Of all keys of the project together. */
  readonly total: RateLimit | null;
}

export const MAX_REQUESTS = 999_999_999;
export const LEAST_WINDOW_MS = 1_000;
export const LONGEST_WINDOW_MS = 86_400_000;

/** A project without a plan has this many times what each of its keys has. */
const KEYS_WORTH = 10;
/** Failed attempts of one address are worth a tenth of a caller's requests, and never so few that a typing error locks out. */
const FAILURES_SHARE = 10;
const LEAST_FAILURES = 10;

/** Reads `1200/1m`: requests, and a window of 1 s to 1 d. Null when it is none. */
export function parseRateLimit(text: string): RateLimit | null {
  const parts = /^(\d{1,9})\/(\w{1,20})$/.exec(text);
  const requests = Number(parts?.[1]);
  const windowMs = parseElapsedMs(parts?.[2] ?? '');
  if (!(requests > 0) || windowMs === null || windowMs < LEAST_WINDOW_MS || windowMs > LONGEST_WINDOW_MS) return null;
  return { requests, windowMs };
}

/** What a project may send when its plan says nothing: no key can use all of it up alone. */
export function totalByDefault({ requests, windowMs }: RateLimit): RateLimit {
  return { requests: Math.min(requests * KEYS_WORTH, MAX_REQUESTS), windowMs };
}

/** How often an address may present what does not let it in. */
export function failuresAllowed({ requests, windowMs }: RateLimit): RateLimit {
  return { requests: Math.min(requests, Math.max(LEAST_FAILURES, Math.ceil(requests / FAILURES_SHARE))), windowMs };
}
