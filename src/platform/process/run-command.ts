import type { DynamicModule } from '@nestjs/common';
import { readEnvironment, readSettings, type Config, type Settings } from '../config.js';
import { createLogger, type Logger } from '../logging/logger.js';
import type { KeyRing } from '../secrets/key-ring.js';
import { Shutdown } from './shutdown.js';
import { explainStartFailure, StartFailure } from './start-failure.js';

export interface Schema {
  migrate(databaseUrl: string, log: (line: string) => void): Promise<void>;
  /** Names of what `migrate` would do. */
  missingMigrations(databaseUrl: string): Promise<readonly string[]>;
}

export interface KeyRotation {
  readonly rotateKeys: (
    databaseUrl: string,
    ring: KeyRing,
    log: (line: string) => void,
  ) => Promise<{ readonly rotated: number; readonly unreadable: ReadonlyMap<string, string> }>;
}

export interface Restoration {
  /** Refuses with a message while a service is connected, and where `ranUntil` (RFC 3339) is no past instant. */
  readonly afterRestore: (
    databaseUrl: string,
    options: { readonly ranUntil: string; readonly dryRun: boolean },
    log: (line: string) => void,
  ) => Promise<{ readonly refused: string } | { readonly jobs: number; readonly occurrences: number }>;
}

/** What the platform starts but may not know: it lies in layers above and beside it. */
export interface Parts {
  loadApp(): Promise<(config: Config) => DynamicModule>;
  loadSchema(): Promise<Schema>;
  loadKeyRotation(): Promise<KeyRotation>;
  loadRestoration(): Promise<Restoration>;
}

export interface CommandContext {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  readonly parts: Parts;
  /** What was written behind the command. */
  readonly args: readonly string[];
}

type Command = (context: CommandContext) => Promise<void>;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./migrate-only.js')).migrateOnly,
  'after-restore': async () => (await import('./after-restore-only.js')).afterRestoreOnly,
  'rotate-keys': async () => (await import('./rotate-keys-only.js')).rotateKeysOnly,
};

/** Runs one command to its end, or up to where it serves. Whatever goes wrong before that ends in lines, not in a stack. */
export async function runCommand([name = 'serve', ...args]: readonly string[], parts: Parts): Promise<void> {
  let settings: Settings | null = null;
  let shutdown: Shutdown | null = null;
  try {
    const loadCommand = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (loadCommand === undefined)
      throw new StartFailure(`"${name}" is no command: ${Object.keys(COMMANDS).join(', ')}`);
    settings = readSettings(readEnvironment(), name === 'serve');
    const logger = createLogger(settings);
    shutdown = new Shutdown(logger);
    shutdown.listen();
    const command = await loadCommand();
    await command({ settings, logger, shutdown, parts, args });
  } catch (error) {
    if (shutdown?.hasBegun) return; // stopped in the middle of the start: its errors are of no interest
    const lines = explainStartFailure(error, settings);
    for (const line of lines ?? [(error as Error).stack ?? String(error)]) process.stderr.write(`carillon: ${line}\n`);
    if (shutdown === null) process.exit(1);
    await shutdown.end(1);
  }
}
