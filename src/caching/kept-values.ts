import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { OneTurn } from '../platform/one-turn.js';

/**
 * Values under the name of what they were made of, first in this process's memory, then in Redis. What is found may be of
 * any age: it must tell by itself what it was made of, and whoever uses it must ask the database whether that still holds.
 */
@Injectable()
export class KeptValues {
  private readonly lookups = new OneTurn((keys: readonly string[]) => this.lookUp(keys));

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  /** One for each key; undefined where nothing is kept. Keys that are asked for together have the same text in braces. */
  async find<Value>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    const [memory, redis] = this.cache.stores;
    if (memory === undefined) return keys.map(() => undefined);
    const found = await Promise.all(keys.map((key) => memory.get<Value>(key)));
    if (redis === undefined || !found.includes(undefined)) return found;
    const lookUp = (key: string) => this.lookups.add(key) as Promise<Value | undefined>;
    return Promise.all(keys.map(async (key, index) => found[index] ?? (await lookUp(key))));
  }

  /** Returns at once: nobody depends on it. */
  keep(key: string, value: unknown): void {
    void this.cache.set(key, value).catch(() => undefined);
  }

  private async lookUp(keys: readonly string[]): Promise<unknown[]> {
    const [memory, redis] = this.cache.stores;
    const distinct = [...new Set(keys)];
    // Text that is no JSON throws: nothing of ours, and as good as nothing.
    const values = (await redis?.getMany<unknown>(distinct).catch(() => [])) ?? [];
    const found = new Map(distinct.map((key, index) => [key, values[index]]));
    for (const [key, value] of found) if (value !== undefined) void memory?.set(key, value);
    return keys.map((key) => found.get(key));
  }
}
