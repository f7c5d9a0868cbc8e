import { waitFor } from '../support/wait-for.js';
import { hasEnded } from './api-client.js';
import { metricOf, Replicas, systemOf } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(40_000);

const DAY_MS = 86_400_000;

describe.each([
  { name: 'with Redis', withRedis: true },
  { name: 'without Redis', withRedis: false },
])('roles apart, $name', ({ withRedis }) => {
  let replicas: Replicas;
  let api: Replica;
  let scheduler: Replica;
  let worker: Replica;
  let all: readonly Replica[];

  beforeAll(async () => {
    replicas = await Replicas.open({ withRedis, env: { LEADER_TTL: '1s', LEASE: '2s' } });
    // Side by side, so that their first starts meet at the schema too.
    [api, scheduler, worker] = await Promise.all([
      replicas.start('api'),
      replicas.start('scheduler'),
      replicas.start('worker'),
    ]);
    all = [api, scheduler, worker];
  });

  afterAll(() => replicas?.close());

  const untilAllAre = (degraded: boolean): Promise<unknown> =>
    waitFor(
      degraded ? 'every role to be degraded' : 'every role to be well',
      () => Promise.all(all.map(systemOf)),
      (systems) => systems.every((system) => system.degraded.length > 0 === degraded),
      { timeoutMs: 10_000 },
    );

  test('each is ready, says what it is, and who leads', async () => {
    await untilAllAre(false);
    const { replicaId } = await systemOf(scheduler);
    await waitFor('a leader', async () => (await systemOf(scheduler)).leader?.self === true);
    for (const replica of all) {
      for (const probe of ['live', 'ready', 'startup']) {
        expect(await replica.api.get(`/health/${probe}`)).toMatchObject({ status: 200, body: { status: 'ok' } });
      }
      const system = await systemOf(replica);
      expect(system).toMatchObject({ role: replica.role, degraded: [] });
      // Without Redis no replica knows another one.
      const known = withRedis || replica === scheduler ? { replicaId, self: replica === scheduler } : null;
      if (known === null) expect(system.leader).toBeNull();
      else expect(system.leader).toMatchObject(known);
      expect(await metricOf(replica, 'carillon_degraded')).toBe(0);
      expect((await replica.api.get('/openapi.json')).status).toBe(200);
      expect(replica.service.lines.filter((line) => /\blistening\b/.test(line))).toHaveLength(1);
    }
  });

  test('jobs, runs and previews are served by api alone', async () => {
    expect((await api.api.get('/jobs')).status).toBe(200);
    for (const replica of [scheduler, worker]) {
      for (const [method, path] of [
        ['GET', '/jobs'],
        ['POST', '/jobs'],
        ['GET', '/runs'],
        ['POST', '/schedules/preview'],
      ] as const) {
        // Not by the client: that these paths are not there is not what the API's description says.
        const answer = await fetch(replica.service.url + path, {
          method,
          ...(method === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
        });
        expect([replica.role, path, answer.status]).toEqual([replica.role, path, 404]);
        expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(await answer.json()).toMatchObject({ code: 'not_found', status: 404 });
      }
    }
  });

  test('a job made through api is planned by scheduler and called by worker', async () => {
    const { receiver } = replicas;
    const job = await api.api.createJob({ name: 'fires', schedule: 'PT1S', target: `${receiver.url}/fires` });
    await receiver.waitFor('two calls', () => receiver.requestsTo('/fires').length >= 2);
    const [first] = await api.api.waitForRuns('an end', job.id, ([run]) => run !== undefined && hasEnded(run));
    expect(first).toMatchObject({ state: 'succeeded', attempt: 1 });
    // Armed by the message, not by the horizon; found by the hint, not by a poll.
    expect(first?.latenessMs).toBeLessThan(900);
    await api.api.must(204, 'DELETE', `/jobs/${job.id}`);
    for (const replica of all) {
      const does = (name: string): Promise<boolean> => metricOf(replica, name).then((count) => count > 0);
      expect([replica.role, await does('carillon_planned_occurrences_total')]).toEqual([
        replica.role,
        replica === scheduler,
      ]);
      expect([replica.role, await does('carillon_attempts_total')]).toEqual([replica.role, replica === worker]);
    }
  });

  test('runs that api makes go to the worker: trigger, replay, backfill', async () => {
    const { receiver } = replicas;
    // Once a day, half a day from now.
    const hour = (new Date().getUTCHours() + 12) % 24;
    const schedule = { type: 'cron', expression: `30 ${hour} * * *` } as const;
    const job = await api.api.createJob({ name: 'by hand', schedule, target: `${receiver.url}/by-hand` });
    const run = await api.api.trigger(job.id);
    await receiver.waitFor('the call', () => receiver.requestsTo('/by-hand').length === 1);
    await api.api.waitForRun('its end', run.id, hasEnded);
    await api.api.must(202, 'POST', `/runs/${run.id}/replay`);
    await receiver.waitFor('the replay', () => receiver.requestsTo('/by-hand').length === 2);
    const now = Date.now();
    const range = { from: new Date(now - 2 * DAY_MS).toISOString(), to: new Date(now).toISOString() };
    await api.api.must(202, 'POST', `/jobs/${job.id}/backfill`, range);
    await receiver.waitFor('the backfill', () => receiver.requestsTo('/by-hand').length === 4);
  });

  test('scheduler mends what the death of a worker leaves: the call is made anew when its lease has lapsed', async () => {
    const { receiver } = replicas;
    receiver.answer('/killed', { hang: true }, { status: 200 });
    const dying = await replicas.start('worker');
    await replicas.stop(worker); // alone, so that the run is its own
    const schedule = '2099-01-01T00:00:00Z';
    const job = await api.api.createJob({ name: 'killed', schedule, target: `${receiver.url}/killed` });
    const { id } = await api.api.trigger(job.id);
    await receiver.waitFor('the call', () => receiver.requestsTo('/killed').length === 1);
    dying.service.kill('SIGKILL');
    worker = await replicas.start('worker');
    all = [api, scheduler, worker];
    const run = await api.api.waitForRun('its end', id, hasEnded);
    expect(run).toMatchObject({ state: 'succeeded', attempts: [{ outcome: 'lost' }, { outcome: 'succeeded' }] });
    expect(receiver.requestsTo('/killed').map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
  });

  if (withRedis) {
    test('while Redis is away all are ready, say that they are degraded, and jobs fire; when it is back all is well', async () => {
      const { receiver, redis } = replicas;
      const job = await api.api.createJob({ name: 'goes on', schedule: 'PT1S', target: `${receiver.url}/goes-on` });
      await receiver.waitFor('a call', () => receiver.requestsTo('/goes-on').length >= 1);
      await redis?.stop('SIGKILL');
      await untilAllAre(true);
      for (const replica of all) {
        const ready = await replica.api.get<{ status: string; degraded: string[] }>('/health/ready');
        expect(ready).toMatchObject({ status: 200, body: { status: 'ok' } });
        expect(ready.body.degraded).toEqual(expect.arrayContaining([expect.stringMatching(/^Redis /)]));
        expect(await metricOf(replica, 'carillon_degraded')).toBeGreaterThan(0);
      }
      const before = receiver.requestsTo('/goes-on').length;
      await receiver.waitFor('calls without Redis', () => receiver.requestsTo('/goes-on').length >= before + 2);
      await redis?.start();
      await untilAllAre(false);
      expect((await worker.api.get('/health/ready')).body).toEqual({ status: 'ok' });
      const runs = await api.api.runsOf(job.id);
      expect(new Set(runs.map(({ scheduledFor }) => scheduledFor)).size).toBe(runs.length);
    });
  }
});
