import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MigrationInterface } from 'typeorm';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number will do, so long as every version of Carillon uses the same: it keeps two migrations apart. */
const MIGRATION_LOCK = 7_246_815;

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
  try {
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const done = await dataSource.runMigrations({ transaction: 'each' });
      for (const migration of done) log(`migrated: ${migration.name}`);
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
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
  // Built: dist/persistence beside dist/migrations. From source (tests): two folders below the project.
  const built = join(import.meta.dirname, '..', 'migrations');
  const folder = existsSync(built) ? built : join(import.meta.dirname, '..', '..', 'migrations');
  const files = (await readdir(folder)).filter((file) => /^\d+-[\w-]+\.(js|ts)$/.test(file)).sort();
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(folder, file)).href) as Promise<Record<string, MigrationClass>>),
  );
  return modules.flatMap((module) => Object.values(module).filter((member) => typeof member === 'function'));
}
