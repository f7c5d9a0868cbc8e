import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ApiClient } from './api-client.js';

export type Role = 'all' | 'api' | 'scheduler' | 'worker';

export interface Replica {
  readonly role: Role;
  readonly service: ServiceProcess;
  readonly api: ApiClient;
}

export interface System {
  readonly role: Role;
  readonly replicaId: string;
  readonly leader: { readonly replicaId: string; readonly self: boolean; readonly epoch: number } | null;
  readonly slots: { readonly count: number; readonly next: readonly string[] };
  readonly degraded: readonly string[];
}

/** Replicas of one deployment: processes of their own on a shared Postgres and, where wanted, a shared Redis. */
export class Replicas {
  private readonly started: Replica[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly redis: RedisServer | null,
    readonly receiver: Receiver,
    private readonly env: Record<string, string>,
  ) {}

  static async open({ withRedis, env = {} }: { withRedis: boolean; env?: Record<string, string> }): Promise<Replicas> {
    const [database, redis, receiver] = await Promise.all([
      createTestDatabase(),
      withRedis ? startRedis() : null,
      startReceiver(),
    ]);
    const servers = { DATABASE_URL: database.url, ...(redis !== null && { REDIS_URL: redis.url }) };
    // A lease so long that one that lapses makes up for nothing within a test.
    return new Replicas(database, redis, receiver, { LEASE: '10m', RATE_LIMIT: 'off', ...servers, ...env });
  }

  async start(role: Role, env: Record<string, string> = {}): Promise<Replica> {
    const service = await startService({ env: { ...this.env, ROLE: role, ...env } });
    const replica = { role, service, api: new ApiClient(service.url) };
    this.started.push(replica);
    return replica;
  }

  async stop(...replicas: Replica[]): Promise<void> {
    await Promise.all(replicas.map(({ service }) => service.stop()));
  }

  async close(): Promise<void> {
    await this.stop(...this.started);
    await this.receiver.close();
    await this.redis?.dispose();
    await this.database.drop();
  }
}

export async function systemOf({ api }: Replica): Promise<System> {
  return api.must<System>(200, 'GET', '/system');
}

/** The sum over all labels; 0 where nothing was counted. */
export async function metricOf({ api }: Replica, name: string): Promise<number> {
  const text = await api.must<string>(200, 'GET', '/metrics');
  const values = text.split('\n').flatMap((line) => {
    const [series = '', value = ''] = line.split(' ');
    return series === name || series.startsWith(`${name}{`) ? [Number(value)] : [];
  });
  return values.reduce((sum, value) => sum + value, 0);
}
