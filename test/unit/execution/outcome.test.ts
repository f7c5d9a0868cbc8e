import { DEFAULT_RETRY } from '../../../src/domain/job.js';
import { finishedAttempt, parseRetryAfterMs } from '../../../src/execution/outcome.js';
import type { Answer } from '../../../src/execution/targets/http-target.js';
import type { ClaimedRun } from '../../../src/persistence/claims.repository.js';

const NOW = Date.UTC(2026, 5, 10, 12);
const TIMING = { startedAt: NOW - 30, finishedAt: NOW, durationMs: 30 };

function run(statuses: string[] = ['2xx'], draft: Partial<ClaimedRun> = {}): ClaimedRun {
  return {
    ...{
      id: 'r',
      scheduledFor: NOW - 100,
      dueAt: NOW - 50,
      projectId: 'p',
      jobId: 'j',
      jobName: 'n',
      trigger: 'schedule',
    },
    ...{
      token: 't',
      attempt: 1,
      lostAttempts: 0,
      handedBack: 0,
      firstStartedAt: null,
      availableAt: 0,
      claimedAt: 0,
      body: null,
      secrets: null,
      signingSecrets: null,
      retry: DEFAULT_RETRY,
      overlap: 'allow',
    },
    target: { type: 'http', method: 'POST', url: 'http://a/', headers: {}, timeoutMs: 5_000, success: { statuses } },
    ...draft,
  };
}

const answered = (status: number, retryAfter: string | null = null): Answer => ({
  kind: 'answered',
  status,
  bodyExcerpt: 'b',
  retryAfter,
});

describe('Retry-After', () => {
  test.each<[string, number | null]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['999999999', 999_999_999_000],
    ['9999999999', null],
    ['-1', null],
    ['1.5', null],
    ['1e3', null],
    ['0x10', null],
    ['soon', null],
    ['', null],
    ['Wed, 10 Jun 2026 12:00:30 GMT', 30_000],
    ['Wed, 10 Jun 2026 11:59:30 GMT', null],
    ['Wed, 99 Jun 2026 12:00:30 GMT', null],
    ['2026-06-10T12:01:00Z', 60_000],
    ['2026', 2_026_000],
    ['Wednesday, 10-Jun-26 12:00:30 GMT', null],
  ])('"%s" is %s', (text, expected) => expect(parseRetryAfterMs(text, NOW)).toBe(expected));
});

describe('success', () => {
  test.each<[number, string[], boolean]>([
    [200, ['2xx'], true],
    [299, ['2xx'], true],
    [302, ['2xx'], false],
    [404, ['2xx', '404'], true],
    [404, ['4xx'], true],
    [404, ['4XX'], true],
    [410, ['2xx', '410'], true],
    [200, ['201'], false],
    [200, [], false],
    [500, ['200', '5xx'], true],
  ])('%i against %j: %s', (status, statuses, success) => {
    expect(finishedAttempt(run(statuses), answered(status), TIMING, 0.5).state === 'succeeded').toBe(success);
  });
});

describe('outcomes', () => {
  test.each<[string, Answer, object]>([
    [
      'success',
      answered(204),
      {
        state: 'succeeded',
        reason: null,
        availableAt: null,
        lost: false,
        error: null,
        response: { status: 204, bodyExcerpt: 'b' },
        attempt: { outcome: 'succeeded', status: 204 },
      },
    ],
    [
      '500',
      answered(500),
      {
        state: 'retrying',
        availableAt: NOW + 1_000,
        error: { code: 'status' },
        attempt: { outcome: 'failed', status: 500 },
      },
    ],
    ['429 with Retry-After', answered(429, '20'), { state: 'retrying', availableAt: NOW + 20_000 }],
    ['410', answered(410), { state: 'failed', reason: 'gone', attempt: { outcome: 'failed', status: 410 } }],
    [
      'timed out',
      { kind: 'timedOut' },
      { state: 'retrying', response: null, error: { code: 'timeout' }, attempt: { outcome: 'timedOut', status: null } },
    ],
    [
      'unreachable',
      { kind: 'unreachable', code: 'connection_refused', message: 'm' },
      { state: 'retrying', error: { code: 'connection_refused', message: 'm' } },
    ],
    [
      'refused',
      { kind: 'refused', code: 'egress_blocked', message: 'm' },
      { state: 'failed', reason: 'rejected', error: { code: 'egress_blocked' } },
    ],
    [
      'aborted',
      { kind: 'aborted' },
      { state: 'retrying', lost: true, availableAt: NOW, attempt: { outcome: 'cancelled' } },
    ],
  ])('%s', (_name, answer, expected) => {
    expect(finishedAttempt(run(), answer, TIMING, 0.5)).toMatchObject({ ...expected, finishedAt: NOW });
  });

  test('an aborted attempt leaves the number of attempts as it was', () => {
    const once = { retry: { ...DEFAULT_RETRY, maxAttempts: 1 } };
    expect(finishedAttempt(run(['2xx'], once), { kind: 'aborted' }, TIMING, 0)).toMatchObject({ state: 'retrying' });
    expect(
      finishedAttempt(run(['2xx'], { ...once, lostAttempts: 5, attempt: 6 }), { kind: 'aborted' }, TIMING, 0),
    ).toMatchObject({ state: 'failed', reason: 'workerLost' });
  });

  test('an attempt that was given back leaves the number of attempts as it was', () => {
    const twice = { retry: { ...DEFAULT_RETRY, maxAttempts: 2 }, attempt: 3 };
    expect(finishedAttempt(run(['2xx'], twice), answered(500), TIMING, 0)).toMatchObject({ state: 'failed' });
    expect(finishedAttempt(run(['2xx'], { ...twice, handedBack: 2 }), answered(500), TIMING, 0)).toMatchObject({
      state: 'retrying',
    });
  });

  test('maxElapsed counts from the first attempt', () => {
    const late = { attempt: 2, firstStartedAt: NOW - DEFAULT_RETRY.maxElapsedMs };
    expect(finishedAttempt(run(['2xx'], late), answered(500), TIMING, 0)).toMatchObject({
      state: 'failed',
      reason: 'maxElapsed',
    });
  });
});
