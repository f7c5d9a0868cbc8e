import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A plain token: it goes into logs and answers as it is. */
const ACCEPTABLE = /^[\w.~+-]{1,128}$/;

const start = randomBytes(6).toString('hex');
let count = 0;

/** The caller's `x-request-id` or `request-id` when it is short and plain, else one of ours, unique to all replicas. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'] ?? headers['request-id'];
  if (typeof given === 'string' && ACCEPTABLE.test(given)) return given;
  count += 1;
  return `${start}-${count.toString(36)}`;
}
