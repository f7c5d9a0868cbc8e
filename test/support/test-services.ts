import { randomBytes } from 'node:crypto';
import { dropRunDatabases } from './database.js';
import { startRedis } from './redis-server.js';
import { sweepServiceFolders } from './service-folder.js';
import { startTestPostgres } from './test-postgres.js';

/**
 * One Postgres and one Redis for a whole Jest run; TEST_DATABASE_URL and TEST_REDIS_URL put servers of yours in their
 * place. Answers how to stop them. A missing Redis fails the tests that use it, with the reason, and no others.
 */
export async function startTestServices(): Promise<() => Promise<void>> {
  await sweepServiceFolders(Date.now());
  process.env['CARILLON_TEST_RUN'] = randomBytes(4).toString('hex');
  const stops = await Promise.all([providePostgres(), provideRedis()]);
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

async function providePostgres(): Promise<() => Promise<void>> {
  if (process.env['TEST_DATABASE_URL'] !== undefined) return dropRunDatabases;
  const postgres = await startTestPostgres();
  process.env['TEST_DATABASE_URL'] = postgres.url;
  return () => postgres.stop();
}

async function provideRedis(): Promise<() => Promise<void>> {
  if (process.env['TEST_REDIS_URL'] !== undefined) return async () => undefined;
  try {
    const redis = await startRedis();
    process.env['TEST_REDIS_URL'] = redis.url;
    return () => redis.dispose();
  } catch (error) {
    process.env['CARILLON_TEST_REDIS_FAILURE'] = error instanceof Error ? error.message : String(error);
    return async () => undefined;
  }
}
