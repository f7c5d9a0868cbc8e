export interface RetryPolicy {
  /** After the first try; 0 for none. */
  readonly maxRetries: number;
  /** Where `Retry-After` asks for longer than this, the refusal is thrown at once. */
  readonly maxDelayMs: number;
}

export const DEFAULT_RETRIES: RetryPolicy = { maxRetries: 3, maxDelayMs: 30_000 };

const FIRST_DELAY_MS = 250;

/** `Retry-After` (RFC 9110) in milliseconds from now: seconds, or a date. Null when it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/**
 * How long to wait before the next try, in milliseconds; null for no further one. As long as the service asks, or twice as
 * long each time; with up to a quarter more, so that many clients do not come back together.
 *
 * @param random from 0 up to 1
 */
export function nextDelayMs(retry: number, askedMs: number | null, policy: RetryPolicy, random: number): number | null {
  if (retry >= policy.maxRetries) return null;
  if (askedMs !== null && askedMs > policy.maxDelayMs) return null;
  const delayMs = askedMs ?? Math.min(FIRST_DELAY_MS * 2 ** retry, policy.maxDelayMs);
  return delayMs * (1 + random / 4);
}

/** Waits; an abort ends it with the signal's reason. */
export function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
