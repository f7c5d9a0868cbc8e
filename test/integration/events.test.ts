import { randomUUID } from 'node:crypto';
import { EventFeeds } from '../../src/events/event-feeds.service.js';
import { Messages } from '../../src/messaging/messages.js';
import { Lifecycle } from '../../src/platform/health/lifecycle.js';
import { EventReader } from '../support/event-reader.js';
import { waitFor } from '../support/wait-for.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';

const MARK = 'a-secret-that-nobody-is-told';

let one: GuardedApi;
let two: GuardedApi;
const readers: EventReader[] = [];

beforeAll(async () => {
  one = await GuardedApi.start();
  two = await one.replica();
  for (const { app } of [one, two]) await app.listen(0, '127.0.0.1');
}, 60_000);

afterAll(async () => {
  await two?.stop();
  await one?.stop();
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

const urlOf = ({ app }: GuardedApi): string => {
  const { port } = app.getHttpServer().address() as { port: number };
  return `http://127.0.0.1:${port}`;
};

async function listen(api: GuardedApi, key: string | null, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(urlOf(api), key, headers);
  readers.push(reader);
  return reader;
}

interface Place {
  readonly project: string;
  readonly key: string;
  readonly keyId: string;
}

/** A project of its own, so that no other test is heard there. */
async function place(): Promise<Place> {
  const project = `p-${randomUUID().slice(0, 8)}`;
  await one.project(project);
  const { id, key } = await one.key(project, 'editor');
  return { project, key, keyId: id };
}

const job = (name: string) => ({
  name,
  schedule: 'PT24H',
  target: { url: 'https://example.com/', headers: { 'x-key': { value: MARK, secret: true } } },
});
const make = async (key: string, name: string, api = one): Promise<string> =>
  (await api.must(201, key, 'POST', '/jobs', job(name)))['id'] as string;
const trigger = async (key: string, jobId: string, api = one): Promise<string> =>
  (await api.must(202, key, 'POST', `/jobs/${jobId}/trigger`, { body: { mark: MARK } }))['id'] as string;

/** Until all replicas know that somebody listens there. */
async function heard(reader: EventReader, key: string, api: GuardedApi): Promise<void> {
  await waitFor(
    'a first event',
    async () => {
      const name = randomUUID();
      await make(key, name, api);
      await new Promise((resolve) => setTimeout(resolve, 250));
      return reader.events.some(({ data }) => data.name === name);
    },
    undefined,
    { timeoutMs: 10_000 },
  );
}

test('tells what happens to jobs and runs of the project, on whatever replica, and of no other', async () => {
  const [here, elsewhere] = [await place(), await place()];
  const [own, far, stranger] = [
    await listen(one, here.key),
    await listen(two, here.key),
    await listen(one, elsewhere.key),
  ];
  expect(own.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(own.response.headers.get('cache-control')).toContain('no-store');
  expect(own.response.headers.get('x-accel-buffering')).toBe('no');
  expect(own.response.headers.get('x-content-type-options')).toBe('nosniff');
  await heard(own, here.key, two);
  await heard(far, here.key, one);
  const id = await make(here.key, 'nightly');
  const runId = await trigger(here.key, id, two);
  await one.must(200, here.key, 'POST', `/jobs/${id}/pause`, {});
  await one.must(200, here.key, 'POST', `/jobs/${id}/resume`, {});
  await one.must(200, here.key, 'PATCH', `/jobs/${id}`, { description: 'other' });
  await one.must(202, here.key, 'POST', `/runs/${runId}/cancel`);
  await one.must(204, here.key, 'DELETE', `/jobs/${id}`);
  for (const reader of [own, far]) {
    await reader.until(
      'the deletion',
      ({ event, data }) => event === 'job' && data.id === id && data.change === 'deleted',
    );
    expect(reader.events.filter(({ data }) => data.id === id).map(({ data }) => data.change as string)).toEqual([
      ...['created', 'paused', 'resumed', 'changed', 'deleted'],
    ]);
    const { data } = await reader.until(
      'the end of the run',
      ({ data }) => data.id === runId && data.state === 'cancelled',
    );
    expect(data).toMatchObject({ jobId: id, jobName: 'nightly', trigger: 'manual', reason: 'cancelledByUser' });
    expect(reader.text).not.toContain(MARK);
  }
  expect(stranger.events.filter(({ event }) => event !== 'resync')).toEqual([]);
});

test('many runs at once come together, each once', async () => {
  const { key } = await place();
  const reader = await listen(one, key);
  await heard(reader, key, one);
  const id = await make(key, 'many');
  const names = Array.from({ length: 100 }, (_, index) => ({ ...job(`j${index}`) }));
  const { results } = await one.must(200, key, 'POST', '/jobs/bulk', { action: 'create', jobs: names });
  const ids = [id, ...(results as { id: string }[]).map((result) => result.id)];
  await one.must(200, key, 'POST', '/jobs/bulk', { action: 'trigger', ids });
  await waitFor(
    'all runs',
    () => reader.events.filter(({ event }) => event === 'run').length >= ids.length,
    undefined,
    {
      timeoutMs: 8_000,
    },
  );
  const runs = reader.events.filter(({ event }) => event === 'run');
  expect(new Set(runs.map(({ data }) => data.jobId as string))).toEqual(new Set(ids));
});

describe('a stream that was lost', () => {
  it('goes on where it was, on another replica', async () => {
    const { key } = await place();
    const first = await listen(one, key);
    await heard(first, key, two);
    const id = await make(key, 'before');
    const begun = Number(first.lastId);
    await waitFor(
      'some seconds of it',
      () => {
        one.app.get(EventFeeds, { strict: false }).beat();
        return Number(first.lastId) - begun > 5_000;
      },
      undefined,
      { timeoutMs: 10_000, intervalMs: 200 },
    );
    const lastId = String(first.lastId);
    first.close();
    const runId = await trigger(key, id);
    const second = await listen(two, key, { 'last-event-id': lastId });
    await second.until('what was missed', ({ data }) => data.id === runId);
    expect(second.events.filter(({ event }) => event === 'resync')).toEqual([]);
  }, 30_000);

  it.each(['1', '0000000000000', 'x'.repeat(5_000), '1764412345678, 2', '9'.repeat(14), 'ünsinn'])(
    'comes anew where nobody knows its place: %s',
    async (id) => {
      const { key } = await place();
      const reader = await listen(one, key, { 'last-event-id': Buffer.from(id).toString('latin1') });
      expect((await reader.until('a resync', ({ event }) => event === 'resync')).data).toEqual({ reason: 'missed' });
    },
  );
});

test('messages that were lost are said to be', async () => {
  const { key } = await place();
  const reader = await listen(two, key);
  await heard(reader, key, one);
  await two.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE application_name = 'carillon-messages' AND datname = current_database()`);
  await reader.until('a resync', ({ event, data }) => event === 'resync' && data.reason === 'missed', 10_000);
  // And what happens then is told.
  const id = await make(key, 'after');
  await reader.until('the job', ({ data }) => data.id === id);
}, 30_000);

test('messages that could not be sent are said to be, by who could not', async () => {
  const { key } = await place();
  const reader = await listen(two, key);
  await heard(reader, key, one);
  const messages = one.app.get<Messages & { database: { rows: unknown } }>(Messages, { strict: false });
  const { rows } = messages.database;
  messages.database.rows = () => Promise.reject(new Error('no connection'));
  try {
    messages.publish({ type: 'jobDue', at: 1 });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  } finally {
    messages.database.rows = rows;
  }
  await reader.until('a resync', ({ event, data }) => event === 'resync' && data.reason === 'missed', 10_000);
}, 20_000);

describe('ends', () => {
  it('within a second of the revocation of its key, on another replica too', async () => {
    const { project, key, keyId } = await place();
    const [own, far] = [await listen(one, key), await listen(two, key)];
    await one.must(204, ROOT, 'DELETE', `/api-keys/${keyId}`, undefined, inProject(project));
    await waitFor('both ends', () => own.ended && far.ended, undefined, { timeoutMs: 1_000 });
    expect((await listen(one, key)).response.status).toBe(401);
  });

  it('also when no message of it comes', async () => {
    const { key, keyId } = await place();
    const reader = await listen(one, key);
    await one.rows('DELETE FROM api_keys WHERE id = $1', [keyId]);
    await waitFor('the end', () => reader.ended, undefined, { timeoutMs: 1_200 });
  });

  it('with its key', async () => {
    const { key, keyId } = await place();
    const reader = await listen(one, key);
    await one.rows(`UPDATE api_keys SET expires_at = now() + interval '300 milliseconds' WHERE id = $1`, [keyId]);
    await waitFor('the end', () => reader.ended, undefined, { timeoutMs: 2_000 });
  });

  it('with the replica, that takes no more while it stops', async () => {
    const replica = await one.replica();
    await replica.app.listen(0, '127.0.0.1');
    const { key } = await place();
    const reader = await listen(replica, key);
    replica.app.get(Lifecycle).phase = 'stopping';
    await waitFor('the end', () => reader.ended, undefined, { timeoutMs: 1_000 });
    const answer = await replica.call(key, 'GET', '/events');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    await replica.stop();
  });

  it('when the service closes', async () => {
    const replica = await one.replica();
    await replica.app.listen(0, '127.0.0.1');
    const { key } = await place();
    const reader = await listen(replica, key);
    await replica.stop();
    await waitFor('the end', () => reader.ended);
  });
});

test('one sender has ten of them at most, and gets the place of one that ended', async () => {
  const { key } = await place();
  const open = await Promise.all(Array.from({ length: 10 }, () => listen(one, key)));
  const answer = await one.call(key, 'GET', '/events');
  expect([answer.status, answer.body['code'], answer.headers['retry-after']]).toEqual([429, 'too_many_streams', '10']);
  open[0]?.close();
  await waitFor('room', async () => {
    const reader = await listen(one, key);
    return reader.response.status === 200;
  });
});

test.each([
  ['/events?key=car_x', 400],
  ['/events?lastEventId=1', 400],
])('%s is refused: no key and no place stands in an address', async (url, status) => {
  const { key } = await place();
  expect((await one.call(key, 'GET', url)).status).toBe(status);
});

test('HEAD says what GET would, and ends', async () => {
  const { key } = await place();
  const { status, headers } = await fetch(`${urlOf(one)}/events`, {
    ...{ method: 'HEAD', headers: { authorization: `Bearer ${key}` } },
  });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
});
