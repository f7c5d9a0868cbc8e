import { Socket } from 'node:net';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { connectRedis } from '../../src/platform/redis.js';
import { BullMqRunQueue, QUEUE_PREFIX } from '../../src/queue/bullmq-run-queue.js';
import { LedgerRunQueue } from '../../src/queue/ledger-run-queue.js';
import type { QueuedRun } from '../../src/queue/run-queue.js';
import type { Receiver } from '../support/receiver.js';
import { startReceiver } from '../support/receiver.js';
import type { RedisServer } from '../support/redis-server.js';
import { startRedis } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, stateOf, tally } from './ledger-fixture.js';
import type { Worker } from './worker-fixture.js';
import { startWorker } from './worker-fixture.js';

let ledger: Ledger;
let receiver: Receiver;
let redis: RedisServer;
let replicas: Replica[] = [];

beforeAll(async () => {
  [ledger, receiver, redis] = await Promise.all([openLedger(10), startReceiver(), startRedis()]);
});

beforeEach(async () => {
  await ledger.clear();
  receiver.clear();
});

afterEach(async () => {
  redis.thaw();
  for (const replica of replicas) await replica.end();
  replicas = [];
  await redis.start();
});

afterAll(async () => {
  await redis?.dispose();
  await receiver?.close();
  await ledger?.close();
});

interface Replica {
  readonly worker: Worker;
  readonly queue: BullMqRunQueue;
  /** Claims that came with a hint from Redis, and those from the ledger's poll. */
  readonly claims: { byHint: number; fromLedger: number };
  end(): Promise<void>;
}

async function replica(): Promise<Replica> {
  const made: BullMqRunQueue[] = [];
  const worker = await startWorker(ledger.database, {
    shutdownTimeoutMs: 500,
    queue: (messages, clock) => {
      const connections = { producer: connectRedis(redis.url, 'prompt'), consumer: connectRedis(redis.url, 'patient') };
      made.push(new BullMqRunQueue(connections, new LedgerRunQueue(messages, clock)));
      return made[0] as BullMqRunQueue;
    },
  });
  const queue = made[0] as BullMqRunQueue;
  const claims = { byHint: 0, fromLedger: 0 };
  const { executor } = worker;
  const byIds = executor.claimByIds.bind(executor);
  executor.claimByIds = (ids) => {
    claims.byHint += ids.length;
    return byIds(ids);
  };
  const waiting = executor.claimWaiting.bind(executor);
  executor.claimWaiting = (limit, queuedForMs) => {
    claims.fromLedger += 1;
    return waiting(limit, queuedForMs);
  };
  const one: Replica = {
    ...{ worker, queue, claims },
    async end() {
      await worker.stop();
      await queue.disconnect();
    },
  };
  replicas.push(one);
  return one;
}

const connected = (one: Replica): Promise<unknown> => waitFor('Redis to carry', () => !one.queue.degraded);

async function makeRuns(count: number): Promise<QueuedRun[]> {
  const jobIds = await ledger.addJobs(
    ...Array.from({ length: count }, () => ({ target: { url: `${receiver.url}/run` } })),
  );
  const at = Date.now();
  const runs: QueuedRun[] = [];
  for (const jobId of jobIds) runs.push({ id: await ledger.addRun(jobId, { scheduledFor: at }) });
  return runs;
}

async function allDelivered(count: number, timeoutMs = 8_000): Promise<void> {
  await waitFor(
    'all runs to succeed',
    () => ledger.runs(),
    (runs) => runs.length === count && runs.every(({ state }) => state === 'succeeded'),
    { timeoutMs },
  );
  expect(receiver.requests).toHaveLength(count);
  expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(count);
}

test('runs travel through Redis, to whichever replica takes them, and leave nothing behind', async () => {
  const [one, two] = [await replica(), await replica()];
  await Promise.all([connected(one), connected(two)]);
  const runs = await makeRuns(60);
  const startedAt = performance.now();
  await one.queue.enqueue(runs);
  await allDelivered(60);
  expect(performance.now() - startedAt).toBeLessThan(1_900); // the ledger's net would have waited for two seconds
  expect(one.claims.byHint + two.claims.byHint).toBe(60);
  const client = new Redis(redis.url);
  const queue = new Queue('runs', { connection: client, prefix: QUEUE_PREFIX });
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, active: 0, failed: 0, completed: 0, delayed: 0 });
  await queue.close();
  client.disconnect();
});

test('hints that are doubled, unknown or stale start nothing twice', async () => {
  const one = await replica();
  await connected(one);
  const runs = await makeRuns(5);
  await one.queue.enqueue([...runs, ...runs, { id: 'nonsense' }, { id: '019757a0-0000-7000-8000-000000000000' }]);
  await allDelivered(5);
  await one.queue.enqueue(runs);
  const more = await makeRuns(1);
  await one.queue.enqueue(more);
  await allDelivered(6);
});

test('Redis stops: the ledger delivers; Redis is back: it carries again', async () => {
  const one = await replica();
  await connected(one);
  await redis.stop();
  await waitFor('the outage to be seen', () => one.queue.degraded);
  const startedAt = performance.now();
  await one.queue.enqueue(await makeRuns(20));
  await allDelivered(20);
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  expect(one.claims.byHint).toBe(0);
  await redis.start();
  await connected(one);
  await one.queue.enqueue(await makeRuns(20));
  await allDelivered(40);
  await waitFor(
    'hints through Redis',
    () => one.claims.byHint,
    (count) => count === 20,
  );
}, 15_000);

test('a start without Redis: delivered from the ledger, and carried once it comes', async () => {
  await redis.stop();
  const one = await replica();
  expect(one.queue.degraded).toBe(true);
  await one.queue.enqueue(await makeRuns(5));
  await allDelivered(5);
  await redis.start();
  await connected(one);
  await one.queue.enqueue(await makeRuns(5));
  await allDelivered(10);
  expect(one.claims.byHint).toBe(5);
}, 15_000);

test('Redis is flushed with hints in it: the ledger’s net delivers them', async () => {
  const planner = await replica();
  await connected(planner);
  await planner.worker.executor.onModuleDestroy(); // no worker takes the hints
  const runs = await makeRuns(30);
  await planner.queue.enqueue(runs);
  const client = new Redis(redis.url);
  expect(await client.dbsize()).toBeGreaterThan(0);
  await client.flushall();
  client.disconnect();
  const one = await replica();
  await allDelivered(30);
  expect(one.claims.byHint).toBe(0);
  await planner.queue.enqueue(await makeRuns(3));
  await allDelivered(33);
});

test('Redis is frozen: a tick waits for it once, and later ones not at all', async () => {
  const one = await replica();
  await connected(one);
  redis.freeze();
  const enqueueMs = async (): Promise<number> => {
    const runs = await makeRuns(2);
    const startedAt = performance.now();
    await one.queue.enqueue(runs);
    return performance.now() - startedAt;
  };
  expect(await enqueueMs()).toBeLessThan(1_300);
  expect(one.queue.degraded).toBe(true);
  const deadline = performance.now() + 5_600;
  let slowest = 0;
  while (performance.now() < deadline) slowest = Math.max(slowest, await enqueueMs());
  expect(slowest).toBeLessThan(300);
  redis.thaw();
  await connected(one);
  const counts = tally(await ledger.runs(), stateOf);
  await waitFor(
    'all to succeed',
    () => ledger.runs(),
    (runs) => runs.every(({ state }) => state === 'succeeded'),
  );
  expect(Object.keys(counts)).not.toContain('failed');
}, 20_000);

test.each(['stopped', 'frozen', 'frozen from the start'] as const)(
  'a replica ends in time while Redis is %s, and leaves nothing that keeps the process',
  async (how) => {
    // To Redis, or on their way: the test itself opens and closes others meanwhile.
    const looked = process as unknown as { _getActiveHandles(): object[] };
    const port = Number(new URL(redis.url).port);
    const handles = (): Socket[] =>
      looked
        ._getActiveHandles()
        .filter(
          (handle): handle is Socket => handle instanceof Socket && (handle.connecting || handle.remotePort === port),
        );
    const before = handles().length;
    if (how === 'frozen from the start') redis.freeze();
    const one = await replica();
    if (how !== 'frozen from the start') await connected(one);
    if (how === 'stopped') await redis.stop();
    if (how === 'frozen') redis.freeze();
    replicas = [];
    const startedAt = performance.now();
    await one.end();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await waitFor('sockets to be gone', handles, (left) => left.length <= before, { timeoutMs: 15_000 });
  },
);
