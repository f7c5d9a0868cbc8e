import { parseArgs } from 'node:util';
import { provideDatabase } from './provide-database.js';
import type { CommandContext } from './run-command.js';
import { StartFailure } from './start-failure.js';

const USAGE = 'npm run after-restore -- --ran-until 2027-03-28T01:00:00Z [--dry-run]';

/**
 * `npm run after-restore`: records what the lost ledger ran as skipped, before the service starts on a restored database. It may
 * be broken off and repeated.
 */
export async function afterRestoreOnly(context: CommandContext): Promise<void> {
  const { logger, shutdown, parts, args } = context;
  const { ranUntil, dryRun } = readArgs(args);
  const [config, { afterRestore }] = await Promise.all([provideDatabase(context), parts.loadRestoration()]);
  const result = await afterRestore(config.databaseDirectUrl, { ranUntil, dryRun }, (line) =>
    logger.info({ context: 'Restore' }, line),
  );
  if ('refused' in result) throw new StartFailure(result.refused);
  const { jobs, occurrences } = result;
  if (dryRun) logger.info(`${jobs} jobs have occurrences that were due by ${ranUntil}; nothing was written`);
  else
    logger.info(`${occurrences} occurrences of ${jobs} jobs are recorded as skipped (restored); start the service now`);
  await shutdown.end(0);
}

function readArgs(args: readonly string[]): { readonly ranUntil: string; readonly dryRun: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { 'ran-until': { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
    });
    const ranUntil = values['ran-until'];
    if (ranUntil !== undefined) return { ranUntil, dryRun: values['dry-run'] };
  } catch (cause) {
    throw new StartFailure(`${(cause as Error).message}: ${USAGE}`, { cause });
  }
  throw new StartFailure(`until when the lost ledger had run its jobs must be said: ${USAGE}`);
}
