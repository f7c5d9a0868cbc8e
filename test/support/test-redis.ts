import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** The run's Redis, as one test file sees it: every key it writes starts with the prefix. */
export interface TestRedis {
  url: string;
  prefix: string;
  /** Deletes the keys of this prefix and nothing else. */
  cleanUp(): Promise<void>;
}

export function useTestRedis(): TestRedis {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined) {
    throw new Error(process.env['CARILLON_TEST_REDIS_FAILURE'] ?? 'tests with Redis need the global setup of Jest');
  }
  const prefix = uniqueKeyPrefix();
  return { url, prefix, cleanUp: () => removeKeys(url, prefix) };
}

export function uniqueKeyPrefix(): string {
  return `carillon-test-${randomBytes(6).toString('hex')}:`;
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    await redis.quit();
  }
}
