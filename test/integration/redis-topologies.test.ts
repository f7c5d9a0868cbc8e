import { Keyv } from 'keyv';
import { PromptRedis } from '../../src/caching/prompt-redis.js';
import { redisStore } from '../../src/caching/redis-store.js';
import { connectRedis } from '../../src/platform/redis.js';
import { BullMqRunQueue } from '../../src/queue/bullmq-run-queue.js';
import { LedgerRunQueue } from '../../src/queue/ledger-run-queue.js';
import { RedisLimits } from '../../src/rate-limiting/redis-limits.js';
import { findFreePort } from '../support/free-port.js';
import type { Receiver } from '../support/receiver.js';
import { startReceiver } from '../support/receiver.js';
import type { RedisServer } from '../support/redis-server.js';
import { startRedis, startSentinel } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { asOperator, Candidates } from './leader-fixture.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger } from './ledger-fixture.js';
import { startWorker } from './worker-fixture.js';

const TTL_MS = 900;
const SLOTS = 16_384;

let ledger: Ledger;
let receiver: Receiver;
let servers: RedisServer[];
let candidates: Candidates;
let endings: (() => Promise<void>)[];

beforeAll(async () => {
  [ledger, receiver] = await Promise.all([openLedger(10), startReceiver()]);
});

beforeEach(async () => {
  await ledger.clear();
  receiver.clear();
  servers = [];
  endings = [];
  candidates = new Candidates(TTL_MS);
});

afterEach(async () => {
  await candidates.stop();
  for (const end of endings) await end();
  await Promise.all(servers.map((server) => server.dispose()));
});

afterAll(async () => {
  await receiver?.close();
  await ledger?.close();
});

interface Delivery {
  readonly queue: BullMqRunQueue;
  /** Puts runs into the ledger and the queue, and waits until the target has them; answers how many came by a hint. */
  deliver(count: number): Promise<number>;
}

async function startDelivery(url: string): Promise<Delivery> {
  let made: BullMqRunQueue | undefined;
  const worker = await startWorker(ledger.database, {
    shutdownTimeoutMs: 500,
    queue: (messages, clock) => {
      const connections = { producer: connectRedis(url, 'prompt'), consumer: connectRedis(url, 'patient') };
      return (made = new BullMqRunQueue(connections, new LedgerRunQueue(messages, clock)));
    },
  });
  const queue = made as BullMqRunQueue;
  let hinted = 0;
  const { executor } = worker;
  const byIds = executor.claimByIds.bind(executor);
  executor.claimByIds = (ids) => {
    hinted += ids.length;
    return byIds(ids);
  };
  endings.push(async () => {
    await worker.stop();
    await queue.disconnect();
  });
  return {
    queue,
    async deliver(count) {
      const [before, hintedBefore] = [receiver.requests.length, hinted];
      const jobs = await ledger.addJobs(
        ...Array.from({ length: count }, () => ({ target: { url: `${receiver.url}/run` } })),
      );
      const ids = await Promise.all(jobs.map((job) => ledger.addRun(job, { scheduledFor: Date.now() })));
      await queue.enqueue(ids.map((id) => ({ id })));
      await waitFor('the calls', () => receiver.requests.length === before + count, Boolean, { timeoutMs: 8_000 });
      return hinted - hintedBefore;
    },
  };
}

async function deliversByHint(delivery: Delivery): Promise<void> {
  await waitFor('runs to travel through Redis', async () => (await delivery.deliver(3)) === 3, Boolean, {
    timeoutMs: 10_000,
    intervalMs: 200,
  });
}

interface CacheProbe {
  /** Stores under keys of two projects and finds them again, several of one project in one question. */
  keeps(): Promise<void>;
  /** Clearing takes all that is ours and nothing else, on every server. */
  clears(): Promise<void>;
}

function startCache(url: string): CacheProbe {
  const redis = new PromptRedis(connectRedis(url, 'prompt'));
  endings.push(async () => redis.stop());
  const store = redisStore(redis, { prefix: 'carillon:cache:', ttlMs: 60_000 });
  const cache = new Keyv({ store, serialize: undefined, deserialize: undefined, useKeyPrefix: false });
  const keys = ['a', 'b'].flatMap((project) => [1, 2, 3].map((job) => `job:{${project}}:${job}`));
  const found = () => cache.getMany<string>(keys);
  return {
    async keeps() {
      const look = async () => {
        for (const key of keys) await cache.set(key, key);
        return found();
      };
      await waitFor('the cache', look, (values) => values.join() === keys.join(), { timeoutMs: 15_000 });
    },
    async clears() {
      for (const project of ['a', 'b']) await redis.ask('', (to) => to.set(`other:{${project}}`, project), null);
      await cache.clear();
      expect(await found()).toEqual(keys.map(() => undefined));
      const others = ['a', 'b'].map((project) => redis.ask('', (to) => to.get(`other:{${project}}`), null));
      expect(await Promise.all(others)).toEqual(['a', 'b']);
    },
  };
}

test.each([
  ['dies', (server: RedisServer) => server.stop('SIGKILL')],
  ['hangs', async (server: RedisServer) => server.freeze()],
])(
  'Sentinel: lock, queue and cache follow a failover to the replica when the primary %s',
  async (_how, lose) => {
    const primary = await startRedis('--repl-diskless-sync-delay', '0');
    const replica = await startRedis('--replicaof', '127.0.0.1', String(primary.port));
    servers.push(primary, replica);
    await waitFor('the replica to follow', async () =>
      /slave0:.*state=online/.test(await asOperator(primary.url, (client) => client.info('replication'))),
    );
    const sentinel = await startSentinel(primary, 300);
    servers.push(sentinel);
    const known = () => asOperator(sentinel.url, (client) => client.call('SENTINEL', 'REPLICAS', 'primary'));
    await waitFor('the sentinel to know the replica', async () => ((await known()) as unknown[]).length === 1);

    const url = `redis+sentinel://127.0.0.1:${sentinel.port}/primary`;
    await candidates.startMany(3, url);
    const delivery = await startDelivery(url);
    const before = (await candidates.oneLeads()).lock.reign()?.epoch ?? 0;
    await deliversByHint(delivery);
    const cache = startCache(url);
    await cache.keeps();

    await lose(primary);
    expect(await delivery.deliver(3)).toBe(0); // from the ledger meanwhile
    await waitFor(
      'the failover',
      async () => /role:master/.test(await asOperator(replica.url, (client) => client.info('replication'))),
      Boolean,
      { timeoutMs: 15_000 },
    );
    await waitFor(
      'the leader of the new primary',
      () => ({
        reigns: candidates.leaders().map(({ lock }) => lock.reign()),
        connections: candidates.all.map(({ redis }) => redis.status),
      }),
      // A key that outlived the primary by its copy goes on under its epoch.
      ({ reigns: [reign, ...others], connections }) =>
        connections.every((status) => status === 'ready') &&
        others.length === 0 &&
        reign?.alone === false &&
        reign.epoch >= before,
      { timeoutMs: 8_000 },
    );
    await deliversByHint(delivery);
    await cache.keeps();
    await cache.clears();
  },
  60_000,
);

test('Cluster: the lock is held, the cache keeps and runs travel, all keys of the queue in one slot', async () => {
  for (let node = 0; node < 3; node += 1) servers.push(await startNode());
  await joinNodes(servers);

  const url = `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  await candidates.startMany(3, url);
  const delivery = await startDelivery(url);
  const leader = await candidates.oneLeads();
  await deliversByHint(delivery);
  const cache = startCache(url);
  await cache.keeps();
  const epoch = leader.lock.reign()?.epoch ?? 0;
  await leader.lock.stop();
  expect((await candidates.oneLeads()).lock.reign()?.epoch).toBeGreaterThan(epoch);
  await countsOverAll(url);

  // The nodes with the lock and the queue stand still, and come back.
  for (const server of servers) server.freeze();
  candidates.all.splice(candidates.all.indexOf(leader), 1);
  await candidates.allPlan();
  expect(await delivery.deliver(3)).toBe(0);
  for (const server of servers) server.thaw();
  await candidates.oneLeads({ timeoutMs: 10_000 });
  await deliversByHint(delivery);
  await cache.keeps();
  await cache.clears();
}, 60_000);

/** The counters of one request lie in one slot, those of several projects in many. */
async function countsOverAll(url: string): Promise<void> {
  const limits = new RedisLimits(connectRedis(url, 'prompt'));
  const limit = { requests: 10, windowMs: 60_000 };
  try {
    await waitFor('the limits to be counted', () => limits.degraded === null);
    for (let project = 0; project < 10; project += 1) {
      const checks = [`{${project}}:key`, `{${project}}`].map(
        (counter) => ({ policy: 'key', counter, limit }) as const,
      );
      expect(await limits.take(checks, 1)).toMatchObject([{ used: 1 }, { used: 1 }]);
    }
    expect(limits.degraded).toBeNull();
  } finally {
    limits.disconnect();
  }
}

async function startNode(): Promise<RedisServer> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '60000'];
  return startRedis(...flags, '--cluster-port', String(await findFreePort()));
}

async function joinNodes(nodes: readonly RedisServer[]): Promise<void> {
  const [first] = nodes as [RedisServer];
  const share = Math.ceil(SLOTS / nodes.length);
  const [, busPort] = await asOperator(
    first.url,
    (client) => client.config('GET', 'cluster-port') as Promise<string[]>,
  );
  for (const [index, node] of nodes.entries()) {
    await asOperator(node.url, async (client) => {
      const last = Math.min(SLOTS, (index + 1) * share) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
      if (node !== first) await client.call('CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(busPort));
    });
  }
  await waitFor(
    'the cluster to be whole',
    async () => {
      const infos = await Promise.all(nodes.map(({ url }) => asOperator(url, (client) => client.cluster('INFO'))));
      return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
    },
    Boolean,
    { timeoutMs: 15_000 },
  );
}
