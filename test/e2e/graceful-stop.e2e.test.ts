import { once } from 'node:events';
import { connect } from 'node:net';
import { waitFor } from '../support/wait-for.js';
import { gaplessOccurrences, hasEnded } from './api-client.js';
import { metricOf, Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(40_000);

/** The process gives itself this for closing, beyond SHUTDOWN_DELAY and SHUTDOWN_TIMEOUT. */
const CLOSING_MS = 1_000;
const SECOND_MS = 1_000;
const FAR = '2099-01-01T00:00:00Z';

/** SIGTERM until the end, in milliseconds; it must end well. */
async function terminate({ service }: Replica): Promise<number> {
  const signalledAtMs = performance.now();
  service.kill('SIGTERM');
  expect(await service.exited).toEqual({ code: 0, signal: null });
  return performance.now() - signalledAtMs;
}

describe.each([
  { name: 'with Redis', withRedis: true },
  { name: 'without Redis', withRedis: false },
])('a replica that is told to stop, $name', ({ withRedis }) => {
  let replicas: Replicas;
  let api: Replica;

  beforeAll(async () => {
    replicas = await Replicas.open({ withRedis });
    api = await replicas.start('api');
  });

  afterAll(() => replicas?.close());

  /** A run whose first call hangs, and the worker that makes it. */
  async function hangingRun(name: string, workers: readonly Replica[]): Promise<{ runId: string; holder: Replica }> {
    const { receiver } = replicas;
    receiver.answer(`/${name}`, { hang: true }, { status: 200 });
    // Every attempt counts: one that is given back must not use up the only one.
    const target = { url: `${receiver.url}/${name}`, timeout: '5m' };
    const job = await api.api.createJob({ name, schedule: FAR, target, retry: { maxAttempts: 1 } });
    const { id: runId } = await api.api.trigger(job.id);
    await receiver.waitFor('the call', () => receiver.requestsTo(`/${name}`).length === 1);
    const busy = async (worker: Replica): Promise<boolean> => (await metricOf(worker, 'carillon_queue_in_flight')) > 0;
    const [first, second] = workers as [Replica, Replica];
    return { runId, holder: (await busy(first)) ? first : second };
  }

  test('a worker in a long call: the other one makes the call anew, at once, under the same webhook-id', async () => {
    const { receiver } = replicas;
    const env = { SHUTDOWN_TIMEOUT: '1s' };
    const workers = await Promise.all([replicas.start('worker', env), replicas.start('worker', env)]);
    const { runId, holder } = await hangingRun('long', workers);

    const signalledAtMs = performance.timeOrigin + performance.now();
    expect(await terminate(holder)).toBeLessThan(1_000 + CLOSING_MS);
    const run = await api.api.waitForRun('its end', runId, hasEnded);
    expect(run).toMatchObject({
      ...{ state: 'succeeded', attempt: 2 },
      attempts: [
        { number: 1, outcome: 'cancelled', error: { code: 'worker_stopped' } },
        { number: 2, outcome: 'succeeded', status: 200 },
      ],
    });
    const calls = receiver.requestsTo('/long');
    expect(calls.map(({ headers }) => headers['webhook-id'])).toEqual([runId, runId]);
    expect(calls.map(({ headers }) => headers['carillon-attempt'])).toEqual(['1', '2']);
    const handedOverMs = (calls[1]?.receivedAt ?? 0) - signalledAtMs - 1_000;
    expect(handedOverMs).toBeGreaterThan(-50);
    // A worker's poll, which needs no word of this, comes every second.
    expect(handedOverMs).toBeLessThan(500);
    await replicas.stop(...workers);
  });

  test('a worker whose call ends in time records it, and nobody calls again', async () => {
    const { receiver } = replicas;
    const worker = await replicas.start('worker', { SHUTDOWN_TIMEOUT: '10s' });
    receiver.answer('/in-time', { delayMs: 700 });
    const job = await api.api.createJob({ name: 'in time', schedule: FAR, target: `${receiver.url}/in-time` });
    const { id } = await api.api.trigger(job.id);
    await receiver.waitFor('the call', () => receiver.requestsTo('/in-time').length === 1);
    // It waits for the call, not for its whole time.
    expect(await terminate(worker)).toBeLessThan(700 + 3 * CLOSING_MS);
    expect(await api.api.run(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(receiver.requestsTo('/in-time')).toHaveLength(1);
  });

  test('a scheduler: the other one plans on, nothing missing and nothing doubled', async () => {
    const { receiver } = replicas;
    const worker = await replicas.start('worker');
    const [one, two] = await Promise.all([replicas.start('scheduler'), replicas.start('scheduler')]);
    const job = await api.api.createJob({ name: 'ticks', schedule: 'PT1S', target: `${receiver.url}/ticks` });
    const seen = (): number => receiver.requestsTo('/ticks').length;
    await receiver.waitFor('two calls', () => seen() >= 2);
    const leads = async (replica: Replica): Promise<boolean> => (await metricOf(replica, 'carillon_leader')) === 1;
    const leader = (await leads(one)) ? one : two;
    const other = leader === one ? two : one;

    expect(await terminate(leader)).toBeLessThan(2 * CLOSING_MS);
    await waitFor('the other to lead', () => leads(other));
    const before = seen();
    await receiver.waitFor('three calls more', () => seen() >= before + 3);
    const runs = (await api.api.waitForRuns('their ends', job.id, (all) => all.filter(hasEnded).length >= 5)).filter(
      hasEnded,
    );
    gaplessOccurrences(runs, SECOND_MS);
    // A lock that is left to lapse would cost up to LEADER_TTL, which is three seconds.
    expect(Math.max(...runs.map(({ latenessMs }) => latenessMs ?? 0))).toBeLessThan(SECOND_MS);
    await api.api.must(204, 'DELETE', `/jobs/${job.id}`);
    await replicas.stop(other, worker);
  });

  test('a request that never ends does not keep it: all is closed well and in time', async () => {
    const replica = await replicas.start('api', { SHUTDOWN_TIMEOUT: '1s' });
    const client = connect(replica.service.port, '127.0.0.1');
    client.on('error', () => undefined);
    const broken = once(client, 'close');
    client.write('POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{');
    await once(client, 'connect');
    await waitFor('another answer', async () => (await replica.api.get('/health/ready')).status === 200);
    expect(await terminate(replica)).toBeLessThan(1_000 + CLOSING_MS);
    await broken;
    expect(replica.service.lines.filter((line) => line.includes('left behind'))).toEqual([]);
  });

  test('is not ready from the signal on, but serves, plans and delivers through SHUTDOWN_DELAY', async () => {
    const { receiver } = replicas;
    const all = await replicas.start('all', { SHUTDOWN_DELAY: '2s', SHUTDOWN_TIMEOUT: '1s' });
    const job = await all.api.createJob({ name: 'to the last', schedule: FAR, target: `${receiver.url}/last` });
    const ended = terminate(all);
    const ready = () => all.api.get<{ code?: string }>('/health/ready');
    const answer = await waitFor('readiness to be refused', ready, ({ status }) => status === 503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await all.api.get('/health/live')).status).toBe(200);
    const { id } = await all.api.trigger(job.id);
    await all.api.waitForRun('its end', id, hasEnded);
    const ranMs = await ended;
    expect(ranMs).toBeGreaterThan(2_000);
    expect(ranMs).toBeLessThan(2_000 + 1_000 + CLOSING_MS);
  });
});
