import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { DataSource, MigrationExecutor, QueryFailedError } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number will do, so long as every version of Carillon uses the same: it keeps two migrations apart. */
const MIGRATION_LOCK = 7_246_815;
const ASK_AGAIN_MS = 200;

/**
 * A migration that waits for a lock makes all wait that come after it: replicas beside it would plan nothing. It gives way
 * after this, lets them go on for a while, and tries again.
 */
const LOCK_TIMEOUT_MS = 2_000;
const GIVE_WAY_MS = 3_000;
/** lock_not_available, and deadlock_detected: Postgres broke up a ring of which the migration was a part. */
const LOCK_CODES: readonly unknown[] = ['55P03', '40P01'];

/**
 * Brings the schema up to date. Two at once are safe: the second waits for the first, then finds nothing to do.
 * Each migration runs in a transaction of its own, so a kill in between leaves whole steps only.
 */
export async function migrate(url: string, log: (line: string) => void = () => undefined): Promise<void> {
  const dataSource = new DataSource({
    ...dataSourceOptions({
      url,
      poolSize: 2,
      applicationName: 'carillon-migrate',
      onPoolError: (error) => log(error.message),
    }),
    migrations: await loadMigrations(),
  });
  await dataSource.initialize();
  // One session has the lock and does the work: when it breaks, both end.
  const session = dataSource.createQueryRunner();
  try {
    await takeTurn(session);
    await session.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const executor = new MigrationExecutor(dataSource, session);
    executor.transaction = 'each';
    await runAll(executor, log);
  } finally {
    // Its end is the end of the lock.
    await session.release();
    await dataSource.destroy();
  }
}

/** Asks again and again: a session that waits for the lock inside Postgres holds up indexes that are made CONCURRENTLY. */
async function takeTurn(session: QueryRunner): Promise<void> {
  for (;;) {
    const [row] = (await session.query('SELECT pg_try_advisory_lock($1) AS ours', [MIGRATION_LOCK])) as [
      { ours: boolean },
    ];
    if (row.ours) return;
    await sleep(ASK_AGAIN_MS);
  }
}

async function runAll(executor: MigrationExecutor, log: (line: string) => void): Promise<void> {
  for (;;) {
    try {
      const done = await executor.executePendingMigrations();
      for (const migration of done) log(`migrated: ${migration.name}`);
      return;
    } catch (error) {
      if (!lostALock(error)) throw error;
      log(`a table is in use by others; the migration is tried again in ${GIVE_WAY_MS} ms`);
      await sleep(GIVE_WAY_MS);
    }
  }
}

function lostALock(error: unknown): boolean {
  return error instanceof QueryFailedError && LOCK_CODES.includes((error.driverError as { code?: string }).code);
}

/** Migrations of this version that the database has not had. Only reads: a service may lack the right to do more. */
export async function missingMigrations(url: string): Promise<string[]> {
  const dataSource = new DataSource(dataSourceOptions({ url, poolSize: 2, applicationName: 'carillon-migrate' }));
  await dataSource.initialize();
  try {
    const [table] = await dataSource.query<[{ exists: boolean }]>(
      `SELECT to_regclass('migrations') IS NOT NULL AS exists`,
    );
    const rows = table.exists ? await dataSource.query<{ name: string }[]>('SELECT name FROM migrations') : [];
    const had = new Set(rows.map(({ name }) => name));
    return (await loadMigrations()).map(({ name }) => name).filter((name) => !had.has(name));
  } finally {
    await dataSource.destroy();
  }
}

type MigrationClass = new () => MigrationInterface;

async function loadMigrations(): Promise<MigrationClass[]> {
  // Built: dist/persistence, or dist/bundle, beside dist/migrations. From source (tests): two folders below the project.
  const built = join(import.meta.dirname, '..', 'migrations');
  const folder = existsSync(built) ? built : join(import.meta.dirname, '..', '..', 'migrations');
  const files = (await readdir(folder)).filter((file) => /^\d+-[\w-]+\.(js|ts)$/.test(file)).sort();
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(folder, file)).href) as Promise<Record<string, MigrationClass>>),
  );
  return modules.flatMap((module) => Object.values(module).filter((member) => typeof member === 'function'));
}
