import { waitFor } from '../support/wait-for.js';
import type { WaitOptions } from '../support/wait-for.js';
import { Replicas, systemOf } from './replicas.js';
import type { Replica, System } from './replicas.js';

jest.setTimeout(40_000);

const TTL_MS = 1_000;
/** What a follower has for a take-over beside the TTL: the architecture's promise. */
const TAKE_OVER_MS = 1_000;

let replicas: Replicas;
let schedulers: Replica[];

beforeAll(async () => {
  replicas = await Replicas.open({ withRedis: true, env: { LEADER_TTL: `${TTL_MS / 1_000}s` } });
  schedulers = await Promise.all([1, 2, 3, 4].map(() => replicas.start('scheduler')));
});

afterAll(() => replicas?.close());

/** One of these leads, and all of them say so. */
async function agreed(among: readonly Replica[], options?: WaitOptions): Promise<{ leader: Replica; epoch: number }> {
  const systems = await waitFor(
    'one leader that all agree on',
    () => Promise.all(among.map(systemOf)),
    (seen) => selves(seen).length === 1 && new Set(seen.map(({ leader }) => leader?.epoch)).size === 1,
    options,
  );
  const index = systems.findIndex((system) => system.leader?.self === true);
  return { leader: among[index] as Replica, epoch: systems[index]?.leader?.epoch ?? 0 };
}

const selves = (systems: readonly System[]): System[] => systems.filter(({ leader }) => leader?.self === true);

/** Milliseconds until one of the others leads. */
async function takenOverIn(others: readonly Replica[], startedAtMs: number): Promise<number> {
  await waitFor('another to lead', async () => selves(await Promise.all(others.map(systemOf))).length, Boolean, {
    intervalMs: 1,
  });
  return performance.now() - startedAtMs;
}

const others = (than: Replica): Replica[] => schedulers.filter((one) => one !== than);

test('a leader that is frozen is followed by another, and follows when it wakes', async () => {
  const before = await agreed(schedulers);
  const startedAtMs = performance.now();
  before.leader.service.kill('SIGSTOP');
  expect(await takenOverIn(others(before.leader), startedAtMs)).toBeLessThan(TTL_MS + TAKE_OVER_MS);
  before.leader.service.kill('SIGCONT');
  const after = await agreed(schedulers);
  expect(after.leader).not.toBe(before.leader);
  expect(after.epoch).toBeGreaterThan(before.epoch);
});

test('without Redis every scheduler plans; with it one again', async () => {
  const before = await agreed(schedulers);
  await replicas.redis?.stop('SIGKILL');
  await waitFor(
    'all to plan',
    () => Promise.all(schedulers.map(systemOf)),
    (systems) => selves(systems).length === schedulers.length,
  );
  await replicas.redis?.start();
  expect((await agreed(schedulers)).epoch).toBeGreaterThan(before.epoch);
  await waitFor(
    'all to be well',
    () => Promise.all(schedulers.map(systemOf)),
    (systems) => systems.every(({ degraded }) => degraded.length === 0),
  );
});

test('a leader that is killed is followed within the TTL and a second', async () => {
  const { leader } = await agreed(schedulers);
  const startedAtMs = performance.now();
  leader.service.kill('SIGKILL');
  schedulers = others(leader);
  expect(await takenOverIn(schedulers, startedAtMs)).toBeLessThan(TTL_MS + TAKE_OVER_MS);
});

test('a leader that stops hands over in less than 300 ms', async () => {
  const { leader, epoch } = await agreed(schedulers);
  const startedAtMs = performance.now();
  leader.service.kill('SIGTERM');
  schedulers = others(leader);
  const tookMs = await takenOverIn(schedulers, startedAtMs);
  expect((await agreed(schedulers)).epoch).toBe(epoch + 1);
  expect(await leader.service.exited).toMatchObject({ code: 0 });
  expect(tookMs).toBeLessThan(300);
});
