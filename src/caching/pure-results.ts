import { createHash } from 'node:crypto';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Metrics } from '../platform/metrics.js';

/**
 * Results of functions that depend on their arguments, this version of Carillon and its time zones alone (the cache knows
 * those two apart): no clock, no database, so that none can be out of date. The same work asked for at the same time is
 * done once.
 */
@Injectable()
export class PureResults {
  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    private readonly metrics: Metrics,
  ) {}

  /** `args` are all that the result depends on, the function's name first, as plain JSON. */
  async of<Result>(args: readonly [string, ...unknown[]], compute: () => Result): Promise<Result> {
    const [name] = args;
    // They can be long, and hold what only their sender should read.
    const key = `${name}:${createHash('sha256').update(JSON.stringify(args)).digest('base64url')}`;
    let found: 'hit' | 'miss' = 'hit';
    const result = await this.cache.wrap(key, () => {
      found = 'miss';
      return Promise.resolve(compute());
    });
    this.metrics.cacheLookups.inc({ of: name, found });
    return result;
  }
}
