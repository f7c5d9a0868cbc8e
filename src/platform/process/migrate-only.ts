import { provideDatabase } from './provide-database.js';
import type { CommandContext } from './run-command.js';

/** `npm run migrate`: brings the schema up to date and ends. Two at once are safe. */
export async function migrateOnly(context: CommandContext): Promise<void> {
  const { logger, shutdown, parts } = context;
  const [{ databaseDirectUrl }, schema] = await Promise.all([provideDatabase(context), parts.loadSchema()]);
  await schema.migrate(databaseDirectUrl, (line) => logger.info({ context: 'Migrations' }, line));
  logger.info('the schema is up to date');
  await shutdown.end(0);
}
