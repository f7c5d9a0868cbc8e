import type { IncomingMessage } from 'node:http';
import { transportRefusal, type Refusal } from '../problem-details/problem-document.js';

/** Request line and headers together; Node refuses more before it has read it all. */
export const MAX_HEADER_BYTES = 16_384;
export const MAX_URL_LENGTH = 8_192;
const MAX_HEADERS = 100;

/** How long a request may take to arrive, and its headers. */
export const REQUEST_TIMEOUT_MS = 30_000;
export const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for requests beyond these; its own default would let them have twice the time. */
export const TIMEOUT_CHECK_MS = 2_000;
/** Without a byte in either direction, as when an answer is not read. No answer takes this long to begin. */
export const IDLE_TIMEOUT_MS = 120_000;

/** Why a request is refused for the size of what came before its body; null when it is not. */
export function refuseHead({ url = '', rawHeaders }: IncomingMessage): Refusal | null {
  if (url.length > MAX_URL_LENGTH) {
    return transportRefusal('uri_too_long', `the address has more than ${MAX_URL_LENGTH} characters`);
  }
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    return transportRefusal('headers_too_large', `there are more than ${MAX_HEADERS} headers`);
  }
  return null;
}
