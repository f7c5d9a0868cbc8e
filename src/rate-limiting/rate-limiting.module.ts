import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../platform/config.js';
import { MemoryThrottlerStorage } from './memory-throttler-storage.js';
import { RateLimitGuard } from './rate-limit.guard.js';

/** RATE_LIMIT for each key, or address without one, counted in this process. Probes and metrics are free (`@SkipThrottle`). */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config],
      useFactory: ({ rateLimit }: Config) => ({
        throttlers: rateLimit === null ? [] : [{ limit: rateLimit.requests, ttl: rateLimit.windowMs }],
        storage: new MemoryThrottlerStorage(),
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }],
})
export class RateLimitingModule {}
