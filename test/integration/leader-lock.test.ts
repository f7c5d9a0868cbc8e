import { execFileSync } from 'node:child_process';
import { PostgresMessages } from '../../src/messaging/postgres-messages.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { LeaderKey } from '../../src/scheduling/leader-key.js';
import type { RedisServer } from '../support/redis-server.js';
import { startRedis } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import type { Candidate } from './leader-fixture.js';
import { asOperator, Candidates, DEAD_HOLDER, LEADER_KEY } from './leader-fixture.js';
import { openLedger, testConfig } from './ledger-fixture.js';

const TTL_MS = 600;

let redis: RedisServer;
let candidates: Candidates;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  await asOperator(redis.url, (client) => client.multi().flushall().call('CONFIG', 'RESETSTAT').exec());
  candidates = new Candidates(TTL_MS);
});

afterEach(() => candidates.stop());

afterAll(() => redis?.dispose());

const holder = (): Promise<string | null> => asOperator(redis.url, (client) => client.get(LEADER_KEY));
const leftMs = (): Promise<number> => asOperator(redis.url, (client) => client.pttl(LEADER_KEY));
/** Extensions of a key that keep its value are the only PEXPIRE there is. */
async function renewals(): Promise<number> {
  const stats = await asOperator(redis.url, (client) => client.info('commandstats'));
  return Number(/cmdstat_pexpire:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

const others = (than: Candidate): Candidate[] => candidates.all.filter((one) => one !== than);

test('of five replicas one leads, and all of them show it, also one that never runs for it', async () => {
  await candidates.startMany(5, redis.url);
  const leader = await candidates.oneLeads();
  const watcher = candidates.add(redis.url);
  const epoch = leader.lock.reign()?.epoch;
  await waitFor('the watcher to connect', () => watcher.redis.status === 'ready');
  for (const one of candidates.all) {
    expect(await one.lock.leader()).toEqual({ replicaId: leader.name, self: one === leader, epoch });
  }
  await waitFor('renewals beyond one TTL', async () => (await renewals()) >= 5);
  expect(candidates.leaders()).toEqual([leader]);
  expect(leader.told).toEqual([{ epoch, alone: false }]);
  expect(watcher.lock.reign()).toBeNull();
});

test('a replica leads as soon as it is connected', async () => {
  candidates = new Candidates(3_000);
  const startedAt = performance.now();
  await candidates.start(redis.url);
  await candidates.oneLeads({ intervalMs: 2 });
  expect(performance.now() - startedAt).toBeLessThan(500); // the usual turn would be after 1,000 ms
});

test('a leader that stops hands over in less than 300 ms, and plans no more', async () => {
  await candidates.startMany(3, redis.url);
  const leader = await candidates.oneLeads();
  const epoch = leader.lock.reign()?.epoch ?? 0;
  const startedAt = performance.now();
  const stopping = leader.lock.stop();
  expect(leader.lock.reign()).toBeNull();
  await stopping;
  const next = await candidates.oneLeads({ intervalMs: 2 });
  expect(performance.now() - startedAt).toBeLessThan(100); // TTL/3 would be 200
  expect(next.lock.reign()?.epoch).toBeGreaterThan(epoch);
  expect(leader.told.at(-1)).toMatchObject({ epoch });
});

test('a hand-over by NOTIFY, with the epochs of Postgres, takes less than 300 ms', async () => {
  const ledger = await openLedger();
  const replicas = await Promise.all([1, 2].map(() => ledger.another(2)));
  const messages = replicas.map((own) => new PostgresMessages(own, testConfig({ databaseUrl: ledger.url })));
  candidates = new Candidates(3_000);
  try {
    for (const [index, own] of replicas.entries()) {
      await messages[index]?.onModuleInit();
      const one = await candidates.start(redis.url, messages[index]);
      const planning = new PlanningRepository(own);
      one.nextEpoch = () => planning.nextEpoch();
    }
    const leader = await candidates.oneLeads();
    const epoch = leader.lock.reign()?.epoch ?? 0;
    const startedAt = performance.now();
    await leader.lock.stop();
    const next = await candidates.oneLeads({ intervalMs: 2 });
    expect(performance.now() - startedAt).toBeLessThan(300);
    expect(next.lock.reign()?.epoch).toBeGreaterThan(epoch);
  } finally {
    await candidates.stop();
    for (const one of messages) await one.onApplicationShutdown();
    await ledger.close();
  }
});

test('after a leader that died another leads as soon as its key has lapsed', async () => {
  const leftMs = TTL_MS * 0.7;
  await asOperator(redis.url, (client) => client.set(LEADER_KEY, DEAD_HOLDER, 'PX', leftMs));
  const startedAt = performance.now();
  const [one] = await candidates.startMany(2, redis.url);
  expect(await waitFor('the dead one to be shown', () => one?.lock.leader())).toEqual({
    ...{ replicaId: 'replica-dead', self: false, epoch: 7 },
  });
  await candidates.oneLeads({ intervalMs: 2 });
  expect(performance.now() - startedAt).toBeGreaterThan(leftMs - 50);
  expect(performance.now() - startedAt).toBeLessThan(leftMs + 130); // the usual turn would be 180 ms later
});

test('a leader that was frozen for longer than its lease knows it at once, follows, and runs again', async () => {
  const frozen = await candidates.start(redis.url);
  await candidates.oneLeads();
  const epoch = frozen.lock.reign()?.epoch ?? 0;
  // This process stands still while another one waits for the key to lapse and takes it.
  const thief = `
    const socket = require('node:net').connect(${redis.port}, '127.0.0.1');
    setTimeout(() => socket.end('SET ${LEADER_KEY} "${DEAD_HOLDER}" PX 400 NX\\r\\n'), ${TTL_MS + 100});
    socket.resume();`;
  execFileSync(process.execPath, ['-e', thief]);
  expect(frozen.lock.reign()).toBeNull();
  await waitFor('it to follow', () => frozen.told.includes(null));
  expect(await waitFor('the other to be seen', () => frozen.lock.leader())).toMatchObject({
    replicaId: 'replica-dead',
  });
  await candidates.oneLeads();
  expect(frozen.told).toEqual([{ epoch, alone: false }, null, { epoch: epoch + 1, alone: false }]);
});

test('a leader whose renewals do not arrive stops before its key lapses', async () => {
  const leader = await candidates.start(redis.url);
  await candidates.oneLeads();
  leader.nextEpoch = () => Promise.reject(new Error('Postgres is away')); // or it would reign alone
  leader.redis.disconnect();
  const readAtMs = performance.now();
  const lapsesAtMs = readAtMs + (await leftMs());
  let reignedAtMs = readAtMs;
  const reigns = (): boolean => {
    const nowMs = performance.now();
    if (leader.lock.reign() === null) return false;
    reignedAtMs = nowMs;
    return true;
  };
  await waitFor('the end of its reign', reigns, (still) => !still, { intervalMs: 1 });
  expect(lapsesAtMs).toBeGreaterThan(readAtMs);
  expect(reignedAtMs).toBeLessThan(lapsesAtMs);
});

test('the key of another is neither extended nor deleted', async () => {
  const leader = await candidates.start(redis.url);
  await candidates.oneLeads();
  await asOperator(redis.url, (client) => client.set(LEADER_KEY, DEAD_HOLDER, 'PX', 60_000));
  await waitFor('it to follow', () => leader.told.at(-1) === null);
  await leader.lock.stop();
  expect(await holder()).toBe(DEAD_HOLDER);
  expect(await leftMs()).toBeGreaterThan(50_000);
  expect(candidates.messages.sent).toEqual([]);

  const client = candidates.add(redis.url);
  await waitFor('a connection', () => client.redis.status === 'ready');
  const key = new LeaderKey(client.redis, 'replica-1', TTL_MS);
  expect(await key.claim(1_000)).toBeGreaterThan(50_000);
  expect(await key.extend(8, 1_000)).toBe(false);
  expect(await key.release(1_000)).toBe(false);
  expect([await holder(), (await leftMs()) > 50_000]).toEqual([DEAD_HOLDER, true]);
});

test('a key that lives longer than its holder asked for, as when the clock of Redis was set back, keeps nobody from leading', async () => {
  const dead = `${'0'.repeat(32)} 7 ${TTL_MS} replica-dead`;
  await asOperator(redis.url, (client) => client.set(LEADER_KEY, dead, 'PX', 3_600_000));
  await candidates.start(redis.url);
  await candidates.oneLeads();
  await asOperator(redis.url, (client) => client.set(LEADER_KEY, dead)); // without any end
  await waitFor('it to follow', async () => (await holder()) === dead);
  await waitFor('it to lead again', async () => (await holder()) !== dead);
});

test('a key that was taken although the answer was lost is found to be ours', async () => {
  const one = candidates.add(redis.url);
  await waitFor('a connection', () => one.redis.status === 'ready');
  const key = new LeaderKey(one.redis, 'replica-1', 60_000);
  expect(await key.claim(1_000)).toBeNull();
  expect(await key.claim(1_000)).toBeNull();
  expect(await key.extend(5, 1_000)).toBe(true);
  expect(await new LeaderKey(one.redis, 'replica-2', TTL_MS).holder(1_000)).toEqual({
    ...{ replicaId: 'replica-1', epoch: 5 },
  });
  expect(await key.release(1_000)).toBe(true);
  expect(await key.extend(5, 1_000)).toBe(false);
});

test.each([
  ['away', () => Promise.reject(new Error('Postgres is away'))],
  ['hanging', () => new Promise<number>(() => undefined)],
])('a replica whose Postgres is %s when it gets the lock gives it back', async (_, nextEpoch) => {
  const one = await candidates.start(redis.url);
  let asked = 0;
  const { nextEpoch: wellAgain } = one;
  one.nextEpoch = () => {
    asked += 1;
    return nextEpoch();
  };
  await waitFor('it to ask for an epoch', () => asked > 0);
  await waitFor('the key to be free', async () => (await holder()) === null);
  const two = await candidates.start(redis.url);
  expect(await candidates.oneLeads()).toBe(two);
  expect(one.told).toEqual([]);
  await two.lock.stop();
  one.nextEpoch = wellAgain;
  expect(await candidates.oneLeads()).toBe(one);
  expect(others(one)[0]?.told).toHaveLength(1);
});

test.each([
  ['cut off', () => Promise.reject(new Error('Postgres is away'))],
  ['unanswered', () => new Promise<never>(() => undefined)],
])('a leader whose Postgres is %s lets another one lead', async (_, fails) => {
  const one = await candidates.start(redis.url);
  await candidates.oneLeads();
  const two = await candidates.start(redis.url);
  one.earliestDue = fails;
  one.nextEpoch = fails;
  await waitFor('the other to lead', () => two.lock.reign(), Boolean, { timeoutMs: TTL_MS * 4 });
  expect(candidates.leaders()).toEqual([two]);
  expect(one.told.map((reign) => reign?.epoch ?? null)).toEqual([1, null]);
  expect(two.told).toEqual([{ epoch: 2, alone: false }]);
});

test('after its stop nothing of a lock goes on', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const one = await candidates.start(redis.url);
  const two = await candidates.start(redis.url);
  await candidates.oneLeads();
  await Promise.all([one.lock.stop(), two.lock.stop()]);
  expect(candidates.leaders()).toEqual([]);
  await waitFor('timers to end', timers, (count) => count <= before);
  candidates.messages.publish({ type: 'leaderReleased' });
  expect(await holder()).toBeNull();
  expect(timers()).toBeLessThanOrEqual(before);
});
