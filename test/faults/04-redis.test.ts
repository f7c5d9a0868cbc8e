import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { connectRedis } from '../../src/platform/redis.js';
import type { RedisConnection } from '../../src/platform/redis.js';
import { waitFor } from '../support/wait-for.js';
import type { TcpProxy } from './support/proxy.js';
import { mixedJobs } from './support/mixed-jobs.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';

const TTL_MS = 1_000;
const OPTIONS = { env: { LEADER_TTL: '1s', LEASE: '3s' }, proxied: ['redis'] } as const;
const LEADER_KEY = 'carillon:leader';
/** TTL + 1 s until somebody plans, a second between slots, a second until the ledger is looked through, and a slow machine. */
const LONGEST_SILENCE_MS = TTL_MS + 4_000;
/** Reconnecting takes up to 2 s, then a look at the queue. */
const HEALED_WITHIN_MS = 12_000;

scenario('4a Redis killed and restarted, flushed, out of memory', OPTIONS, async (stage) => {
  const redis = redisOf(stage);
  await stage.watch(mixedJobs(stage, 20));
  for (let round = 0; round < amount(1, 8); round += 1) {
    await without(stage, 'killed', true, async () => {
      await redis.stop('SIGKILL');
      await stage.pass(stage.random.between(1_500, 4_000));
      await everyoneServes(stage, 'killed');
      await redis.start();
    });
    await without(stage, 'flushed', false, async () => {
      for (let flush = 0; flush < 4; flush += 1) {
        await asOperator(redis, (client) => client.flushall());
        await stage.pass(stage.random.between(50, 1_000));
      }
    });
    await without(stage, 'out of memory', false, async () => {
      await asOperator(redis, (client) => client.config('SET', 'maxmemory', '1'));
      await stage.pass(1_500);
      // Nobody holds the key, and Redis does not let anyone take it.
      if (stage.random.chance(0.5)) await asOperator(redis, (client) => client.del(LEADER_KEY));
      else await (await stage.cluster.leader()).kill();
      await stage.pass(stage.random.between(1_500, 3_000));
      await everyoneServes(stage, 'out of memory');
      await asOperator(redis, (client) => client.config('SET', 'maxmemory', '0'));
    });
    await stage.cluster.startAll();
  }
});

scenario('4b Redis unreachable, slow', OPTIONS, async (stage) => {
  await stage.watch(mixedJobs(stage, 20));
  for (let round = 0; round < amount(1, 4); round += 1) {
    for (const mode of amount(['blackhole'] as const, ['blackhole', 'cut'] as const)) {
      await without(stage, `unreachable (${mode})`, true, async () => {
        for (const proxy of redisProxies(stage)) proxy.set(mode);
        await stage.pass(amount(8_000, 60_000));
        await everyoneServes(stage, mode);
        for (const proxy of redisProxies(stage)) proxy.set('pass');
      });
    }
    // An answer takes as long as that; the longer one is longer than a leader's lease.
    for (const answerMs of amount([500], [500, 1_000])) {
      await without(stage, `slow by ${answerMs} ms`, false, async () => {
        for (const proxy of redisProxies(stage)) proxy.delayMs = () => answerMs / 2;
        await stage.pass(amount(3_000, 20_000));
        await everyoneServes(stage, 'slow');
        for (const proxy of redisProxies(stage)) proxy.delayMs = () => 0;
      });
    }
  }
});

scenario('4c failover to a stale copy, two leaders meanwhile', OPTIONS, async (stage) => {
  const { cluster, random } = stage;
  const redis = redisOf(stage);
  await stage.watch(mixedJobs(stage, 20));
  for (let round = 0; round < amount(1, 10); round += 1) {
    await stage.pass(random.between(1_000, 2_000));
    await asOperator(redis, (client) => client.config('SET', 'repl-diskless-sync-delay', '0'));
    const copy = await startRedis('--replicaof', '127.0.0.1', String(redis.port));
    try {
      const stale = await staleFrom(copy);
      // What the copy says is outdated by the time that it serves: others lead, and its runs have long been delivered.
      await (await cluster.leader()).kill();
      await stage.pass(random.between(1_500, 3_000));
      await cluster.startAll();
      const [first, ...rest] = random.shuffle(cluster.replicas);
      await asOperator(copy, (client) => client.set(LEADER_KEY, stale, 'PX', TTL_MS));
      first?.redisProxy?.leadTo(copy.port);
      const leads = (): Promise<unknown[]> => cluster.leaders();
      await waitFor('two leaders, one by each Redis', leads, (all) => all.length === 2, { timeoutMs: 15_000 });
      await stage.pass(random.between(2_000, 4_000));
      for (const { redisProxy } of rest) redisProxy?.leadTo(copy.port);
      await waitFor('one leader by the copy', leads, (all) => all.length === 1, { timeoutMs: 15_000 });
      await stage.pass(random.between(1_000, 2_000));
      // And back, to a server that is as stale by now.
      for (const { redisProxy } of cluster.replicas) redisProxy?.heal();
      await isWell(stage, 'a failover');
    } finally {
      await copy.dispose();
    }
  }
});

/** A fault, during which jobs must go on, and after which all is well by itself. */
async function without(stage: Stage, what: string, degrades: boolean, fault: () => Promise<void>): Promise<void> {
  await stage.pass(stage.random.between(500, 1_500));
  const beganMs = performance.now();
  await fault();
  if (degrades) {
    const told = stage.cluster.up.filter(({ lines }) => lines.some((line) => line.includes('Redis is away')));
    if (told.length === 0) stage.breach(`no replica noticed that Redis was ${what}`);
  }
  const endedMs = performance.now();
  await isWell(stage, what);
  const silenceMs = longestSilence(stage, beganMs);
  stage.note(
    `${what}: longest silence ${Math.round(silenceMs)} ms, well ${Math.round(performance.now() - endedMs)} ms after it`,
  );
  if (silenceMs > LONGEST_SILENCE_MS) stage.breach(`while Redis was ${what} no call was made for ${silenceMs} ms`);
}

/** Promise: readiness stays up, and the API answers. */
async function everyoneServes(stage: Stage, what: string): Promise<void> {
  for (const replica of stage.cluster.up) {
    for (const path of ['/health/ready', '/jobs?limit=1']) {
      const { status, sentAtMs, answeredAtMs } = await replica.call('GET', path);
      if (status !== 200) stage.breach(`while Redis was ${what} replica ${replica.name} answered ${status} to ${path}`);
      if (answeredAtMs - sentAtMs > 2_000) stage.breach(`while Redis was ${what} ${path} took longer than 2 s`);
    }
  }
}

/** One leads, by Redis, and none complains. */
async function isWell({ cluster }: Stage, what: string): Promise<void> {
  await cluster.startAll();
  const look = async (): Promise<{ leaders: number; degraded: string[] }> => {
    const systems = await Promise.all(cluster.replicas.map((replica) => replica.system()));
    return {
      leaders: systems.filter(({ leader }) => leader?.self === true).length,
      degraded: systems.flatMap(({ degraded }) => degraded),
    };
  };
  await waitFor(
    `all to be well after Redis was ${what}`,
    look,
    ({ leaders, degraded }) => leaders === 1 && degraded.length === 0,
    { timeoutMs: HEALED_WITHIN_MS, intervalMs: 50 },
  );
}

/** Between two calls at the target, in milliseconds. */
function longestSilence({ sink }: Stage, sinceMs: number): number {
  const arrivals = sink.deliveries().flatMap(({ arrivedAtMs }) => (arrivedAtMs > sinceMs ? [arrivedAtMs] : []));
  const moments = [...arrivals, performance.now()].sort((a, b) => a - b);
  return moments.reduce((longest, at, index) => Math.max(longest, at - (moments[index - 1] ?? sinceMs)), 0);
}

/** Lets it catch up, takes it off its primary, and answers what it says of the leader. */
async function staleFrom(copy: RedisServer): Promise<string> {
  return asOperator(copy, async (client) => {
    const isLinked = async (): Promise<boolean> => /master_link_status:up/.test(await client.info('replication'));
    await waitFor('the copy to catch up', isLinked, Boolean, { timeoutMs: 15_000 });
    const value = await waitFor('the copy to know the leader', () => client.get(LEADER_KEY), Boolean);
    await client.call('REPLICAOF', 'NO', 'ONE');
    return value ?? '';
  });
}

async function asOperator<Result>(
  { url }: RedisServer,
  work: (redis: RedisConnection) => Promise<Result>,
): Promise<Result> {
  const redis = connectRedis(url, 'patient');
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

function redisOf({ cluster }: Stage): RedisServer {
  if (cluster.redis === null) throw new Error('this needs a Redis');
  return cluster.redis;
}

function redisProxies({ cluster }: Stage): TcpProxy[] {
  return cluster.replicas.flatMap(({ redisProxy }) => (redisProxy === null ? [] : [redisProxy]));
}
