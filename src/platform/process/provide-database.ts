import type { Config } from '../config.js';
import type { CommandContext } from './run-command.js';

/** The embedded Postgres stops itself within 3 s. */
const PATIENCE_MS = 3_500;

/** The server of DATABASE_URL; without one the embedded Postgres, started here and stopped at the shutdown. */
export async function provideDatabase({ settings, logger, shutdown }: Omit<CommandContext, 'parts'>): Promise<Config> {
  const { databaseUrl } = settings;
  if (databaseUrl !== null) return { ...settings, databaseUrl, embedded: false };
  const { startEmbeddedPostgres } = await import('../embedded-postgres.js');
  const log = (line: string) => logger.warn({ context: 'Postgres' }, line);
  const postgres = await startEmbeddedPostgres({ dataDir: settings.dataDir, log });
  shutdown.add({ what: 'the embedded Postgres', patienceMs: PATIENCE_MS, stop: () => postgres.stop() });
  void postgres.exited.then((code) => {
    const how = code === null ? 'by a signal' : `with exit code ${code}`;
    logger.fatal(`the embedded Postgres ended by itself, ${how}: stopping; start Carillon again`);
    return shutdown.end(1);
  });
  return { ...settings, databaseUrl: postgres.url, embedded: true };
}
