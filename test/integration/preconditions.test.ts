import { Api, type Json } from './api.js';

let api: Api;
let other: Api;
beforeAll(async () => {
  api = await Api.start();
  other = await Api.start({}, api);
});
afterAll(async () => {
  await other?.stop();
  await api?.stop();
});
beforeEach(() => api.reset());

const HOURLY = { name: 'hourly', labels: { zone: 'b', a: 'c' }, schedule: '0 * * * *', target: 'https://example.com/' };
const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);

async function created(job: Json = HOURLY): Promise<{ url: string; tag: string }> {
  const { status, headers, body } = await api.call('POST', '/jobs', job);
  expect(status).toBe(201);
  return { url: `/jobs/${body['id']}`, tag: String(headers['etag']) };
}

const tagOf = async (url: string): Promise<string> => String((await api.call('GET', url)).headers['etag']);

describe('tags', () => {
  test('are strong, the same for the same answer, and on each answer that shows a job', async () => {
    const { url, tag } = await created();
    expect(tag).toMatch(/^"1-[0-9a-f]{8}-[0-9a-f]{16}"$/);
    expect(await tagOf(url)).toBe(tag);
    const steps: [string, string, Json?][] = [
      ['PATCH', '', { description: 'x' }],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/skip-next'],
    ];
    let last = tag;
    for (const [method, path, body] of steps) {
      const { headers } = await api.call(method, url + path, body);
      expect(headers['etag']).not.toBe(last);
      last = String(headers['etag']);
      expect(await tagOf(url)).toBe(last);
    }
    const put = await api.call('PUT', '/jobs/by-name/hourly', HOURLY);
    expect(put.headers['etag']).toBe(await tagOf(url));
    expect((await api.call('PUT', '/jobs/by-name/new', { ...HOURLY, name: 'new' })).headers['etag']).toMatch(/^"1-/);
  });

  test('tell what runs changed, without a new version', async () => {
    const { url, tag } = await created();
    api.clock.at = at('09:00:00.005');
    await api.plan();
    const { headers, body } = await api.call('GET', url, undefined, { 'if-none-match': tag });
    expect([headers['etag'] === tag, body['runCount'], body['version']]).toEqual([false, 1, 1]);
    expect((await api.call('PATCH', url, { description: 'x' }, { 'if-match': tag })).status).toBe(200);
  });

  test('outlive a run that was asked for', async () => {
    const { url, tag } = await created();
    await api.call('POST', `${url}/trigger`);
    expect((await api.call('GET', url)).body).toMatchObject({ runCount: 1, version: 1 });
    expect((await api.call('DELETE', url, undefined, { 'if-match': tag })).status).toBe(204);
  });
});

describe('If-None-Match', () => {
  test('spares a known answer', async () => {
    const { url, tag } = await created();
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const response = await api.app.inject({ url, headers: { 'if-none-match': known } });
      expect([response.statusCode, response.payload, response.headers['etag']]).toEqual([304, '', tag]);
    }
    expect((await api.call('GET', url, undefined, { 'if-none-match': '"x"' })).status).toBe(200);
  });

  test('* on a name creates only', async () => {
    const only = { 'if-none-match': '*' };
    const put = () => api.call('PUT', '/jobs/by-name/n', { ...HOURLY, name: 'n' }, only);
    expect((await put()).status).toBe(201);
    const again = await put();
    expect([again.status, again.body['code']]).toEqual([412, 'precondition_failed']);
  });
});

describe('If-Match', () => {
  const writes: [string, string, Json | undefined][] = [
    ['PATCH', '', { description: 'x' }],
    ['DELETE', '', undefined],
    ['POST', '/pause', undefined],
    ['POST', '/resume', undefined],
    ['POST', '/skip-next', undefined],
    ['POST', '/trigger', undefined],
  ];

  test.each(writes)('%s /jobs/{id}%s', async (method, path, body) => {
    const { url, tag } = await created();
    await api.call('PATCH', url, { labels: null });
    const before = (await api.call('GET', url)).body;
    for (const stale of [tag, '"x"', `W/${await tagOf(url)}`]) {
      const answer = await api.call(method, url + path, body, { 'if-match': stale });
      expect([answer.status, answer.body['code']]).toEqual([412, 'precondition_failed']);
    }
    for (const malformed of ['1', 'x"', '', '"a" "b"']) {
      const answer = await api.call(method, url + path, body, { 'if-match': malformed });
      expect([answer.status, answer.body['errors']?.[0].pointer]).toEqual([400, '/if-match']);
    }
    expect((await api.call('GET', url)).body).toEqual(before);
    expect(await api.rows('SELECT 1 FROM runs')).toEqual([]);
    const current = `"x", ${await tagOf(url)}`;
    expect((await api.call(method, url + path, body, { 'if-match': current })).status).toBeLessThan(300);
  });

  test.each(writes)('%s /jobs/{id}%s with * takes any, and 404 stays 404', async (method, path, body) => {
    const { url } = await created();
    expect((await api.call(method, url + path, body, { 'if-match': '*' })).status).toBeLessThan(300);
    const nowhere = '/jobs/0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11';
    expect((await api.call(method, nowhere + path, body, { 'if-match': '*' })).status).toBe(404);
  });

  test('on a name: neither what is not there nor a later job of the name', async () => {
    const put = (tag: string) =>
      api.call('PUT', '/jobs/by-name/hourly', { ...HOURLY, description: 'x' }, { 'if-match': tag });
    expect((await put('*')).status).toBe(412);
    const { url, tag } = await created();
    await api.call('DELETE', url);
    expect((await put(tag)).status).toBe(412);
    const later = await created();
    expect((await put(tag)).status).toBe(412);
    expect((await put(later.tag)).status).toBe(200);
  });

  test('of fifty who saw the same on two replicas one wins', async () => {
    const { url, tag } = await created();
    const racers = Array.from({ length: 50 }, (_, index) => {
      const by = index % 2 === 0 ? api : other;
      if (index % 3 === 0) return by.call('POST', `${url}/pause`, { note: `${index}` }, { 'if-match': tag });
      const change = { ...HOURLY, description: `${index}` };
      if (index % 3 === 1) return by.call('PATCH', url, { description: `${index}` }, { 'if-match': tag });
      return by.call('PUT', '/jobs/by-name/hourly', change, { 'if-match': tag });
    });
    const statuses = (await Promise.all(racers)).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 49 }, () => 412)]);
    expect((await api.call('GET', url)).body['version']).toBe(2);
  });

  test('of fifty who create only one does', async () => {
    const racers = Array.from({ length: 50 }, (_, index) =>
      (index % 2 === 0 ? api : other).call(
        'PUT',
        '/jobs/by-name/one',
        { ...HOURLY, name: 'one' },
        { 'if-none-match': '*' },
      ),
    );
    const statuses = (await Promise.all(racers)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 49 }, () => 412)]);
  });
});
