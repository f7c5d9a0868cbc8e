import pg from 'pg';
import { startRedis } from '../../support/redis-server.js';
import type { RedisServer } from '../../support/redis-server.js';
import { startRestartablePostgres } from '../../support/restartable-postgres.js';
import type { RestartablePostgres, StopMode } from '../../support/restartable-postgres.js';
import { startTestPostgres } from '../../support/test-postgres.js';
import { waitFor } from '../../support/wait-for.js';
import { TcpProxy } from './proxy.js';
import { Replica } from './replica.js';

export interface ClusterOptions {
  /** Default 3. */
  readonly replicas?: number;
  /** More of them, that are started by the scenario itself (`standsBy`). Default 0. */
  readonly standby?: number;
  /** Of node, for every replica. */
  readonly flags?: readonly string[];
  /** Settings of every replica, over those of the suite. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of single replicas by their place, over `env`. */
  readonly envOf?: (index: number) => Readonly<Record<string, string>>;
  /** Default true. */
  readonly redis?: boolean;
  /** Servers that each replica reaches through a proxy of its own. It costs a little lateness; default none. */
  readonly proxied?: readonly ('postgres' | 'redis')[];
  /** A Postgres that can be stopped and started again (`cluster.postgres`). Default false. */
  readonly restartablePostgres?: boolean;
  /** Done to the database before the first replica starts. */
  readonly prepare?: (pool: pg.Pool) => Promise<void>;
}

/** A database session's zone with a half-hour offset and a clock change, to catch SQL that leans on UTC. */
const SESSION_ZONE = 'America/St_Johns';
const DURABLE = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'];
const NAMES = 'abcdefgh';

interface PostgresHandle {
  url: string;
  stop(mode: StopMode): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** Replicas as real processes on one real Postgres and one real Redis, all of this scenario alone. */
export class Cluster {
  private constructor(
    readonly replicas: readonly Replica[],
    /** To stop and start it, ask for `restartablePostgres`. */
    readonly postgres: PostgresHandle,
    readonly redis: RedisServer | null,
    /** The test's own way to the database, past every proxy. */
    readonly pool: pg.Pool,
    private readonly proxies: readonly TcpProxy[],
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const [postgres, redis] = await Promise.all([
        providePostgres(options.restartablePostgres ?? false),
        options.redis === false ? null : startRedis(),
      ]);
      undo.push(() => postgres.dispose());
      if (redis !== null) undo.push(() => redis.dispose());
      const pool = new pg.Pool({ connectionString: postgres.url, max: 6 });
      undo.push(() => pool.end());
      pool.on('error', () => undefined); // Postgres may be stopped under it
      await pool.query(`ALTER DATABASE ${new URL(postgres.url).pathname.slice(1)} SET timezone TO '${SESSION_ZONE}'`);
      await options.prepare?.(pool);

      const proxies: TcpProxy[] = [];
      const proxyTo = async (server: 'postgres' | 'redis', url: string): Promise<TcpProxy | null> => {
        if (!(options.proxied ?? []).includes(server)) return null;
        const proxy = await TcpProxy.start(() => Number(new URL(url).port));
        proxies.push(proxy);
        undo.push(() => proxy.close());
        return proxy;
      };
      const replicas: Replica[] = [];
      const started = options.replicas ?? 3;
      for (let index = 0; index < started + (options.standby ?? 0); index += 1) {
        const postgresProxy = await proxyTo('postgres', postgres.url);
        const redisProxy = redis === null ? null : await proxyTo('redis', redis.url);
        const replica = new Replica({
          name: NAMES[index] ?? String(index),
          flags: options.flags,
          postgresProxy,
          redisProxy,
          env: {
            DATABASE_URL: through(postgresProxy, postgres.url),
            ...(redis !== null && { REDIS_URL: through(redisProxy, redis.url) }),
            RATE_LIMIT: 'off',
            LOG_FORMAT: 'json',
            ...options.env,
            ...options.envOf?.(index),
          },
        });
        replica.standsBy = index >= started;
        replicas.push(replica);
      }
      const cluster = new Cluster(replicas, postgres, redis, pool, proxies);
      undo.push(() => cluster.stopReplicas());
      await cluster.startAll();
      return cluster;
    } catch (error) {
      for (const step of undo.reverse()) await step().catch(() => undefined);
      throw error;
    }
  }

  /** All of them have come to a start or an end when one's failure is told: whoever stops them knows what there is. */
  async startAll(): Promise<void> {
    const awaited = this.replicas.filter(({ standsBy }) => !standsBy);
    const starts = await Promise.allSettled(awaited.map((replica) => replica.start()));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  }

  get up(): Replica[] {
    return this.replicas.filter(({ state }) => state === 'up');
  }

  get down(): Replica[] {
    return this.replicas.filter(({ state }) => state === 'down');
  }

  /** Those that say so of themselves right now. Two for a moment is no fault: the ledger keeps them apart. */
  async leaders(): Promise<Replica[]> {
    const found = await Promise.all(
      this.up.map(async (replica) => {
        const system = await replica.system().catch(() => null);
        return system?.leader?.self === true ? [replica] : [];
      }),
    );
    return found.flat();
  }

  /** A replica that leads, as soon as there is one. */
  async leader(timeoutMs = 15_000): Promise<Replica> {
    const [leader] = await waitFor(
      'a replica that leads',
      () => this.leaders(),
      (all) => all.length > 0,
      {
        timeoutMs,
        intervalMs: 50,
      },
    );
    return leader as Replica;
  }

  /** Everything is there again: servers, ways to them, processes. */
  async heal(): Promise<void> {
    for (const proxy of this.proxies) proxy.heal();
    this.redis?.thaw();
    await Promise.all([this.postgres.start(), this.redis?.start()]);
    for (const replica of this.replicas) replica.thaw();
    await this.startAll();
  }

  async dispose(): Promise<void> {
    for (const proxy of this.proxies) proxy.heal();
    await this.stopReplicas();
    await this.pool.end();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await Promise.all([this.postgres.dispose(), this.redis?.dispose()]);
  }

  private async stopReplicas(): Promise<void> {
    await Promise.all(this.replicas.filter(({ state }) => state !== 'down').map((replica) => replica.stop(8_000)));
  }
}

async function providePostgres(restartable: boolean): Promise<PostgresHandle> {
  if (restartable) {
    const postgres: RestartablePostgres = await startRestartablePostgres();
    let running = true;
    return {
      url: postgres.url,
      async start() {
        if (!running) await postgres.start();
        running = true;
      },
      async stop(mode) {
        running = false;
        await postgres.stop(mode);
      },
      dispose: () => postgres.dispose(),
    };
  }
  const postgres = await startTestPostgres(...DURABLE.flatMap((setting) => ['-c', setting]));
  return {
    url: postgres.url,
    start: async () => undefined,
    stop: () => Promise.reject(new Error('this Postgres was not started as one that restarts (restartablePostgres)')),
    dispose: () => postgres.stop(),
  };
}

function through(proxy: TcpProxy | null, url: string): string {
  if (proxy === null) return url;
  const proxied = new URL(url);
  proxied.hostname = '127.0.0.1';
  proxied.port = String(proxy.port);
  return proxied.href;
}
