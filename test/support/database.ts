import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { waitFor } from './wait-for.js';

export interface TestDatabase {
  url: string;
  /** Drops the database; throws when a pool was not ended, for the next test would inherit its work. */
  drop(): Promise<void>;
}

/** Sessions in tests live in a zone with a half-hour offset and a clock change, to catch SQL that leans on UTC. */
const SESSION_ZONE = 'America/St_Johns';
const LOCK_KEY = 7_215_001;
const LEAK_PATIENCE_MS = 1_000;

/** A migrated database of its own, cloned from a template that the run's first caller makes. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `${runPrefix()}_${randomBytes(6).toString('hex')}`;
  await administrate(async (client) => {
    const template = await ensureTemplate(client);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await client.query(`ALTER DATABASE ${name} SET timezone TO '${SESSION_ZONE}'`);
  });
  return { url: databaseUrl(name), drop: () => administrate((client) => dropUnused(client, name)) };
}

/** For a server that outlives the run: drops the template and whatever tests forgot. */
export async function dropRunDatabases(): Promise<void> {
  await administrate(async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [runPrefix()],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  });
}

function runPrefix(): string {
  return `carillon_test_${process.env['CARILLON_TEST_RUN'] ?? process.pid}`;
}

function databaseUrl(name: string): string {
  const server = process.env['TEST_DATABASE_URL'];
  if (server === undefined) throw new Error('tests with Postgres need the global setup of Jest, or TEST_DATABASE_URL');
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function administrate<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl('postgres') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Jest's workers arrive together: the first makes the template, the others wait for its lock. */
async function ensureTemplate(client: pg.Client): Promise<string> {
  const template = `${runPrefix()}_template`;
  const draft = `${template}_draft`;
  await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.rowCount === 0) {
      await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${draft}`);
      await client.query(`ALTER DATABASE ${draft} SET timezone TO '${SESSION_ZONE}'`);
      // Loaded here, for the global setup uses this file too and has no need of TypeORM.
      const { migrate } = await import('../../src/persistence/migrate.js');
      await migrate(databaseUrl(draft));
      await failOnOpenConnections(client, draft, 'migrate() must end its connections');
      await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY]);
  }
  return template;
}

async function dropUnused(client: pg.Client, name: string): Promise<void> {
  // A database with a leak is left to the run's end: dropping it by force would bury this message under the errors
  // of the connections it breaks.
  await failOnOpenConnections(client, name, 'end every pool, data source and client before drop()');
  await client.query(`DROP DATABASE IF EXISTS ${name}`);
}

/** A client's end reaches the server a moment later, so the count gets a little time to fall to nothing. */
async function failOnOpenConnections(client: pg.Client, name: string, advice: string): Promise<void> {
  const look = async () => {
    const { rows } = await client.query<{ state: string; query: string }>(
      "SELECT state, left(query, 200) AS query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
      [name],
    );
    return rows;
  };
  await waitFor(`the connections to ${name} to end (${advice})`, look, (rows) => rows.length === 0, {
    timeoutMs: LEAK_PATIENCE_MS,
  });
}
