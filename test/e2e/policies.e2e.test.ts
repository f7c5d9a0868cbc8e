import type { RunSummary, RunView } from '../../src/runs/run.schemas.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { startReceiver } from '../support/receiver.js';
import type { AnswerRule, ReceivedRequest, Receiver } from '../support/receiver.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ApiClient, hasEnded } from './api-client.js';

jest.setTimeout(40_000);

const RARELY = { type: 'cron', expression: '30 3,15 1 1 *' } as const;
const SLOW_MS = 2_500;
const OVERLAPS = ['allow', 'skip', 'queueOne', 'queueAll', 'cancelRunning'] as const;
const slowJobs = new Map<Overlap, string>();

type Overlap = (typeof OVERLAPS)[number];

let database: TestDatabase;
let receiver: Receiver;
let service: ServiceProcess;
let api: ApiClient;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver();
  await start();
  // At once, for each takes seconds of waiting; their runs are looked at in the end.
  for (const overlap of OVERLAPS) {
    receiver.answer(`/slow-${overlap}`, { delayMs: SLOW_MS });
    const job = await api.createJob({
      name: `slow-${overlap}`,
      schedule: { type: 'interval', every: 'PT1S', maxRuns: 3 },
      target: `${receiver.url}/slow-${overlap}`,
      overlap,
    });
    slowJobs.set(overlap, job.id);
  }
});

afterAll(async () => {
  await service.stop();
  await receiver.close();
  await database.drop();
});

async function start(): Promise<void> {
  // With a lease this long, only what is handed back comes again within a test.
  const env = { DATABASE_URL: database.url, SHUTDOWN_TIMEOUT: '1s', LEASE: '10m' };
  service = await startService({ env });
  api = new ApiClient(service.url);
}

/** One run of a job whose target answers as told, once it has ended. */
async function runOf(name: string, answers: AnswerRule[], job: object = {}): Promise<RunView> {
  receiver.answer(`/${name}`, ...answers);
  const { id } = await api.createJob({ name, schedule: RARELY, target: `${receiver.url}/${name}`, ...job });
  const run = await api.trigger(id);
  return api.waitForRun('the run to end', run.id, hasEnded);
}

function calls(name: string): ReceivedRequest[] {
  return receiver.requestsTo(`/${name}`);
}

function header(requests: ReceivedRequest[], name: string): unknown[] {
  return requests.map(({ headers }) => headers[name]);
}

describe('a target that fails', () => {
  it('is called again until it succeeds, as the same run', async () => {
    const retry = { maxAttempts: 5, backoff: 'exponential', initialDelay: 'PT0.1S' };
    const run = await runOf('flaky', [{ status: 503, body: 'not yet' }, { status: 503 }, { body: 'done' }], { retry });
    expect(run).toMatchObject({
      state: 'succeeded',
      attempt: 3,
      maxAttempts: 5,
      response: { status: 200, bodyExcerpt: 'done' },
      error: null,
      attempts: [
        { number: 1, outcome: 'failed', status: 503, error: { code: 'status' } },
        { number: 2, outcome: 'failed', status: 503 },
        { number: 3, outcome: 'succeeded', status: 200, error: null },
      ],
    });
    expect(header(calls('flaky'), 'webhook-id')).toEqual([run.id, run.id, run.id]);
    expect(header(calls('flaky'), 'carillon-attempt')).toEqual(['1', '2', '3']);
    expect(await api.runsOf(run.jobId)).toHaveLength(1);
  });

  it('fails the run when no attempt is left, and shows in the streak of its job', async () => {
    const run = await runOf('broken', [{ status: 500 }], { retry: { maxAttempts: 2, initialDelay: 'PT0.1S' } });
    expect(run).toMatchObject({ state: 'failed', reason: 'attemptsExhausted', attempt: 2 });
    expect(await api.job(run.jobId)).toMatchObject({ state: 'active', failureStreak: 1, lastRunState: 'failed' });
  });

  it('by not answering in time is told from one that answers', async () => {
    const run = await runOf('hanging', [{ hang: true }], {
      target: { url: `${receiver.url}/hanging`, timeout: 'PT0.3S' },
      retry: { maxAttempts: 2, initialDelay: 'PT0.1S' },
    });
    const timedOut = { outcome: 'timedOut', status: null, error: { code: 'timeout' } };
    expect(run).toMatchObject({ state: 'failed', error: { code: 'timeout' }, attempts: [timedOut, timedOut] });
    expect(run.attempts[0]?.durationMs).toBeGreaterThanOrEqual(300);
  });

  it('with 410 is not called again, and its job is paused', async () => {
    const run = await runOf('gone', [{ status: 410 }]);
    expect(run).toMatchObject({ state: 'failed', reason: 'gone', attempt: 1 });
    expect(await api.job(run.jobId)).toMatchObject({ state: 'paused', pauseNote: expect.stringContaining('410') });
    expect(calls('gone')).toHaveLength(1);
  });

  it.each([
    { asks: 'is given the time it asks for', name: 'later', maxDelay: 'PT10S', least: 2_000, most: 9_000 },
    { asks: 'is given no more than maxDelay', name: 'capped', maxDelay: 'PT0.5S', least: 500, most: 1_900 },
  ])('with Retry-After $asks', async ({ name, maxDelay, least, most }) => {
    const answers = [{ status: 429, retryAfter: 2 }, {}];
    const run = await runOf(name, answers, { retry: { initialDelay: 'PT0.1S', maxDelay } });
    expect(run).toMatchObject({ state: 'succeeded', attempt: 2 });
    const [first, second] = run.attempts;
    const waitedMs =
      Date.parse(second?.startedAt ?? '') - Date.parse(first?.startedAt ?? '') - (first?.durationMs ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(least);
    expect(waitedMs).toBeLessThan(most);
  });
});

describe('a target slower than its schedule', () => {
  async function endedRuns(overlap: Overlap): Promise<RunSummary[]> {
    const id = slowJobs.get(overlap) ?? '';
    const enough = (runs: RunSummary[]): boolean => runs.filter(({ state }) => state !== 'skipped').length === 3;
    const runs = await api.waitForRuns('three runs to end', id, (all) => enough(all) && all.every(hasEnded), 30_000);
    expect(await api.job(id)).toMatchObject({ state: 'completed', runCount: 3, nextRunAt: null });
    return runs;
  }

  function states(runs: RunSummary[]): string[] {
    return runs.map(({ state, reason }) => (reason === null ? state : `${state}: ${reason}`));
  }

  /** What was under way longest beside another call; below zero: how long there was none between two. */
  function longestOverlapMs(overlap: Overlap): number {
    const starts = calls(`slow-${overlap}`).map(({ receivedAt }) => receivedAt);
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    return SLOW_MS - Math.min(...gaps);
  }

  it('has its calls beside each other with allow', async () => {
    expect(states(await endedRuns('allow'))).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(longestOverlapMs('allow')).toBeGreaterThan(0);
  });

  it('misses the occurrences that come meanwhile with skip, and the ledger says so', async () => {
    const told = states(await endedRuns('skip'));
    expect(new Set(told)).toEqual(new Set(['succeeded', 'skipped: overlap']));
    expect(told[0]).toBe('succeeded');
    expect(told[1]).toBe('skipped: overlap');
    expect(longestOverlapMs('skip')).toBeLessThanOrEqual(1);
    expect(calls('slow-skip')).toHaveLength(3);
  });

  it('has one run wait with queueOne, and skips what comes after that', async () => {
    const told = states(await endedRuns('queueOne'));
    expect(told.slice(0, 3)).toEqual(['succeeded', 'succeeded', 'skipped: overlap']);
    expect(longestOverlapMs('queueOne')).toBeLessThanOrEqual(1);
    expect(calls('slow-queueOne')).toHaveLength(3);
  });

  it('has them all, one after the other and in order, with queueAll', async () => {
    const runs = await endedRuns('queueAll');
    expect(states(runs)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(header(calls('slow-queueAll'), 'webhook-id')).toEqual(runs.map(({ id }) => id));
    expect(longestOverlapMs('queueAll')).toBeLessThanOrEqual(1);
    expect(runs[2]?.latenessMs).toBeGreaterThan(SLOW_MS);
  });

  it('is left for the newest with cancelRunning', async () => {
    const runs = await endedRuns('cancelRunning');
    const replaced = 'cancelled: replacedByNewerRun';
    expect(states(runs)).toEqual([replaced, replaced, 'succeeded']);
    expect(header(calls('slow-cancelRunning'), 'webhook-id')).toEqual(runs.map(({ id }) => id));
  });
});

describe('a service that stops during a call', () => {
  it('hands the run back, and the next start delivers it under the same name', async () => {
    receiver.answer('/interrupted', { hang: true }, { body: 'at last' });
    const job = await api.createJob({ name: 'interrupted', schedule: RARELY, target: `${receiver.url}/interrupted` });
    const { id } = await api.trigger(job.id);
    await receiver.waitFor('the first call', () => calls('interrupted').length === 1);

    expect(await service.stop()).toEqual({ code: 0, signal: null });
    await start();

    const run = await api.waitForRun('the run to end', id, hasEnded);
    expect(run).toMatchObject({
      state: 'succeeded',
      attempt: 2,
      response: { bodyExcerpt: 'at last' },
      attempts: [{ number: 1 }, { number: 2, outcome: 'succeeded' }],
    });
    expect(run.attempts[0]?.outcome).not.toBe('succeeded');
    expect(header(calls('interrupted'), 'webhook-id')).toEqual([id, id]);
    expect(header(calls('interrupted'), 'carillon-attempt')).toEqual(['1', '2']);
  });

  it('lets a call that ends in time end', async () => {
    receiver.answer('/brief', { delayMs: 500, body: 'in time' });
    const job = await api.createJob({ name: 'brief', schedule: RARELY, target: `${receiver.url}/brief` });
    const { id } = await api.trigger(job.id);
    await receiver.waitFor('the call', () => calls('brief').length === 1);

    expect(await service.stop()).toEqual({ code: 0, signal: null });
    await start();

    expect(await api.run(id)).toMatchObject({ state: 'succeeded', attempt: 1, response: { bodyExcerpt: 'in time' } });
  });
});
