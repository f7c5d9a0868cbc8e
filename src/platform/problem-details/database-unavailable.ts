import { types } from 'node:util';

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);
/**
 * Shut down or starting (57P0x), connection lost (08xxx), no connection left (53300), read-only after a failover (25006), and a
 * transaction that was ended because this process froze in it (25P03).
 */
const SQL_STATES = /^(57P0\d|08\w{3}|53300|25006|25P03)$/;
const CLIENT_WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|not queryable|Cannot use a pool after calling end/i;

/**
 * Whether an error means that Postgres can't be reached for now, rather than that we asked it something wrong. A socket
 * error counts only without a URL or host of another service on it: only the database is called while a request waits.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (let seen = error, depth = 0; types.isNativeError(seen) && depth < 5; depth += 1) {
    const { code, errors } = seen as { code?: unknown; errors?: unknown };
    if (typeof code === 'string' && (SOCKET_CODES.has(code) || SQL_STATES.test(code))) return true;
    if (CLIENT_WORDS.test(seen.message)) return true;
    if (Array.isArray(errors) && errors.some(isDatabaseUnavailable)) return true; // happy eyeballs: one error an address
    seen = (seen as { driverError?: unknown }).driverError ?? seen.cause;
  }
  return false;
}
