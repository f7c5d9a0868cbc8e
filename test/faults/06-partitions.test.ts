import { waitFor } from '../support/wait-for.js';
import { mixedJobs } from './support/mixed-jobs.js';
import type { TcpProxy } from './support/proxy.js';
import type { Replica } from './support/replica.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';

const ENV = { LEADER_TTL: '1s', LEASE: '3s' };
const PROXIED = ['postgres', 'redis'] as const;
/** A leader that Postgres does not answer for two TTLs gives the key back; then another one plans what is overdue. */
const LONGEST_SILENCE_MS = 6_000;
/** Less than the default grace, so that nothing is missed: 6 s without an answer, then connections are made anew. */
const DEAD_SILENCE_MS = 8_500;
const HEALED_WITHIN_MS = 12_000;

const SIDES: readonly { readonly name: string; readonly from: readonly ('postgres' | 'redis')[] }[] = [
  { name: 'Redis', from: ['redis'] },
  { name: 'Postgres', from: ['postgres'] },
  { name: 'both', from: ['postgres', 'redis'] },
];

scenario('6a the leader cut off from Redis, Postgres, both', { env: ENV, proxied: PROXIED }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  for (let round = 0; round < amount(1, 6); round += 1) {
    const modes = random.shuffle(['cut', 'blackhole', random.pick(['cut', 'blackhole'] as const)] as const);
    for (const [index, { name, from }] of SIDES.entries()) {
      await stage.pass(random.between(500, 1_500));
      const mode = modes[index] ?? 'cut';
      const leader = await cluster.leader();
      const others = cluster.replicas.filter((replica) => replica !== leader);
      const beganMs = performance.now();
      for (const proxy of proxiesOf(leader, from)) proxy.set(mode);
      await waitFor(
        `another leader than the one that is cut off from ${name}`,
        () => leadersAmong(others),
        (found) => found > 0,
        { timeoutMs: 10_000 },
      );
      const tookMs = performance.now() - beganMs;
      await stage.pass(random.between(1_000, amount(3_000, 30_000)));
      await judge(stage, leader, from);
      for (const proxy of proxiesOf(leader, from)) proxy.set('pass');
      await isWell(stage, `the leader was cut off from ${name}`);
      const silenceMs = longestSilence(stage, beganMs);
      stage.note(`from ${name} (${mode}): another leads after ${ms(tookMs)}, longest silence ${ms(silenceMs)}`);
      if (silenceMs > LONGEST_SILENCE_MS)
        stage.breach(`the leader was cut off from ${name}: no call for ${ms(silenceMs)}`);
    }
  }
});

scenario(
  '6b connections that die, wait and break at random',
  { env: ENV, proxied: PROXIED, clockLagMs: 1_000 },
  async (stage) => {
    const { cluster, random } = stage;
    await stage.watch(mixedJobs(stage, 20));
    const proxies = cluster.replicas.flatMap((replica) => proxiesOf(replica, PROXIED));
    // Packets that are lost come again later: most pass at once, some wait, one in a hundred for a long time.
    for (const proxy of proxies) proxy.delayMs = () => (random.chance(0.01) ? 200 : random.chance(0.1) ? 20 : 1);
    for (let fault = 0; fault < amount(10, 200); fault += 1) {
      await stage.pass(random.between(100, 1_000));
      const proxy = random.pick(proxies);
      if (random.chance(0.6)) proxy.breakAll();
      else {
        const mode = random.pick(['cut', 'blackhole'] as const);
        proxy.set(mode);
        await stage.pass(random.between(50, 1_500));
        proxy.set('pass');
      }
    }
    await cluster.heal();
    await isWell(stage, 'connections broke');
  },
);

scenario('6c connections to Postgres dead without an end', { env: ENV, proxied: PROXIED }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  for (let round = 0; round < amount(1, 10); round += 1) {
    await stage.pass(random.between(1_000, 2_000));
    // Of all, as when the host of Postgres is replaced; or of the leader alone.
    const whose = round % 2 === 0 ? cluster.replicas : [await cluster.leader()];
    const beganMs = performance.now();
    for (const { postgresProxy } of whose) postgresProxy?.strand();
    await stage.pass(1_000);
    const before = stage.sink.count;
    await waitFor('calls again', () => stage.sink.count > before, Boolean, { timeoutMs: DEAD_SILENCE_MS * 2 });
    await stage.pass(amount(1_500, 15_000));
    const silenceMs = longestSilence(stage, beganMs);
    stage.note(`${whose.length} cut: longest silence ${ms(silenceMs)}`);
    if (silenceMs > DEAD_SILENCE_MS) stage.breach(`no call for ${ms(silenceMs)}`);
    await isWell(stage, 'connections died');
    for (const { postgresProxy } of whose) postgresProxy?.heal();
  }
});

/** Without Postgres a replica is not ready and says so; without Redis alone it serves, and says that it is degraded. */
async function judge(stage: Stage, replica: Replica, from: readonly ('postgres' | 'redis')[]): Promise<void> {
  const { status, body } = await replica.call('GET', '/health/ready');
  const expected = from.includes('postgres') ? 503 : 200;
  if (status !== expected) stage.breach(`cut off from ${from.join(' and ')} readiness is ${status}`);
  if (expected === 200 && (body as { degraded?: unknown[] }).degraded === undefined) {
    stage.breach('cut off from Redis it does not say that it is degraded');
  }
  const { status: live } = await replica.call('GET', '/health/live');
  if (live !== 200) stage.breach(`cut off from ${from.join(' and ')} liveness is ${live}`);
}

async function leadersAmong(replicas: readonly Replica[]): Promise<number> {
  const systems = await Promise.all(replicas.map((replica) => replica.system()));
  return systems.filter(({ leader }) => leader?.self === true).length;
}

/** One leads, all serve, and none complains. */
async function isWell({ cluster }: Stage, what: string): Promise<void> {
  const look = async (): Promise<{ leaders: number; degraded: string[]; unready: number }> => {
    const systems = await Promise.all(cluster.replicas.map((replica) => replica.system()));
    const ready = await Promise.all(cluster.replicas.map((replica) => replica.call('GET', '/health/ready')));
    return {
      leaders: systems.filter(({ leader }) => leader?.self === true).length,
      degraded: systems.flatMap(({ degraded }) => degraded),
      unready: ready.filter(({ status }) => status !== 200).length,
    };
  };
  await waitFor(
    `all to be well after ${what}`,
    look,
    ({ leaders, degraded, unready }) => leaders === 1 && degraded.length === 0 && unready === 0,
    { timeoutMs: HEALED_WITHIN_MS, intervalMs: 50 },
  );
}

function proxiesOf({ postgresProxy, redisProxy }: Replica, to: readonly ('postgres' | 'redis')[]): TcpProxy[] {
  const found = [to.includes('postgres') ? postgresProxy : null, to.includes('redis') ? redisProxy : null];
  return found.filter((proxy) => proxy !== null);
}

/** Between two calls at the target, in milliseconds. */
function longestSilence({ sink }: Stage, sinceMs: number): number {
  const arrivals = sink.deliveries().flatMap(({ arrivedAtMs }) => (arrivedAtMs > sinceMs ? [arrivedAtMs] : []));
  const moments = [...arrivals, performance.now()].sort((a, b) => a - b);
  return moments.reduce((longest, at, index) => Math.max(longest, at - (moments[index - 1] ?? sinceMs)), 0);
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
