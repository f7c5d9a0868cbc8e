// Those that a race compares: Carillon as it is shipped, and peers, each in processes of its own and delivering to one sink.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { postmasterPid, redisPid, usage } from './cpu.mjs';
import { createJobs, seedIdleJobs } from './jobs.mjs';
import { progress } from './report.mjs';

const POLL_MS = 200;
const PEERS = join(import.meta.dirname, '..', 'peers');

export const NAMES = {
  carillon: 'Carillon',
  'carillon-redis': 'Carillon over Redis',
  'carillon-idle': 'Carillon beside idle jobs',
  'bullmq-delayed': 'BullMQ delayed jobs',
  'bullmq-schedulers': 'BullMQ job schedulers',
  'graphile-worker': 'graphile-worker',
  cron: 'cron in process',
};

const OURS = { 'carillon-redis': { redis: true }, carillon: {}, 'carillon-idle': { idle: true } };

/**
 * Starts those that are named, each ready and without work. Carillon gets a database of its own, and Redis where its name says so.
 * `idleJobs`: how many "carillon-idle" has beside what it runs.
 */
export async function startContestants(stage, names, sink, { idleJobs = 0, env = {} } = {}) {
  const serverUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const contestants = [];
  for (const name of names) {
    if (name in OURS) contestants.push(await startCarillon(name));
    else if (isInstalled(name)) contestants.push(await startPeer(name));
    else progress(`${NAMES[name]} is not installed: left out`);
  }
  const pids = {
    postgres: await postmasterPid(stage.pool(serverUrl)),
    redis: await redisPid(redisUrl),
    sink: sink.pid,
  };
  return { contestants, pids };

  async function startCarillon(name) {
    const databaseUrl = await stage.database(serverUrl, databaseOf(name));
    const pool = stage.pool(databaseUrl);
    if (OURS[name].idle) {
      await seedIdleJobs(pool, idleJobs, sink.url, {
        onProgress: (count) => progress(`${count} of ${idleJobs} idle jobs registered`),
      });
    }
    const redis = OURS[name].redis ? { REDIS_URL: redisUrl } : {};
    const service = await stage.service({ DATABASE_URL: databaseUrl, ...redis, ...env });
    return new Carillon({ name, service, pool, sink });
  }

  async function startPeer(name) {
    const databaseUrl = await stage.database(serverUrl, databaseOf(name), { empty: true });
    const child = new Child(stage, join(PEERS, `${name}.mjs`), { nodeFlags: ['--max-semi-space-size=64'] });
    await child.ask('start', { sinkUrl: sink.url, redisUrl, databaseUrl });
    return new Peer(name, child);
  }
}

/**
 * Registers `count` jobs through `work(instantMs)`, at an instant as far ahead as that took this contestant the last time, and
 * half as long again; answers the instant, a multiple of `stepMs`, and the ids.
 */
export async function registerAhead(contestant, count, stepMs, work) {
  const leadMs = 1_500 + 1.5 * count * (contestant.registeringMs ?? 2); // at first as if code were slow, which it is
  const atMs = Math.ceil((Date.now() + leadMs) / stepMs) * stepMs;
  const startedMs = performance.now();
  const ids = await work(atMs);
  contestant.registeringMs = (performance.now() - startedMs) / count;
  if (Date.now() > atMs - 400) throw new Error(`${contestant.name}: registering took too long`);
  return { atMs, ids };
}

function databaseOf(name) {
  return `bench_${name.replaceAll('-', '_')}`;
}

function isInstalled(name) {
  if (name !== 'graphile-worker') return true;
  try {
    createRequire(import.meta.url).resolve('graphile-worker');
    return true;
  } catch {
    return false;
  }
}

export class Carillon {
  isOurs = true;

  constructor({ name, service, pool, sink }) {
    Object.assign(this, { key: name, name: NAMES[name], service, pool, sink, pid: service.child.pid });
  }

  /** Jobs due once, at one instant. @returns {Promise<string[]>} their ids */
  herd({ names, atMs }) {
    return this.#create(names, { type: 'once', at: new Date(atMs).toISOString() });
  }

  /** Jobs due every second from the first instant to the last. */
  everySecond({ names, firstMs, lastMs }) {
    return this.#create(names, everySecond(firstMs, lastMs));
  }

  #create(names, schedule) {
    const { url } = this.sink;
    return createJobs(
      this.service.url,
      names.map((name) => ({
        name,
        schedule,
        target: { url, body: { kind: 'benchmark', note: 'of the usual size' } },
      })),
    );
  }

  /** How many runs due between two instants are not recorded as succeeded; waits for stragglers. */
  async notRecorded(count, fromMs, toMs, limitMs = 10_000) {
    const recorded = async () => {
      const { rows } = await this.pool.query(
        `SELECT count(*)::int AS count FROM runs WHERE state = 'succeeded' AND scheduled_for BETWEEN $1 AND $2`,
        [new Date(fromMs).toISOString(), new Date(toMs).toISOString()],
      );
      return rows[0].count;
    };
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const missing = count - (await recorded());
      if (missing <= 0 || performance.now() > endsAt) return missing;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS)); // seldom, for it counts rows
    }
  }

  /** Planning transactions so far, and the time spent in them, by the service's own metric. */
  async planningSoFar() {
    const text = await (await fetch(`${this.service.url}/metrics`)).text();
    const read = (name) => Number(new RegExp(`^carillon_planning_seconds_${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
    return { ms: read('sum') * 1_000, batches: read('count') };
  }

  async memoryMb() {
    return (await usage(this.pid)).memoryMb;
  }

  async clear() {
    // What autovacuum does in its time; here the next round comes at once.
    await this.pool.query('VACUUM ANALYZE job_states');
  }
}

export function everySecond(firstMs, lastMs) {
  const [anchorAt, endAt] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString());
  return { type: 'interval', every: 'PT1S', anchorAt, startAt: anchorAt, endAt };
}

class Peer {
  isOurs = false;
  #child;

  constructor(key, child) {
    Object.assign(this, { key, name: NAMES[key], pid: child.pid });
    this.#child = child;
  }

  async herd({ names, atMs }) {
    await this.#child.ask('herd', { ids: names, atMs });
    return names;
  }

  async everySecond({ names, firstMs, lastMs }) {
    await this.#child.ask('everySecond', { ids: names, firstMs, lastMs });
    return names;
  }

  async memoryMb() {
    return (await usage(this.pid)).memoryMb;
  }

  async clear() {
    await this.#child.ask('clear');
  }
}
