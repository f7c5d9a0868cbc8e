import { Cluster, Redis, SentinelConnector } from 'ioredis';
import type { RedisOptions, SentinelConnectionOptions } from 'ioredis';
import { parseRedisUrl } from './redis-url.js';
import type { RedisAddress } from './redis-url.js';

/** `patient` waits for a Redis that is away, however long; `prompt` fails at once, for callers that have another way. */
export type RedisProfile = 'patient' | 'prompt';

/** One server, the primary that Sentinel names, or a cluster: to a caller of commands they are the same. */
export type RedisConnection = Redis | Cluster;

const LAST_RECONNECT_MS = 2_000;
const CONNECT_LIMIT_MS = 2_000;

/** The only place that connects to Redis. Each connection needs an `error` listener of its own. */
export function connectRedis(url: string, profile: RedisProfile): RedisConnection {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new Error('REDIS_URL is none that Carillon knows');
  const options: RedisOptions = {
    maxRetriesPerRequest: profile === 'patient' ? null : 1,
    connectTimeout: CONNECT_LIMIT_MS,
    keepAlive: 10_000,
  };
  const enableOfflineQueue = profile === 'patient';
  const retryStrategy = (attempt: number): number => Math.min(100 * attempt, LAST_RECONNECT_MS);
  switch (address.kind) {
    case 'single':
      return new Redis(address.url, { ...options, enableOfflineQueue, retryStrategy });
    case 'sentinel':
      return new Redis({ ...options, ...sentinelOptions(address), enableOfflineQueue, retryStrategy });
    case 'cluster':
      return new Cluster([...address.nodes], {
        enableOfflineQueue,
        clusterRetryStrategy: retryStrategy,
        slotsRefreshTimeout: CONNECT_LIMIT_MS,
        slotsRefreshInterval: 10_000,
        // A node's certificate names the host, not the address that it was resolved to.
        ...(address.tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
        redisOptions: { ...options, ...address.login, ...(address.tls ? { tls: {} } : {}) },
      });
  }
}

function sentinelOptions(address: Extract<RedisAddress, { kind: 'sentinel' }>): RedisOptions {
  const { username, password } = address.sentinelLogin;
  return {
    ...address.login,
    name: address.master,
    db: address.db,
    sentinels: [...address.nodes],
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(address.tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    sentinelCommandTimeout: CONNECT_LIMIT_MS,
    sentinelRetryStrategy: (attempt) => Math.min(100 * attempt, LAST_RECONNECT_MS),
    // Also when the old primary hangs instead of closing its connections.
    failoverDetector: true,
    Connector: SettledConnector,
  };
}

/**
 * ioredis leaves the failover detector of a connection that ended to itself: it hears of the failover while the next
 * connection is being made, and breaks that one off, for good.
 */
class SettledConnector extends SentinelConnector {
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override connect(...[emit]: Parameters<SentinelConnector['connect']>): ReturnType<SentinelConnector['connect']> {
    this.disconnect(); // and with what is left of the last connection, its detector
    return super.connect(emit);
  }
}
