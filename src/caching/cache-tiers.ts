import type { Keyv } from 'keyv';
import type { PromptRedis } from './prompt-redis.js';

/** Where the cache keeps things, the nearest first. */
export class CacheTiers {
  constructor(
    readonly stores: readonly Keyv[],
    private readonly redis: PromptRedis | null,
  ) {}

  /** Redis does not answer: what other replicas know is worked out anew here. */
  get degraded(): boolean {
    return this.redis?.degraded ?? false;
  }

  stop(): void {
    this.redis?.stop();
  }
}
