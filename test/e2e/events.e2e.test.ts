import { EventReader } from '../support/event-reader.js';
import { waitFor } from '../support/wait-for.js';
import { Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(40_000);

interface Shown {
  readonly replicas: readonly { readonly replicaId: string; readonly role: string; readonly leader: boolean }[];
  readonly reigns: readonly { readonly epoch: number; readonly replicaId: string; readonly to: string | null }[];
}

describe.each([
  { name: 'with Redis', withRedis: true },
  { name: 'without Redis', withRedis: false },
])('roles apart, $name', ({ withRedis }) => {
  let replicas: Replicas;
  let apis: [Replica, Replica];
  let scheduler: Replica;
  let worker: Replica;

  beforeAll(async () => {
    replicas = await Replicas.open({ withRedis, env: { LEADER_TTL: '1s' } });
    const [one, two, ...others] = await Promise.all([
      replicas.start('api'),
      replicas.start('api'),
      replicas.start('scheduler'),
      replicas.start('worker'),
    ]);
    apis = [one, two];
    [scheduler, worker] = others;
  });

  afterAll(() => replicas?.close());

  const system = (): Promise<Shown> => apis[0].api.must<Shown>(200, 'GET', '/system');

  test('what one plans and another delivers is told by each that has the API, until it stops', async () => {
    const readers = await Promise.all(apis.map(({ service }) => EventReader.open(service.url, null)));
    await Promise.all(readers.map((reader) => reader.until('its start', ({ event }) => event === 'resync')));
    const target = `${replicas.receiver.url}/tick`;
    const job = await apis[0].api.createJob({ name: 'tick', schedule: 'PT1S', target, overlap: 'allow' });
    for (const reader of readers) {
      await reader.until('the job', ({ event, data }) => event === 'job' && data.id === job.id);
      const { data } = await reader.until('a run', ({ event, data }) => event === 'run' && data.state === 'succeeded');
      expect(data).toMatchObject({ jobId: job.id, jobName: 'tick', trigger: 'schedule', attempt: 1 });
      const run = await apis[1].api.must<{ attempts: { timings: Record<string, number | null> }[] }>(
        ...([200, 'GET', `/runs/${String(data.id)}`] as const),
      );
      const { queuedMs, claimedMs, firstByteMs, doneMs } = run.attempts[0]?.timings ?? {};
      expect(queuedMs).toBeLessThanOrEqual(0);
      expect(claimedMs).toBeLessThanOrEqual(0);
      expect(firstByteMs).toBeLessThanOrEqual(doneMs ?? -1);
    }
    apis[1].service.kill('SIGTERM');
    await waitFor('the end of its streams', () => readers[1]?.ended === true);
    expect(await apis[1].service.exited).toEqual({ code: 0, signal: null });
    // Who goes on elsewhere misses nothing.
    const last = readers[0]?.events.length ?? 0;
    await waitFor('more', () => (readers[0]?.events.length ?? 0) > last);
    for (const reader of readers) reader.close();
  });

  test('the replicas and their reigns are shown, and end', async () => {
    await waitFor(
      'all that are there',
      async () => (await system()).replicas.map(({ role }) => role).sort(),
      (roles) => roles.join() === 'api,scheduler,worker',
    );
    const { replicas: there, reigns } = await system();
    const leader = there.find(({ role }) => role === 'scheduler');
    expect(there.filter((replica) => replica.leader)).toEqual([leader]);
    expect(reigns[0]).toMatchObject({ replicaId: leader?.replicaId, to: null });
    scheduler.service.kill('SIGTERM');
    await scheduler.service.exited;
    await waitFor('its end', async () => (await system()).reigns[0]?.to !== null);
    expect((await system()).replicas.map(({ role }) => role).sort()).toEqual(['api', 'worker']);
    const next = await replicas.start('scheduler');
    await waitFor('another reign', async () => (await system()).reigns.filter(({ to }) => to === null).length === 1);
    expect((await system()).reigns[0]?.epoch).toBeGreaterThan(reigns[0]?.epoch ?? Infinity);
    await replicas.stop(next, worker);
  });
});
