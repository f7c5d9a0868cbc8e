import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import type { RedisConnection } from '../platform/redis.js';
import type { PromptRedis } from './prompt-redis.js';

/** Larger ones are not worth their way through Redis, nor the memory that a queue shares. */
const MAX_ENTRY_CHARS = 200_000;
/**
 * What one process writes within the life of an entry, at most: the cache stays small, whatever is asked, on a Redis that must
 * not evict, for it carries the queue.
 */
const MAX_CHARS_A_LIFE = 16_000_000;
const SCAN_COUNT = 500;

type Client = Parameters<typeof redisInsStore>[0];

export interface RedisStoreOptions {
  /** Before every key: nothing else is read, written or cleared. */
  readonly prefix: string;
  readonly ttlMs: number;
}

/** A store for Keyv in Redis, which answers "not there" for all that Redis does not answer soon. */
export function redisStore(redis: PromptRedis, { prefix, ttlMs }: RedisStoreOptions): KeyvAdapter {
  const shim = new ClientShim(redis, prefix, ttlMs);
  return new KeyvAdapter(redisInsStore(shim as unknown as Client, { ttl: ttlMs }));
}

/**
 * What redisInsStore asks of node-redis on behalf of a KeyvAdapter, over our own client. Clearing and listing end at our
 * prefix: FLUSHDB, which it would send, empties the queue too, and KEYS stops Redis for everyone.
 */
class ClientShim {
  private lifeEndsAtMs = 0;
  private writtenChars = 0;

  constructor(
    private readonly redis: PromptRedis,
    private readonly prefix: string,
    private readonly ttlMs: number,
  ) {}

  get(key: string): Promise<string | null> {
    const full = this.prefix + key;
    return this.redis.ask(full, (redis) => redis.get(full), null);
  }

  /** One MGET for each slot that the keys name in braces: a cluster takes no others. */
  async mGet(keys: readonly string[]): Promise<(string | null)[]> {
    const found = new Map<string, string | null>();
    const groups = groupBy(keys, (key) => /\{([^}]+)\}/.exec(key)?.[1] ?? key);
    await Promise.all(
      groups.map(async (group) => {
        const full = group.map((key) => this.prefix + key);
        const nothing: (string | null)[] = full.map(() => null);
        const texts = await this.redis.ask(full[0] ?? '', (redis) => redis.mget(full), nothing);
        for (const [index, key] of group.entries()) found.set(key, texts[index] ?? null);
      }),
    );
    return keys.map((key) => found.get(key) ?? null);
  }

  async set(key: string, text: string, { PX = this.ttlMs }: { PX?: number } = {}): Promise<void> {
    if (!this.mayWrite(text.length)) return;
    const full = this.prefix + key;
    await this.redis.ask<unknown>(full, (redis) => redis.set(full, text, 'PX', Math.ceil(PX)), null);
  }

  async del(keys: string | readonly string[]): Promise<void> {
    for (const key of [keys].flat()) {
      await this.redis.ask(this.prefix + key, (redis) => redis.unlink(this.prefix + key), 0);
    }
  }

  pTTL(key: string): Promise<number> {
    return this.redis.ask(this.prefix + key, (redis) => redis.pttl(this.prefix + key), -2);
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    await this.scan(async (page) => void keys.push(...page.map((key) => key.slice(this.prefix.length))));
    return keys;
  }

  async flushDb(): Promise<void> {
    await this.scan(async (page, redis) => {
      // One by one: keys of one page need not lie in one slot.
      for (const key of page) await redis.unlink(key);
    });
  }

  private async scan(onPage: (keys: string[], redis: RedisConnection) => Promise<void>): Promise<void> {
    await this.redis.eachPrimary(async (redis) => {
      let cursor = '0';
      do {
        const [next, page] = await redis.scan(cursor, 'MATCH', `${this.prefix}*`, 'COUNT', SCAN_COUNT);
        await onPage(page, redis);
        cursor = next;
      } while (cursor !== '0');
    });
  }

  private mayWrite(chars: number): boolean {
    const nowMs = performance.now();
    if (nowMs >= this.lifeEndsAtMs) [this.lifeEndsAtMs, this.writtenChars] = [nowMs + this.ttlMs, 0];
    if (chars > MAX_ENTRY_CHARS || this.writtenChars + chars > MAX_CHARS_A_LIFE) return false;
    this.writtenChars += chars;
    return true;
  }
}

function groupBy(keys: readonly string[], group: (key: string) => string): string[][] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const of = group(key);
    const known = groups.get(of);
    if (known === undefined) groups.set(of, [key]);
    else known.push(key);
  }
  return [...groups.values()];
}
