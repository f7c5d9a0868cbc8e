import { Redis } from 'ioredis';

/** `patient` waits for a Redis that is away, however long; `prompt` fails at once, for callers that have another way. */
export type RedisProfile = 'patient' | 'prompt';

/** The only place that connects to Redis. Each connection needs an `error` listener of its own. */
export function connectRedis(url: string, profile: RedisProfile): Redis {
  return new Redis(url, {
    maxRetriesPerRequest: profile === 'patient' ? null : 1,
    enableOfflineQueue: profile === 'patient',
    connectTimeout: 2_000,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
  });
}
