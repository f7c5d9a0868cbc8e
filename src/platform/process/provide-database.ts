import pg from 'pg';
import type { Config, EncryptionKey, Settings } from '../config.js';
import type { CommandContext } from './run-command.js';
import { makeLocalKey, readLocalKey } from '../secrets/local-key.js';
import { StartFailure } from './start-failure.js';

/** The embedded Postgres stops itself within 3 s. */
const PATIENCE_MS = 3_500;

/** The server of DATABASE_URL; without one the embedded Postgres, started here and stopped at the shutdown. */
export async function provideDatabase({
  settings,
  logger,
  shutdown,
}: Omit<CommandContext, 'parts' | 'args'>): Promise<Config> {
  const { databaseUrl } = settings;
  if (databaseUrl !== null) {
    const databaseDirectUrl = settings.databaseDirectUrl ?? databaseUrl;
    await lookAtServer(databaseUrl);
    if (databaseDirectUrl !== databaseUrl) await lookAtServer(databaseDirectUrl);
    return { ...settings, databaseUrl, databaseDirectUrl, embedded: false };
  }
  const { startEmbeddedPostgres } = await import('../embedded-postgres.js');
  const log = (line: string) => logger.warn({ context: 'Postgres' }, line);
  const postgres = await startEmbeddedPostgres({ dataDir: settings.dataDir, log });
  shutdown.add({ what: 'the embedded Postgres', patienceMs: PATIENCE_MS, stop: () => postgres.stop() });
  void postgres.exited.then((code) => {
    const how = code === null ? 'by a signal' : `with exit code ${code}`;
    logger.fatal(`the embedded Postgres ended by itself, ${how}: stopping; start Carillon again`);
    return shutdown.end(1);
  });
  const encryptionKeys = await keysBeside(settings);
  return { ...settings, encryptionKeys, databaseUrl: postgres.url, databaseDirectUrl: postgres.url, embedded: true };
}

/** Who tries the service out needs no key: one is made. It goes on to open what it sealed once ENCRYPTION_KEYS is set. */
async function keysBeside({ encryptionKeys, dataDir }: Settings): Promise<readonly EncryptionKey[]> {
  const local = await readLocalKey(dataDir);
  if (local !== null) return [...encryptionKeys, local];
  return encryptionKeys.length > 0 ? encryptionKeys : [await makeLocalKey(dataDir)];
}

const OLDEST_VERSION = 14;
const CONNECT_PATIENCE_MS = 10_000;

/** Before anything else is done with it: whether it can be reached, lets us in, and is new enough. */
async function lookAtServer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_PATIENCE_MS });
  client.on('error', () => undefined); // after the answer nothing of it matters
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    refuseOldServer(Number(rows[0]?.server_version_num));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Takes `server_version_num`, like 150004 for 15.4. */
export function refuseOldServer(version: number): void {
  const major = Math.floor(version / 10_000);
  if (major >= OLDEST_VERSION) return;
  throw new StartFailure(
    `the Postgres of DATABASE_URL is version ${major}: Carillon needs ${OLDEST_VERSION} or later; without DATABASE_URL an embedded one is used`,
  );
}
