import { createHash } from 'node:crypto';
import { KeyLookups } from '../../src/access/key-lookups.js';
import type { ApiKeysRepository } from '../../src/persistence/api-keys.repository.js';
import type { PresentedKey } from '../../src/persistence/api-keys.repository.js';
import { waitFor } from '../support/wait-for.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';
import { LocalMessages } from './ledger-fixture.js';

const JOB = { name: 'nightly', schedule: 'PT1H', target: 'https://example.com/' };
const HOUR_MS = 3_600_000;

let api: GuardedApi;

beforeAll(async () => {
  api = await GuardedApi.start();
}, 30_000);
afterAll(() => api?.stop());

describe('projects', () => {
  it('are made by the root key, by a name that nobody has', async () => {
    const answer = await api.call(ROOT, 'POST', '/projects', { name: 'billing' });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe(`/projects/${answer.body['id']}`);
    expect(await api.must(200, ROOT, 'GET', `/projects/${answer.body['id']}`)).toEqual({
      ...answer.body,
      use: { jobs: 0, firesPerMinute: 0, concurrentRuns: 0 },
    });
    expect(await api.must(409, ROOT, 'POST', '/projects', { name: 'billing' })).toMatchObject({ code: 'name_taken' });
  });

  it.each(['', '-x', 'a b', 'a/b', 'é', 'x'.repeat(64), '00000000-0000-7000-8000-000000000009'])(
    'are not named %p',
    async (name) => {
      expect(await api.must(422, ROOT, 'POST', '/projects', { name })).toMatchObject({
        errors: [{ pointer: '/name' }],
      });
    },
  );

  it('are all shown to the root key, page by page, and its own to an admin', async () => {
    const mine = await api.project('mine');
    const { key } = await api.key('mine', 'admin');
    const first = await api.must(200, ROOT, 'GET', '/projects?limit=1');
    expect(first['data']).toMatchObject([{ id: mine, name: 'mine' }]);
    const rest = await api.must(200, ROOT, 'GET', `/projects?limit=200&cursor=${first['page'].nextCursor}`);
    expect((rest['data'] as { name: string }[]).map(({ name }) => name)).toContain('default');
    expect(rest['page']).toEqual({ nextCursor: null });
    expect(await api.must(200, key, 'GET', '/projects')).toMatchObject({
      data: [{ id: mine }],
      page: { nextCursor: null },
    });
  });

  it('keep their jobs apart, also those of the same name', async () => {
    await Promise.all(['north', 'south'].map((name) => api.project(name)));
    const keys = await Promise.all(['north', 'south'].map((project) => api.key(project, 'editor')));
    for (const { key } of keys) await api.must(201, key, 'POST', '/jobs', JOB);
    for (const { key } of keys) expect((await api.must(200, key, 'GET', '/jobs'))['data']).toHaveLength(1);
  });
});

describe('the root key', () => {
  it('acts in default, or in the project of the header, by its name or id', async () => {
    const id = await api.project('headed');
    await api.must(201, ROOT, 'POST', '/jobs', JOB, inProject('headed'));
    const namesIn = async (headers: Record<string, string>) =>
      (await api.must(200, ROOT, 'GET', '/jobs', undefined, headers))['data'].length as number;
    expect(await namesIn(inProject('headed'))).toBe(1);
    expect(await namesIn(inProject(id))).toBe(1);
    expect(await namesIn(inProject(id.toUpperCase()))).toBe(1);
    expect(await namesIn(inProject('default'))).toBe(0);
    expect(await namesIn({})).toBe(0);
    expect(await api.must(400, ROOT, 'GET', '/jobs', undefined, inProject('nothing'))).toMatchObject({
      code: 'invalid_parameter',
    });
  });

  it.each([ROOT.slice(1), `${ROOT}x`, ROOT.toUpperCase(), ''])('is not %p', async (key) => {
    expect((await api.call(key, 'GET', '/jobs')).status).toBe(401);
  });

  it('comes as a bearer token alone', async () => {
    for (const authorization of [ROOT, `Basic ${ROOT}`, `Bearer${ROOT}`, `Bearer ${ROOT} ${ROOT}`, 'Bearer']) {
      expect((await api.call(null, 'GET', '/jobs', undefined, { authorization })).status).toBe(401);
    }
    expect((await api.call(null, 'GET', '/jobs', undefined, { authorization: `bearer ${ROOT}` })).status).toBe(200);
    expect((await api.call(null, 'GET', `/jobs?key=${ROOT}`)).status).toBe(401);
  });
});

describe('keys', () => {
  it('are shown once, and kept as their SHA-256 alone', async () => {
    const answer = await api.call(ROOT, 'POST', '/api-keys', { name: 'pipeline', role: 'editor' });
    const { key: given, ...shown } = answer.body;
    const key = String(given);
    expect(answer.headers).toMatchObject({ location: `/api-keys/${shown['id']}`, 'cache-control': 'no-store' });
    expect(key).toMatch(/^car_[0-9A-Za-z]{40}$/);
    expect(shown).toMatchObject({
      name: 'pipeline',
      role: 'editor',
      prefix: key.slice(0, 12),
      expiresAt: null,
      lastUsedAt: null,
    });
    expect(await api.must(200, ROOT, 'GET', `/api-keys/${shown['id']}`)).toEqual(shown);
    expect((await api.must(200, ROOT, 'GET', '/api-keys'))['data']).toContainEqual(shown);
    const [row] = await api.rows('SELECT k AS all, k.hash FROM api_keys k WHERE id = $1', [shown['id']]);
    expect(row?.['hash']).toBe(createHash('sha256').update(key).digest('hex'));
    expect(JSON.stringify(row)).not.toContain(key.slice(12));
  });

  it('end when they expire', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { key } = await api.key('default', 'viewer', { expiresAt });
    expect((await api.call(key, 'GET', '/jobs')).status).toBe(200);
    await waitFor('the key to expire', async () => (await api.call(key, 'GET', '/jobs')).status === 401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt) - 100);
    const past = await api.must(422, ROOT, 'POST', '/api-keys', {
      name: 'x',
      role: 'viewer',
      expiresAt: '2020-01-01T00:00:00Z',
    });
    expect(past).toMatchObject({ errors: [{ pointer: '/expiresAt', code: 'out_of_range' }] });
  });

  it('know when they were used last, with at most one write a minute', async () => {
    const { id, key } = await api.key('default', 'viewer');
    const lastUsed = async () => (await api.must(200, ROOT, 'GET', `/api-keys/${id}`))['lastUsedAt'] as string | null;
    expect(await lastUsed()).toBeNull();
    await Promise.all(Array.from({ length: 20 }, () => api.must(200, key, 'GET', '/jobs')));
    const noted = await waitFor('the use to be noted', lastUsed);
    const writes = async () => (await api.rows('SELECT xmin::text AS x FROM api_keys WHERE id = $1', [id]))[0]?.['x'];
    const written = await writes();
    await api.must(200, key, 'GET', '/jobs');
    expect([await lastUsed(), await writes()]).toEqual([noted, written]);
    await api.rows(`UPDATE api_keys SET last_used_at = last_used_at - interval '61 seconds' WHERE id = $1`, [id]);
    await waitFor('the next use to be noted', async () => {
      await api.must(200, key, 'GET', '/jobs'); // what is remembered of the key is up to 0.8 s old
      return ((await lastUsed()) ?? '') > String(noted);
    });
  });

  it('share the write of their use when they are used at the same moment', async () => {
    const keys = await Promise.all(Array.from({ length: 12 }, () => api.key('default', 'viewer')));
    const ids = keys.map(({ id }) => id);
    await Promise.all(keys.map(({ key }) => api.must(200, key, 'GET', '/jobs?limit=1')));
    const transactions = await waitFor('all uses to be noted', async () => {
      const rows = await api.rows('SELECT last_used_at, xmin::text AS x FROM api_keys WHERE id = ANY ($1)', [ids]);
      return rows.every((row) => row['last_used_at'] !== null)
        ? { count: new Set(rows.map((row) => row['x'])).size }
        : null;
    });
    expect(transactions?.count).toBeLessThanOrEqual(3);
  });

  it('are rotated with an overlap, once', async () => {
    const soon = new Date(Date.now() + HOUR_MS).toISOString();
    const old = await api.key('default', 'admin', { expiresAt: soon });
    const answer = await api.must(201, old.key, 'POST', `/api-keys/${old.id}/rotate`, { overlap: '10m' });
    const rotated = answer as { id: string; key: string; expiresAt: string };
    expect(answer).toMatchObject({ name: 'admin', role: 'admin', replacedBy: null });
    expect(rotated.id).not.toBe(old.id);
    expect(Math.abs(Date.parse(rotated.expiresAt) - Date.parse(soon))).toBeLessThan(60_000);
    for (const key of [old.key, rotated.key]) await api.must(200, key, 'GET', '/jobs');
    const was = await api.must(200, ROOT, 'GET', `/api-keys/${old.id}`);
    expect(was).toMatchObject({ replacedBy: rotated.id });
    expect(Math.abs(Date.parse(String(was['expiresAt'])) - Date.now() - 600_000)).toBeLessThan(30_000);
    expect(await api.must(409, ROOT, 'POST', `/api-keys/${old.id}/rotate`)).toMatchObject({
      code: 'wrong_state',
      detail: expect.stringContaining(rotated.id),
    });
  });

  it('end at once when they are rotated without an overlap', async () => {
    const old = await api.key('default', 'viewer');
    await api.must(200, old.key, 'GET', '/jobs');
    const { key } = (await api.must(201, ROOT, 'POST', `/api-keys/${old.id}/rotate`, { overlap: '0s' })) as {
      key: string;
    };
    expect((await api.call(old.key, 'GET', '/jobs')).status).toBe(401);
    await api.must(200, key, 'GET', '/jobs');
  });

  it('open nothing on the replica that revoked them, from the answer on', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id, key } = await api.key('default', 'viewer');
      await api.must(200, key, 'GET', '/jobs');
      await api.must(204, ROOT, 'DELETE', `/api-keys/${id}`);
      expect((await api.call(key, 'GET', '/jobs')).status).toBe(401);
    }
  });
});

describe('what is remembered of keys', () => {
  /** Answers what it is told to, and counts. */
  function lookups(): { lookups: KeyLookups; messages: LocalMessages; asked: () => number; answer: PresentedKey[] } {
    const messages = new LocalMessages();
    const answer: PresentedKey[] = [];
    let asked = 0;
    const repository = {
      findPresented: async (hashes: readonly string[]) => {
        asked += 1;
        const found = hashes.map(() => answer[0] ?? null);
        await new Promise(setImmediate); // the way back
        return found;
      },
    };
    return {
      lookups: new KeyLookups(repository as unknown as ApiKeysRepository, messages),
      ...{ messages, answer, asked: () => asked },
    };
  }

  const KEY = { id: 'one' } as PresentedKey;

  it('is asked for once by requests of one moment', async () => {
    const { lookups: keys, asked, answer } = lookups();
    answer.push(KEY);
    expect(await Promise.all([keys.find('h'), keys.find('h'), keys.find('h')])).toEqual([KEY, KEY, KEY]);
    await keys.find('h');
    expect(asked()).toBe(1);
  });

  it('is forgotten within a second when the message is lost', async () => {
    const { lookups: keys, answer } = lookups();
    answer.push(KEY);
    await keys.find('h');
    const revokedAtMs = performance.now();
    answer.pop();
    await waitFor('the key to be gone', async () => (await keys.find('h')) === null);
    expect(performance.now() - revokedAtMs).toBeLessThan(1_000);
  });

  it('is forgotten by the message, also when the answer is still on its way', async () => {
    const { lookups: keys, messages, answer, asked } = lookups();
    answer.push(KEY);
    const onItsWay = keys.find('h');
    while (asked() === 0) await new Promise(setImmediate);
    answer.pop();
    messages.publish({ type: 'apiKeyChanged', keyId: 'one' });
    expect(await keys.find('h')).toBeNull();
    expect(await onItsWay).toBe(KEY);
    expect(await keys.find('h')).toBeNull(); // the late answer is not remembered
  });

  it('is nothing for keys that are not there', async () => {
    const { lookups: keys, asked, answer } = lookups();
    expect(await keys.find('h')).toBeNull();
    answer.push(KEY);
    expect(await keys.find('h')).toBe(KEY);
    expect(asked()).toBe(2);
  });
});

describe('a project', () => {
  it('keeps its idempotency keys, and its jobs from bulk requests of others, to itself', async () => {
    const projects = await Promise.all(
      ['one', 'two'].map(async (name) => {
        await api.project(name);
        return { editor: (await api.key(name, 'editor')).key, viewer: (await api.key(name, 'viewer')).key };
      }),
    );
    const [one, two] = projects;
    const key = { 'idempotency-key': 'the same' };
    const first = await api.call(one?.editor ?? '', 'POST', '/jobs', JOB, key);
    const second = await api.call(two?.editor ?? '', 'POST', '/jobs', JOB, key);
    expect([first.status, second.status, second.headers['idempotent-replayed']]).toEqual([201, 201, undefined]);
    expect(first.body['id']).not.toBe(second.body['id']);
    // Another caller of the project gets the answer, if it may ask at all.
    const rotated = (await api.key('one', 'editor')).key;
    expect((await api.call(rotated, 'POST', '/jobs', JOB, key)).body).toEqual(first.body);
    expect((await api.call(one?.viewer ?? '', 'POST', '/jobs', JOB, key)).status).toBe(403);
    for (const action of ['pause', 'resume', 'delete', 'trigger', 'update']) {
      const request = {
        action,
        ids: [first.body['id']],
        ...(action === 'update' && { patch: { labels: { a: 'b' } } }),
      };
      const { results } = await api.must(200, two?.editor ?? '', 'POST', '/jobs/bulk', request);
      expect(results).toMatchObject([{ status: 404, name: null, problem: { code: 'not_found' } }]);
    }
    await api.must(200, two?.editor ?? '', 'POST', '/jobs/bulk', { action: 'delete', filter: { state: 'active' } });
    expect(await api.must(200, one?.editor ?? '', 'GET', `/jobs/${first.body['id']}`)).toEqual(first.body);
  });
});
