import { Redis } from 'ioredis';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { GuardedApi, ROOT } from './access-fixture.js';

describe('limits of one service', () => {
  const LIMIT = 20;
  let api: GuardedApi;

  beforeAll(async () => {
    api = await GuardedApi.start({ RATE_LIMIT: `${LIMIT}/1m` });
  }, 60_000);

  afterAll(() => api?.stop());

  async function left(key: string | null, address = '192.0.2.1'): Promise<string> {
    const answer = await from(address, key);
    return `${answer.status} ${String(answer.headers['ratelimit'])}`.replaceAll(/;t=\d+/g, '');
  }

  async function from(
    address: string,
    key: string | null,
    method: 'GET' | 'POST' = 'GET',
    url = '/jobs',
    body?: object,
  ) {
    const answer = await api.app.inject({
      ...{ method, url, remoteAddress: address },
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
  }

  it('count each key, its project, and the addresses of those without one', async () => {
    const [first, second] = [await api.key('default', 'viewer'), await api.key('default', 'editor')];
    expect(await left(first.key)).toBe('200 "key";r=19, "project";r=199');
    expect(await left(first.key, '192.0.2.2')).toBe('200 "key";r=18, "project";r=198');
    expect(await left(second.key)).toBe('200 "key";r=19, "project";r=197');
    expect(await left(ROOT)).toBe('200 "address";r=19');
    expect(await left(ROOT, '192.0.2.3')).toBe('200 "address";r=19');
    expect(await left(null, '192.0.2.4')).toBe('401 "failures";r=9');
    expect(await left('car_wrong', '192.0.2.4')).toBe('401 "failures";r=8');
  });

  it('say what they are and what is left', async () => {
    const { key } = await api.key('default', 'viewer');
    const { headers } = await from('192.0.2.1', key);
    expect(headers).toMatchObject({
      'ratelimit-policy': '"key";q=20;w=60, "project";q=200;w=60',
      ratelimit: expect.stringMatching(/^"key";r=19;t=6[01], "project";r=\d+;t=\d+$/),
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '19',
      'x-ratelimit-reset': expect.stringMatching(/^6[01]$/),
    });
    expect(headers['retry-after']).toBeUndefined();
  });

  it('refuse with 429 and say when to come again', async () => {
    const { key } = await api.key('default', 'viewer');
    for (let sent = 0; sent < LIMIT; sent += 1) expect((await from('192.0.2.1', key)).status).toBe(200);
    const { status, headers, body } = await from('192.0.2.1', key);
    expect([status, body['code']]).toEqual([429, 'rate_limited']);
    expect(body['detail']).toMatch(/^this key may make 20 requests in 60 s; the next is welcome in \d+ s$/);
    expect(headers).toMatchObject({ 'retry-after': headers['x-ratelimit-reset'], 'x-ratelimit-remaining': '0' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(50);
  });

  it('slow down an address that guesses, and let right keys in from there', async () => {
    const { key } = await api.key('default', 'viewer');
    const statuses: number[] = [];
    for (let sent = 0; sent < 15; sent += 1) statuses.push((await from('192.0.2.66', `car_${sent}`)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(5).fill(429)]);
    const { body, headers } = await from('192.0.2.66', null);
    expect(body['detail']).toMatch(/^this address may make 10 failed attempts to authenticate in 60 s/);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect((await from('192.0.2.66', key)).status).toBe(200);
    expect((await from('192.0.2.66', ROOT)).status).toBe(200);
  });

  it('take all addresses of one network of IPv6 for one', async () => {
    expect(await left(null, '2001:db8:0:1::1')).toBe('401 "failures";r=9');
    expect(await left(null, '2001:db8:0:1:ffff::2')).toBe('401 "failures";r=8');
    expect(await left(null, '2001:db8:0:2::1')).toBe('401 "failures";r=9');
    expect(await left(null, '::ffff:192.0.2.77')).toBe('401 "failures";r=9');
    expect(await left(null, '192.0.2.77')).toBe('401 "failures";r=8');
  });

  it('cost by what is asked for', async () => {
    const { key } = await api.key('default', 'editor');
    const preview = (count: number) =>
      from('192.0.2.1', key, 'POST', '/schedules/preview', { schedule: 'PT1H', count });
    expect((await preview(100)).headers['x-ratelimit-remaining']).toBe('19');
    expect((await preview(1_000)).headers['x-ratelimit-remaining']).toBe('9');
    const { status, body } = await preview(1_000);
    expect(status).toBe(429);
    expect(body['detail']).toMatch(/\(this one counts as 10\)/);
    expect((await preview(10)).headers['x-ratelimit-remaining']).toBe('8');

    const pause = (targets: object) => from('192.0.2.1', key, 'POST', '/jobs/bulk', { action: 'pause', ...targets });
    const ids = Array.from({ length: 250 }, (_, n) => `no-job-${n}`);
    expect((await pause({ ids })).headers['x-ratelimit-remaining']).toBe('5');
    expect((await pause({ ids: ['no-job'] })).headers['x-ratelimit-remaining']).toBe('4');
    // Nobody knows before how many it finds.
    const filtered = await pause({ filter: { label: ['team:nobody'] } });
    expect([filtered.status, filtered.body['detail']]).toEqual([429, expect.stringMatching(/counts as 10/)]);
  });

  it('of a project are set by the root key, and hold within a second', async () => {
    const id = await api.project('planned');
    const { key } = await api.key('planned', 'admin');
    expect((await from('192.0.2.1', key)).headers['ratelimit-policy']).toBe('"key";q=20;w=60, "project";q=200;w=60');
    const rateLimits = { perKey: { requests: 5, window: '10s' }, total: { requests: 7, window: 'PT1M' } };
    await api.must(200, ROOT, 'PATCH', `/projects/${id}`, { rateLimits });
    const changedAtMs = performance.now();
    await waitFor(
      'the new limits',
      async () => (await from('192.0.2.1', key)).headers['ratelimit-policy'] === '"key";q=5;w=10, "project";q=7;w=60',
    );
    expect(performance.now() - changedAtMs).toBeLessThan(1_000);
    const shown = { perKey: { requests: 5, window: 'PT10S' }, total: { requests: 7, window: 'PT1M' } };
    expect(await api.must(200, ROOT, 'GET', `/projects/${id}`)).toMatchObject({ rateLimits: shown });
    const part = await api.must(200, ROOT, 'PATCH', `/projects/${id}`, { rateLimits: { perKey: null } });
    expect(part).toMatchObject({ rateLimits: { ...shown, perKey: null } });
  });

  it('of a project can be given at its creation', async () => {
    const total = { requests: 3, window: 'PT1M' };
    await api.must(201, ROOT, 'POST', '/projects', { name: 'small', rateLimits: { total } });
    const keys = [await api.key('small', 'viewer'), await api.key('small', 'viewer')];
    const statuses: number[] = [];
    for (const { key } of [...keys, ...keys]) statuses.push((await from('192.0.2.1', key)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const other = await api.key('default', 'viewer');
    expect((await from('192.0.2.1', other.key)).status).toBe(200);
  });

  it.each([
    [{ rateLimits: { perKey: { requests: 0, window: 'PT1M' } } }, '/rateLimits/perKey/requests'],
    [{ rateLimits: { total: { requests: 1, window: 'P2D' } } }, '/rateLimits/total/window'],
    [{ rateLimits: { total: { requests: 1 } } }, '/rateLimits/total/window'],
    [{ rateLimits: { other: null } }, '/rateLimits/other'],
    [{ name: 'renamed' }, '/name'],
  ])('are refused when they are none: %j', async (body, pointer) => {
    const id = '00000000-0000-7000-8000-000000000001';
    const answer = await api.must(422, ROOT, 'PATCH', `/projects/${id}`, body);
    expect(answer['errors']).toMatchObject([{ pointer }]);
  });
});

describe('limits of three services with one Redis', () => {
  const LIMIT = 200;
  const WINDOW_MS = 4_000;
  let redis: RedisServer;
  let replicas: GuardedApi[];

  beforeAll(async () => {
    redis = await startRedis();
    const env = { RATE_LIMIT: `${LIMIT}/4s`, REDIS_URL: redis.url };
    const first = await GuardedApi.start(env);
    replicas = [first, await first.replica(env), await first.replica(env)];
    for (const replica of replicas) await waitFor('Redis to count', async () => (await degraded(replica)).length === 0);
  }, 60_000);

  afterAll(async () => {
    for (const replica of [...(replicas ?? [])].reverse()) await replica.stop();
    await redis?.dispose();
  });

  const degraded = async (replica: GuardedApi): Promise<string[]> =>
    ((await replica.must(200, ROOT, 'GET', '/system'))['degraded'] as string[]).filter((line) => /counts/.test(line));

  test('ten times the limit from one key: what comes through is the limit, to the hundredth', async () => {
    const [first] = replicas as [GuardedApi];
    const { key } = await first.key('default', 'viewer');
    const admitted: { sentAtMs: number; answeredAtMs: number }[] = [];
    const startedAtMs = performance.now();
    const windows = 3;
    let sent = 0;
    const open = new Set<Promise<void>>();
    while (performance.now() - startedAtMs < windows * WINDOW_MS - 20) {
      const due = ((performance.now() - startedAtMs) / WINDOW_MS) * LIMIT * 10;
      for (; sent < due; sent += 1) {
        const replica = replicas[sent % replicas.length] as GuardedApi;
        const sentAtMs = performance.now();
        const call = replica.call(key, 'GET', '/jobs').then(({ status }) => {
          if (status === 200) admitted.push({ sentAtMs, answeredAtMs: performance.now() });
          else expect(status).toBe(429);
        });
        open.add(call);
        void call.finally(() => open.delete(call));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(open);
    expect(sent).toBeGreaterThan(windows * LIMIT * 9);
    // A machine that can't keep up answers the last of them when a further window has begun.
    const lastsMs = Math.max(...admitted.map(({ answeredAtMs }) => answeredAtMs)) - startedAtMs;
    const begun = Math.max(windows, Math.ceil(lastsMs / WINDOW_MS));
    expect(admitted.length).toBeGreaterThan(windows * LIMIT * 0.99);
    expect(admitted.length).toBeLessThan(begun * LIMIT * 1.01);
    // A request was counted some time between its sending and its answer.
    for (const { sentAtMs } of admitted) {
      const endAtMs = sentAtMs + WINDOW_MS;
      const inside = admitted.filter((other) => other.sentAtMs >= sentAtMs && other.answeredAtMs < endAtMs);
      expect(inside.length).toBeLessThanOrEqual(LIMIT);
    }
    for (const replica of replicas) expect(await degraded(replica)).toEqual([]);
  }, 60_000);

  test('no key and no secret is in Redis, and every key of ours ends', async () => {
    const [first] = replicas as [GuardedApi];
    const { key } = await first.key('default', 'viewer');
    await first.call(key, 'GET', '/jobs');
    await first.call('car_a-guess', 'GET', '/jobs');
    const client = new Redis(redis.url);
    try {
      const names = (await client.keys('*')).filter((name) => name.startsWith('carillon:limit:'));
      expect(names.length).toBeGreaterThan(2);
      for (const name of names) expect(await client.pttl(name)).toBeGreaterThan(0);
      const dump = JSON.stringify(await Promise.all(names.map(async (name) => [name, await client.hgetall(name)])));
      expect(dump).not.toContain(key.slice(4, 16));
      expect(dump).not.toContain('guess');
      expect(dump).not.toContain(ROOT);
    } finally {
      await client.quit();
    }
  });

  test('a service whose Redis is away says so and answers', async () => {
    const [first] = replicas as [GuardedApi];
    const { key } = await first.key('default', 'viewer');
    redis.freeze();
    try {
      for (let sent = 0; sent < 20; sent += 1) expect((await first.call(key, 'GET', '/jobs')).status).toBe(200);
      expect(await degraded(first)).toEqual(['Redis is away: each replica counts requests for itself']);
    } finally {
      redis.thaw();
    }
    await waitFor('Redis to count again', async () => (await degraded(first)).length === 0);
  }, 30_000);
});
