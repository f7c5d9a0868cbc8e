import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { RedisServer } from '../support/redis-server.js';
import { startRedis } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import type { Candidate } from './leader-fixture.js';
import { asOperator, Candidates, LEADER_KEY } from './leader-fixture.js';

const TTL_MS = 600;

let redis: RedisServer;
let candidates: Candidates;

beforeEach(async () => {
  redis = await startRedis();
  candidates = new Candidates(TTL_MS);
});

afterEach(async () => {
  redis.thaw();
  await candidates.stop();
  await redis.dispose();
});

const epochOf = ({ lock }: Candidate): number => lock.reign()?.epoch ?? 0;

interface Outage {
  begin(): unknown;
  end(): unknown;
}

const OUTAGES: Record<string, () => Outage> = {
  frozen: () => ({ begin: () => redis.freeze(), end: () => redis.thaw() }),
  killed: () => ({ begin: () => redis.stop('SIGKILL'), end: () => redis.start() }),
  'a read-only copy of a primary that is gone': () => ({
    begin: () => asOperator(redis.url, (client) => client.replicaof('127.0.0.1', 1)),
    end: () => asOperator(redis.url, (client) => client.replicaof('NO', 'ONE')),
  }),
  'without its scripts and rights': () => ({
    begin: () => asOperator(redis.url, (client) => client.call('ACL', 'SETUSER', 'default', '-eval')),
    end: () => asOperator(redis.url, (client) => client.call('ACL', 'SETUSER', 'default', '+@all')),
  }),
};

test.each(Object.keys(OUTAGES))(
  'Redis is %s: every scheduler plans, without a gap, and then one again',
  async (how) => {
    const outage = OUTAGES[how]?.() as Outage;
    await candidates.startMany(3, redis.url);
    const leader = await candidates.oneLeads();
    const before = epochOf(leader);
    let gaps = 0;
    const watch = setInterval(() => (gaps += leader.lock.reign() === null ? 1 : 0), 2);
    await outage.begin();
    await candidates.allPlan({ intervalMs: 5, timeoutMs: TTL_MS * 2 });
    clearInterval(watch);
    expect(gaps).toBe(0);
    const alone = candidates.all.map(epochOf);
    expect(new Set(alone).size).toBe(3);
    expect(Math.min(...alone)).toBeGreaterThan(before);
    await outage.end();
    const next = await candidates.oneLeads();
    expect(epochOf(next)).toBeGreaterThan(Math.max(...alone));
    expect(leader.told.indexOf(null)).not.toBe(1); // from reign to reign
  },
);

test('Redis is out of memory: who leads goes on, and without a leader every scheduler plans', async () => {
  await candidates.startMany(3, redis.url);
  const leader = await candidates.oneLeads();
  const asked = await asOperator(redis.url, async (client) => {
    await client.config('SET', 'maxmemory', '1');
    return extensions();
  });
  await waitFor('renewals beyond one TTL', async () => (await extensions()) >= asked + 5);
  expect(candidates.leaders()).toEqual([leader]);
  expect(leader.told).toHaveLength(1);
  await leader.lock.stop();
  candidates.all.splice(candidates.all.indexOf(leader), 1);
  await candidates.allPlan();
  await asOperator(redis.url, (client) => client.config('SET', 'maxmemory', '0'));
  await candidates.oneLeads();
});

async function extensions(): Promise<number> {
  const stats = await asOperator(redis.url, (client) => client.info('commandstats'));
  return Number(/cmdstat_pexpire:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('Redis is flushed again and again: one leads, the epochs grow', async () => {
  await candidates.startMany(3, redis.url);
  let epoch = 0;
  for (let round = 0; round < 3; round += 1) {
    const leader = await candidates.oneLeads();
    expect(epochOf(leader)).toBeGreaterThan(epoch);
    epoch = epochOf(leader);
    await asOperator(redis.url, (client) => client.flushall());
    await waitFor(
      'the next reign',
      () => Math.max(...candidates.reigns().map((reign) => reign.epoch)),
      (latest) => latest > epoch,
    );
  }
  expect(candidates.reigns().every(({ alone }) => !alone)).toBe(true);
});

test('a failover to a stale copy that names another leader: settled within one TTL', async () => {
  const one = await candidates.start(redis.url);
  await candidates.oneLeads();
  const stale = (await asOperator(redis.url, (client) => client.get(LEADER_KEY))) ?? '';
  const { nextEpoch } = one;
  one.nextEpoch = () => Promise.reject(new Error('not now'));
  await asOperator(redis.url, (client) => client.flushall());
  const two = await candidates.start(redis.url);
  await waitFor('the other to lead alone', () => two.lock.reign() !== null && one.told.includes(null));
  one.nextEpoch = nextEpoch;
  await asOperator(redis.url, (client) => client.set(LEADER_KEY, stale, 'PX', TTL_MS));
  await waitFor('the one of the stale copy to lead again', () => one.lock.reign(), Boolean, { timeoutMs: TTL_MS });
  expect(await candidates.oneLeads({ timeoutMs: TTL_MS })).toBe(one);
  expect([one.told, two.told].map((told) => told.map((reign) => reign?.epoch ?? null))).toEqual([
    [1, null, 3],
    [2, null],
  ]);
});

test('a start while Redis is away does not wait for it; the lock is sought once it is there', async () => {
  await redis.stop();
  const startedAt = performance.now();
  await candidates.startMany(2, redis.url);
  expect(performance.now() - startedAt).toBeLessThan(50);
  await candidates.allPlan({ intervalMs: 5 });
  expect(performance.now() - startedAt).toBeLessThan(TTL_MS + 50);
  await redis.start();
  await candidates.oneLeads();
});

test.each(['frozen', 'stopped'])('a leader stops in time while Redis is %s', async (how) => {
  const leader = await candidates.start(redis.url);
  await candidates.oneLeads();
  if (how === 'frozen') redis.freeze();
  else await redis.stop();
  const startedAt = performance.now();
  await leader.lock.stop();
  expect(performance.now() - startedAt).toBeLessThan(600);
  expect(leader.lock.reign()).toBeNull();
});

test('a Redis that takes a sixth of the TTL for each answer changes no leader', async () => {
  const slow = await startRelay(redis.port, TTL_MS / 6);
  try {
    await candidates.startMany(3, `redis://127.0.0.1:${slow.port}`);
    const leader = await candidates.oneLeads();
    await waitFor('renewals', async () => (await extensions()) >= 5);
    expect(leader.told).toHaveLength(1);
    expect(candidates.leaders()).toEqual([leader]);
    expect(candidates.reigns()).toHaveLength(1);
    await leader.lock.stop();
    const next = await candidates.oneLeads();
    expect(next.told.map((reign) => reign?.alone)).toEqual([false]);
  } finally {
    await candidates.stop();
    await slow.close();
  }
});

test('connections that are dead without an end are given up, and the lock is sought on fresh ones', async () => {
  const relay = await startRelay(redis.port, 0);
  try {
    await candidates.startMany(2, `redis://127.0.0.1:${relay.port}`);
    await candidates.oneLeads();
    relay.swallow();
    await candidates.allPlan();
    await candidates.oneLeads();
  } finally {
    await candidates.stop();
    await relay.close();
  }
});

interface Relay {
  readonly port: number;
  /** What the connections of this moment carry is lost; new ones are well. */
  swallow(): void;
  close(): Promise<void>;
}

/** Hands bytes on, those of Redis later. */
async function startRelay(port: number, delayMs: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let generation = 0;
  const server: Server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const born = generation;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => born === generation && upstream.write(bytes));
    upstream.on('data', (bytes) => setTimeout(() => client.writable && client.write(bytes), delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => void (generation += 1),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
