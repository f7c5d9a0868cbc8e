import { constants } from 'node:fs';
import { access, mkdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { chooseAccount } from './embedded-postgres/account.js';
import { prepareBinaries, removeTemporaryCopy } from './embedded-postgres/binaries.js';
import { accessTo, damaged, prepareCluster, SUPERUSER } from './embedded-postgres/cluster.js';
import { EmbeddedPostgresError } from './embedded-postgres/error.js';
import { lockFolder } from './embedded-postgres/folder-lock.js';
import { guardServer } from './embedded-postgres/guard.js';
import { stopOrphans } from './embedded-postgres/orphans.js';
import { launchServer, ServerDied, stopServer } from './embedded-postgres/server.js';

export { EmbeddedPostgresError };

export interface EmbeddedPostgres {
  url: string;
  /** Ends Postgres within 3 s and leaves no process behind; the data stays. */
  stop: () => Promise<void>;
  /** Resolves with the exit code (null: a signal) if Postgres ends without `stop`; else it stays pending. */
  exited: Promise<number | null>;
}

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password and the lock. Relative to the working folder, or absolute. */
  dataDir: string;
  log: (line: string) => void;
  /** More `postgres` arguments; they win over ours. */
  flags?: string[];
  /** Deletes the data folder as well when the server has been stopped, or when this process died: for tests. */
  ephemeral?: boolean;
}

const DATABASE = 'carillon';

/**
 * Starts a real Postgres on a free loopback port, with its data in `dataDir`. The server ends with this process,
 * even when that is killed. Every failure that a person can put right is an EmbeddedPostgresError of one line.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError('the embedded Postgres runs on Linux and macOS; set DATABASE_URL, or use WSL');
  }
  const dataDir = resolve(options.dataDir);
  await makeDataFolder(dataDir);
  const lock = await lockFolder(dataDir);
  if ('heldBy' in lock) {
    throw new EmbeddedPostgresError(
      `another Carillon (pid ${lock.heldBy}) uses ${dataDir}; stop it, or set DATA_DIR to another folder`,
    );
  }
  try {
    return await startInLockedFolder(dataDir, options, () => lock.release());
  } catch (error) {
    await removeTemporaryCopy(dataDir);
    await lock.release();
    throw explained(error, dataDir);
  }
}

async function makeDataFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const [self, owner] = [process.getuid?.(), (await stat(dataDir).catch(() => null))?.uid];
    const fix = owner === undefined || owner === self ? 'make it writable' : `run \`sudo chown -R ${self} ${dataDir}\``;
    throw new EmbeddedPostgresError(
      `the data folder ${dataDir} cannot be used by user ${self} (${code}${owner === undefined ? '' : `, it belongs to user ${owner}`}); ` +
        `${fix}, or set DATA_DIR to another folder`,
      { cause },
    );
  }
}

async function startInLockedFolder(
  dataDir: string,
  { log, flags = [], ephemeral = false }: EmbeddedPostgresOptions,
  releaseLock: () => Promise<void>,
): Promise<EmbeddedPostgres> {
  const folder = join(dataDir, 'postgres');
  await removeTemporaryCopy(dataDir);
  const account = await chooseAccount(folder);
  const binaries = await prepareBinaries(account, dataDir);
  const password = await prepareCluster({ dataDir, folder, binaries, account, log });
  await stopOrphans(folder, log);

  const guard = (pid: number) =>
    guardServer({
      pid,
      pidFile: 'postmaster.pid',
      folder,
      signals: ['SIGINT', 'SIGQUIT'],
      graceSeconds: 5,
      thenRemove: [binaries.temporaryCopy, ephemeral ? dataDir : null].filter((path) => path !== null),
    });
  const server = await launchServer({ postgres: binaries.postgres, access: accessTo(folder, account), flags, guard });
  const urlFor = (database: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${server.port}/${database}`;

  let stopping: Promise<void> | null = null;
  const shutDown = async () => {
    await stopServer(server);
    await server.guard.dismiss();
    await removeTemporaryCopy(dataDir);
    await releaseLock();
    if (ephemeral) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await ensureDatabase(urlFor);
    server.reportTo(log);
  } catch (error) {
    await stopServer(server);
    await server.guard.dismiss();
    throw error;
  }
  return {
    url: urlFor(DATABASE),
    stop: () => (stopping ??= shutDown()),
    exited: new Promise((resolve) => {
      void server.exited.then((code) => {
        if (stopping === null) resolve(code);
      });
    }),
  };
}

/** Made at the first start; looked for at every one, for the first may have been cut off before it. */
async function ensureDatabase(urlFor: (database: string) => string): Promise<void> {
  const client = new pg.Client({ connectionString: urlFor('postgres') });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** Failures of Postgres itself, in words that name a way out. */
function explained(error: unknown, dataDir: string): unknown {
  if (error instanceof EmbeddedPostgresError || !(error instanceof Error)) return error;
  const said = error.message;
  const fix = /No space left|ENOSPC|disk quota/i.test(said)
    ? 'free some disk space'
    : /Cannot allocate memory|could not (create|map) .*shared memory|No space left.*shared/i.test(said)
      ? 'free some memory'
      : null;
  if (fix !== null) {
    return new EmbeddedPostgresError(`the embedded Postgres did not start (${said}); ${fix}`, { cause: error });
  }
  if (error instanceof ServerDied || (error as { severity?: string }).severity !== undefined) {
    return damaged(join(dataDir, 'postgres'), said);
  }
  return new EmbeddedPostgresError(
    `the embedded Postgres did not start (${said}); put that right, set DATA_DIR to another folder, or set DATABASE_URL`,
    { cause: error },
  );
}
