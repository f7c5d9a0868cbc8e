import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../platform/config.js';
import { LimitStore } from './limit-store.js';
import { MemoryLimits } from './memory-limits.js';
import { RateLimitGuard } from './rate-limit.guard.js';

/** Where requests are counted: in Redis for all replicas, in this process without it or where no API is served. */
@Module({
  providers: [
    {
      provide: LimitStore,
      inject: [Config],
      useFactory: async ({ redisUrl, rateLimit, role }: Config): Promise<LimitStore> => {
        const serves = role === 'all' || role === 'api';
        if (redisUrl === null || rateLimit === null || !serves) return new MemoryLimits();
        // As the queue does it: a start without Redis need not wait for its client to load.
        const [{ connectRedis }, { RedisLimits }] = await Promise.all([
          import('../platform/redis.js'),
          import('./redis-limits.js'),
        ]);
        return new RedisLimits(connectRedis(redisUrl, 'prompt'));
      },
    },
  ],
  exports: [LimitStore],
})
export class LimitStoreModule implements OnApplicationShutdown {
  constructor(@Inject(LimitStore) private readonly limits: LimitStore) {}

  onApplicationShutdown(): void {
    this.limits.disconnect();
  }
}

/** RATE_LIMIT and what projects say of it, for every request but probes and metrics (`@SkipThrottle`). */
@Module({
  imports: [
    LimitStoreModule,
    ThrottlerModule.forRootAsync({
      imports: [LimitStoreModule],
      inject: [Config, LimitStore],
      useFactory: ({ rateLimit }: Config, storage: LimitStore) => ({
        throttlers: rateLimit === null ? [] : [{ limit: rateLimit.requests, ttl: rateLimit.windowMs }],
        storage,
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [LimitStoreModule],
})
export class RateLimitingModule {}
