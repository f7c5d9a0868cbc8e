import { createClient, type ClientOptions } from '../../../clients/typescript/src/client.js';
import { ConnectionError, isProblem, ProblemError } from '../../../clients/typescript/src/errors.js';
import { nextDelayMs, retryAfterMs } from '../../../clients/typescript/src/retries.js';

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

const JOB = { name: 'report', schedule: '@daily', target: 'https://example.com/' };
const CREATED = () => Response.json({ id: '1', name: 'report' }, { status: 201, headers: { etag: '"1"' } });

/** A client whose service gives these answers in turn, and what it was sent. */
function scripted(answers: (() => Response | Error)[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const client = createClient({
    url: 'http://service.test/',
    retries: { maxDelayMs: 20 },
    ...options,
    fetch: async (url, { method = '', headers, body } = {}) => {
      sent.push({ method, url: url as string, headers: headers as Record<string, string>, body });
      const answer = answers[Math.min(sent.length, answers.length) - 1]?.() ?? new Error('unscripted');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, sent };
}

function refusal(status: number, code: string, headers: Record<string, string> = {}): () => Response {
  const problem = { status, code, title: 'No', detail: 'not so', requestId: 'r-1', errors: [{ pointer: '/a' }] };
  return () =>
    Response.json(problem, {
      status,
      headers: { ...headers, 'content-type': 'application/problem+json; charset=utf-8' },
    });
}

describe('a call', () => {
  it('goes to its operation with path, query, body, key and project', async () => {
    const { client, sent } = scripted([CREATED], { key: 'car_1', project: 'billing' });
    await client.putJobByName({ name: 'a/b?', body: { schedule: '@daily', target: 'https://example.com/' } });
    await client.listJobs({ limit: 2, label: ['team:x', 'a:b c'], state: 'active' });
    await client.updateJob({ id: '7', body: { labels: null } }, { ifMatch: '"3"' });
    await client.getLiveness();
    expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT http://service.test/jobs/by-name/a%2Fb%3F',
      'GET http://service.test/jobs?limit=2&label=team%3Ax&label=a%3Ab+c&state=active',
      'PATCH http://service.test/jobs/7',
      'GET http://service.test/health/live',
    ]);
    expect(sent[0]).toMatchObject({
      headers: { authorization: 'Bearer car_1', 'carillon-project': 'billing', 'content-type': 'application/json' },
      body: JSON.stringify({ schedule: '@daily', target: 'https://example.com/' }),
    });
    expect(sent[1]?.headers).not.toHaveProperty('content-type');
    expect(sent[2]?.headers).toMatchObject({ 'content-type': 'application/merge-patch+json', 'if-match': '"3"' });
  });

  it('answers the content, and with `request` the headers too', async () => {
    const { client } = scripted([CREATED, () => new Response(null, { status: 204 }), () => new Response('# HELP')]);
    const { status, headers, body } = await client.request('createJob', { body: JOB });
    expect([status, headers.get('etag'), body.id]).toEqual([201, '"1"', '1']);
    const deleted: unknown = await client.request('deleteJob', { id: '1' });
    expect(deleted).toMatchObject({ status: 204, body: undefined });
    expect(await client.getMetrics()).toBe('# HELP');
  });

  it.each(['', '.', '..'])('is never made to another path by the id %j', async (id) => {
    const { client, sent } = scripted([CREATED]);
    await expect(client.deleteJob({ id })).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });
});

describe('a list', () => {
  it('is read page by page, and no further than it is asked for', async () => {
    const page = (ids: string[], nextCursor: string | null) => () =>
      Response.json({ data: ids.map((id) => ({ id })), page: { nextCursor } });
    const { client, sent } = scripted([page(['1', '2'], 'c+1'), page(['3'], null)]);
    const ids: string[] = [];
    for await (const { id } of client.all('listJobs', { limit: 2 })) ids.push(id);
    expect(ids).toEqual(['1', '2', '3']);
    expect(sent.map(({ url }) => url)).toEqual([
      'http://service.test/jobs?limit=2',
      'http://service.test/jobs?limit=2&cursor=c%2B1',
    ]);
    for await (const _ of client.all('listRuns')) break;
    expect(sent).toHaveLength(3);
  });
});

describe('a refusal', () => {
  it('is an error with its code, its members and the id of the request', async () => {
    const { client } = scripted([refusal(409, 'name_taken')]);
    const error: unknown = await client.createJob({ body: JOB }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({
      ...{ status: 409, code: 'name_taken', requestId: 'r-1', errors: [{ pointer: '/a' }] },
      message: 'POST /jobs answered 409: not so',
    });
    expect([isProblem(error), isProblem(error, 'name_taken'), isProblem(error, 'not_found')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(isProblem(new Error('x'))).toBe(false);
  });

  it('of a proxy is one too', async () => {
    const { client } = scripted([
      () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }),
    ]);
    await expect(client.getSystem()).rejects.toMatchObject({ status: 502, code: 'unknown', requestId: null });
  });
});

describe('trying again', () => {
  it.each([429, 503])('after %d, when the service says so, under the same Idempotency-Key', async (status) => {
    const busy = refusal(status, 'rate_limited', { 'retry-after': '0' });
    const { client, sent } = scripted([busy, busy, CREATED]);
    expect(await client.createJob({ body: JOB })).toMatchObject({ id: '1' });
    const keys = sent.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    await client.createJob({ body: JOB }, { idempotencyKey: 'mine' });
    expect(sent.at(-1)?.headers['idempotency-key']).toBe('mine');
  });

  it('has an end', async () => {
    const { client, sent } = scripted([refusal(503, 'unavailable', { 'retry-after': '0' })]);
    await expect(client.getJob({ id: '1' })).rejects.toMatchObject({ status: 503 });
    expect(sent).toHaveLength(4);
  });

  it('does not wait longer than it may', async () => {
    const { client, sent } = scripted([refusal(429, 'rate_limited', { 'retry-after': '60' })]);
    await expect(client.getJob({ id: '1' })).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
    expect(sent).toHaveLength(1);
  });

  it.each([400, 404, 409, 422, 500])('is not for %d', async (status) => {
    const { client, sent } = scripted([refusal(status, 'x')]);
    await expect(client.createJob({ body: JOB })).rejects.toMatchObject({ status });
    expect(sent).toHaveLength(1);
  });

  it('is for a lost answer, where twice is once', async () => {
    const lost = () => new TypeError('fetch failed');
    const { client, sent } = scripted([lost, CREATED]);
    await client.createJob({ body: JOB });
    expect(sent[0]?.headers['idempotency-key']).toBe(sent[1]?.headers['idempotency-key']);
    const patched = scripted([lost]);
    const error: unknown = await patched.client.updateJob({ id: '1', body: {} }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ cause: { message: 'fetch failed' } });
    expect(patched.sent).toHaveLength(1);
  });

  it('ends with the signal of the caller', async () => {
    const leave = new AbortController();
    const busy = refusal(429, 'rate_limited', { 'retry-after': '60' });
    const { client } = scripted([busy], { retries: { maxDelayMs: 120_000 } });
    const call = client.getSystem(undefined, { signal: leave.signal });
    leave.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it('knows both forms of Retry-After', () => {
    const now = Date.parse('2026-03-02T08:00:00Z');
    expect(retryAfterMs('7', now)).toBe(7_000);
    expect(retryAfterMs('Mon, 02 Mar 2026 08:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Mon, 02 Mar 2026 07:00:30 GMT', now)).toBe(0);
    expect([retryAfterMs(null, now), retryAfterMs('soon', now)]).toEqual([null, null]);
  });

  it('waits longer each time when nothing is said', () => {
    const policy = { maxRetries: 4, maxDelayMs: 1_000 };
    expect([0, 1, 2, 3, 4].map((retry) => nextDelayMs(retry, null, policy, 0))).toEqual([250, 500, 1_000, 1_000, null]);
    expect(nextDelayMs(0, 1_000, policy, 1)).toBe(1_250);
  });
});

test('what an operation takes and gives is typed', () => {
  const { client } = scripted([]);
  const unsent = (): unknown[] => [
    // @ts-expect-error: the id is missing
    client.getJob(),
    // @ts-expect-error: there is no such state
    client.listJobs({ state: 'gone' }),
    // @ts-expect-error: the body is missing
    client.createJob({}),
    // @ts-expect-error: a schedule is missing
    client.createJob({ body: { name: 'a', target: 'https://example.com/' } }),
    // @ts-expect-error: one thing is no list
    client.all('getJob', { id: '1' }),
    client.pauseJob({ id: '1' }),
    client.pauseJob({ id: '1', body: { note: 'maintenance' } }),
  ];
  expect(unsent).toEqual(expect.any(Function));
});
