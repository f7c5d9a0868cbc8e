import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4_096;

let pool = '';
let used = 0;

/** So many random bytes as hexadecimal digits, from a pool: a system call for each would cost more than a database row. */
export function randomHex(bytes: number): string {
  const digits = bytes * 2;
  if (used + digits > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('hex');
    used = 0;
  }
  used += digits;
  return pool.slice(used - digits, used);
}
