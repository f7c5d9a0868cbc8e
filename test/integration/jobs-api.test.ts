import { JobView } from '../../src/jobs/job.schemas.js';
import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(() => api.reset());

const NOW = '2026-03-02T08:00:00.000Z';
const DAILY = { name: 'daily', schedule: '0 9 * * *', target: 'https://example.com/hook' };

describe('creating', () => {
  test('answers the whole job, where it is, and tells the planner when it is due', async () => {
    const created = await api.call('POST', '/jobs', { ...DAILY, labels: { team: 'billing' } });
    expect(created.status).toBe(201);
    expect(JobView.parse(created.body)).toMatchObject({
      name: 'daily',
      labels: { team: 'billing' },
      schedule: { type: 'cron', expression: '0 9 * * *', timeZone: 'UTC' },
      target: { type: 'http', method: 'POST', url: 'https://example.com/hook', timeout: 'PT30S' },
      state: 'active',
      nextRunAt: '2026-03-02T09:00:00.000Z',
      scheduleText: 'At 09:00 (UTC)',
      runCount: 0,
      version: 1,
      createdAt: NOW,
    });
    expect(created.headers['location']).toBe(`/jobs/${created.body['id']}`);
    expect(api.messages.sent).toEqual([{ type: 'jobDue', at: Date.parse('2026-03-02T09:00:00Z') }]);
    expect((await api.call('GET', `/jobs/${created.body['id']}`)).body).toEqual(created.body);
  });

  test('an occurrence at the very instant of creation is not due', async () => {
    const { body } = await api.call('POST', '/jobs', { ...DAILY, schedule: '0 8 * * *' });
    expect(body['nextRunAt']).toBe('2026-03-03T08:00:00.000Z');
  });

  test.each([
    ['2020-01-01T00:00:00Z', '/schedule'],
    [{ type: 'cron', expression: '0 9 * * *', endAt: '2026-03-02T08:30:00Z' }, '/schedule'],
    [{ type: 'once', at: '2026-03-02T08:00:00Z' }, '/schedule'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', '/schedule'],
    ['FREQ=DAILY;COUNT=1', '/schedule'],
  ])('a schedule that never fires is refused: %j', async (schedule, pointer) => {
    const { status, body } = await api.call('POST', '/jobs', { ...DAILY, schedule });
    expect([status, body['code'], body['errors'][0].pointer, body['errors'][0].code]).toEqual([
      422,
      'schedule_never_fires',
      pointer,
      'schedule_never_fires',
    ]);
  });

  test('a name is taken once, also when many ask for it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.call('POST', '/jobs', DAILY)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: 'name_taken', errors: [{ pointer: '/name' }] });
  });
});

describe('reading', () => {
  test.each(['nope', '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a1', '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', '%00', "'; --"])(
    'there is no job %s',
    async (id) => {
      const path = `/jobs/${encodeURIComponent(id)}`;
      const calls = [
        api.call('GET', path),
        api.call('PATCH', path, {}),
        api.call('DELETE', path),
        api.call('POST', `${path}/pause`),
        api.call('POST', `${path}/resume`),
        api.call('POST', `${path}/skip-next`),
        api.call('POST', `${path}/trigger`),
        api.call('POST', `${path}/backfill`, { from: NOW, to: NOW }),
        api.call('GET', `${path}/runs`),
        api.call('GET', `${path}/occurrences`),
      ];
      for (const { status, body } of await Promise.all(calls))
        expect([status, body['code']]).toEqual([404, 'not_found']);
    },
  );

  test('what another project holds is not there', async () => {
    const { id } = await api.create(DAILY);
    const other = '00000000-0000-7000-8000-0000000000ff';
    await api.rows(
      `INSERT INTO projects (id, name, created_at, updated_at) VALUES ($1, 'other', now(), now()) ON CONFLICT DO NOTHING`,
      [other],
    );
    await api.rows('UPDATE jobs SET project_id = $1', [other]);
    await api.rows('UPDATE job_states SET project_id = $1', [other]);
    for (const [method, path] of [
      ['GET', `/jobs/${id}`],
      ['DELETE', `/jobs/${id}`],
      ['POST', `/jobs/${id}/pause`],
      ['POST', `/jobs/${id}/trigger`],
      ['GET', `/jobs/${id}/runs`],
    ] as const) {
      expect((await api.call(method, path)).status).toBe(404);
    }
    expect((await api.call('GET', '/jobs')).body['data']).toEqual([]);
    expect((await api.call('POST', '/jobs', DAILY)).status).toBe(201);
  });

  test('stats come from the finished runs', async () => {
    const { id } = await api.create(DAILY);
    await api.rows(
      `INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak) VALUES ($1, $2, 'failed', 3)`,
      [id, NOW],
    );
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({
      lastRunAt: NOW,
      lastRunState: 'failed',
      failureStreak: 3,
    });
  });
});

describe('patching', () => {
  test.each(['application/merge-patch+json', 'application/json'])('merges by RFC 7396, sent as %s', async (type) => {
    const { id } = await api.create({
      ...DAILY,
      description: 'old',
      labels: { a: '1', b: '2' },
      retry: { maxAttempts: 7 },
    });
    const patch = {
      description: null,
      labels: { a: null, c: '3' },
      retry: { backoff: 'fixed' },
      target: { timeout: '5s' },
    };
    const { status, body } = await api.call('PATCH', `/jobs/${id}`, patch, { 'content-type': type });
    expect(status).toBe(200);
    expect(JobView.parse(body)).toMatchObject({
      description: '',
      labels: { b: '2', c: '3' },
      retry: { maxAttempts: 7, backoff: 'fixed' },
      target: { url: DAILY.target, timeout: 'PT5S' },
      nextRunAt: '2026-03-02T09:00:00.000Z',
      version: 2,
    });
    expect(body['labels']).toEqual({ b: '2', c: '3' });
    expect((await api.call('GET', `/jobs/${id}`)).body).toEqual(body);
  });

  test.each<[string, Json, string, string]>([
    ['a member that is not known', { nam: 'x' }, '/nam', 'unknown_member'],
    ['a member that only answers have', { state: 'paused' }, '/state', 'unknown_member'],
    ['the loss of the name', { name: null }, '/name', 'required'],
    ['the loss of the schedule', { schedule: null }, '/schedule', 'required'],
    ['a wrong member of the schedule', { schedule: { expression: 'x' } }, '/schedule/expression', 'invalid_cron'],
    ['a wrong member of the target', { target: { method: 'GOT' } }, '/target/method', 'invalid_value'],
    ['no object', ['x'], '', 'invalid_type'],
  ])('refuses %s and changes nothing', async (_, patch, pointer, code) => {
    const job = await api.create(DAILY);
    const { status, body } = await api.call('PATCH', `/jobs/${job.id}`, patch);
    expect([status, body['errors'][0].pointer, body['errors'][0].code]).toEqual([422, pointer, code]);
    expect((await api.call('GET', `/jobs/${job.id}`)).body).toEqual(job);
  });

  test('another schedule fires from now on, and only that', async () => {
    const { id } = await api.create(DAILY);
    const { body } = await api.call('PATCH', `/jobs/${id}`, { schedule: { expression: '30 10 * * *' } });
    expect(body).toMatchObject({ nextRunAt: '2026-03-02T10:30:00.000Z', schedule: { expression: '30 10 * * *' } });
    expect(await api.nextOf(id)).toEqual([Date.parse('2026-03-02T10:30:00Z'), Date.parse('2026-03-02T10:30:00Z')]);
  });

  test('another type of schedule drops what only the old one knows', async () => {
    const { id } = await api.create({
      ...DAILY,
      schedule: { type: 'cron', expression: '0 9 * * *', timeZone: 'Europe/Paris' },
    });
    const { status, body } = await api.call('PATCH', `/jobs/${id}`, { schedule: { type: 'interval', every: '15m' } });
    expect([status, body['schedule']]).toEqual([
      200,
      { type: 'interval', every: 'PT15M', anchorAt: NOW, timeZone: 'Europe/Paris' },
    ]);
  });

  test('a change beside the schedule leaves what is due next', async () => {
    const { id } = await api.create({ ...DAILY, schedule: { type: 'interval', every: '1h' } });
    api.clock.at += 600_000;
    const { body } = await api.call('PATCH', `/jobs/${id}`, { description: 'new' });
    expect(body).toMatchObject({ nextRunAt: '2026-03-02T09:00:00.000Z', schedule: { anchorAt: NOW } });
  });

  test('an empty patch is no new version', async () => {
    const job = await api.create(DAILY);
    expect((await api.call('PATCH', `/jobs/${job.id}`, {})).body).toEqual(job);
  });

  test('of what no job has is refused, a null of it too', async () => {
    const { id } = await api.create(DAILY);
    for (const name of ['', 'state', 'id', 'nope']) {
      const { status, body } = await api.call('PATCH', `/jobs/${id}`, { [name]: null });
      expect([status, body['errors']]).toMatchObject([422, [{ pointer: `/${name}`, code: 'unknown_member' }]]);
    }
  });

  test('a name that another job has is refused', async () => {
    const { id } = await api.create(DAILY);
    await api.create({ ...DAILY, name: 'other' });
    expect((await api.call('PATCH', `/jobs/${id}`, { name: 'other' })).body).toMatchObject({
      status: 409,
      code: 'name_taken',
    });
  });

  test('a completed job with another schedule is active again', async () => {
    const { id } = await api.create({ ...DAILY, schedule: '2026-03-02T08:30:00Z' });
    await api.rows(`UPDATE job_states SET state = 'completed', next_occurrence_at = NULL, next_run_at = NULL`);
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({ state: 'completed', nextRunAt: null });
    const { body } = await api.call('PATCH', `/jobs/${id}`, { schedule: { at: '2026-03-02T09:30:00Z' } });
    expect(body).toMatchObject({ state: 'active', nextRunAt: '2026-03-02T09:30:00.000Z' });
  });
});

describe('putting by name', () => {
  const path = '/jobs/by-name/nightly%2Freport%20%E2%9C%93';
  const whole = { schedule: { type: 'interval', every: 'PT15M' }, target: { url: 'https://example.com/hook' } };

  test('creates, replaces, and changes nothing when nothing changes', async () => {
    const created = await api.call('PUT', path, whole);
    expect([created.status, created.body['name']]).toEqual([201, 'nightly/report ✓']);
    expect(created.headers['location']).toBe(`/jobs/${created.body['id']}`);
    api.clock.at += 60_000;
    const same = await api.call('PUT', path, whole);
    expect([same.status, same.body]).toEqual([200, created.body]);
    const replaced = await api.call('PUT', path, { ...whole, description: 'x', overlap: 'skip' });
    expect(replaced.body).toMatchObject({ id: created.body['id'], description: 'x', overlap: 'skip', version: 2 });
    const reset = await api.call('PUT', path, whole);
    expect(reset.body).toMatchObject({ description: '', overlap: 'allow', version: 3, schedule: { anchorAt: NOW } });
  });

  test('another interval is counted from now', async () => {
    await api.call('PUT', path, whole);
    api.clock.at += 60_000;
    const { body } = await api.call('PUT', path, { ...whole, schedule: { type: 'interval', every: 'PT10M' } });
    expect(body['schedule'].anchorAt).toBe('2026-03-02T08:01:00.000Z');
  });

  test('a recurrence rule goes on from its start, and another one starts now', async () => {
    const put = async (schedule: unknown): Promise<Json> => (await api.call('PUT', path, { ...whole, schedule })).body;
    const created = await put('FREQ=DAILY;INTERVAL=3');
    expect(created['schedule']).toMatchObject({ rule: 'FREQ=DAILY;INTERVAL=3', startAt: '2026-03-02T08:00:00' });
    expect(created).toMatchObject({
      nextRunAt: '2026-03-05T08:00:00.000Z',
      scheduleText: 'Every 3 days at 08:00, counted from 2026-03-02 (UTC)',
    });
    api.clock.at += 60_000;
    expect(await put({ type: 'rrule', rule: 'RRULE:freq=daily;interval=3' })).toEqual(created);
    expect((await put('FREQ=DAILY;INTERVAL=2'))['schedule']).toMatchObject({ startAt: '2026-03-02T08:01:00' });
  });

  test('many at once make one job', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.call('PUT', path, whole)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
  });

  test.each([
    ['%20x', {}, 400, '/name'],
    ['x'.repeat(201), {}, 400, '/name'],
    ['a', { name: 'b' }, 422, '/name'],
    ['a', { schedule: 'x' }, 422, '/schedule'],
  ])('refuses %s with %j', async (name, members, status, pointer) => {
    const answer = await api.call('PUT', `/jobs/by-name/${name}`, { ...whole, ...members });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([status, pointer]);
  });

  test('takes a name of 200 characters outside ASCII', async () => {
    const answer = await api.call('PUT', `/jobs/by-name/${encodeURIComponent('ж'.repeat(200))}`, whole);
    expect(answer.status).toBe(201);
  });
});

describe('deleting', () => {
  test('cancels the runs that wait, leaves the one under way, and forgets the job', async () => {
    const { id } = await api.create(DAILY);
    const ids = [];
    for (let count = 0; count < 4; count += 1)
      ids.push((await api.call('POST', `/jobs/${id}/trigger`)).body['id'] as string);
    for (const [index, state] of ['queued', 'running', 'retrying', 'held'].entries()) {
      await api.rows('UPDATE runs SET state = $1 WHERE id = $2', [state, ids[index]]);
    }
    await api.rows(
      `INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak) VALUES ($1, now(), 'failed', 3)`,
      [id],
    );
    api.messages.sent.length = 0;
    expect((await api.call('DELETE', `/jobs/${id}`)).status).toBe(204);
    expect((await api.call('GET', `/jobs/${id}`)).status).toBe(404);
    expect((await api.call('DELETE', `/jobs/${id}`)).status).toBe(404);
    const runs = await api.rows('SELECT state, reason FROM runs ORDER BY array_position($1::uuid[], id)', [ids]);
    expect(runs.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'jobDeleted'],
      ['running', null],
      ['cancelled', 'jobDeleted'],
      ['cancelled', 'jobDeleted'],
    ]);
    expect(await api.rows('SELECT 1 FROM job_stats UNION ALL SELECT 1 FROM job_states')).toEqual([]);
    expect(api.messages.sent).toEqual([
      { type: 'runsCancelled', runIds: expect.arrayContaining([ids[0], ids[2], ids[3]]) },
    ]);
    expect((await api.call('GET', `/runs/${ids[1]}`)).status).toBe(200);
  });
});

test.each([
  ['GET', '/jobs?foo=1', '/foo'],
  ['GET', '/jobs?limit=201', '/limit'],
  ['GET', '/jobs?limit=abc', '/limit'],
  ['GET', '/jobs?limit=1&limit=2', '/limit'],
  ['GET', '/jobs?state=parked', '/state'],
  ['GET', '/jobs?sort=id', '/sort'],
  ['GET', '/jobs?label=team', '/label/0'],
  ['GET', '/jobs?q=', '/q'],
  ['GET', '/jobs?q=%00', '/q'],
  ['GET', '/jobs?cursor=x', '/cursor'],
  ['GET', '/jobs?cursor=W251bGxd', '/cursor'],
  ['GET', '/runs?from=yesterday', '/from'],
  ['GET', '/runs?jobId=x', '/jobId'],
  ['GET', '/runs?state=done', '/state'],
  ['POST', '/jobs?dryRun=1', '/dryRun'],
  ['POST', '/schedules/preview?x=1', '/x'],
])('%s %s is refused for its parameter', async (method, path, pointer) => {
  const { status, body } = await api.call(method, path, method === 'POST' ? DAILY : undefined);
  expect([status, body['code'], body['errors'][0].pointer]).toEqual([400, 'invalid_parameter', pointer]);
});
