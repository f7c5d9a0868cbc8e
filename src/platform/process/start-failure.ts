import type { Settings } from '../config.js';
import { ConfigError } from '../config.js';
import { EmbeddedPostgresError } from '../embedded-postgres.js';
import { isDatabaseUnavailable } from '../problem-details/database-unavailable.js';

/** A failure of the start that a person can put right. The message says what is wrong and what to do, in one line. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

/** The lines to print for an error that ended the start; null when it is none of those that were foreseen. */
export function explainStartFailure(error: unknown, settings: Settings | null): readonly string[] | null {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof EmbeddedPostgresError || error instanceof StartFailure) return [error.message];
  if (settings === null || !(error instanceof Error)) return null;
  const line = explainListen(error, settings) ?? explainDatabase(error, settings);
  return line === null ? null : [line];
}

function explainListen(error: NodeJS.ErrnoException, { host, port }: Settings): string | null {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return null;
  if (error.syscall === 'getaddrinfo' && (error as { hostname?: unknown }).hostname !== host) return null;
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use: set PORT to another, or PORT=0 for any that is free`;
    case 'EACCES':
      return `port ${port} is for the system's own services: set PORT to 1024 or above`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST ${host} is not an address of this machine: set HOST=127.0.0.1`;
    default:
      return null;
  }
}

/** Of Postgres by its SQLSTATE, and of the connection to it. Never repeats DATABASE_URL: it may hold a password. */
function explainDatabase(error: Error, { databaseUrl }: Settings): string | null {
  if (databaseUrl === null) return null;
  const { code } = error as { code?: string };
  switch (code) {
    case '28P01':
    case '28000':
      return `Postgres refused the login (${error.message}): correct the user or the password in DATABASE_URL`;
    case '3D000':
      return `${error.message}: create it, or correct DATABASE_URL`;
    case '42501':
      return `the user of DATABASE_URL lacks a right (${error.message}): grant it, or let its owner run \`npm run migrate\``;
    default:
  }
  if (/SSL/.test(error.message))
    return `no secure connection to Postgres (${error.message}): see sslmode in DATABASE_URL`;
  if (!isDatabaseUnavailable(error)) return null;
  const why = code ?? error.message;
  return (
    `Postgres can't be reached at ${new URL(databaseUrl).host} (${why}): start it, or correct DATABASE_URL; ` +
    'without DATABASE_URL an embedded one is used'
  );
}
