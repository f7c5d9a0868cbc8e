import { Redis } from 'ioredis';
import pg from 'pg';
import { createTestDatabase } from '../support/database.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { startRedis } from '../support/redis-server.js';
import { useTestRedis } from '../support/test-redis.js';

describe('a test database', () => {
  test('is migrated, apart from others, and in a session zone that is not UTC', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const client = new pg.Client({ connectionString: one.url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT to_regclass('jobs') IS NOT NULL AS migrated, current_setting('TimeZone') AS zone",
    );
    await client.end();
    expect(rows).toEqual([{ migrated: true, zone: 'America/St_Johns' }]);
    expect(one.url).not.toBe(other.url);
    await Promise.all([one.drop(), other.drop()]);
  });

  test('tells of a pool that was not ended', async () => {
    const database = await createTestDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    await pool.query('SELECT 1');
    await expect(database.drop()).rejects.toThrow(/end every pool.*SELECT 1/);
    await pool.end();
    await database.drop();
  });
});

describe('Redis', () => {
  test('of the run: a prefix is cleaned up, its neighbours stay', async () => {
    const [one, other] = [useTestRedis(), useTestRedis()];
    const redis = new Redis(one.url);
    await redis.mset({ [`${one.prefix}a`]: 1, [`${other.prefix}a`]: 1 });
    await one.cleanUp();
    expect(await redis.exists(`${one.prefix}a`, `${other.prefix}a`)).toBe(1);
    await other.cleanUp();
    await redis.quit();
  });

  test('of a test’s own: comes back empty on the same port, from a freeze too', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url, { lazyConnect: true });
    redis.on('error', () => undefined);
    await redis.connect();
    await redis.set('a', 1);
    server.freeze();
    await server.restart();
    expect(await redis.exists('a')).toBe(0);
    redis.disconnect();
    await server.dispose();
  });
});

describe('the receiver', () => {
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await startReceiver();
  });

  afterEach(() => receiver.close());

  test('answers a path in turn, the last answer again and again', async () => {
    receiver.answer('/hook', { status: 500 }, { status: 503, retryAfter: 2 }, (request) => ({ body: request.body }));
    const answers: unknown[] = [];
    for (let count = 1; count <= 4; count += 1) {
      const response = await fetch(`${receiver.url}/hook?n=${count}`, { method: 'POST', body: `body ${count}` });
      answers.push([response.status, response.headers.get('retry-after'), await response.text()]);
    }
    expect(answers).toEqual([
      [500, null, ''],
      [503, '2', ''],
      [200, null, 'body 3'],
      [200, null, 'body 4'],
    ]);
    expect(receiver.requestsTo('/hook').map(({ url }) => url)).toContain('/hook?n=4');
  });

  test('hangs, drops and floods', async () => {
    receiver.answer('/hang', { hang: true });
    receiver.answer('/drop', { drop: true });
    receiver.answer('/flood', { bodyBytes: 1_000_000 });
    await expect(fetch(`${receiver.url}/hang`, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
    await expect(fetch(`${receiver.url}/drop`)).rejects.toThrow('fetch failed');
    expect(await (await fetch(`${receiver.url}/flood`)).text()).toHaveLength(1_000_000);
  });

  test('waits for a condition, and says what came when it did not hold', async () => {
    setTimeout(() => void fetch(`${receiver.url}/late`), 20);
    await receiver.waitFor('the late one', () => receiver.requestsTo('/late').length === 1);
    await expect(receiver.waitForCount(2, 30)).rejects.toThrow(/2 requests; 1 requests came, the last: GET \/late/);
  });
});
