import { KeyRing } from '../secrets/key-ring.js';
import { provideDatabase } from './provide-database.js';
import type { CommandContext } from './run-command.js';
import { StartFailure } from './start-failure.js';

/** `npm run rotate-keys`: seals all secrets with the first key and ends, beside services that run. Two at once are safe. */
export async function rotateKeysOnly(context: CommandContext): Promise<void> {
  const { logger, shutdown, parts } = context;
  const [config, { rotateKeys }] = await Promise.all([provideDatabase(context), parts.loadKeyRotation()]);
  const ring = new KeyRing(config.encryptionKeys);
  if (ring.sealsWith === null) throw new StartFailure('ENCRYPTION_KEYS must be set to rotate keys: the new one first');
  const { rotated, unreadable } = await rotateKeys(config.databaseDirectUrl, ring, (line) =>
    logger.info({ context: 'Keys' }, line),
  );
  for (const reason of unreadable.values()) logger.error({ context: 'Keys' }, reason);
  if (unreadable.size > 0) {
    logger.error(`${rotated} secrets were sealed anew; others can't be opened and stay as they are`);
    return shutdown.end(1);
  }
  logger.info(
    `all secrets are sealed with "${ring.sealsWith}": once every replica has it first in ENCRYPTION_KEYS and this says so again, the other keys may go`,
  );
  await shutdown.end(0);
}
