import { CacheModule } from '@nestjs/cache-manager';
import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Keyv } from 'keyv';
import { Config } from '../platform/config.js';
import { VERSION } from '../platform/version.js';
import { BoundedStore } from './bounded-store.js';
import { CacheTiers } from './cache-tiers.js';
import { KeptValues } from './kept-values.js';
import { PureResults } from './pure-results.js';

/** Some twenty thousand jobs. */
const MAX_MEMORY_CHARS = 32_000_000;
const MEMORY_TTL_MS = 600_000;
const REDIS_TTL_MS = 60_000;

/** Another version may make other values, and another edition of the time zones others of the same rule. */
const PREFIX = `carillon:cache:${VERSION}:${process.versions.tz}:`;

/** Values stay as they are: nobody changes what came out of the cache, and Redis is given JSON by its store. */
const PLAIN = { serialize: undefined, deserialize: undefined };

/** Memory in any case; Redis behind it when there is one. Neither keeps anything while CACHE is off. */
@Module({
  providers: [
    {
      provide: CacheTiers,
      inject: [Config],
      useFactory: async ({ cache, redisUrl }: Config): Promise<CacheTiers> => {
        const memory = new Keyv({
          ...PLAIN,
          store: new BoundedStore(cache ? MAX_MEMORY_CHARS : 0),
          ttl: MEMORY_TTL_MS,
        });
        if (!cache || redisUrl === null) return new CacheTiers([memory], null);
        // They take a while to load, which a start without Redis need not wait for.
        const [{ connectRedis }, { PromptRedis }, { redisStore }] = await Promise.all([
          import('../platform/redis.js'),
          import('./prompt-redis.js'),
          import('./redis-store.js'),
        ]);
        const redis = new PromptRedis(connectRedis(redisUrl, 'prompt'));
        const store = redisStore(redis, { prefix: PREFIX, ttlMs: REDIS_TTL_MS });
        return new CacheTiers([memory, new Keyv({ ...PLAIN, store, ttl: REDIS_TTL_MS, useKeyPrefix: false })], redis);
      },
    },
  ],
  exports: [CacheTiers],
})
class CacheTiersModule implements OnApplicationShutdown {
  constructor(@Inject(CacheTiers) private readonly tiers: CacheTiers) {}

  onApplicationShutdown(): void {
    this.tiers.stop();
  }
}

/** What is kept of earlier work. Needs configuration and metrics. */
@Module({
  imports: [
    CacheTiersModule,
    CacheModule.registerAsync({
      imports: [CacheTiersModule],
      inject: [CacheTiers],
      useFactory: ({ stores }: CacheTiers) => ({ stores: [...stores] }),
    }),
  ],
  providers: [PureResults, KeptValues],
  exports: [PureResults, KeptValues, CacheTiersModule],
})
export class CachingModule {}
