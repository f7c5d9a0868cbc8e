import { randomUUID } from 'node:crypto';
import { Api, type Answer, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api?.stop());
beforeEach(() => api.reset());

const JOB = { schedule: '0 * * * *', target: 'https://example.com/hook' };
const bulk = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  api.call('POST', '/runs/bulk', body, headers);

async function job(name: string, more: Json = {}): Promise<string> {
  return (await api.create({ ...JOB, name, ...more })).id;
}

/** Runs of a job, as if they had ended so. */
async function ended(jobId: string, count: number, state = 'failed'): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const { body } = await api.call('POST', `/jobs/${jobId}/trigger`, { body: { made } });
    ids.push(body['id'] as string);
    await api.rows('UPDATE runs SET state = $2, finished_at = now() WHERE id = $1', [body['id'], state]);
    api.clock.at += 1;
  }
  return ids;
}

const results = ({ body }: Answer): unknown[] =>
  (body['results'] as Json[]).map(({ status, state, problem }) =>
    problem === null ? [status, state] : [status, problem.code, problem.errors[0]?.pointer],
  );
const states = async (): Promise<string[]> =>
  (await api.rows(`SELECT state || coalesce(' ' || reason, '') AS s FROM runs ORDER BY id`)).map((row) => row['s']);

test('replays each with the body that it had, and says what became of the others', async () => {
  const id = await job('a');
  const failed = await ended(id, 2);
  const { body: open } = await api.call('POST', `/jobs/${id}/trigger`, undefined);
  api.queue.queued.length = 0;
  const answer = await bulk({ action: 'replay', ids: [...failed, open['id'], randomUUID(), failed[0]] });
  expect(results(answer)).toEqual([
    [202, 'queued'],
    [202, 'queued'],
    [409, 'wrong_state', '/ids/2'],
    [404, 'not_found', '/ids/3'],
    [422, 'invalid', '/ids/4'],
  ]);
  expect(answer.body).toMatchObject({ action: 'replay', matched: 3, succeeded: 2, failed: 3, dryRun: false });
  const made = (answer.body['results'] as Json[]).slice(0, 2).map(({ runId }) => runId as string);
  expect(api.queue.queued).toEqual(made);
  const rows = await api.rows('SELECT body, trigger FROM runs WHERE id = ANY ($1::uuid[]) ORDER BY body->>$2', [
    made,
    'made',
  ]);
  expect(rows).toEqual([
    { body: { made: 0 }, trigger: 'replay' },
    { body: { made: 1 }, trigger: 'replay' },
  ]);
  const log = await api.rows(`SELECT thing_id AS id, after FROM audit_log WHERE action = 'run.replay' ORDER BY id`);
  expect(log.map((row) => row['after'].runId).sort()).toEqual([...made].sort());
});

test('of one job each follows those before it by its overlap policy', async () => {
  const births = async (overlap: string): Promise<unknown[]> => {
    const ids = await ended(await job(overlap, { overlap }), 3);
    return results(await bulk({ action: 'replay', ids }));
  };
  expect(await births('skip')).toEqual([
    [202, 'queued'],
    [202, 'skipped'],
    [202, 'skipped'],
  ]);
  expect(await births('queueOne')).toEqual([
    [202, 'queued'],
    [202, 'held'],
    [202, 'skipped'],
  ]);
  expect(await births('queueAll')).toEqual([
    [202, 'queued'],
    [202, 'held'],
    [202, 'held'],
  ]);
  api.queue.queued.length = 0;
  expect(await births('cancelRunning')).toEqual([
    [202, 'queued'],
    [202, 'queued'],
    [202, 'queued'],
  ]);
  expect((await states()).filter((state) => state === 'cancelled replacedByNewerRun')).toHaveLength(2);
  expect(api.queue.queued).toHaveLength(4); // three triggers, and the last of the replays
  const counts = await api.rows('SELECT run_count AS n FROM job_states s JOIN jobs j ON j.id = s.job_id ORDER BY name');
  expect(counts.map((row) => row['n'])).toEqual([6, 6, 5, 4]);
});

test('cancels what is open, and the next held one takes its place', async () => {
  const id = await job('a', { overlap: 'queueAll' });
  const ids: string[] = [];
  for (let made = 0; made < 3; made += 1) {
    ids.push((await api.call('POST', `/jobs/${id}/trigger`, undefined)).body['id'] as string);
    api.clock.at += 1;
  }
  api.queue.queued.length = 0;
  const answer = await bulk({ action: 'cancel', ids: ids.slice(0, 2) });
  expect(results(answer)).toEqual([
    [202, 'cancelled'],
    [202, 'cancelled'],
  ]);
  expect(await states()).toEqual(['cancelled cancelledByUser', 'cancelled cancelledByUser', 'queued']);
  expect(api.queue.queued).toEqual(ids.slice(2));
  expect(results(await bulk({ action: 'cancel', ids: ids.slice(0, 1) }))).toEqual([[409, 'wrong_state', '/ids/0']]);
});

test('a filter finds them, the newest first, of one job or all, between instants', async () => {
  const [one, other] = [await job('one'), await job('other')];
  const begin = api.clock.at;
  const failed = await ended(one, 3);
  const others = await ended(other, 2);
  await ended(one, 1, 'succeeded');
  const found = async (filter: Json): Promise<string[]> => {
    const { body } = await bulk({ action: 'replay', dryRun: true, filter: { state: 'failed', ...filter } });
    return (body['results'] as Json[]).map(({ id }) => id as string);
  };
  const newestFirst = [...failed, ...others].reverse();
  expect(await found({})).toEqual(newestFirst);
  expect(await found({ jobId: one })).toEqual([...failed].reverse());
  expect(await found({ to: new Date(begin + 1).toISOString() })).toEqual(failed.slice(0, 2).reverse());
  expect(await found({ state: 'succeeded' })).toHaveLength(1);
});

test('a dry run writes nothing', async () => {
  const ids = await ended(await job('a', { overlap: 'skip' }), 2);
  const before = await api.rows('SELECT * FROM runs ORDER BY id');
  api.queue.queued.length = 0;
  const answer = await bulk({ action: 'replay', ids, dryRun: true });
  expect(results(answer)).toEqual([
    [202, 'queued'],
    [202, 'skipped'],
  ]);
  expect((answer.body['results'] as Json[]).map(({ runId }) => runId as null)).toEqual([null, null]);
  expect(await api.rows('SELECT * FROM runs ORDER BY id')).toEqual(before);
  expect(api.queue.queued).toEqual([]);
});

test('more than a thousand matches are refused, none is touched', async () => {
  const id = await job('a');
  const [first] = await ended(id, 1);
  await api.rows(
    `INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, state,
                       max_attempts, available_at, created_at, finished_at)
     SELECT overlay(id::text placing lpad(to_hex(n), 4, '0') from 33)::uuid, scheduled_for, due_at, project_id, job_id, job_name,
            job_version, trigger, trigger_nonce + n, state, max_attempts, available_at, created_at, finished_at
     FROM runs, generate_series(1, 1000) AS n WHERE id = $1`,
    [first],
  );
  const answer = await bulk({ action: 'replay', filter: { state: 'failed' } });
  expect([answer.status, answer.body['errors'][0]]).toMatchObject([422, { pointer: '/filter', code: 'too_many' }]);
  await api.rows('DELETE FROM runs WHERE id = $1', [first]);
  const all = await bulk({ action: 'replay', filter: { state: 'failed' } });
  expect(all.body).toMatchObject({ matched: 1_000, succeeded: 1_000, failed: 0 });
});

test.each([
  [{ action: 'replay', ids: [], dryRun: false }, '/ids'],
  [{ action: 'replay' }, '/ids'],
  [{ action: 'replay', ids: ['x'], filter: { state: 'failed' } }, '/filter'],
  [{ action: 'replay', filter: {} }, '/filter/state'],
  [{ action: 'replay', filter: { state: 'queued' } }, '/filter/state'],
  [{ action: 'cancel', filter: { state: 'failed' } }, '/filter/state'],
  [{ action: 'delete', ids: ['x'] }, '/action'],
  [{ action: 'cancel', ids: ['x'], reason: 'none' }, '/reason'],
])('refuses %j', async (body, pointer) => {
  const answer = await bulk(body);
  expect([answer.status, (answer.body['errors'] as Json[]).map((fault) => fault['pointer'])]).toEqual([422, [pointer]]);
});

test('under one idempotency key it is done once', async () => {
  const ids = await ended(await job('a'), 1);
  const key = { 'idempotency-key': 'replay-once' };
  const [first, second] = [await bulk({ action: 'replay', ids }, key), await bulk({ action: 'replay', ids }, key)];
  expect(second.body).toEqual(first.body);
  expect(await states()).toEqual(['failed', 'queued']);
});
