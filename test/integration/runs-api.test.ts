import { RunView } from '../../src/runs/run.schemas.js';
import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(() => api.reset());

const NOW = '2026-03-02T08:00:00.000Z';
const JOB = { name: 'job', schedule: '0 9 * * *', target: { url: 'https://example.com/hook', body: { a: 1 } } };

const create = async (members: Json = {}): Promise<string> => (await api.create({ ...JOB, ...members })).id;
const trigger = async (id: string, body?: Json): Promise<Json> =>
  (await api.call('POST', `/jobs/${id}/trigger`, body)).body;
const setState = (runId: string, state: string): Promise<unknown> =>
  api.rows(
    `UPDATE runs SET state = $2, attempt = 1, lease_token = CASE WHEN $2 = 'running' THEN gen_random_uuid() END WHERE id = $1`,
    [runId, state],
  );
const states = async (): Promise<string[]> =>
  (await api.rows('SELECT state FROM runs ORDER BY scheduled_for, created_at')).map((row) => row['state'] as string);

describe('triggering', () => {
  test('puts a run into the ledger and on its way', async () => {
    const id = await create();
    const answer = await api.call('POST', `/jobs/${id}/trigger`);
    expect(answer.status).toBe(202);
    expect(RunView.parse(answer.body)).toMatchObject({
      jobId: id,
      jobName: 'job',
      scheduledFor: NOW,
      trigger: 'manual',
      state: 'queued',
      reason: null,
      attempt: 0,
      maxAttempts: 3,
      attempts: [],
    });
    expect(answer.headers['location']).toBe(`/runs/${answer.body['id']}`);
    expect((await api.call('GET', `/runs/${answer.body['id']}`)).body).toEqual(answer.body);
    expect(api.queue.queued).toEqual([answer.body['id']]);
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({
      runCount: 1,
      nextRunAt: '2026-03-02T09:00:00.000Z',
    });
  });

  test.each([
    [{ body: { x: [1, 'é'] } }, '{"x":[1,"é"]}'],
    [{ body: 'text' }, '"text"'],
    [{ body: false }, 'false'],
    [{ body: null }, null],
    [{}, null],
  ])('%j gives the run the body %s', async (input, body) => {
    const { id } = await trigger(await create(), input);
    const [row] = await api.rows('SELECT body::text FROM runs WHERE id = $1', [id]);
    expect(row?.['body'] === null ? null : JSON.parse(row?.['body'] as string)).toEqual(
      body === null ? null : JSON.parse(body),
    );
  });

  test('several in one millisecond are several runs', async () => {
    const id = await create();
    const runs = await Promise.all(Array.from({ length: 20 }, () => trigger(id)));
    expect(new Set(runs.map((run) => run['id'])).size).toBe(20);
    expect((await api.call('GET', `/jobs/${id}`)).body['runCount']).toBe(20);
  });

  test.each(['pause', 'complete'])('works beside a schedule at rest (%s)', async (how) => {
    const id = await create();
    if (how === 'pause') await api.call('POST', `/jobs/${id}/pause`);
    else await api.rows(`UPDATE job_states SET state = 'completed', next_run_at = NULL, next_occurrence_at = NULL`);
    expect(await trigger(id)).toMatchObject({ state: 'queued' });
  });

  test.each<[string, string[], string | null]>([
    ['allow', ['queued', 'queued', 'queued'], null],
    ['skip', ['queued', 'skipped', 'skipped'], 'overlap'],
    ['queueOne', ['queued', 'held', 'skipped'], 'overlap'],
    ['queueAll', ['queued', 'held', 'held'], null],
    ['cancelRunning', ['cancelled', 'cancelled', 'queued'], null],
  ])('three in a row under %s', async (overlap, expected, reason) => {
    const id = await create({ overlap });
    const born: Json[] = [];
    for (let count = 0; count < 3; count += 1) {
      born.push(await trigger(id));
      api.clock.at += 10;
    }
    expect(await states()).toEqual(expected);
    expect(born[2]?.['reason']).toBe(reason);
    expect((await api.call('GET', `/jobs/${id}`)).body['runCount']).toBe(
      3 - expected.filter((state) => state === 'skipped').length,
    );
    if (overlap === 'cancelRunning') {
      expect(api.messages.sent.filter(({ type }) => type === 'runsCancelled')).toHaveLength(2);
      expect((await api.call('GET', `/runs/${born[0]?.['id']}`)).body['reason']).toBe('replacedByNewerRun');
    }
  });

  test('a body is refused where the method carries none', async () => {
    const id = await create({ target: { url: 'https://example.com', method: 'GET' } });
    const answer = await api.call('POST', `/jobs/${id}/trigger`, { body: 1 });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([422, '/body']);
  });
});

describe('cancelling', () => {
  test.each(['queued', 'running', 'retrying', 'held'])('ends a run that is %s and tells its worker', async (state) => {
    const { id } = await trigger(await create());
    await setState(id as string, state);
    const answer = await api.call('POST', `/runs/${id}/cancel`);
    expect([answer.status, answer.body]).toMatchObject([
      202,
      { state: 'cancelled', reason: 'cancelledByUser', finishedAt: NOW },
    ]);
    expect((await api.rows('SELECT lease_token FROM runs'))[0]?.['lease_token']).toBeNull();
    expect(api.messages.sent.at(-1)).toEqual({ type: 'runsCancelled', runIds: [id] });
  });

  test.each(['succeeded', 'failed', 'cancelled', 'skipped'])('leaves one that is %s', async (state) => {
    const { id } = await trigger(await create());
    await setState(id as string, state);
    const answer = await api.call('POST', `/runs/${id}/cancel`);
    expect([answer.status, answer.body['code']]).toEqual([409, 'wrong_state']);
    expect(await states()).toEqual([state]);
  });

  test('lets the next held run of the job go', async () => {
    const job = await create({ overlap: 'queueAll' });
    const first = await trigger(job);
    api.clock.at += 10;
    const second = await trigger(job);
    api.clock.at += 10;
    await trigger(job);
    api.queue.queued.length = 0;
    await api.call('POST', `/runs/${first['id']}/cancel`);
    expect(await states()).toEqual(['cancelled', 'queued', 'held']);
    expect(api.queue.queued).toEqual([second['id']]);
  });

  test('works for the run of a job that was deleted', async () => {
    const job = await create();
    const { id } = await trigger(job);
    await setState(id as string, 'running');
    await api.call('DELETE', `/jobs/${job}`);
    expect((await api.call('POST', `/runs/${id}/cancel`)).body['state']).toBe('cancelled');
  });

  test('many at once end the run once', async () => {
    const { id } = await trigger(await create());
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.call('POST', `/runs/${id}/cancel`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
  });
});

describe('replaying', () => {
  test('is a new run with the body of the old one', async () => {
    const job = await create();
    const old = await trigger(job, { body: { again: true } });
    await setState(old['id'] as string, 'failed');
    api.clock.at += 60_000;
    const answer = await api.call('POST', `/runs/${old['id']}/replay`);
    expect([answer.status, answer.body]).toMatchObject([
      202,
      { trigger: 'replay', state: 'queued', scheduledFor: '2026-03-02T08:01:00.000Z', jobId: job },
    ]);
    expect(answer.headers['location']).toBe(`/runs/${answer.body['id']}`);
    expect(await api.rows('SELECT body FROM runs WHERE id = $1', [answer.body['id']])).toEqual([
      { body: { again: true } },
    ]);
  });

  test('needs a run that has ended', async () => {
    const { id } = await trigger(await create());
    expect((await api.call('POST', `/runs/${id}/replay`)).body).toMatchObject({ status: 409, code: 'wrong_state' });
  });

  test('needs the job', async () => {
    const job = await create();
    const { id } = await trigger(job);
    await setState(id as string, 'succeeded');
    await api.call('DELETE', `/jobs/${job}`);
    expect((await api.call('POST', `/runs/${id}/replay`)).body).toMatchObject({ status: 409, code: 'wrong_state' });
  });
});

test.each([
  'nope',
  '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
  '0197a5d0-7c1f-4b3e-9c60-4f3f1f1d2a11',
  'ffffffff-ffff-7b3e-9c60-4f3f1f1d2a11',
])('there is no run %s', async (id) => {
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/cancel'],
    ['POST', '/replay'],
  ] as const) {
    const { status, body } = await api.call(method, `/runs/${id}${path}`);
    expect([status, body['code']]).toEqual([404, 'not_found']);
  }
});

describe('backfilling', () => {
  const range = { from: '2026-03-02T00:00:00Z', to: '2026-03-02T04:00:00Z' };
  const hours = (...list: number[]): string[] => list.map((hour) => `2026-03-02T0${hour}:00:00.000Z`);
  const scheduledFor = (body: Json): string[] =>
    (body['occurrences'] as Json[]).map((occurrence) => occurrence['scheduledFor'] as string);

  test('a dry run tells what would be planned and plans nothing', async () => {
    const id = await create({ schedule: { type: 'cron', expression: '0 * * * *', timeZone: 'Europe/Paris' } });
    const { status, body } = await api.call('POST', `/jobs/${id}/backfill`, { ...range, limit: 2, dryRun: true });
    expect([status, body]).toEqual([
      202,
      {
        planned: 2,
        occurrences: [
          { scheduledFor: '2026-03-02T00:00:00.000Z', local: '2026-03-02T01:00:00+01:00' },
          { scheduledFor: '2026-03-02T01:00:00.000Z', local: '2026-03-02T02:00:00+01:00' },
        ],
        truncated: true,
      },
    ]);
    expect(await states()).toEqual([]);
  });

  test('runs what has no run, both ends included, and nothing twice', async () => {
    const id = await create({ schedule: '0 * * * *' });
    const first = await api.call('POST', `/jobs/${id}/backfill`, { ...range, to: '2026-03-02T01:59:59Z' });
    expect([first.body['planned'], scheduledFor(first.body)]).toEqual([2, hours(0, 1)]);
    const rest = await api.call('POST', `/jobs/${id}/backfill`, range);
    expect([scheduledFor(rest.body), rest.body['truncated']]).toEqual([hours(2, 3, 4), false]);
    expect((await api.call('POST', `/jobs/${id}/backfill`, range)).body).toEqual({
      planned: 0,
      occurrences: [],
      truncated: false,
    });
    expect(api.queue.queued).toHaveLength(5);
    expect((await api.call('GET', `/jobs/${id}`)).body['runCount']).toBe(5);
    const { body } = await api.call('GET', `/jobs/${id}/runs`);
    expect((body['data'] as Json[]).map((run) => [run['trigger'], run['scheduledFor']])).toEqual(
      hours(4, 3, 2, 1, 0).map((hour) => ['backfill', hour]),
    );
  });

  test('where runs may not overlap they wait for each other, the earliest first', async () => {
    const id = await create({ schedule: '0 * * * *', overlap: 'skip' });
    await api.call('POST', `/jobs/${id}/backfill`, range);
    expect(await states()).toEqual(['queued', 'held', 'held', 'held', 'held']);
    expect(api.queue.queued).toHaveLength(1);
  });

  test('many at once plan each occurrence once', async () => {
    const id = await create({ schedule: '0 * * * *' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.call('POST', `/jobs/${id}/backfill`, range)));
    expect(answers.reduce((sum, { body }) => sum + (body['planned'] as number), 0)).toBe(5);
    expect(api.queue.queued).toHaveLength(5);
  });

  test('stops looking after a while and says so', async () => {
    const id = await create({ schedule: '* * * * * *' });
    await api.rows(
      `INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, state, max_attempts, available_at, created_at)
       SELECT gen_random_uuid(), at, at, '00000000-0000-7000-8000-000000000001', $1, 'job', 1, 'schedule', 'succeeded', 3, at, at
       FROM generate_series('2026-03-02T00:00:00Z'::timestamptz, '2026-03-02T06:00:00Z', '1 s') AS at`,
      [id],
    );
    const { body } = await api.call('POST', `/jobs/${id}/backfill`, { from: range.from, to: '2026-03-02T07:00:00Z' });
    expect(body).toEqual({ planned: 0, occurrences: [], truncated: true });
  });

  test.each([
    [{ from: '2026-01-01T00:00:00Z' }, '/from', 'out_of_range'],
    [{ to: '2026-03-02T08:00:00.001Z' }, '/to', 'out_of_range'],
    [{ from: '2026-03-02T05:00:00Z' }, '/to', 'out_of_range'],
    [{ limit: 1_001 }, '/limit', 'out_of_range'],
    [{ limit: '5' }, '/limit', 'invalid_type'],
    [{ from: undefined }, '/from', 'required'],
    [{ force: true }, '/force', 'unknown_member'],
  ])('refuses %j', async (members, pointer, code) => {
    const id = await create();
    const { status, body } = await api.call('POST', `/jobs/${id}/backfill`, { ...range, ...members });
    expect([status, body['errors'][0]]).toMatchObject([422, { pointer, code }]);
  });
});

describe('what a schedule will do', () => {
  test('before a job is made of it', async () => {
    const schedule = { type: 'cron', expression: '30 2 * * *', timeZone: 'Europe/Paris' };
    const { status, body } = await api.call('POST', '/schedules/preview', {
      schedule,
      from: '2026-03-28T12:00:00Z',
      count: 1,
    });
    expect([status, body]).toMatchObject([
      200,
      {
        schedule,
        occurrences: [
          {
            scheduledFor: '2026-03-29T01:00:00.000Z',
            local: '2026-03-29T03:00:00+02:00',
            note: expect.stringContaining('02:30'),
          },
        ],
        warnings: [],
      },
    ]);
  });

  test('from is exclusive, until inclusive, and no occurrence before until is an answer', async () => {
    const preview = async (members: Json): Promise<Json> =>
      (await api.call('POST', '/schedules/preview', { schedule: '0 * * * *', ...members })).body;
    const { occurrences } = await preview({ from: NOW, until: '2026-03-02T10:00:00Z' });
    expect((occurrences as Json[]).map((occurrence) => occurrence['scheduledFor'])).toEqual([
      '2026-03-02T09:00:00.000Z',
      '2026-03-02T10:00:00.000Z',
    ]);
    expect((await preview({ from: NOW, until: '2026-03-02T08:30:00Z' }))['occurrences']).toEqual([]);
    expect(await preview({ schedule: '2020-01-01T00:00:00Z' })).toMatchObject({
      status: 422,
      code: 'schedule_never_fires',
    });
  });

  test('for a job, as many as are left of it', async () => {
    const id = await create({ schedule: { type: 'cron', expression: '0 * * * *', maxRuns: 3 } });
    await api.rows('UPDATE job_states SET scheduled_run_count = 1');
    const { body } = await api.call('GET', `/jobs/${id}/occurrences?count=10`);
    expect((body['occurrences'] as Json[]).map((occurrence) => occurrence['scheduledFor'])).toEqual([
      '2026-03-02T09:00:00.000Z',
      '2026-03-02T10:00:00.000Z',
    ]);
    const later = await api.call('GET', `/jobs/${id}/occurrences?count=1&from=2026-04-01T00:00:00%2B02:00`);
    expect((later.body['occurrences'] as Json[])[0]?.['scheduledFor']).toBe('2026-03-31T23:00:00.000Z');
  });
});
