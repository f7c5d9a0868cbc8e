import { createHmac } from 'node:crypto';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';
import type { Answer, Json } from './api.js';

let api: GuardedApi;
let receiver: Receiver;
let editor: string;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await GuardedApi.start({ EGRESS_ALLOW: `127.0.0.1:${receiver.port},localhost:${receiver.port}` });
  await api.project('billing');
  editor = (await api.key('billing', 'editor')).key;
}, 60_000);

afterAll(async () => {
  await api?.stop();
  await receiver?.close();
});

beforeEach(() => receiver.clear());

const test_ = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  api.call(editor, 'POST', '/targets/test', body, headers);
const audited = async (): Promise<Json[]> =>
  (await api.must(200, ROOT, 'GET', '/audit-log?limit=1', undefined, inProject('billing')))['data'] as Json[];

test('calls as a run would, signed, and tells what came of it', async () => {
  const { secret } = await api.must(201, ROOT, 'POST', '/signing-secrets', {}, inProject('billing'));
  receiver.answer('/hook', {
    status: 201,
    body: 'made',
    headers: { 'x-kind': 'test', 'set-cookie': 'session=abcdefgh' },
  });
  const target = {
    url: `http://localhost:${receiver.port}/hook?for={{jobName}}`,
    headers: { 'x-plain': 'one', 'x-secret': { value: 'a-very-secret-value', secret: true } },
  };
  const { status, body } = await test_({ target, body: { report: '{{attempt}}' } });
  expect(status).toBe(200);
  const [sent] = receiver.requestsTo('/hook');
  expect(sent).toMatchObject({
    ...{ method: 'POST', body: '{"report":"1"}' },
    headers: { 'x-secret': 'a-very-secret-value', 'carillon-test': 'true', 'carillon-attempt': '1' },
  });
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = sent?.headers ?? {};
  const key = Buffer.from(String(secret).slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key)
    .update(`${String(id)}.${String(at)}.${sent?.body}`)
    .digest('base64');
  expect(signature).toBe(`v1,${expected}`);
  expect(body).toMatchObject({
    ...{ outcome: 'succeeded', status: 201, error: null },
    response: { status: 201, headers: { 'x-kind': 'test', 'set-cookie': '********' }, bodyExcerpt: 'made' },
    request: { method: 'POST', body: '{"report":"1"}', headers: { 'x-plain': 'one', 'x-secret': '********' } },
    timings: { resolvedMs: expect.any(Number), connectedMs: expect.any(Number), firstByteMs: expect.any(Number) },
  });
  const { resolvedMs, connectedMs, firstByteMs, doneMs } = body['timings'];
  expect([resolvedMs, connectedMs, firstByteMs, doneMs]).toEqual(
    [resolvedMs, connectedMs, firstByteMs, doneMs].toSorted((one: number, other: number) => one - other),
  );
  expect(JSON.stringify(body)).not.toContain('a-very-secret-value');
  // No run, and a line in the audit log.
  expect(await api.rows('SELECT id FROM runs')).toEqual([]);
  const [entry] = await audited();
  expect(entry).toMatchObject({ action: 'target.test', after: { outcome: 'succeeded', status: 201 } });
  expect(JSON.stringify(entry)).not.toContain('a-very-secret-value');
});

test('a kept connection resolves and connects nothing', async () => {
  const target = `http://127.0.0.1:${receiver.port}/again`;
  expect((await test_({ target })).body['timings']).toMatchObject({
    connectedMs: expect.any(Number),
    resolvedMs: null,
  });
  expect((await test_({ target })).body['timings']).toMatchObject({ resolvedMs: null, connectedMs: null });
});

describe('secrets of a job', () => {
  const masked = { value: '********', secret: true };
  let jobId: string;
  beforeEach(async () => {
    const target = { url: `${receiver.url}/hook`, headers: { 'x-key': { value: 'the-key-of-the-job', secret: true } } };
    const job = { name: `job ${Math.random()}`, schedule: 'PT1H', target };
    jobId = (await api.must(201, editor, 'POST', '/jobs', job))['id'];
  });

  it('are used where their masks stand, and not shown', async () => {
    receiver.answer('/other', ({ headers }) => ({ status: 500, body: `you sent ${String(headers['x-key'])}` }));
    const { body } = await test_({ jobId, target: { url: `${receiver.url}/other`, headers: { 'x-key': masked } } });
    expect(receiver.requestsTo('/other')[0]?.headers['x-key']).toBe('the-key-of-the-job');
    expect(body).toMatchObject({ outcome: 'failed', status: 500, error: { code: 'status' } });
    expect(body['response'].bodyExcerpt).toBe('you sent ********');
  });

  it('go nowhere else', async () => {
    const target = { url: `http://localhost:${receiver.port}/hook`, headers: { 'x-key': masked } };
    const { status, body } = await test_({ jobId, target });
    expect([status, body['errors'][0]]).toMatchObject([
      422,
      { code: 'secret_bound', pointer: '/target/headers/x-key/value' },
    ]);
    expect((await test_({ target })).body['errors'][0]).toMatchObject({ code: 'unknown_secret' });
    expect(receiver.requests).toEqual([]);
  });

  it('are those of the own project', async () => {
    const { key } = await api.key(await api.project(`p${Date.now()}`), 'admin');
    const target = { url: `${receiver.url}/hook`, headers: { 'x-key': masked } };
    expect((await api.call(key, 'POST', '/targets/test', { jobId, target })).status).toBe(404);
    expect(receiver.requests).toEqual([]);
  });
});

test('goes nowhere where runs may not go', async () => {
  for (const url of ['http://169.254.169.254/latest', 'http://[::1]:1/', 'http://127.0.0.1:1/']) {
    expect((await test_({ target: url })).body).toMatchObject({
      ...{ outcome: 'failed', status: null, response: null, error: { code: 'egress_blocked' } },
    });
  }
});

test.each([
  ['a body with GET', { target: { url: 'https://example.com/', method: 'GET' }, body: {} }, '/body'],
  ['no target', {}, '/target'],
  ['a member that is not known', { target: 'https://example.com/', run: true }, '/run'],
  ['a URL that is none', { target: 'file:///etc/passwd' }, '/target'],
])('refuses %s', async (_, body, pointer) => {
  const answer = await test_(body);
  expect([answer.status, (answer.body['errors'] as Json[]).map((fault) => fault['pointer'])]).toEqual([422, [pointer]]);
});

test('ends when whoever asked is gone, and lets four of a project call at once', async () => {
  receiver.answer('/slow', { hang: true });
  const target = `${receiver.url}/slow`;
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as { port: number };
  const gone = new AbortController();
  const ask = (): Promise<unknown> =>
    fetch(`http://127.0.0.1:${port}/targets/test`, {
      ...{ method: 'POST', signal: gone.signal, body: JSON.stringify({ target }) },
      headers: { authorization: `Bearer ${editor}`, 'content-type': 'application/json' },
    }).catch(() => null);
  const asked = [ask(), ask(), ask(), ask()];
  await receiver.waitFor('four calls', () => receiver.requestsTo('/slow').length === 4);
  const { status, body, headers } = await test_({ target });
  expect([status, body['code'], headers['retry-after']]).toEqual([429, 'too_many_tests', '2']);
  gone.abort();
  await Promise.all(asked);
  receiver.answer('/slow', { status: 200 });
  await receiver.waitFor('room', () => true);
  let again = await test_({ target });
  while (again.status === 429) again = await test_({ target });
  expect(again.body['outcome']).toBe('succeeded');
});

test('with an idempotency key it is called once, also when it takes longer than a transaction may idle', async () => {
  receiver.answer('/six', { status: 200, delayMs: 5_600 });
  const key = { 'idempotency-key': 'once' };
  const first = await test_({ target: `${receiver.url}/six` }, key);
  expect([first.status, first.body['outcome']]).toEqual([200, 'succeeded']);
  const second = await test_({ target: `${receiver.url}/six` }, key);
  expect(second.headers['idempotent-replayed']).toBe('true');
  expect(receiver.requestsTo('/six')).toHaveLength(1);
}, 20_000);

test('a target that never answers ends it within its timeout', async () => {
  receiver.answer('/hang', { hang: true });
  const { body } = await test_({ target: { url: `${receiver.url}/hang`, timeout: 'PT0.2S' } });
  expect(body).toMatchObject({ outcome: 'timedOut', status: null, error: { code: 'timeout' } });
});
