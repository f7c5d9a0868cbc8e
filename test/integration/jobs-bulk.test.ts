import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { waitFor } from '../support/wait-for.js';
import { Api, type Answer, type Json } from './api.js';

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

const HOURLY = { name: 'hourly', schedule: '0 * * * *', target: 'https://example.com/hook' };
const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);

const bulk = (body: unknown, headers: Record<string, string> = {}, by = api): Promise<Answer> =>
  by.call('POST', '/jobs/bulk', body, headers);

async function some(count: number, more: Json = {}): Promise<string[]> {
  const jobs = Array.from({ length: count }, (_, index) => ({ ...HOURLY, name: `job ${index}`, ...more }));
  const { status, body } = await bulk({ action: 'create', jobs });
  expect([status, body['succeeded']]).toEqual([200, count]);
  return (body['results'] as Json[]).map(({ id }) => id as string);
}

/** Of each result its status, or the code of its problem and where it points. */
const results = ({ body }: Answer): unknown[] =>
  (body['results'] as Json[]).map(({ status, problem }) =>
    problem === null
      ? status
      : [status, problem.code, ...(problem.errors as Json[]).map(({ pointer }) => pointer as string)],
  );

const states = async (): Promise<string[]> =>
  (await api.rows('SELECT state FROM job_states ORDER BY job_id')).map((row) => row['state']);
const runStates = async (): Promise<string[]> =>
  (await api.rows(`SELECT state || coalesce(' ' || reason, '') AS s FROM runs ORDER BY id`)).map((row) => row['s']);
const everything = async (): Promise<unknown> => [
  await api.rows('SELECT * FROM jobs ORDER BY id'),
  await api.rows('SELECT * FROM job_states ORDER BY job_id'),
  await api.rows('SELECT * FROM runs ORDER BY id'),
  [api.messages.sent.length, api.queue.queued.length],
];

describe('creating', () => {
  test('makes jobs like those of POST /jobs, and a bad one stops no other', async () => {
    await api.create({ ...HOURLY, name: 'taken' });
    const answer = await bulk({
      action: 'create',
      jobs: [
        { ...HOURLY, name: 'a', labels: { x: 'y' }, overlap: 'skip' },
        { ...HOURLY, name: '' },
        { ...HOURLY, name: 'taken' },
        { ...HOURLY, name: 'b', schedule: 'soon' },
        { ...HOURLY, name: 'a' },
        { ...HOURLY, name: 'c', schedule: '2020-01-01T00:00:00Z' },
        { ...HOURLY, name: 'd', target: 'http://169.254.169.254/' },
        7,
        { ...HOURLY, name: 'e', target: { url: 'https://example.com/', body: { list: Array(500).fill(0) } } },
      ],
    });
    expect(answer.status).toBe(200);
    expect(results(answer)).toEqual([
      201,
      [422, 'invalid', '/jobs/1/name'],
      [409, 'name_taken', '/jobs/2/name'],
      [422, 'invalid', '/jobs/3/schedule'],
      [409, 'name_taken', '/jobs/4/name'],
      [422, 'schedule_never_fires', '/jobs/5/schedule'],
      [422, 'invalid', '/jobs/6/target/url'],
      [422, 'invalid', '/jobs/7'],
      201,
    ]);
    expect(answer.body).toMatchObject({ action: 'create', dryRun: false, succeeded: 2, failed: 7 });
    const { id } = answer.body['results'][0];
    const { body } = await api.call('GET', `/jobs/${id}`);
    const alone = await api.create({ ...HOURLY, name: 'alone', labels: { x: 'y' }, overlap: 'skip' });
    expect(body).toEqual({ ...alone, id, name: 'a', target: alone['target'] });
    expect(api.messages.sent).toContainEqual({ type: 'jobDue', at: at('09:00:00.000') });
  });

  test('of the same names in another order at the same time waits, and does not deadlock', async () => {
    await api.create({ ...HOURLY, name: 'seed' });
    const named = (...names: string[]): Json[] => names.map((name) => ({ ...HOURLY, name }));
    const waiting = (count: number) =>
      waitFor(
        `${count} requests to wait for another transaction`,
        () =>
          api.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`),
        (rows) => rows.length === count,
      );
    const holder = new pg.Client({ connectionString: api.database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(
        `INSERT INTO jobs SELECT (r).* FROM (
           SELECT jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(), 'name', 'm')) AS r FROM jobs j) one`,
      );
      const first = bulk({ action: 'create', jobs: named('a', 'm', 'z') });
      await waiting(1);
      const second = bulk({ action: 'create', jobs: named('z', 'a') }, {}, other);
      await waiting(2);
      await holder.query('ROLLBACK');
      expect(results(await first)).toEqual([201, 201, 201]);
      expect(results(await second)).toEqual([
        [409, 'name_taken', '/jobs/0/name'],
        [409, 'name_taken', '/jobs/1/name'],
      ]);
    } finally {
      await holder.end();
    }
  });

  test('a thousand takes well under a second', async () => {
    await some(100);
    await api.reset();
    const startedAtMs = performance.now();
    await some(1_000, { schedule: { type: 'cron', expression: '*/10 9-17 * * MON-FRI', timeZone: 'Europe/Paris' } });
    const tookMs = performance.now() - startedAtMs;
    expect(await states()).toHaveLength(1_000);
    expect(tookMs).toBeLessThan(3_000); // about 400 where nothing else runs
  });
});

describe('by ids', () => {
  test('each gets its own answer, in the order of the request', async () => {
    const [one = '', two = '', once = ''] = await some(3);
    await api.call('PATCH', `/jobs/${once}`, { schedule: '2026-03-02T08:00:01Z' });
    api.clock.at += 1_000;
    await api.plan();
    const nobody = randomUUID();
    const answer = await bulk({ action: 'pause', ids: [two, nobody, 'x', once, two, one.toUpperCase()], note: 'n' });
    expect(results(answer)).toEqual([
      200,
      [404, 'not_found', '/ids/1'],
      [404, 'not_found', '/ids/2'],
      [409, 'wrong_state', '/ids/3'],
      [422, 'invalid', '/ids/4'],
      200,
    ]);
    expect(answer.body['results'][0]).toEqual({ id: two, name: 'job 1', status: 200, runId: null, problem: null });
    for (const id of [one, two]) {
      expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({
        state: 'paused',
        pauseNote: 'n',
        version: 2,
      });
    }
    expect(results(await bulk({ action: 'resume', ids: [one, two] }))).toEqual([200, 200]);
    expect(await states()).toEqual(['active', 'active', 'completed']);
  });

  test('update patches each as PATCH does', async () => {
    const [one = '', two = ''] = await some(2);
    await api.call('PATCH', `/jobs/${two}`, { target: { method: 'GET' } });
    const patch = { labels: { a: 'b' }, schedule: '30 * * * *', description: null };
    expect(results(await bulk({ action: 'update', ids: [one, two], patch }))).toEqual([200, 200]);
    for (const id of [one, two]) {
      expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({
        ...{
          labels: { a: 'b' },
          nextRunAt: '2026-03-02T08:30:00.000Z',
          target: { method: id === one ? 'POST' : 'GET' },
        },
      });
    }
    const again = await bulk({ action: 'update', ids: [one], patch });
    expect([results(again), (await api.call('GET', `/jobs/${one}`)).body['version']]).toEqual([[200], 2]);
    const refused = await bulk({
      action: 'update',
      ids: [one, two],
      patch: { target: { body: { a: 1 }, timeout: 'x' } },
    });
    expect(results(refused)).toEqual(
      [
        [422, 'invalid', '/patch/target/timeout'],
        [422, 'invalid', '/patch/target/timeout', '/patch/target/body'],
      ].map((entry) => expect.arrayContaining(entry.slice(0, 3))),
    );
  });

  test('trigger starts a run of each by its overlap policy', async () => {
    const [allow = ''] = await some(1);
    const ids = [allow];
    for (const overlap of ['skip', 'queueOne', 'cancelRunning']) {
      ids.push((await api.create({ ...HOURLY, name: overlap, overlap })).id);
    }
    const get = await api.create({ ...HOURLY, name: 'get', target: { url: 'https://example.com/', method: 'GET' } });
    const first = await bulk({ action: 'trigger', ids: [...ids, get.id], body: { a: 1 } });
    expect(results(first)).toEqual([202, 202, 202, 202, [422, 'invalid', '/body']]);
    expect(await bulk({ action: 'trigger', ids })).toMatchObject({ status: 200, body: { succeeded: 4 } });
    const byJob = async (id: string): Promise<string[]> =>
      ((await api.call('GET', `/jobs/${id}/runs`)).body['data'] as Json[]).map(({ state }) => state).sort();
    expect(await Promise.all(ids.map(byJob))).toEqual([
      ['queued', 'queued'],
      ['queued', 'skipped'],
      ['held', 'queued'],
      ['cancelled', 'queued'],
    ]);
    const [run] = await api.rows('SELECT body, trigger FROM runs WHERE id = $1', [first.body['results'][0].runId]);
    expect(run).toEqual({ body: { a: 1 }, trigger: 'manual' });
    expect(api.queue.queued).toHaveLength(6);
    expect((await api.call('GET', `/jobs/${ids[1]}`)).body).toMatchObject({ runCount: 1, version: 1 });
  });

  test('delete cancels what waits', async () => {
    const ids = await some(3);
    await bulk({ action: 'trigger', ids });
    expect(results(await bulk({ action: 'delete', ids: ids.slice(0, 2) }))).toEqual([204, 204]);
    expect(await states()).toHaveLength(1);
    expect((await runStates()).sort()).toEqual(['cancelled jobDeleted', 'cancelled jobDeleted', 'queued']);
    expect(api.messages.sent.at(-1)).toMatchObject({ type: 'runsCancelled' });
  });
});

describe('at the due instant', () => {
  test('a thousand that are due are planned first, once each, and nothing after the pause', async () => {
    const ids = await some(1_000);
    api.clock.at = at('09:00:00.005');
    const answer = await bulk({ action: 'pause', ids });
    expect(answer.body).toMatchObject({ succeeded: 1_000, failed: 0 });
    expect(await runStates()).toEqual(Array.from({ length: 1_000 }, () => 'queued'));
    expect(api.queue.queued).toHaveLength(1_000);
    api.clock.at = at('12:00:00.000');
    expect(await api.plan()).toBe(0);
    expect(await api.rows('SELECT DISTINCT run_count, scheduled_run_count, state FROM job_states')).toEqual([
      { run_count: 1, scheduled_run_count: 1, state: 'paused' },
    ]);
  });

  test('a last occurrence is kept though its job can not be paused any more', async () => {
    const ids = await some(2, { schedule: '2026-03-02T09:00:00Z' });
    api.clock.at = at('09:00:00.005');
    expect(results(await bulk({ action: 'pause', ids }))).toEqual([
      [409, 'wrong_state', '/ids/0'],
      [409, 'wrong_state', '/ids/1'],
    ]);
    expect([await states(), await runStates()]).toEqual([
      ['completed', 'completed'],
      ['queued', 'queued'],
    ]);
    expect(await api.rows('SELECT DISTINCT run_count, version FROM job_states')).toEqual([
      { run_count: 1, version: 1 },
    ]);
  });

  test('a deletion records what was due as cancelled', async () => {
    const ids = await some(2);
    api.clock.at = at('09:00:00.005');
    await bulk({ action: 'delete', ids });
    expect(await runStates()).toEqual(['cancelled jobDeleted', 'cancelled jobDeleted']);
    expect(api.queue.queued).toEqual([]);
  });

  test('another schedule loses nothing that was due under the old one', async () => {
    const ids = await some(3, { overlap: 'queueAll' });
    api.clock.at = at('09:00:00.005');
    await bulk({ action: 'update', ids, patch: { schedule: '30 * * * *' } });
    expect(await runStates()).toEqual(['queued', 'queued', 'queued']);
    expect(await api.rows('SELECT DISTINCT next_run_at FROM job_states')).toEqual([
      { next_run_at: new Date(at('09:30:00.000')) },
    ]);
  });

  test('a backlog longer than one request may settle is left to the planner, and said so', async () => {
    const ids = await some(20, { schedule: 'PT1S', misfire: { policy: 'runAll', within: '1d', limit: 1_000 } });
    api.clock.at = at('08:15:00.000');
    const codes = results(await bulk({ action: 'pause', ids }));
    const left = codes.filter((result) => Array.isArray(result) && result[1] === 'unavailable');
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(20);
    await api.plan();
    expect((await bulk({ action: 'pause', ids })).body['failed']).toBe(0);
    expect(await api.rows('SELECT count(*)::int AS n FROM runs')).toEqual([{ n: 20 * 900 }]);
  }, 30_000);

  test('pauses and triggers of many beside a planner and each other neither deadlock nor lose a run', async () => {
    const ids = await some(40, { schedule: 'PT1S', overlap: 'queueAll' });
    let done = false;
    const planning = (async () => {
      while (!done) {
        api.clock.at += 700;
        other.clock.at = api.clock.at;
        await api.plan();
      }
    })();
    const actions = ['pause', 'resume', 'trigger', 'update'];
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => {
        const by = index % 2 === 0 ? api : other;
        const action = actions[index % 4];
        const mixed = index % 3 === 0 ? [...ids].reverse() : ids;
        return bulk({ action, ids: mixed, ...(action === 'update' && { patch: { description: `${index}` } }) }, {}, by);
      }),
    );
    done = true;
    await planning;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const wrong = await api.rows(
      `SELECT 1 FROM job_states s
       WHERE run_count <> (SELECT count(*) FROM runs r WHERE r.job_id = s.job_id AND r.state <> 'skipped')`,
    );
    expect(wrong).toEqual([]);
  }, 30_000);
});

describe('by a filter', () => {
  test('as the list has it', async () => {
    const ids = await some(3, { labels: { team: 'a' } });
    await api.create({ ...HOURLY, name: 'other' });
    await api.call('POST', `/jobs/${ids[0]}/pause`);
    const paused = await bulk({ action: 'pause', filter: { label: ['team:a'], state: 'active' } });
    expect((paused.body['results'] as Json[]).map(({ id }) => id)).toEqual(ids.slice(1));
    expect((await bulk({ action: 'resume', filter: { q: 'JOB' } })).body['succeeded']).toBe(3);
    expect((await bulk({ action: 'delete', filter: { label: ['team:a', 'team:b'] } })).body['results']).toEqual([]);
    expect((await bulk({ action: 'delete', filter: { label: 'team:a' } })).body['succeeded']).toBe(3);
    expect(await states()).toEqual(['active']);
  });

  test('that matches more than a thousand is refused as a whole', async () => {
    await some(1_000, { labels: { team: 'a' } });
    expect((await bulk({ action: 'trigger', filter: { label: ['team:a'] }, dryRun: true })).body['succeeded']).toBe(
      1_000,
    );
    await api.create({ ...HOURLY, name: 'one more', labels: { team: 'a' } });
    const before = await everything();
    const { status, body } = await bulk({ action: 'delete', filter: { label: ['team:a'] } });
    expect([status, body['errors']]).toEqual([
      422,
      [{ pointer: '/filter', code: 'too_many', detail: expect.stringContaining('more than 1000') }],
    ]);
    expect(await everything()).toEqual(before);
  });
});

describe('a dry run', () => {
  test.each(['create', 'update', 'pause', 'resume', 'delete', 'trigger'])(
    'of %s says the same and writes nothing',
    async (action) => {
      const ids = [...(await some(2)), randomUUID()];
      await api.call('POST', `/jobs/${ids[1]}/pause`);
      api.clock.at = at('09:00:00.005');
      const request = {
        action,
        ...(action === 'create' ? { jobs: [HOURLY, { ...HOURLY, name: 'job 0' }, {}] } : { ids }),
        ...(action === 'update' && { patch: { schedule: 'PT5M' } }),
      };
      const before = await everything();
      const dry = await bulk({ ...request, dryRun: true });
      expect(await everything()).toEqual(before);
      expect(dry.body['dryRun']).toBe(true);
      if (action === 'create') expect(dry.body['results'][0].id).toBeNull();
      const wet = await bulk(request);
      expect(results(dry)).toEqual(results(wet));
      expect(dry.body['succeeded']).toBeGreaterThan(0);
      expect(await everything()).not.toEqual(before);
    },
  );
});

describe('an idempotency key', () => {
  test('does it once, a dry run too', async () => {
    const jobs = Array.from({ length: 300 }, (_, index) => ({ ...HOURLY, name: `k${index}` }));
    for (const dryRun of [true, false]) {
      const headers = { 'idempotency-key': `k ${dryRun}` };
      const first = await bulk({ action: 'create', jobs, dryRun }, headers);
      const again = await bulk({ action: 'create', jobs, dryRun }, headers, other);
      expect(again.body).toEqual(first.body);
      expect(again.headers['idempotent-replayed']).toBe('true');
    }
    expect(await states()).toHaveLength(300);
  });
});

test.each<[string, Json, string, string]>([
  ['nothing', {}, '/action', 'required'],
  ['an action that is none', { action: 'destroy' }, '/action', 'invalid_value'],
  ['no jobs', { action: 'create' }, '/jobs', 'required'],
  ['an empty list of jobs', { action: 'create', jobs: [] }, '/jobs', 'too_few'],
  ['too many jobs', { action: 'create', jobs: Array(1_001).fill({}) }, '/jobs', 'too_many'],
  ['ids beside jobs', { action: 'create', jobs: [{}], ids: ['x'] }, '/ids', 'unknown_member'],
  ['no target', { action: 'pause' }, '/ids', 'required'],
  ['ids and a filter', { action: 'pause', ids: ['x'], filter: { q: 'x' } }, '/filter', 'not_allowed'],
  ['too many ids', { action: 'pause', ids: Array(1_001).fill('x') }, '/ids', 'too_many'],
  ['an id that is no text', { action: 'pause', ids: [7] }, '/ids/0', 'invalid_type'],
  ['a past end', { action: 'pause', ids: ['x'], until: '2020-01-01T00:00:00Z' }, '/until', 'out_of_range'],
  ['an empty filter', { action: 'delete', filter: {} }, '/filter', 'too_few'],
  ['a state that is none', { action: 'delete', filter: { state: 'running' } }, '/filter/state', 'invalid_value'],
  ['a filter that is none', { action: 'delete', filter: { name: 'x' } }, '/filter/name', 'unknown_member'],
  ['no patch', { action: 'update', ids: ['x'] }, '/patch', 'required'],
  ['a patch of the name', { action: 'update', ids: ['x'], patch: { name: 'x' } }, '/patch/name', 'not_allowed'],
  [
    'text that can not be kept',
    { action: 'create', jobs: [{ ...HOURLY, description: 'a\0' }] },
    '/jobs/0/description',
    'invalid_text',
  ],
])('%s is refused as a whole', async (_, request, pointer, code) => {
  const { status, body } = await bulk(request);
  expect([status, body['errors']?.[0]]).toMatchObject([422, { pointer, code }]);
  expect(await states()).toEqual([]);
});
