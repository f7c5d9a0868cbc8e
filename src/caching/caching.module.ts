import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { Keyv } from 'keyv';
import { BoundedStore } from './bounded-store.js';
import { PureResults } from './pure-results.js';

const MAX_ENTRIES = 100;
const KEPT_MS = 600_000;

/** The cache of this process, in memory. */
@Module({
  imports: [
    CacheModule.registerAsync({
      useFactory: () => ({
        // Values stay as they are: nobody changes what came out of the cache.
        stores: [new Keyv({ store: new BoundedStore(MAX_ENTRIES), serialize: undefined, deserialize: undefined })],
        ttl: KEPT_MS,
      }),
    }),
  ],
  providers: [PureResults],
  exports: [PureResults],
})
export class CachingModule {}
