import type { Check, Standing } from './limit-store.js';

/**
 * What an answer says of limits: the fields of draft-ietf-httpapi-ratelimit-headers (from its 8th version on), each policy
 * with its name, and the older `X-RateLimit-*` of the one that is nearest to its end. Times in seconds.
 */
export function rateLimitHeaders(checks: readonly Check[], standings: readonly Standing[]): Record<string, string> {
  const policies = checks.map(({ policy, limit }, index) => {
    const { used = 0, resetMs = 0, waitMs = 0 } = standings[index] ?? {};
    return {
      ...{ policy, limit, waitMs, resetMs },
      remaining: Math.max(0, limit.requests - used),
    };
  });
  const [nearest] = [...policies].sort((one, other) => other.waitMs - one.waitMs || one.remaining - other.remaining);
  if (nearest === undefined) return {};
  const windowOf = (ms: number): number => Math.max(1, Math.round(ms / 1_000));
  return {
    'RateLimit-Policy': policies
      .map(({ policy, limit }) => `"${policy}";q=${limit.requests};w=${windowOf(limit.windowMs)}`)
      .join(', '),
    RateLimit: policies
      .map(({ policy, remaining, resetMs, waitMs }) => `"${policy}";r=${remaining};t=${secondsOf(waitMs || resetMs)}`)
      .join(', '),
    'X-RateLimit-Limit': String(nearest.limit.requests),
    'X-RateLimit-Remaining': String(nearest.remaining),
    'X-RateLimit-Reset': String(secondsOf(nearest.waitMs || nearest.resetMs)),
  };
}

/** Whole seconds, never too few. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}
