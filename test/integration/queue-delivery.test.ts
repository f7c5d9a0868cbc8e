import type { Receiver } from '../support/receiver.js';
import { startReceiver } from '../support/receiver.js';
import { waitFor } from '../support/wait-for.js';
import type { JobDraft, Ledger, LedgerRun } from './ledger-fixture.js';
import { KeepingQueue, LocalMessages, openLedger, stateOf, tally } from './ledger-fixture.js';
import type { Worker, WorkerSettings } from './worker-fixture.js';
import { HostClock, startWorker } from './worker-fixture.js';

let ledger: Ledger;
let receiver: Receiver;
let workers: Worker[] = [];

beforeAll(async () => {
  ledger = await openLedger(12);
  receiver = await startReceiver();
});

beforeEach(async () => {
  await ledger.clear();
  receiver.clear();
});

afterEach(async () => {
  for (const worker of workers) await worker.stop();
  workers = [];
});

afterAll(async () => {
  await receiver?.close();
  await ledger?.close();
});

async function work(settings: WorkerSettings = {}): Promise<Worker> {
  const worker = await startWorker(ledger.database, settings);
  workers.push(worker);
  return worker;
}

/** A job that calls the receiver at `path`, and one queued run of it, due now. */
async function queued(path: string, job: JobDraft = {}): Promise<{ jobId: string; runId: string }> {
  const jobId = await ledger.addJob({ ...job, target: { url: receiver.url + path, ...job.target } });
  return { jobId, runId: await ledger.addRun(jobId, { scheduledFor: Date.now() - 40 }) };
}

const ended = (run: LedgerRun): boolean => ['succeeded', 'failed', 'cancelled'].includes(run.state);
const untilEnded = (runId: string, timeoutMs = 5_000): Promise<LedgerRun> =>
  waitFor(`run ${runId} to end`, () => ledger.run(runId), ended, { timeoutMs });
const untilState = (runId: string, state: string): Promise<LedgerRun> =>
  waitFor(
    `run ${runId} to be ${state}`,
    () => ledger.run(runId),
    (run) => run.state === state,
  );

const FAST = { maxAttempts: 3, backoff: 'fixed', initialDelayMs: 30, maxDelayMs: 5_000, maxElapsedMs: 60_000 } as const;

describe('one run', () => {
  test('succeeds: answer, attempt, times and lateness are in the ledger', async () => {
    receiver.answer('/a', { status: 201, body: 'made\0 it' });
    const { runId, jobId } = await queued('/a');
    await work();
    const run = await untilEnded(runId);
    expect(run).toMatchObject({
      state: 'succeeded',
      reason: null,
      attempt: 1,
      leaseToken: null,
      leaseUntil: null,
      error: null,
    });
    expect(run.response).toEqual({ status: 201, bodyExcerpt: 'made\uFFFD it' });
    expect(run.attempts).toMatchObject([{ number: 1, outcome: 'succeeded', status: 201, error: null }]);
    const started = run.startedAt as number;
    expect(run.latenessMs).toBe(started - run.scheduledFor);
    expect(run.latenessMs).toBeGreaterThanOrEqual(40);
    expect(run.finishedAt).toBeGreaterThanOrEqual(started);
    const [request] = receiver.requestsTo('/a');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ jobId, runId, attempt: 1 });
    expect(await stats(jobId)).toMatchObject({ last_run_state: 'succeeded', failure_streak: 0 });
  });

  test('by a worker whose clock lags: at once when it comes by a hint, and never before its time in the ledger', async () => {
    const { executor } = await work({ queue: () => new KeepingQueue(), clockLagMs: 10_000 });
    const { runId } = await queued('/lag');
    await executor.claimByIds([runId]);
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'succeeded', startedAt: run.scheduledFor, latenessMs: 0 });
  });

  test('by a worker whose clock is of an hour ago: not under a lease that has ended for everyone else', async () => {
    const queue = new KeepingQueue();
    const { executor } = await work({ queue: () => queue, clock: new ClockBeforeItWasSet() });
    const { runId } = await queued('/set');
    await executor.claimByIds([runId]);
    expect(await ledger.run(runId)).toMatchObject({ state: 'queued', attempt: 0, lostAttempts: 0, leaseToken: null });
    expect(queue.queued).toEqual([runId]);
    await executor.claimByIds(queue.queued);
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(run.startedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(receiver.requestsTo('/set')).toHaveLength(1);
  });

  test('fails twice, then succeeds: same webhook-id, attempts counted, delays kept', async () => {
    receiver.answer('/b', { status: 500 }, { status: 503 }, { status: 200 });
    const { runId } = await queued('/b', { retry: { ...FAST, initialDelayMs: 200 } });
    await work();
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'succeeded', attempt: 3, error: null });
    expect(run.attempts.map(({ number, outcome, status }) => [number, outcome, status])).toEqual([
      [1, 'failed', 500],
      [2, 'failed', 503],
      [3, 'succeeded', 200],
    ]);
    const requests = receiver.requestsTo('/b');
    expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([runId]));
    expect(requests.map(({ headers }) => headers['carillon-attempt'])).toEqual(['1', '2', '3']);
    const gaps = requests.slice(1).map(({ receivedAt }, index) => receivedAt - (requests[index]?.receivedAt ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(155);
    // Woken by a timer at the instant, not found by the poll of a second.
    for (const gap of gaps) expect(gap).toBeLessThan(600);
  });

  test('attempts run out: failed, and the streak of the job grows', async () => {
    receiver.answer('/c', { status: 500, body: 'no' });
    const { runId, jobId } = await queued('/c', { retry: { ...FAST, maxAttempts: 2 } });
    const second = await ledger.addRun(jobId, { scheduledFor: Date.now() - 20 });
    await work();
    const run = await untilEnded(runId);
    await untilEnded(second);
    expect(run).toMatchObject({ state: 'failed', reason: 'attemptsExhausted', attempt: 2, error: { code: 'status' } });
    expect(await stats(jobId)).toMatchObject({ last_run_state: 'failed', failure_streak: 2 });
  });

  test.each([
    ['hangs', { hang: true }, 'timedOut', 'timeout'],
    ['answers later than the timeout', { delayMs: 2_000 }, 'timedOut', 'timeout'],
    ['breaks off', { drop: true }, 'failed', 'connection_reset'],
  ])('a target that %s', async (_name, answer, outcome, code) => {
    receiver.answer('/d', answer);
    const { runId } = await queued('/d', { target: { timeoutMs: 150 }, retry: { ...FAST, maxAttempts: 1 } });
    await work();
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'failed', error: { code }, response: null });
    expect(run.attempts).toMatchObject([{ outcome }]);
  });

  test('nobody listens', async () => {
    const { runId } = await queued('', { target: { url: 'http://127.0.0.1:1/' }, retry: { ...FAST, maxAttempts: 1 } });
    await work();
    expect(await untilEnded(runId)).toMatchObject({ state: 'failed', error: { code: 'connection_refused' } });
  });

  test('an address that the guard forbids is refused for good, without an attempt more', async () => {
    const { runId } = await queued('', { target: { url: 'http://169.254.169.254/latest' } });
    await work();
    expect(await untilEnded(runId)).toMatchObject({
      state: 'failed',
      reason: 'rejected',
      attempt: 1,
      error: { code: 'egress_blocked' },
    });
  });

  test('a huge answer is cut: memory stays, the excerpt is short, the run succeeds', async () => {
    receiver.answer('/huge', { bodyBytes: 300_000_000 });
    const { runId } = await queued('/huge');
    const before = process.memoryUsage().rss;
    await work();
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'succeeded' });
    expect(run.response?.bodyExcerpt).toHaveLength(2_048);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('Retry-After is waited for, but no longer than maxDelay', async () => {
    receiver.answer('/e', { status: 429, retryAfter: 3_600 }, { status: 200 });
    const { runId } = await queued('/e', { retry: { ...FAST, maxDelayMs: 400 } });
    await work();
    await untilEnded(runId);
    const [first, second] = receiver.requestsTo('/e');
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(395);
  });

  test('410 fails the run at once and pauses its job', async () => {
    receiver.answer('/gone', { status: 410 });
    const { runId, jobId } = await queued('/gone');
    await work();
    expect(await untilEnded(runId)).toMatchObject({ state: 'failed', reason: 'gone', attempt: 1 });
    expect(await ledger.job(jobId)).toMatchObject({ state: 'paused', next_run_at: null, version: 2 });
  });

  test('a cancelled run: its call is aborted and its attempt kept, its state untouched', async () => {
    receiver.answer('/slow', { hang: true });
    const { runId } = await queued('/slow');
    const { messages } = await work();
    await receiver.waitForCount(1);
    await ledger.query(
      `UPDATE runs SET state = 'cancelled', reason = 'cancelledByUser', lease_token = NULL, finished_at = now() WHERE id = $1`,
      runId,
    );
    messages.publish({ type: 'runsCancelled', runIds: [runId] });
    const run = await waitFor(
      'the attempt to be recorded',
      () => ledger.run(runId),
      ({ attempts }) => attempts.length === 1,
    );
    expect(run).toMatchObject({ state: 'cancelled', reason: 'cancelledByUser', attempts: [{ outcome: 'cancelled' }] });
  });

  test('without the message the lost lease aborts it all the same', async () => {
    receiver.answer('/slow', { hang: true });
    const { runId } = await queued('/slow', { target: { timeoutMs: 60_000 } });
    await work({ leaseMs: 1_000 });
    await receiver.waitForCount(1);
    await ledger.query(
      `UPDATE runs SET state = 'cancelled', reason = 'cancelledByUser', lease_token = NULL, finished_at = now() WHERE id = $1`,
      runId,
    );
    await waitFor(
      'the attempt to be recorded',
      () => ledger.run(runId),
      ({ attempts }) => attempts.length === 1,
    );
  });

  test('a call longer than its lease keeps it', async () => {
    receiver.answer('/long', { delayMs: 1_500 });
    const { runId } = await queued('/long');
    await work({ leaseMs: 600 });
    const run = await untilEnded(runId);
    expect(run).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  test('the run of a deleted job ends without leaving statistics behind', async () => {
    receiver.answer('/late', { delayMs: 300 });
    const { runId, jobId } = await queued('/late');
    await work();
    await receiver.waitForCount(1);
    await ledger.query('DELETE FROM jobs WHERE id = $1', jobId);
    expect(await untilEnded(runId)).toMatchObject({ state: 'succeeded' });
    expect(await ledger.query('SELECT * FROM job_stats')).toEqual([]);
  });
});

async function stats(jobId: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await ledger.query('SELECT * FROM job_stats WHERE job_id = $1', jobId);
  return row;
}

describe('many runs', () => {
  async function queueMany(count: number, path: string, job: JobDraft = {}): Promise<void> {
    const jobIds = await ledger.addJobs(
      ...Array.from({ length: count }, () => ({ ...job, target: { url: receiver.url + path, ...job.target } })),
    );
    const at = Date.now() - 100;
    for (const jobId of jobIds) await ledger.addRun(jobId, { scheduledFor: at });
  }

  test('two workers share 600 runs: each is called once', async () => {
    // None is to be called again because a busy machine answers late.
    await queueMany(600, '/many', { target: { timeoutMs: 60_000 } });
    await Promise.all([work({ workerConcurrency: 50 }), work({ workerConcurrency: 50 })]);
    await waitFor(
      'all to succeed',
      () => ledger.runs(),
      (runs) => runs.every(({ state }) => state === 'succeeded'),
      { timeoutMs: 60_000 },
    );
    expect(receiver.requests).toHaveLength(600);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(600);
  }, 90_000);

  test('never more calls at once than WORKER_CONCURRENCY, however the runs come', async () => {
    let now = 0;
    let most = 0;
    receiver.answer('/busy', () => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => (now -= 1), 20);
      return { delayMs: 20 };
    });
    await queueMany(120, '/busy');
    const ids = (await ledger.runs()).map(({ id }) => id);
    const { executor } = await work({ workerConcurrency: 5 });
    // As BullMQ's worker does: several hints at once, each with many ids, beside the ledger's own claims.
    await Promise.all([0, 30, 60, 90].map((start) => executor.claimByIds(ids.slice(start, start + 30))));
    await waitFor(
      'all to succeed',
      () => ledger.runs(),
      (runs) => runs.every(({ state }) => state === 'succeeded'),
      { timeoutMs: 10_000 },
    );
    expect(receiver.requests).toHaveLength(120);
    expect(most).toBeLessThanOrEqual(6); // the receiver's count falls a moment after its answer is sent
  });

  test('a full worker that is told to stop aborts its calls after the time it was given, and hands the runs back', async () => {
    receiver.answer('/stuck', { hang: true });
    await queueMany(8, '/stuck', { target: { timeoutMs: 60_000 } });
    const worker = await work({ workerConcurrency: 3, shutdownTimeoutMs: 300 });
    await receiver.waitForCount(3);
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const runs = await ledger.runs();
    expect(tally(runs, stateOf)).toEqual({ retrying: 3, queued: 5 });
    expect(
      runs
        .filter(({ state }) => state === 'retrying')
        .every(({ lostAttempts, attempt }) => lostAttempts === 0 && attempt === 1),
    ).toBe(true);
    receiver.answer('/stuck', { status: 200 });
    await work();
    await waitFor(
      'all to succeed',
      () => ledger.runs(),
      (all) => all.every(({ state }) => state === 'succeeded'),
    );
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(8);
  });

  test('runs given back by a stopping worker are delivered by another one at once', async () => {
    receiver.answer('/stuck', { hang: true }, { status: 200 });
    const { runId } = await queued('/stuck', { target: { timeoutMs: 60_000 }, retry: { ...FAST, maxAttempts: 1 } });
    const messages = new LocalMessages();
    const first = await work({ messages, shutdownTimeoutMs: 0 });
    await receiver.waitForCount(1);
    await work({ messages });
    await first.stop();
    const run = await untilEnded(runId);
    expect(run).toMatchObject({
      ...{ state: 'succeeded', attempt: 2, lostAttempts: 0 },
      attempts: [{ outcome: 'cancelled', error: { code: 'worker_stopped' } }, { outcome: 'succeeded' }],
    });
    const [broken, whole] = receiver.requests;
    expect(whole?.headers['webhook-id']).toBe(broken?.headers['webhook-id']);
    expect(messages.sent).toContainEqual({ type: 'runsQueued' });
  });

  test('a claim that is answered while the worker stops is given back without a call', async () => {
    const queue = new KeepingQueue();
    const worker = await work({ workerConcurrency: 1, queue: () => queue });
    const [one, two] = [await queued('/late'), await queued('/late')];
    const claiming = worker.executor.claimByIds([one.runId, two.runId]);
    await worker.stop();
    await claiming;
    for (const { runId } of [one, two])
      expect(await ledger.run(runId)).toMatchObject({ state: 'queued', attempt: 0, startedAt: null, attempts: [] });
    expect(receiver.requests).toEqual([]);
    // Both are announced anew: the one that was claimed, and the one that there was no room for.
    expect(queue.queued.sort()).toEqual([one.runId, two.runId].sort());
  });

  test('after a crash the calls under way count as lost, so that one that crashes its worker comes to an end', async () => {
    receiver.answer('/poison', { hang: true });
    const { runId } = await queued('/poison', { target: { timeoutMs: 60_000 } });
    const worker = await work({ shutdownTimeoutMs: 0 });
    await receiver.waitForCount(1);
    worker.lifecycle.failed = true;
    await worker.stop();
    expect(await ledger.run(runId)).toMatchObject({ state: 'retrying', attempt: 1, lostAttempts: 1 });
  });

  test('a call under way is let end while it stops', async () => {
    receiver.answer('/slow', { delayMs: 300 });
    const { runId } = await queued('/slow');
    const worker = await work();
    await receiver.waitForCount(1);
    await worker.stop();
    expect(await ledger.run(runId)).toMatchObject({ state: 'succeeded' });
  });

  test('a retry is taken up by another worker when the first one has gone', async () => {
    receiver.answer('/r', { status: 500 }, { status: 200 });
    const { runId } = await queued('/r', { retry: { ...FAST, initialDelayMs: 400 } });
    const first = await work();
    await untilState(runId, 'retrying');
    await first.stop();
    await work();
    expect(await untilEnded(runId)).toMatchObject({ state: 'succeeded', attempt: 2 });
  });
});

/** The database's clock was set forward by an hour since it was read. */
class ClockBeforeItWasSet extends HostClock {
  constructor() {
    super(3_600_000);
  }

  override async sync(): Promise<void> {
    this.lagMs = 0;
  }

  override agrees(databaseAt: number): boolean {
    return Math.abs(databaseAt - this.now()) < 1_000;
  }
}
