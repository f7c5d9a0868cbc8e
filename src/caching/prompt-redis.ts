import { Logger } from '@nestjs/common';
import type { RedisConnection } from '../platform/redis.js';
import { withTimeLimit } from '../platform/time-limit.js';

/** What a request waits for Redis at most: there is another way to everything that it could answer. */
const ANSWER_LIMIT_MS = 50;
const PROBE_LIMIT_MS = 500;
const FIRST_PROBE_MS = 250;
const NEXT_PROBE_MS = 1_000;

/**
 * Redis for those who can do without: answers soon, or not at all. Whoever it does not answer brings it into doubt, and then
 * nobody asks but a probe beside the requests, until that is answered.
 */
export class PromptRedis {
  private readonly logger = new Logger('Cache');
  private doubted = false;
  private away = false;
  private stopped = false;
  private probe: NodeJS.Timeout | undefined;

  constructor(private readonly redis: RedisConnection) {
    // A connection that ends would end the process without a listener.
    redis.on('error', (error: Error) => this.logger.debug(`the cache's Redis: ${error.message}`));
  }

  /** True once a probe has failed too. */
  get degraded(): boolean {
    return this.away;
  }

  /** What `command` answers; `otherwise` when that is an error, comes too late, or Redis is in doubt. `key`: one it reads. */
  async ask<Answer>(
    key: string,
    command: (redis: RedisConnection) => Promise<Answer>,
    otherwise: Answer,
  ): Promise<Answer> {
    if (this.doubted) return otherwise;
    try {
      return await withTimeLimit(command(this.redis), ANSWER_LIMIT_MS);
    } catch (error) {
      this.logger.debug(`no answer for ${key}: ${String(error)}`);
      // An error that Redis answers, being full for one, is an answer.
      if (!isReply(error)) this.doubt(key);
      return otherwise;
    }
  }

  /** For upkeep, which may take its time: each server that has keys of its own. */
  async eachPrimary(work: (redis: RedisConnection) => Promise<void>): Promise<void> {
    const primaries = 'nodes' in this.redis ? this.redis.nodes('master') : [this.redis];
    for (const primary of primaries) await work(primary);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.probe);
    this.redis.disconnect();
  }

  private doubt(key: string): void {
    if (this.doubted || this.stopped) return;
    this.doubted = true;
    this.probeIn(FIRST_PROBE_MS, key);
  }

  private probeIn(delayMs: number, key: string): void {
    this.probe = setTimeout(() => void this.probeWith(key), delayMs).unref();
  }

  /** With the key that was not answered: of a cluster, the node that has it is the one in doubt. */
  private async probeWith(key: string): Promise<void> {
    try {
      await withTimeLimit(this.redis.exists(key), PROBE_LIMIT_MS);
      this.doubted = false;
      if (this.away) this.logger.log('Redis answers the cache again');
      this.away = false;
    } catch (error) {
      if (this.stopped) return;
      if (!this.away) this.logger.warn(`Redis does not answer the cache, which does without it: ${String(error)}`);
      this.away = true;
      // A connection can be dead without an end.
      if (this.redis.status === 'ready') this.redis.disconnect(true);
      this.probeIn(NEXT_PROBE_MS, key);
    }
  }
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
