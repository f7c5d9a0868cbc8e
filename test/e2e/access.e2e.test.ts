import { waitFor } from '../support/wait-for.js';
import { Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(40_000);

const ROOT = 'the-root-key-of-this-test-0123456789';

let replicas: Replicas;
let one: Replica;
let other: Replica;

beforeAll(async () => {
  replicas = await Replicas.open({ withRedis: false, env: { AUTH: 'keys', ROOT_API_KEY: ROOT, LOG_LEVEL: 'trace' } });
  [one, other] = await Promise.all([replicas.start('all'), replicas.start('api')]);
});

afterAll(() => replicas?.close());

async function call(replica: Replica, key: string, method: string, path: string, body?: object): Promise<Response> {
  return fetch(replica.service.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function newKey(role: string): Promise<{ id: string; key: string }> {
  const answer = await call(one, ROOT, 'POST', '/api-keys', { name: role, role });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; key: string };
}

test('a new key opens every replica at once, and a revoked one none a second later', async () => {
  const tookMs: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const { id, key } = await newKey('editor');
    const status = async () => (await call(other, key, 'GET', '/jobs')).status;
    expect(await status()).toBe(200);
    expect((await call(one, ROOT, 'DELETE', `/api-keys/${id}`)).status).toBe(204);
    const revokedAtMs = performance.now();
    await waitFor('the key to open nothing', async () => (await status()) === 401, Boolean, { intervalMs: 1 });
    tookMs.push(performance.now() - revokedAtMs);
    expect((await call(one, key, 'GET', '/jobs')).status).toBe(401);
  }
  console.log(`revoked on the other replica after ${tookMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  expect(Math.max(...tookMs)).toBeLessThan(1_000);
});

test('nor when the replica hears no messages', async () => {
  const { id, key } = await newKey('viewer');
  const status = async () => (await call(other, key, 'GET', '/jobs')).status;
  expect(await status()).toBe(200);
  // Past the service: nobody is told.
  const { Client } = (await import('pg')).default;
  const client = new Client({ connectionString: replicas.database.url });
  await client.connect();
  await client.query('DELETE FROM api_keys WHERE id = $1', [id]);
  await client.end();
  const revokedAtMs = performance.now();
  await waitFor('the key to open nothing', async () => (await status()) === 401, Boolean, { intervalMs: 5 });
  expect(performance.now() - revokedAtMs).toBeLessThan(1_000);
});

test('probes, metrics and the documents need no key, the system any', async () => {
  for (const path of ['/health/live', '/health/ready', '/health/startup', '/metrics', '/docs', '/openapi.json']) {
    expect([path, (await fetch(one.service.url + path)).status]).toEqual([path, 200]);
  }
  const refused = await fetch(`${one.service.url}/system`);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  const { key } = await newKey('viewer');
  expect((await call(one, key, 'GET', '/system')).status).toBe(200);
});

test('no key is printed', async () => {
  const { key } = await newKey('admin');
  await call(one, key, 'GET', '/jobs');
  await call(one, `${key}x`, 'GET', '/jobs');
  const printed = [one, other].flatMap(({ service }) => service.lines).join('\n');
  expect(printed).toMatch(/answered/); // it does log requests
  expect(printed).not.toContain(ROOT);
  expect(printed).not.toContain(key.slice(12));
});
