import { Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../platform/config.js';
import { LedgerGauges } from './ledger-gauges.js';
import { RedisProbe } from './redis-probe.js';
import { ServerGauges } from './server-gauges.js';

/** Gauges that every replica has: what it needs to work. Nothing is asked but when somebody scrapes. */
@Module({
  providers: [
    ServerGauges,
    {
      provide: RedisProbe,
      inject: [Config],
      useFactory: async ({ redisUrl }: Config): Promise<RedisProbe> => {
        if (redisUrl === null) return new RedisProbe(null);
        const { connectRedis } = await import('../platform/redis.js');
        return new RedisProbe(connectRedis(redisUrl, 'prompt'));
      },
    },
  ],
})
export class MonitoringModule implements OnApplicationShutdown {
  constructor(private readonly redis: RedisProbe) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** Gauges of the whole ledger, for the roles that plan. */
@Module({ providers: [LedgerGauges] })
export class LedgerMonitoringModule {}
