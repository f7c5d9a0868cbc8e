import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectRedis } from '../../src/platform/redis.js';
import { SLOTS } from '../../src/rate-limiting/limit-store.js';
import type { Check, Standing } from '../../src/rate-limiting/limit-store.js';
import { RedisLimits } from '../../src/rate-limiting/redis-limits.js';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';

let server: RedisServer;
let operator: Redis;
let stores: RedisLimits[] = [];

beforeAll(async () => {
  server = await startRedis();
  operator = new Redis(server.url);
});

afterEach(async () => {
  for (const store of stores) store.disconnect();
  stores = [];
  await operator.flushall();
});

afterAll(async () => {
  await operator?.quit();
  await server?.dispose();
});

async function open(): Promise<RedisLimits> {
  const store = new RedisLimits(connectRedis(server.url, 'prompt'));
  stores.push(store);
  await counts(store);
  return store;
}

const counts = (store: RedisLimits) =>
  waitFor('the store to count in Redis', () => store.degraded === null, Boolean, { timeoutMs: 10_000 });

function check(counter: string, requests: number, windowMs = 60_000): Check {
  return { policy: 'key', counter, limit: { requests, windowMs } };
}

async function one(store: RedisLimits, taken: Check, cost = 1): Promise<Standing> {
  return (await store.take([taken], cost))[0] as Standing;
}

describe('counters in Redis', () => {
  it('are the same for all replicas', async () => {
    const [first, second] = [await open(), await open()];
    expect(await one(first, check('a', 3))).toMatchObject({ used: 1, waitMs: 0 });
    expect(await one(second, check('a', 3), 2)).toMatchObject({ used: 3, waitMs: 0 });
    const refused = await one(first, check('a', 3));
    expect(refused).toMatchObject({ used: 3, waitMs: refused.resetMs });
    expect(refused.waitMs).toBeGreaterThan(50_000);
    expect(refused.waitMs).toBeLessThanOrEqual(60_500);
  });

  it('of one request are counted all or none, by one command', async () => {
    const store = await open();
    await store.take([check('{p}:k', 5), check('{p}', 2)], 2);
    const [key, project] = await store.take([check('{p}:k', 5), check('{p}', 2)], 1);
    expect([key, project]).toMatchObject([
      { used: 2, waitMs: 0 },
      { used: 2, waitMs: project?.resetMs },
    ]);
    await operator.config('RESETSTAT');
    await store.take([check('{p}:k', 5), check('{p}:x', 2)], 1);
    expect(await operator.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/);
  });

  it('of requests that come together are counted one after the other, by one command', async () => {
    const store = await open();
    await one(store, check('a', 3)); // so that Redis has the script
    await operator.config('RESETSTAT');
    const asked = [
      [[check('a', 3)], 1],
      [[check('b', 2), check('a', 3)], 5],
      [[check('b', 2)], 1],
      [[check('a', 3)], 2],
      [[check('c', 9), check('b', 2)], 1],
      [[check('a', 3)], 1],
    ] as const;
    const standings = await Promise.all(asked.map(([checks, cost]) => store.take(checks, cost)));
    const waits = standings.map((all) => all.map(({ used, waitMs }) => [used, waitMs > 0]));
    expect(waits).toEqual([
      [[2, false]],
      [
        [0, false],
        [2, true],
      ],
      [[1, false]],
      [[2, true]],
      [
        [1, false],
        [2, false],
      ],
      [[3, false]],
    ]);
    expect(await operator.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/);
  });

  it('end with their window, and take little room', async () => {
    const store = await open();
    const windowMs = 1_200;
    const endAtMs = performance.now() + 2 * windowMs;
    while (performance.now() < endAtMs) {
      await sleep(1);
      await one(store, check('busy', 1_000_000, windowMs));
    }
    expect(await operator.hlen('carillon:limit:busy')).toBeLessThanOrEqual(SLOTS + 4);
    expect(await operator.object('ENCODING', 'carillon:limit:busy')).toBe('listpack');
    const ttlMs = await operator.pttl('carillon:limit:busy');
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(windowMs * 1.02);
    await waitFor(
      'the keys to be gone',
      () => operator.keys('*'),
      (keys) => keys.length === 0,
    );
  });

  it('let nobody through twice at the border of two windows', async () => {
    const store = await open();
    const windowMs = 1_000;
    const admitted: { sentAtMs: number; answeredAtMs: number }[] = [];
    const send = async (): Promise<void> => {
      const sentAtMs = performance.now();
      const { waitMs } = await one(store, check('border', 50, windowMs));
      if (waitMs === 0) admitted.push({ sentAtMs, answeredAtMs: performance.now() });
    };
    const lastAtMs = performance.now() + 4 * windowMs;
    for (let burst = 25; performance.now() < lastAtMs; burst = 50) {
      await Promise.all(Array.from({ length: burst }, send));
      await sleep(150);
    }
    for (const { sentAtMs } of admitted) {
      const endAtMs = sentAtMs + windowMs;
      const inside = admitted.filter((other) => other.sentAtMs >= sentAtMs && other.answeredAtMs < endAtMs);
      expect(inside.length).toBeLessThanOrEqual(50);
    }
    expect(admitted.length).toBeGreaterThan(4 * 50 * 0.9);
  });

  it('say how long to wait, to the millisecond', async () => {
    const store = await open();
    await one(store, check('wait', 2, 1_000));
    await sleep(200);
    await one(store, check('wait', 2, 1_000));
    const refused = await one(store, check('wait', 2, 1_000), 2);
    expect(refused.waitMs).toBeGreaterThan(refused.resetMs + 150);
    await sleep(refused.waitMs + 5);
    expect(await one(store, check('wait', 2, 1_000), 2)).toMatchObject({ waitMs: 0 });
  });

  it('start anew under another window, and where the clock of Redis was set back', async () => {
    const store = await open();
    await one(store, check('a', 1));
    expect(await one(store, check('a', 1, 30_000))).toMatchObject({ used: 1, waitMs: 0 });
    const future = Math.floor(((Date.now() + 3_600_000) * SLOTS) / 30_000);
    await operator.hset('carillon:limit:a', { used: 1, oldest: future, [String(future)]: 1 });
    expect(await one(store, check('a', 1, 30_000))).toMatchObject({ used: 1, waitMs: 0 });
  });
});

describe('while Redis is away', () => {
  afterEach(async () => {
    server.thaw();
    await server.start();
    await waitFor('Redis', () => operator.ping());
  });

  it('requests are counted here, from where it stood, and nobody waits', async () => {
    const store = await open();
    await one(store, check('a', 3), 2);
    await server.stop();
    await waitFor('it to be noticed', () => store.degraded !== null);
    expect(store.degraded).toMatch(/^Redis is away/);
    expect(await one(store, check('a', 3))).toMatchObject({ used: 3, waitMs: 0 });
    expect((await one(store, check('a', 3))).waitMs).toBeGreaterThan(0);
    await server.start();
    await counts(store);
    // It came back empty, and learns what was let in meanwhile.
    expect(await one(store, check('a', 3))).toMatchObject({ used: 2 });
  }, 20_000);

  it('and hangs, one request finds out and the others do not wait', async () => {
    const store = await open();
    await one(store, check('a', 1_000), 500);
    server.freeze();
    const timed = async (): Promise<number> => {
      const startedAtMs = performance.now();
      await one(store, check('a', 1_000));
      return performance.now() - startedAtMs;
    };
    const first = await timed();
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThan(100);
    const others: number[] = [];
    for (let index = 0; index < 200; index += 1) others.push(await timed());
    expect(others.sort((a, b) => a - b)[180]).toBeLessThan(5);
    expect(await one(store, check('a', 1_000))).toMatchObject({ used: 702 });
    server.thaw();
    await counts(store);
    expect(await one(store, check('a', 1_000))).toMatchObject({ used: 703 });
  }, 20_000);

  it('and hangs until its connection is given up, it is found again', async () => {
    const connection = connectRedis(server.url, 'prompt');
    const store = new RedisLimits(connection);
    stores.push(store);
    await counts(store);
    server.freeze();
    await one(store, check('a', 10));
    await waitFor('the connection to be given up', () => connection.status !== 'ready');
    expect(store.degraded).not.toBeNull();
    server.thaw();
    await counts(store);
    expect(await one(store, check('a', 10))).toMatchObject({ waitMs: 0 });
  }, 20_000);

  it('and takes no writes, it is not asked by requests', async () => {
    const store = await open();
    await operator.config('SET', 'maxmemory', '1');
    try {
      expect(await one(store, check('a', 10))).toMatchObject({ waitMs: 0 });
      expect(store.degraded).not.toBeNull();
    } finally {
      await operator.config('SET', 'maxmemory', '0');
    }
    await counts(store);
  });
});
