import { CACHE_MANAGER } from '@nestjs/cache-manager';
import type { Cache } from 'cache-manager';
import { Redis } from 'ioredis';
import { KeptValues } from '../../src/caching/kept-values.js';
import { Database } from '../../src/persistence/database.js';
import type { Statement } from '../../src/persistence/database.js';
import { JobReadingsRepository } from '../../src/persistence/job-readings.repository.js';
import { DEFAULT_PROJECT } from '../../src/platform/project.js';
import { Metrics } from '../../src/platform/metrics.js';
import { findFreePort } from '../support/free-port.js';
import { useTestRedis } from '../support/test-redis.js';
import { waitFor } from '../support/wait-for.js';
import { Api } from './api.js';
import type { Json } from './api.js';

const JOB = { schedule: '@hourly', target: 'https://example.com/hook' };
const SECRET = 'planted-secret-4711';
const OURS = 'carillon:cache:*';

const { url } = useTestRedis();

let api: Api;
let redis: Redis;
let cache: Cache;

beforeAll(async () => {
  api = await Api.start({ redisUrl: url });
  cache = api.app.get<Cache>(CACHE_MANAGER);
  redis = new Redis(url);
});
beforeEach(() => api.reset());
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  redis?.disconnect();
  await api?.stop();
});

async function read(id: string): Promise<Json> {
  const { status, body } = await api.call('GET', `/jobs/${id}`);
  expect(status).toBe(200);
  return body;
}

async function listed(): Promise<Json[]> {
  return (await api.call('GET', '/jobs')).body['data'] as Json[];
}

const patch = (id: string, description: string) => api.call('PATCH', `/jobs/${id}`, { description });

/** What this replica remembers; another one has Redis alone. */
const forget = () => cache.stores[0]?.clear();

async function keysOf(id: string): Promise<string[]> {
  return (await redis.keys(OURS)).filter((key) => key.endsWith(id));
}

/** Read anew until it is there: a Redis that is slow for a moment is done without. */
async function inRedis(id: string): Promise<string> {
  const look = async () => {
    await forget();
    await read(id);
    return keysOf(id);
  };
  const [key = ''] = await waitFor('the job in Redis', look, (keys) => keys.length === 1);
  return key;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** How lookups of jobs ended while `work` ran. */
async function lookups(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const { cacheLookups } = api.app.get(Metrics);
  cacheLookups.reset();
  await work();
  const { values } = await cacheLookups.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels['found'], value]));
}

describe('a cached job', () => {
  it('is sent once by Postgres and then confirmed, alone and in lists', async () => {
    const { id, ...created } = await api.create({ ...JOB, name: 'a' });
    expect(await lookups(() => read(id))).toEqual({ miss: 1 });
    expect(await lookups(async () => expect(await read(id)).toEqual({ id, ...created }))).toEqual({ hit: 1 });
    expect(await lookups(async () => expect(await listed()).toEqual([{ id, ...created }]))).toEqual({ hit: 1 });
  });

  it('is shared with replicas that remember nothing, over Redis', async () => {
    const jobs = [await api.create({ ...JOB, name: 'a' }), await api.create({ ...JOB, name: 'b' })];
    expect(await lookups(listed)).toEqual({ miss: 2 });
    for (const { id } of jobs) await inRedis(id);
    for (const [count, look] of [
      [2, listed],
      [1, () => read(jobs[0]?.id ?? '')],
    ] as const) {
      const asAnother = async () => {
        await forget();
        return lookups(look);
      };
      expect(await waitFor('hits by Redis', asAnother, ({ hit }) => hit === count)).toEqual({ hit: count });
    }
    expect(await listed()).toEqual(expect.arrayContaining(jobs));
  });

  it('is new after each way to change it', async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    const changes: [string, string, unknown, (job: Json) => unknown, unknown][] = [
      ['PATCH', `/jobs/${id}`, { description: 'new' }, (job) => job['description'], 'new'],
      ['PUT', '/jobs/by-name/a', { ...JOB, labels: { a: 'b' } }, (job) => job['labels'], { a: 'b' }],
      ['POST', `/jobs/${id}/pause`, { note: 'why' }, (job) => [job['state'], job['pauseNote']], ['paused', 'why']],
      ['POST', `/jobs/${id}/resume`, undefined, (job) => job['state'], 'active'],
      ['POST', `/jobs/${id}/skip-next`, undefined, (job) => job['nextRunAt'], '2026-03-02T10:00:00.000Z'],
      ['POST', `/jobs/${id}/trigger`, undefined, (job) => job['runCount'], 1],
    ];
    for (const [method, path, body, seen, expected] of changes) {
      await read(id);
      expect((await api.call(method, path, body)).status).toBeLessThan(300);
      expect([path, seen(await read(id))]).toEqual([path, expected]);
      expect([path, (await listed()).map(seen)]).toEqual([path, [expected]]);
    }
    expect((await api.call('DELETE', `/jobs/${id}`)).status).toBe(204);
    expect([(await api.call('GET', `/jobs/${id}`)).status, await listed()]).toEqual([404, []]);
  });

  it('shows what planning and workers wrote, which tell the cache nothing', async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    await read(id);
    api.clock.at += 3_600_000;
    expect(await api.plan()).toBe(1);
    const seen = async () =>
      expect(await read(id)).toMatchObject({ runCount: 1, nextRunAt: '2026-03-02T10:00:00.000Z' });
    expect(await lookups(seen)).toEqual({ hit: 1 });
  });

  it('is told apart by Postgres whoever wrote the row: version and time may stay', async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    await read(id);
    await api.rows(`UPDATE jobs SET description = 'by hand' WHERE id = $1`, [id]);
    expect(await read(id)).toMatchObject({ description: 'by hand', version: 1 });
  });

  it("is another project's neither by its id nor by what is kept of it", async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    await read(id);
    const { body } = await api.call('POST', '/projects', { name: 'other' });
    const asOther = { 'carillon-project': String(body['name']) };
    expect((await api.call('GET', `/jobs/${id}`, undefined, asOther)).status).toBe(404);
    await api.rows('DELETE FROM projects WHERE name = $1', ['other']);
  });
});

describe('a slow loader', () => {
  it('that stores what was true before a write, after the write and its readers, is found out', async () => {
    const { id } = await api.create({ ...JOB, name: 'a', description: 'old' });
    const kept = api.app.get(KeptValues);
    const keep = kept.keep.bind(kept);
    let storesLate: () => void = () => undefined;
    jest.spyOn(kept, 'keep').mockImplementationOnce((...entry) => (storesLate = () => keep(...entry)));

    expect(await read(id)).toMatchObject({ description: 'old' });
    await patch(id, 'new');
    expect(await read(id)).toMatchObject({ description: 'new' });
    const stored = async (work: () => unknown) => {
      await work();
      return (await redis.mget(...(await keysOf(id)), 'none')).join();
    };
    await waitFor(
      'the old state in Redis',
      () => stored(storesLate),
      (text) => text.includes('"old"'),
    );

    expect(await lookups(() => read(id))).toEqual({ outdated: 1 });
    const readAsAnother = async () => {
      await forget();
      expect(await read(id)).toMatchObject({ description: 'new' });
    };
    await waitFor(
      'the new state in Redis',
      () => stored(readAsAnother),
      (text) => text.includes('"new"'),
    );
    await forget();
    expect(await read(id)).toMatchObject({ description: 'new' });
    expect(await listed()).toMatchObject([{ description: 'new' }]);
  });

  it('whose statement ended before a write gives nobody its answer who asked after it', async () => {
    const { id } = await api.create({ ...JOB, name: 'a', description: 'old' });
    const readings = api.app.get(JobReadingsRepository);
    const real = readings.read.bind(readings);
    const [started, release] = [deferred(), deferred()];
    jest.spyOn(readings, 'read').mockImplementationOnce(async (questions) => {
      const answer = await real(questions);
      started.resolve();
      await release.promise;
      return answer;
    });

    const early = read(id);
    await started.promise;
    await patch(id, 'new');
    expect(await read(id)).toMatchObject({ description: 'new' });
    release.resolve();
    expect(await early).toMatchObject({ description: 'old' }); // it began before the write was answered
    expect(await read(id)).toMatchObject({ description: 'new' });
  });
});

test('a job that something else wrote, to the microsecond, is known again', async () => {
  const { id } = await api.create({ ...JOB, name: 'a' });
  await api.rows(`UPDATE jobs SET updated_at = date_trunc('milliseconds', updated_at) + interval '1 us' RETURNING id`);
  await read(id);
  expect(await lookups(() => read(id))).toEqual({ hit: 1 });
});

test('jobs are read by their keys, however few there were when Postgres planned it', async () => {
  const { id } = await api.create({ ...JOB, name: 'first' });
  const projectId = DEFAULT_PROJECT.id;
  await api.rows(`
    WITH defined AS (
      INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
      SELECT gen_random_uuid(), project_id, 'job ' || n, '', '{}', schedule, target, retry, overlap, misfire, created_at, updated_at
      FROM jobs, generate_series(1, 1000) AS n WHERE id = '${id}'
      RETURNING id, project_id
    )
    INSERT INTO job_states (job_id, project_id, state) SELECT id, project_id, 'paused' FROM defined`);
  await api.rows('ANALYZE jobs; ANALYZE job_states');
  const asked: Statement[] = [];
  const overheard = { rows: async (statement: Statement) => (asked.push(statement), []) } as unknown as Database;
  await new JobReadingsRepository(overheard).read([{ projectId, id, known: null }]);
  const plan: unknown = await api.db.query(
    `BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; PREPARE reading AS ${asked[0]?.text ?? ''};
     EXPLAIN EXECUTE reading ('{${projectId}}', '{${id}}', '{1}', '{2026-01-01T00:00:00Z}'); ROLLBACK; DEALLOCATE ALL`,
  );
  expect(JSON.stringify(plan)).toContain('Index Scan using');
  expect(JSON.stringify(plan)).not.toContain('Seq Scan');
});

test('a stampede makes a few statements of one row each', async () => {
  const { id } = await api.create({ ...JOB, name: 'a' });
  const rows = jest.spyOn(api.app.get(Database), 'rows');
  await Promise.all(Array.from({ length: 300 }, () => read(id)));
  expect(rows.mock.calls.length).toBeLessThan(30);
  expect(rows.mock.calls.map(([, values]) => values?.[1])).toEqual(rows.mock.calls.map(() => `{${id}}`));
});

describe('Redis', () => {
  it('gets no secret', async () => {
    const target = {
      url: 'https://example.com/hook',
      headers: { authorization: { value: SECRET, secret: true }, 'x-plain': 'plain' },
    };
    const { id } = await api.create({ ...JOB, name: 'a', target });
    await inRedis(id);
    const preview = { schedule: '@daily', from: '2026-01-01T00:00:00Z', count: 1_000 };
    const texts = await waitFor(
      'both in Redis',
      async () => {
        await forget();
        await api.call('POST', '/schedules/preview', preview);
        return (await redis.mget(await redis.keys(OURS))).join('\n');
      },
      (found) => found.includes('x-plain') && found.includes('2026-01-02T00:00:00'),
    );
    expect(texts).not.toContain(SECRET);
  });

  it('keeps nothing for ever, and loses nothing of others when the cache is cleared', async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    await inRedis(id);
    const ttls = await Promise.all((await redis.keys(OURS)).map((key) => redis.pttl(key)));
    expect(Math.min(...ttls.filter((ttl) => ttl !== -2))).toBeGreaterThan(0);
    await redis.set('carillon:else', 'stays');
    await cache.clear();
    expect([await keysOf(id), await redis.getdel('carillon:else')]).toEqual([[], 'stays']);
  });

  it('may hold nonsense', async () => {
    const { id } = await api.create({ ...JOB, name: 'a' });
    const key = await inRedis(id);
    for (const nonsense of ['', 'no JSON', '7', '[]', '{"value":7}', '{"value":{"stamp":{"xmin":"x"}}}']) {
      await redis.set(key, nonsense);
      await forget();
      expect([nonsense, (await api.call('GET', `/jobs/${id}`)).status]).toEqual([nonsense, 200]);
    }
    await redis.del(key);
    await redis.lpush(key, 'a list');
    await forget();
    expect(await read(id)).toMatchObject({ name: 'a' });
    await redis.del(key);
  });

  it('may be away from the start', async () => {
    const alone = await Api.start({ redisUrl: `redis://127.0.0.1:${await findFreePort()}` });
    try {
      const { id } = await alone.create({ ...JOB, name: 'a' });
      for (let time = 0; time < 3; time += 1) expect((await alone.call('GET', `/jobs/${id}`)).status).toBe(200);
    } finally {
      await alone.stop();
    }
  });
});
