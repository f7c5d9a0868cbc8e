import * as fc from 'fast-check';
import type { RetryPolicy } from '../../src/domain/job.js';
import { DEFAULT_RETRY } from '../../src/domain/job.js';
import type { AttemptEnd, AttemptHistory } from '../../src/domain/retry.js';
import { decideRetry, MAX_LOST_ATTEMPTS, retryDelayMs } from '../../src/domain/retry.js';

const NOW = 1_800_000_000_000;
const FAILED: AttemptEnd = { kind: 'failed', retryAfterMs: null };

const policy = (draft: Partial<RetryPolicy> = {}): RetryPolicy => ({ ...DEFAULT_RETRY, ...draft });
const history = (draft: Partial<AttemptHistory> = {}): AttemptHistory => ({
  ...{ attempt: 1, lostAttempts: 0, firstStartedAt: NOW, now: NOW, spread: 0.5 },
  ...draft,
});

describe('delays', () => {
  test.each<[RetryPolicy['backoff'], number[]]>([
    ['fixed', [1_000, 1_000, 1_000, 1_000, 1_000]],
    ['linear', [1_000, 2_000, 3_000, 4_000, 5_000]],
    ['exponential', [1_000, 2_000, 4_000, 8_000, 16_000]],
  ])('%s', (backoff, expected) => {
    expect([1, 2, 3, 4, 5].map((failures) => retryDelayMs(policy({ backoff }), failures, 0.5))).toEqual(expected);
  });

  test.each<[number, number]>([
    [0, 8_000],
    [0.25, 9_000],
    [0.5, 10_000],
    [0.75, 11_000],
    [0.999_999, 12_000],
  ])('spread %d of a base of 10 s gives %i', (spread, expected) => {
    expect(retryDelayMs(policy({ backoff: 'fixed', initialDelayMs: 10_000 }), 1, spread)).toBe(expected);
  });

  test('maxDelay is never passed, the spread included', () => {
    expect(retryDelayMs(policy({ maxDelayMs: 5_000 }), 20, 0.999)).toBe(5_000);
    expect(retryDelayMs(policy({ initialDelayMs: 9_000, maxDelayMs: 5_000 }), 1, 0)).toBe(5_000);
  });

  test('any number of failures gives a whole, finite delay within bounds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<RetryPolicy['backoff']>('fixed', 'linear', 'exponential'),
        fc.integer({ min: 0, max: 86_400_000 }),
        fc.integer({ min: 0, max: 86_400_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (backoff, initialDelayMs, maxDelayMs, failures, spread) => {
          const delay = retryDelayMs(policy({ backoff, initialDelayMs, maxDelayMs }), failures, spread);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(maxDelayMs);
        },
      ),
    );
  });
});

describe('decisions', () => {
  const retryAt = (delayMs: number): object => ({ state: 'retrying', reason: null, availableAt: NOW + delayMs });
  const failed = (reason: string): object => ({ state: 'failed', reason });

  test.each<[string, AttemptEnd, Partial<RetryPolicy>, Partial<AttemptHistory>, object]>([
    ['success', { kind: 'succeeded' }, {}, {}, { state: 'succeeded', reason: null }],
    [
      'success at the last attempt, late',
      { kind: 'succeeded' },
      {},
      { attempt: 9, firstStartedAt: 0 },
      { state: 'succeeded', reason: null },
    ],
    ['gone', { kind: 'final', reason: 'gone' }, {}, {}, failed('gone')],
    ['rejected', { kind: 'final', reason: 'rejected' }, {}, {}, failed('rejected')],
    ['first failure', FAILED, {}, {}, retryAt(1_000)],
    ['second failure', FAILED, {}, { attempt: 2 }, retryAt(2_000)],
    ['third of three', FAILED, {}, { attempt: 3 }, failed('attemptsExhausted')],
    ['only one allowed', FAILED, { maxAttempts: 1 }, {}, failed('attemptsExhausted')],
    ['lost ones do not count', FAILED, {}, { attempt: 4, lostAttempts: 2 }, retryAt(2_000)],
    ['lost ones do not count, exhausted', FAILED, {}, { attempt: 5, lostAttempts: 2 }, failed('attemptsExhausted')],
    ['Retry-After longer than the backoff', { kind: 'failed', retryAfterMs: 30_000 }, {}, {}, retryAt(30_000)],
    ['Retry-After shorter than the backoff', { kind: 'failed', retryAfterMs: 10 }, {}, {}, retryAt(1_000)],
    [
      'Retry-After within maxDelay only',
      { kind: 'failed', retryAfterMs: 86_400_000 },
      { maxDelayMs: 20_000 },
      {},
      retryAt(20_000),
    ],
    [
      'the last instant of maxElapsed',
      FAILED,
      { maxElapsedMs: 5_000 },
      { firstStartedAt: NOW - 4_000 },
      retryAt(1_000),
    ],
    [
      'a millisecond past maxElapsed',
      FAILED,
      { maxElapsedMs: 5_000 },
      { firstStartedAt: NOW - 4_001 },
      failed('maxElapsed'),
    ],
    [
      'Retry-After past maxElapsed',
      { kind: 'failed', retryAfterMs: 30_000 },
      { maxElapsedMs: 20_000 },
      {},
      failed('maxElapsed'),
    ],
    ['lost', { kind: 'lost' }, {}, { lostAttempts: 1 }, retryAt(0)],
    ['lost with a single attempt allowed', { kind: 'lost' }, { maxAttempts: 1 }, { lostAttempts: 1 }, retryAt(0)],
    ['lost as often as is borne', { kind: 'lost' }, {}, { lostAttempts: MAX_LOST_ATTEMPTS }, retryAt(0)],
    ['lost once more', { kind: 'lost' }, {}, { lostAttempts: MAX_LOST_ATTEMPTS + 1 }, failed('workerLost')],
  ])('%s', (_name, end, draft, past, expected) => {
    expect(decideRetry(policy(draft), end, history(past))).toEqual(expected);
  });
});
