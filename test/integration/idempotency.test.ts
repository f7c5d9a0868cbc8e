import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { TcpProxy } from '../faults/support/proxy.js';
import { waitFor } from '../support/wait-for.js';
import { Api, type Answer } from './api.js';

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

const HOURLY = { name: 'hourly', schedule: '0 * * * *', target: 'https://example.com/' };

function post(by: Api, url: string, body: unknown, key: string): Promise<Answer> {
  return by.call('POST', url, body, { 'idempotency-key': key });
}

const count = async (table: string): Promise<number> =>
  (await api.rows(`SELECT count(*)::int AS n FROM ${table}`))[0]?.['n'];

/** A job with an ended run, and one that waits. */
async function jobWithRuns(): Promise<Record<'job' | 'ended' | 'waiting', string>> {
  const { id } = await api.create(HOURLY);
  const trigger = async (): Promise<string> => (await api.call('POST', `/jobs/${id}/trigger`)).body['id'];
  const ended = await trigger();
  await api.call('POST', `/runs/${ended}/cancel`);
  return { job: id, ended, waiting: await trigger() };
}

describe('the same key', () => {
  const posts: [string, unknown, number][] = [
    ['/jobs', { ...HOURLY, name: 'new' }, 201],
    ['/jobs/{job}/pause', { note: 'x' }, 200],
    ['/jobs/{job}/resume', undefined, 200],
    ['/jobs/{job}/skip-next', undefined, 200],
    ['/jobs/{job}/trigger', { body: { a: 1 } }, 202],
    ['/jobs/{job}/backfill', { from: '2026-03-02T05:30:00Z', to: '2026-03-02T07:30:00Z' }, 202],
    ['/runs/{ended}/replay', undefined, 202],
    ['/runs/{waiting}/cancel', undefined, 202],
    ['/schedules/preview', { schedule: 'PT1H', count: 3 }, 200],
    ['/projects', { name: 'billing' }, 201],
    ['/api-keys', { name: 'k', role: 'viewer' }, 201],
  ];

  test.each(posts)('%s: one write, and its answer again', async (path, body, status) => {
    const ids = await jobWithRuns();
    const url = path.replace(/\{(\w+)\}/, (_, name: keyof typeof ids) => ids[name]);
    const key = randomUUID();
    const first = await post(api, url, body, key);
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([status, undefined]);
    const state = async () => [
      await api.rows('SELECT * FROM job_states ORDER BY job_id'),
      await api.rows('SELECT * FROM runs ORDER BY id'),
      await api.rows('SELECT * FROM projects ORDER BY id'),
      await api.rows('SELECT * FROM api_keys ORDER BY id'),
      [api.queue.queued.length + other.queue.queued.length, api.messages.sent.length + other.messages.sent.length],
    ];
    const before = await state();
    api.clock.at += 60_000;
    for (const by of [other, api]) {
      const again = await post(by, url, body, key);
      expect(again.body).toEqual(first.body);
      expect(again.status).toBe(status);
      expect(again.headers['idempotent-replayed']).toBe('true');
      for (const name of ['location', 'etag', 'content-type', 'cache-control']) {
        expect([name, again.headers[name]]).toEqual([name, first.headers[name]]);
      }
    }
    expect(await state()).toEqual(before);
  });

  test('import of a text: done once, and again for another text', async () => {
    const text = '0 9 * * 1 curl -X POST https://example.com/a\n';
    const send = (body: string) =>
      api.call('POST', '/projects/default/jobs/import?format=crontab&target=https://example.com/run', body, {
        'idempotency-key': 'k',
        'content-type': 'text/plain',
      });
    const first = await send(text);
    expect([first.status, await count('jobs')]).toEqual([200, 1]);
    const again = await send(text);
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
    expect((await send(`${text}#`)).body['code']).toBe('idempotency_key_reused');
  });

  test('a part that fails and is tried anew does not spoil the rest', async () => {
    // The set waits for its project's row, which another set holds, by asking again and again.
    const holder = new pg.Client({ connectionString: api.database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM projects WHERE name = 'default' FOR NO KEY UPDATE`);
      const sent = api.call(
        'POST',
        '/projects/default/jobs/import?format=crontab&target=https://example.com/run',
        '0 9 * * 1 curl https://example.com/a',
        {
          'idempotency-key': 'k',
          'content-type': 'text/plain',
        },
      );
      await waitFor(
        'the set to ask twice',
        () =>
          api.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'ROLLBACK TO%'`),
        (rows) => rows.length > 0,
      );
      await holder.query('COMMIT');
      expect((await sent).status).toBe(200);
      expect([await count('jobs'), await count('kept_answers')]).toEqual([1, 1]);
    } finally {
      await holder.end();
    }
  });

  test('is another one after a day', async () => {
    expect((await post(api, '/jobs', HOURLY, 'k')).status).toBe(201);
    api.clock.at += 86_399_999;
    expect((await post(api, '/jobs', HOURLY, 'k')).headers['idempotent-replayed']).toBe('true');
    api.clock.at += 1;
    expect((await post(api, '/jobs', HOURLY, 'k')).body['code']).toBe('name_taken');
    const anew = { ...HOURLY, name: 'anew' };
    expect((await post(api, '/jobs', anew, 'k')).status).toBe(201);
    expect((await post(api, '/jobs', anew, 'k')).headers['idempotent-replayed']).toBe('true');
  });

  test('with another body or path is refused', async () => {
    const { job } = await jobWithRuns();
    await post(api, `/jobs/${job}/pause`, { note: 'a', until: '2026-03-03T00:00:00Z' }, 'k');
    for (const [url, body] of [
      [`/jobs/${job}/pause`, { note: 'b' }],
      [`/jobs/${job}/pause`, undefined],
      [`/jobs/${job}/trigger`, { body: 1 }],
      ['/jobs', HOURLY],
    ] as const) {
      const answer = await post(api, url, body, 'k');
      expect([answer.status, answer.body['code']]).toEqual([422, 'idempotency_key_reused']);
    }
    // The order of members says nothing.
    const same = await post(api, `/jobs/${job}/pause`, { until: '2026-03-03T00:00:00Z', note: 'a' }, 'k');
    expect([same.status, same.headers['idempotent-replayed']]).toEqual([200, 'true']);
  });

  test('is free again when the first request was refused', async () => {
    const refusals: [string, unknown, number][] = [
      ['/jobs', { ...HOURLY, name: '' }, 422],
      ['/jobs', { ...HOURLY, schedule: '2020-01-01T00:00:00Z' }, 422],
      ['/jobs', '{', 400],
      ['/jobs?x=1', HOURLY, 400],
      [`/jobs/${randomUUID()}/pause`, undefined, 404],
    ];
    for (const [url, body, status] of refusals) {
      const answer = await post(api, url, body, 'k');
      expect([answer.status, answer.headers['location']]).toEqual([status, undefined]);
    }
    expect((await post(api, '/jobs', HOURLY, 'k')).status).toBe(201);
    expect((await post(api, '/jobs', HOURLY, 'l')).body['code']).toBe('name_taken');
    const renamed = { ...HOURLY, name: 'l' };
    expect((await post(api, '/jobs', renamed, 'l')).status).toBe(201);
    expect([await count('jobs'), await count('kept_answers')]).toEqual([2, 2]);
  });

  test.each(['', 'ü', 'x'.repeat(256), 'a\tb'])('%j is none', async (key) => {
    const answer = await post(api, '/jobs', HOURLY, key);
    expect([answer.status, answer.body['errors']?.[0]]).toMatchObject([400, { pointer: '/idempotency-key' }]);
    expect(await count('jobs')).toBe(0);
  });

  test('says nothing to other methods', async () => {
    const { id } = await api.create(HOURLY);
    for (let time = 0; time < 2; time += 1) {
      const { status, headers } = await api.call(
        'PATCH',
        `/jobs/${id}`,
        { description: `${time}` },
        { 'idempotency-key': 'k' },
      );
      expect([status, headers['idempotent-replayed']]).toEqual([200, undefined]);
    }
  });

  test('of what no schema could take is refused before it is compared', async () => {
    const deep = `{"name":"x","target":{"body":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`;
    expect((await post(api, '/jobs', deep, 'k')).status).toBe(422);
  });

  test('leaves neither itself nor what it said in the database', async () => {
    const key = 'only-the-client-knows-this-key';
    const secret = { value: 'planted-secret', secret: true };
    await post(
      api,
      '/jobs',
      { ...HOURLY, target: { url: 'https://example.com/', headers: { authorization: secret } } },
      key,
    );
    const [row] = await api.rows('SELECT row_to_json(k)::text AS text FROM kept_answers k');
    expect(row?.['text']).toContain('********');
    for (const hidden of [key, 'planted-secret']) expect(row?.['text']).not.toContain(hidden);
  });
});

describe('a new API key', () => {
  test('is shown again to the credential that made it alone, and kept sealed', async () => {
    const before = await count('api_keys');
    const first = await post(api, '/api-keys', { name: 'k', role: 'viewer' }, 'k');
    const text = String(first.body['key']);
    expect(text).toMatch(/^car_/);
    const [row] = await api.rows('SELECT body FROM kept_answers');
    const stored = String(row?.['body']);
    expect(stored + Buffer.from(stored, 'base64').toString('latin1')).not.toContain(text.slice(12));
    const again = await post(other, '/api-keys', { name: 'k', role: 'viewer' }, 'k');
    expect([again.body['key'], again.headers['idempotent-replayed']]).toEqual([text, 'true']);
    const stranger = await api.call(
      'POST',
      '/api-keys',
      { name: 'k', role: 'viewer' },
      {
        'idempotency-key': 'k',
        authorization: 'Bearer another',
      },
    );
    expect([stranger.status, stranger.body['code']]).toEqual([422, 'idempotency_key_reused']);
    expect(await count('api_keys')).toBe(before + 1);
  });
});

describe('at the same time', () => {
  test('a request whose first is under way gets 409, and its answer later', async () => {
    const { id } = await api.create(HOURLY);
    const locker = new pg.Client({ connectionString: api.database.url });
    await locker.connect();
    try {
      await locker.query('BEGIN');
      await locker.query('SELECT 1 FROM job_states FOR UPDATE');
      const first = post(api, `/jobs/${id}/pause`, { note: 'x' }, 'k');
      await waitFor(
        'the first request to wait for the row',
        () =>
          api.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`),
        (rows) => rows.length === 1,
      );
      for (const by of [api, other]) {
        const { status, body, headers } = await post(by, `/jobs/${id}/pause`, { note: 'x' }, 'k');
        expect([status, body['code'], headers['retry-after']]).toEqual([409, 'idempotency_key_in_use', '1']);
      }
      await locker.query('COMMIT');
      expect((await first).body).toMatchObject({ state: 'paused', version: 2 });
      const again = await post(other, `/jobs/${id}/pause`, { note: 'x' }, 'k');
      expect([again.status, again.headers['idempotent-replayed'], again.body['version']]).toEqual([200, 'true', 2]);
    } finally {
      await locker.end();
    }
  });

  test('many with one key on two replicas make one job', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => post(index % 2 === 0 ? api : other, '/jobs', HOURLY, 'k')),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => ![201, 409].includes(status))).toEqual([]);
    expect(answers.filter(({ headers, status }) => status === 201 && !headers['idempotent-replayed'])).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body['id'])).size).toBe(1);
    for (const { body } of answers.filter(({ status }) => status === 409)) {
      expect(body['code']).toBe('idempotency_key_in_use');
    }
    expect(await count('jobs')).toBe(1);
  });

  test('more than there are connections, each of which reads and writes, do not wait for each other', async () => {
    const { ended } = await jobWithRuns();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => post(api, `/runs/${ended}/replay`, undefined, `k${index}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(await count('runs')).toBe(62);
  });
});

describe('a connection that breaks', () => {
  let proxy: TcpProxy;
  let far: Api;
  beforeAll(async () => {
    const url = new URL(api.database.url);
    const port = Number(url.port);
    proxy = await TcpProxy.start(() => port);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    far = await Api.start({ databaseUrl: url.href }, api);
  });
  afterAll(async () => {
    await far?.stop();
    await proxy?.close();
  });
  beforeEach(() => {
    proxy.heal();
    far.messages.sent.length = 0;
    far.queue.queued.length = 0;
  });

  const onCommit = (verdict: 'drop' | 'dropAnswer' | 'hold'): void => {
    let done = false;
    proxy.intercept = (chunk) => {
      if (done || !chunk.includes('COMMIT')) return 'pass';
      done = true;
      return verdict;
    };
  };
  const told = (): number => far.messages.sent.length + far.queue.queued.length;

  test('before the commit arrives leaves neither the write nor its answer: it is done when it is sent again', async () => {
    onCommit('drop');
    const lost = await post(far, '/jobs', HOURLY, 'k');
    expect([lost.status, lost.headers['location'], lost.headers['etag'], told()]).toEqual([
      503,
      undefined,
      undefined,
      0,
    ]);
    await waitFor(
      'the transaction to end',
      () =>
        api.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in trans%'`),
      (rows) => rows.length === 0,
    );
    expect([await count('jobs'), await count('kept_answers')]).toEqual([0, 0]);
    const again = await post(far, '/jobs', HOURLY, 'k');
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, undefined]);
    expect(told()).toBe(1);
  });

  test('after the commit has kept both: who sends it again gets the answer', async () => {
    onCommit('dropAnswer');
    const lost = await post(far, '/jobs', HOURLY, 'k');
    expect([lost.status, lost.headers['retry-after'], told()]).toEqual([503, '2', 0]);
    await waitFor(
      'the commit',
      () => count('kept_answers'),
      (kept) => kept === 1,
    );
    const again = await post(far, '/jobs', HOURLY, 'k');
    const [job] = await api.rows('SELECT id FROM jobs');
    expect(again).toMatchObject({
      status: 201,
      body: { id: job?.['id'] },
      headers: { location: `/jobs/${job?.['id']}` },
    });
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await count('jobs')).toBe(1);
  });

  test('is waited for twice by a creation: lock and kept answer, then all that it writes with the commit', async () => {
    await post(far, '/jobs', HOURLY, 'k'); // so that statements are prepared
    const sent: string[] = [];
    proxy.intercept = (chunk) => {
      const name = /jobs-insert|audit-log-insert|kept-answers-\w+|BEGIN|COMMIT/g;
      const names = chunk.toString('latin1').match(name);
      if (names !== null) sent.push(names.join(' '));
      return 'pass';
    };
    expect((await post(far, '/jobs', { ...HOURLY, name: 'other' }, 'l')).status).toBe(201);
    const together = [/^BEGIN .*kept-answers-find/, /^jobs-insert .*audit-log-insert .*kept-answers-keep .*COMMIT$/];
    expect(sent).toEqual(together.map((names) => expect.stringMatching(names) as string));
  });

  test('nothing is told before the commit, and all after it', async () => {
    const { id } = await api.create(HOURLY);
    onCommit('hold');
    const first = post(far, `/jobs/${id}/trigger`, { body: 1 }, 'k');
    await waitFor(
      'the commit to be held',
      () => proxy.held,
      (held) => held === 1,
    );
    expect([told(), await count('runs')]).toEqual([0, 0]);
    proxy.release();
    expect((await first).status).toBe(202);
    expect(far.queue.queued).toEqual([(await first).body['id']]);
  });

  test('frozen with all its locks, it keeps the key and the job from others for five seconds only', async () => {
    const { id } = await api.create(HOURLY);
    onCommit('hold');
    const first = post(far, `/jobs/${id}/trigger`, { body: 1 }, 'k');
    await waitFor(
      'the commit to be held',
      () => proxy.held,
      (held) => held === 1,
    );
    expect((await post(api, `/jobs/${id}/trigger`, { body: 1 }, 'k')).body['code']).toBe('idempotency_key_in_use');
    const second = await waitFor(
      'Postgres to end the frozen transaction',
      () => post(api, `/jobs/${id}/trigger`, { body: 1 }, 'k'),
      ({ status }) => status === 202,
      { timeoutMs: 8_000 },
    );
    proxy.release();
    expect((await first).status).toBe(503);
    expect([await count('runs'), told(), second.headers['idempotent-replayed']]).toEqual([1, 0, undefined]);
    const rows = await api.rows('SELECT id FROM runs');
    expect(rows).toEqual([{ id: second.body['id'] }]);
  }, 15_000);
});
