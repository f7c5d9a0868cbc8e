import type { RetryPolicy } from './job.js';
import type { Instant } from './recurrence/schedule.js';
import type { RunReason } from './run.js';

/** How one attempt ended, as far as a retry is concerned. */
export type AttemptEnd =
  | { readonly kind: 'succeeded' }
  /** The target failed or could not be reached; `retryAfterMs` as it asked for, if it did. */
  | { readonly kind: 'failed'; readonly retryAfterMs: number | null }
  /** No repeat can help: the target said 410 Gone (`gone`), or the call must not or can't be made (`rejected`). */
  | { readonly kind: 'final'; readonly reason: Extract<RunReason, 'gone' | 'rejected'> }
  /** The worker died or lost its lease: nobody knows whether the target was reached. */
  | { readonly kind: 'lost' };

export interface AttemptHistory {
  /** Attempts made, this one included, but for those that were given back by a worker that stopped. */
  readonly attempt: number;
  /** How many of them were lost with their worker, this one included. */
  readonly lostAttempts: number;
  /** Start of the first attempt. */
  readonly firstStartedAt: Instant;
  readonly now: Instant;
  /** In [0, 1): spreads repeats so that failures of one instant don't come back at one instant. */
  readonly spread: number;
}

export type RetryDecision =
  | { readonly state: 'succeeded'; readonly reason: null }
  | { readonly state: 'failed'; readonly reason: RunReason }
  | { readonly state: 'retrying'; readonly reason: null; readonly availableAt: Instant };

/**
 * Lost attempts don't use up `maxAttempts`, for the target may never have been called; but a run that takes its worker
 * down each time must end.
 */
export const MAX_LOST_ATTEMPTS = 5;

/** How far a delay is spread to either side. */
const SPREAD = 0.2;

/** Succeeded, tried again at some instant, or failed for good. */
export function decideRetry(policy: RetryPolicy, end: AttemptEnd, history: AttemptHistory): RetryDecision {
  switch (end.kind) {
    case 'succeeded':
      return { state: 'succeeded', reason: null };
    case 'final':
      return { state: 'failed', reason: end.reason };
    case 'lost':
      return history.lostAttempts > MAX_LOST_ATTEMPTS
        ? { state: 'failed', reason: 'workerLost' }
        : { state: 'retrying', reason: null, availableAt: history.now };
    case 'failed': {
      const counted = history.attempt - history.lostAttempts;
      if (counted >= policy.maxAttempts) return { state: 'failed', reason: 'attemptsExhausted' };
      const delayMs = Math.max(
        retryDelayMs(policy, counted, history.spread),
        Math.min(end.retryAfterMs ?? 0, policy.maxDelayMs),
      );
      const availableAt = history.now + delayMs;
      return availableAt > history.firstStartedAt + policy.maxElapsedMs
        ? { state: 'failed', reason: 'maxElapsed' }
        : { state: 'retrying', reason: null, availableAt };
    }
  }
}

/** Delay after the `failures`-th failed attempt (from 1): base by backoff, spread by ± 20 %, never above `maxDelayMs`. */
export function retryDelayMs(policy: RetryPolicy, failures: number, spread: number): number {
  const factor = 1 - SPREAD + 2 * SPREAD * spread;
  return Math.round(Math.min(policy.maxDelayMs, baseDelayMs(policy, failures) * factor));
}

function baseDelayMs(policy: RetryPolicy, failures: number): number {
  switch (policy.backoff) {
    case 'fixed':
      return policy.initialDelayMs;
    case 'linear':
      return policy.initialDelayMs * failures;
    case 'exponential':
      // Far beyond any maxDelay already at 2^40; stops the power from overflowing to Infinity × 0.
      return policy.initialDelayMs * 2 ** Math.min(failures - 1, 40);
  }
}
