import { randomUUID } from 'node:crypto';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import { RunCapsRepository } from '../../src/persistence/run-caps.repository.js';
import type { Receiver } from '../support/receiver.js';
import { startReceiver } from '../support/receiver.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger, LedgerRun } from './ledger-fixture.js';
import { LocalMessages, openLedger, PROJECT_ID } from './ledger-fixture.js';
import type { Worker } from './worker-fixture.js';
import { startWorker } from './worker-fixture.js';

const CAP = 4;

let ledger: Ledger;
let receiver: Receiver;
let workers: Worker[] = [];
let capped: string;

jest.setTimeout(20_000);

beforeAll(async () => {
  ledger = await openLedger(12);
  receiver = await startReceiver();
});

beforeEach(async () => {
  await ledger.clear();
  receiver.clear();
  capped = randomUUID();
  await ledger.query(
    `INSERT INTO projects (id, name, created_at, updated_at, quotas)
     VALUES ($1::uuid, $1::uuid::text, now(), now(), '{"concurrentRuns": ${CAP}}')`,
    capped,
  );
});

afterEach(async () => {
  for (const worker of workers) await worker.stop();
  workers = [];
});

afterAll(async () => {
  await receiver?.close();
  await ledger?.close();
});

/** Workers with connections of their own, as replicas have them. */
async function startWorkers(count: number, settings = {}): Promise<void> {
  const messages = new LocalMessages();
  for (let index = 0; index < count; index += 1) {
    workers.push(await startWorker(await ledger.another(), { messages, shutdownTimeoutMs: 100, ...settings }));
  }
}

/** Runs that are due now, the first ones longest. */
async function addRuns(projectId: string, path: string, count: number): Promise<string> {
  const jobId = await ledger.addJob({ target: { url: receiver.url + path } });
  const now = Date.now();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      ledger.addRun(jobId, { projectId, scheduledFor: now - 60_000 + index, dueAt: now, now: now - 40 }),
    ),
  );
  return jobId;
}

const allEnded = (jobId: string, timeoutMs = 15_000): Promise<LedgerRun[]> =>
  waitFor(
    'all runs to end',
    () => ledger.runs(jobId),
    (runs) => runs.every(({ state }) => state === 'succeeded'),
    { timeoutMs },
  );

function mostAtOnce(runs: readonly LedgerRun[]): number {
  const spans = runs.map(({ startedAt, finishedAt }) => ({ from: startedAt ?? NaN, to: finishedAt ?? NaN }));
  return Math.max(...spans.map(({ from }) => spans.filter((span) => span.from <= from && from < span.to).length));
}

test('a project has no more calls under way than its quota, over all workers, and uses all of it', async () => {
  receiver.answer('/capped', { delayMs: 60 });
  const jobId = await addRuns(capped, '/capped', 60);
  await startWorkers(3);
  const runs = await allEnded(jobId);
  expect(mostAtOnce(runs)).toBe(CAP);
  expect(receiver.requestsTo('/capped')).toHaveLength(60);
  expect(runs.every(({ attempt, attempts }) => attempt === 1 && attempts.length === 1)).toBe(true);
});

test('claims that meet never overstep it together', async () => {
  const jobId = await addRuns(capped, '/capped', 40);
  const now = Date.now();
  const claims = new ClaimsRepository(ledger.database);
  const claimed = await claims.claimWaiting(40, now, now, now + 60_000, randomUUID());
  expect(claimed).toHaveLength(40);
  const caps = new RunCapsRepository(ledger.database);
  const groups = Array.from({ length: 10 }, (_, index) => claimed.slice(index * 4, index * 4 + 4));
  const admitted = await Promise.all(groups.map((group) => caps.admit(group, now)));
  expect(admitted.reduce((sum, { size }) => sum + size, 0)).toBe(CAP);
  expect((await ledger.runs(jobId)).filter(({ state }) => state === 'running')).toHaveLength(CAP);
});

test('others do not wait for it, however many runs it has', async () => {
  receiver.answer('/capped', { hang: true });
  await addRuns(capped, '/capped', 400);
  await startWorkers(2, { workerConcurrency: 50 });
  await waitFor('its calls to begin', () => receiver.requestsTo('/capped').length === CAP);
  const free = await addRuns(PROJECT_ID, '/free', 100);
  for (const { queue } of workers) await queue.enqueue([{ id: 'hint' }]);
  await allEnded(free, 5_000);
  expect(receiver.requestsTo('/capped')).toHaveLength(CAP);
  const waiting = await ledger.runs(
    (await ledger.query<{ job_id: string }>('SELECT job_id FROM runs WHERE project_id = $1 LIMIT 1', capped))[0]
      ?.job_id,
  );
  expect(waiting.filter(({ state }) => state === 'queued')).toHaveLength(400 - CAP);
});

test('who waits longest goes first, also before those that come later', async () => {
  receiver.answer('/capped', { delayMs: 30 });
  const first = await addRuns(capped, '/capped', 20);
  await startWorkers(2);
  await waitFor('some to have ended', async () =>
    (await ledger.runs(first)).some(({ state }) => state === 'succeeded'),
  );
  const later = await addRuns(capped, '/capped', 20);
  for (const { queue } of workers) await queue.enqueue([{ id: 'hint' }]);
  const [early, late] = [await allEnded(first), await allEnded(later)];
  const startOf = ({ startedAt }: LedgerRun): number => startedAt ?? NaN;
  // A call that ends makes room for whoever is first in line at that moment; until that one has come, whoever claims the later
  // ones finds it free. Each of the two workers claims them once, and finds no more than the quota.
  const lastEarly = Math.max(...early.map(startOf));
  expect(late.filter((run) => startOf(run) < lastEarly).length).toBeLessThanOrEqual(2 * CAP);
});

test('a quota that is set holds for what begins later, and one that is lifted lets all begin', async () => {
  receiver.answer('/capped', { hang: true });
  const jobId = await addRuns(capped, '/capped', 30);
  await startWorkers(2);
  await waitFor('the first to begin', () => receiver.requests.length === CAP);
  await ledger.query(`UPDATE projects SET quotas = jsonb_build_object('concurrentRuns', 7) WHERE id = $1`, capped);
  await waitFor('more to begin', () => receiver.requests.length === 7);
  await ledger.query(`UPDATE projects SET quotas = '{}' WHERE id = $1`, capped);
  await waitFor('all to begin', () => receiver.requests.length === 30);
  expect((await ledger.runs(jobId)).every(({ state }) => state === 'running')).toBe(true);
});

test('a worker that dies leaves no hole: its lapsed runs free the quota once they are taken over', async () => {
  receiver.answer('/capped', { delayMs: 40 });
  const jobId = await addRuns(capped, '/capped', CAP * 2);
  await ledger.query(
    `UPDATE runs SET state = 'running', capped = true, attempt = 1, lease_until = now() + interval '1 hour',
            lease_token = gen_random_uuid(), claimed_at = now(), started_at = now()
     WHERE id IN (SELECT id FROM runs WHERE job_id = $1 ORDER BY scheduled_for LIMIT ${CAP})`,
    jobId,
  );
  await startWorkers(1);
  const states = async () =>
    (await ledger.runs(jobId)).map(({ state, availableAt }) => [state, availableAt > Date.now() + 3_600_000]);
  await waitFor(
    'the rest to stand in line',
    states,
    (all) => all.filter(([state, inLine]) => state === 'queued' && inLine).length === CAP,
  );
  expect(receiver.requests).toHaveLength(0);
  await ledger.query(
    `UPDATE runs SET state = 'failed', lease_token = NULL, lease_until = NULL WHERE state = 'running'`,
  );
  await receiver.waitForCount(CAP);
});

test('a run in line is as it was before: no attempt, no start', async () => {
  receiver.answer('/capped', { hang: true });
  const jobId = await addRuns(capped, '/capped', CAP + 3);
  await startWorkers(1);
  const inLine = await waitFor(
    'three to stand in line',
    async () => (await ledger.runs(jobId)).filter(({ availableAt }) => availableAt > Date.now() + 3_600_000),
    (runs) => runs.length === 3,
  );
  expect(inLine).toMatchObject(
    Array(3).fill({ state: 'queued', attempt: 0, startedAt: null, leaseUntil: null, leaseToken: null, attempts: [] }),
  );
});
