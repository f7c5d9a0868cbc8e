import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';

/**
 * Results of functions that depend on their arguments alone: no clock, no database, so that none can be out of date.
 * The same work asked for at the same time is done once.
 */
@Injectable()
export class PureResults {
  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  /** `args` are all that the result depends on, the function's name among them, as plain JSON. */
  of<Result>(args: readonly unknown[], compute: () => Result): Promise<Result> {
    return this.cache.wrap(JSON.stringify(args), () => Promise.resolve(compute()));
  }
}
