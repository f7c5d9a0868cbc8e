import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Authority } from '../support/certificates.js';
import { findFreePort } from '../support/free-port.js';
import { Planted } from '../support/planted.js';
import { waitFor } from '../support/wait-for.js';
import { Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(90_000);

/** What everybody may see, to know that the search finds what is there. */
const VISIBLE = 'v1s1ble-mark-of-the-test';
const planted = new Planted();
const ROOT = planted.plant('root key', 'root-');
const SECRETS = {
  header: planted.plant('secret header', 'hdr-'),
  cookie: planted.plant('secret cookie'),
  templated: planted.plant('secret header with a template'),
  password: planted.plant('basic password', 'pw-'),
  bearer: planted.plant('bearer token'),
  client: planted.plant('client secret'),
  access: planted.plant('access token'),
  replaced: planted.plant('secret that another replaced'),
  misplaced: planted.plant('secret in a wrong place'),
};
const encryptionKey = planted.know(
  'encryption key',
  Buffer.from(planted.plant('key bytes').slice(0, 32)).toString('base64'),
);

interface Answer {
  readonly what: string;
  readonly status: number;
  readonly text: string;
}

let replicas: Replicas;
let replica: Replica;
let db: pg.Client;
let redis: Redis;
let monitor: Redis;
let closedPort: number;
let tls: { server: Server; url: string };
const answers: Answer[] = [];
/** Everything that was said to Redis, and every notification of Postgres. */
const wire: string[] = [];
const dumps: string[] = [];
/** Answers that show a secret, this once. */
const shown = new Map<string, string>();

beforeAll(async () => {
  const env = {
    ...{ AUTH: 'keys', ROOT_API_KEY: ROOT, LOG_LEVEL: 'trace', EGRESS_ALLOW: '127.0.0.0/8' },
    ENCRYPTION_KEYS: `planted:${encryptionKey}`,
  };
  replicas = await Replicas.open({ withRedis: true, env });
  redis = new Redis(replicas.redis?.url ?? '');
  monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, args: string[]) => wire.push(args.join(' ')));
  db = new pg.Client({ connectionString: replicas.database.url });
  await db.connect();
  db.on('notification', ({ payload = '' }) => wire.push(payload));
  await db.query('LISTEN carillon');
  [tls, closedPort] = await Promise.all([startTlsTarget(), findFreePort()]);
  replica = await replicas.start('all');
}, 60_000);

afterAll(async () => {
  tls?.server.closeAllConnections();
  tls?.server.close();
  for (const connection of [monitor, redis]) connection?.disconnect();
  await db?.end();
  await replicas?.close();
});

const authority = new Authority();

/** Repeats what it was sent, like all targets here, and lets in who shows a certificate. */
async function startTlsTarget(): Promise<{ server: Server; url: string }> {
  const { certificate: cert, key, ca } = authority.certify('localhost');
  const server = createServer({ cert, key, ca, requestCert: true }, ({ headers }, response) => {
    response.writeHead(500).end(JSON.stringify(headers));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/tls` };
}

async function call(method: string, path: string, body?: unknown, key = ROOT): Promise<Record<string, never>> {
  const isText = typeof body === 'string';
  const response = await fetch(replica.service.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const headers = JSON.stringify([...response.headers]);
  answers.push({
    what: `${method} ${path.replace(/[0-9a-f-]{36}/g, '{id}')}`,
    status: response.status,
    text: headers + text,
  });
  return (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, never>;
}

/** An answer that shows a secret once: the last one is taken out of those that must hold none. */
function showsOnce(what: string, secret: string): void {
  const answer = answers.pop();
  expect(answer?.text).toContain(secret);
  shown.set(what, planted.know(what, secret));
}

const secret = (value: string) => ({ value, secret: true });
const schedule = '0 0 1 1 *';

/** Every kind of secret at work, at targets that send back all that they get with status 500. */
function targets(): Record<string, Record<string, unknown>> {
  const { certificate, key: privateKey, ca } = authority.certify('the job');
  planted.know('private key', privateKey.split('\n')[1] ?? '');
  const url = (path: string): string => replicas.receiver.url + path;
  const oauth2 = { type: 'oauth2', clientId: 'me', clientSecret: SECRETS.client };
  const headers = {
    ...{ authorization: secret(`Bearer ${SECRETS.header}`), cookie: secret(`theme=dark; session=${SECRETS.cookie}`) },
    'x-run': secret(`${SECRETS.templated}/{{attempt}}`),
  };
  return {
    headers: { url: url('/headers'), headers },
    basic: { url: url('/basic'), auth: { type: 'basic', username: 'me', password: SECRETS.password } },
    bearer: { url: url('/bearer'), auth: { type: 'bearer', token: SECRETS.bearer } },
    oauth2: { url: url('/oauth2'), auth: { ...oauth2, tokenUrl: url('/token') } },
    refused: { url: url('/never'), auth: { ...oauth2, tokenUrl: url('/token-refused'), credentialsIn: 'body' } },
    mtls: { url: tls.url, auth: { type: 'mtls', certificate, privateKey, ca }, headers },
    unreachable: { url: `http://127.0.0.1:${closedPort}/`, headers },
    forbidden: { url: 'http://no-such-name.invalid/', headers },
  };
}

function answerLikeAParrot(): void {
  replicas.receiver.answer('*', ({ headers, body }) => {
    const [, pair = ''] = String(headers.authorization).split(' ');
    const decoded = Buffer.from(pair, 'base64')
      .toString('utf8')
      .replace(/[^\x20-\x7e]/g, '');
    return { status: 500, body: `${JSON.stringify(headers)} ${decoded} ${encodeURIComponent(pair)} ${body}` };
  });
  replicas.receiver.answer('/token', {
    status: 200,
    body: JSON.stringify({ access_token: SECRETS.access, expires_in: 60 }),
  });
  replicas.receiver.answer('/token-refused', ({ body }) => ({
    status: 400,
    body: JSON.stringify({ error: 'invalid_client', error_description: body }),
  }));
}

const retry = { maxAttempts: 2, initialDelay: 'PT0.01S' };

async function runEverything(): Promise<void> {
  for (const [name, target] of Object.entries(targets())) {
    const job = { name, description: VISIBLE, schedule, target, retry };
    const { id } = await call('POST', '/jobs', job);
    await call('PUT', `/jobs/by-name/${name}`, { ...job, name: undefined });
    const { id: runId } = await call('POST', `/jobs/${id}/trigger`, { body: { mark: VISIBLE } });
    const read = async (): Promise<{ state?: string }> => call('GET', `/runs/${runId}`);
    await waitFor(`the run of ${name} to fail`, read, ({ state }) => state === 'failed', { timeoutMs: 20_000 });
    // An edit writes the row anew: what stood there before it counts too.
    dumps.push(await databaseDump(), await redisDump());
    await call('PATCH', `/jobs/${id}`, { description: `${VISIBLE} again` });
    await call('POST', `/jobs/${id}/pause`, {});
    for (const path of ['', '/runs', '/occurrences']) await call('GET', `/jobs/${id}${path}`);
  }
  const { id } = await call('POST', '/jobs', {
    ...{
      name: 'replaced',
      schedule,
      target: { url: `${replicas.receiver.url}/x`, auth: { type: 'bearer', token: SECRETS.replaced } },
    },
  });
  await call('PATCH', `/jobs/${id}`, { target: { auth: { token: SECRETS.bearer } } });
  await call('PATCH', `/jobs/${id}`, { target: { url: 'https://example.com' } });
  await call('DELETE', `/jobs/${id}`);
  for (const path of [
    '/jobs?limit=200',
    '/runs?limit=200',
    '/api-keys',
    '/signing-secrets',
    '/system',
    '/metrics',
    '/openapi.json',
  ]) {
    await call('GET', path);
  }
}

/** Requests that are refused, with a secret where it does not belong. */
async function sendMisplaced(): Promise<void> {
  const from = answers.length;
  const text = SECRETS.misplaced;
  const url = 'https://example.com';
  const misplaced: unknown[] = [
    { url, headers: { a: { value: text, secret: false } } },
    { url, headers: { a: { value: [text], secret: true } } },
    { url, headers: { a: { value: `${text}\n`, secret: true } } },
    { url, headers: { a: { value: text, secret: true, more: text } } },
    { url, headers: [text], method: text, timeout: text, success: { statuses: [text] } },
    { url, auth: text },
    { url, auth: { type: text, token: text } },
    { url, auth: { type: 'basic', username: `${text}:`, password: [text] } },
    { url, auth: { type: 'bearer', token: { text } } },
    { url, auth: { type: 'bearer', token: `${text} ${text}` } },
    { url, auth: { type: 'oauth2', tokenUrl: `https://me:${text}@a.example`, clientId: [text], clientSecret: 7 } },
    { url, auth: { type: 'mtls', certificate: text, privateKey: text, ca: text } },
    { url: `https://me:${text}@example.com` },
    { url: `http://10.0.0.1/${text}`, auth: { type: 'bearer', token: text } },
    [text],
  ];
  for (const target of misplaced) await call('POST', '/jobs', { name: 'misplaced', schedule, target });
  await call('POST', '/jobs', {
    name: [text],
    description: { text },
    labels: [text],
    schedule,
    target: url,
    overlap: text,
  });
  await call('POST', '/jobs', `{"name": "misplaced", "target": {"auth": {"token": "${text}"`);
  await call('POST', '/jobs', `"${text}"`);
  await call('GET', `/jobs?limit=${text}`);
  await call('GET', `/jobs?cursor=${text}`);
  await call('GET', `/jobs?sort=${text}&state=${text}`);
  await call('GET', '/jobs', undefined, text);
  await call('POST', '/api-keys', { name: [text], role: text, expiresAt: text });
  await call('POST', '/signing-secrets', { secret: text });
  expect(
    answers
      .slice(from)
      .map(({ status }) => status)
      .filter((status) => status < 400 || status >= 500),
  ).toEqual([]);
}

async function databaseDump(): Promise<string> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    lines.push(...rows.map(({ row }) => row));
  }
  const { rows: statements } = await db.query<{ query: string }>('SELECT query FROM pg_stat_activity');
  return [...lines, ...statements.map(({ query }) => query)].join('\n');
}

async function redisDump(): Promise<string> {
  const lines: string[] = [];
  for await (const keys of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
    for (const key of keys) {
      const type = await redis.type(key);
      const value =
        type === 'string'
          ? await redis.get(key)
          : type === 'hash'
            ? await redis.hgetall(key)
            : type === 'list'
              ? await redis.lrange(key, 0, -1)
              : type === 'set'
                ? await redis.smembers(key)
                : type === 'zset'
                  ? await redis.zrange(key, 0, -1, 'WITHSCORES')
                  : await redis.xrange(key, '-', '+');
      lines.push(`${key} ${JSON.stringify(value)}`);
    }
  }
  return lines.join('\n');
}

test('planted secrets of every kind are used, and found nowhere', async () => {
  answerLikeAParrot();
  const key = String((await call('POST', '/api-keys', { name: 'planted', role: 'admin' }))['key']);
  showsOnce('API key', key);
  const first = await call('POST', '/signing-secrets', {});
  showsOnce('signing secret', String(first['secret']));
  const second = await call('POST', `/signing-secrets/${first['id']}/rotate`, {});
  showsOnce('rotated signing secret', String(second['secret']));
  await call('GET', '/jobs', undefined, key);
  await call('GET', '/jobs', undefined, `${key.slice(0, -1)}_`);

  await runEverything();
  await sendMisplaced();

  // They were at work: each target got its own.
  const got = (path: string): string => JSON.stringify(replicas.receiver.requestsTo(path));
  expect(got('/headers')).toContain(SECRETS.header);
  expect(got('/headers')).toContain(`${SECRETS.templated}/2`);
  expect(got('/basic')).toContain(Buffer.from(`me:${SECRETS.password}`).toString('base64'));
  expect(got('/bearer')).toContain(SECRETS.bearer);
  expect(got('/token')).toContain(Buffer.from(`me:${SECRETS.client}`).toString('base64'));
  expect(got('/oauth2')).toContain(SECRETS.access);
  expect(got('/token-refused')).toContain(SECRETS.client);
  expect(replicas.receiver.requestsTo('/bearer')[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);

  const places: Record<string, string> = {
    'the database': await databaseDump(),
    Redis: await redisDump(),
    'the database or Redis on the way': dumps.join('\n'),
    'what was sent over Redis and NOTIFY': wire.join('\n'),
    'the log': replica.service.lines.join('\n'),
    metrics: await (await fetch(`${replica.service.url}/metrics`)).text(),
  };
  for (const { what, status, text } of answers)
    places[`${what} → ${status}`] = `${places[`${what} → ${status}`] ?? ''}\n${text}`;
  const found = Object.entries(places).flatMap(([place, text]) =>
    planted.foundIn(text).map((what) => `${what} in ${place}`),
  );
  expect(found).toEqual([]);

  // The search sees what is there, and the excerpts show what was taken out.
  expect(planted.size).toBeGreaterThanOrEqual(15);
  for (const place of ['the database', 'GET /runs/{id} → 200']) expect(places[place]).toContain(VISIBLE);
  expect(places['the database']).toContain('planted:');
  expect(places['GET /runs/{id} → 200']).toContain('********');
  expect(places['the log']).toMatch(/answered/);
  for (const word of ['jobDue', '{carillon}:runs'])
    expect(places['what was sent over Redis and NOTIFY']).toContain(word);
  expect([...shown.keys()]).toEqual(['API key', 'signing secret', 'rotated signing secret']);
});

test('the search finds a secret in every form it looks for', () => {
  const text = SECRETS.header;
  for (const form of [
    `x${text}y`,
    Buffer.from(text).toString('base64'),
    Buffer.from(`a${text}b`).toString('base64'),
    Buffer.from(`ab${text}`).toString('base64url'),
    Buffer.from(text).toString('hex').toUpperCase(),
  ]) {
    expect(planted.foundIn(form)).toEqual(['secret header']);
  }
});
