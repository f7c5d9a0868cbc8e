import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemDocument, transportRefusal, type Refusal } from '../problem-details/problem-document.js';
import { MAX_HEADER_BYTES, MAX_URL_LENGTH } from './limits.js';
import { requestIdOf } from './request-id.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** What Node's HTTP parser reports. */
interface ClientError extends NodeJS.ErrnoException {
  /** What came last, from the request line on where it came in one piece. */
  readonly rawPacket?: unknown;
}

const LONG_REQUEST_LINE = new RegExp(`^[A-Z]+ [^ \\r\\n]{${MAX_URL_LENGTH + 1}}`);

/** How long a client may take to read why it was refused; then its connection ends, whatever it still sends. */
const FAREWELL_MS = 1_000;

/** Bytes that are no HTTP request never reach a route; their sender gets a problem document all the same. */
export function answerClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error);
  const id = requestIdOf({});
  const body = JSON.stringify(problemDocument(refusal, { path: '', id }));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Destroyed at once, what is unread would reset the connection before the answer is read; not at all, the other side could
  // keep its half open for ever.
  const farewell = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once('close', () => clearTimeout(farewell));
}

function refusalOf({ code, rawPacket }: ClientError): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      if (Buffer.isBuffer(rawPacket) && LONG_REQUEST_LINE.test(rawPacket.toString('latin1', 0, MAX_HEADER_BYTES))) {
        return transportRefusal('uri_too_long', `the address has more than ${MAX_URL_LENGTH} characters`);
      }
      return transportRefusal('headers_too_large', 'the headers are larger than 16 KiB');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return transportRefusal('request_timeout', 'the request did not arrive in time');
    default:
      return transportRefusal('invalid_parameter', 'this is not an HTTP request');
  }
}
