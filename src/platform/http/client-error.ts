import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemDocument, transportRefusal } from '../problem-details/problem-document.js';
import { requestIdOf } from './request-id.js';

/** Bytes that are no HTTP request never reach a route; their sender gets a problem document all the same. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? transportRefusal('headers_too_large', 'the headers are larger than 16 KiB')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? transportRefusal('request_timeout', 'the request did not arrive in time')
        : transportRefusal('invalid_parameter', 'this is not an HTTP request');
  const id = requestIdOf({});
  const body = JSON.stringify(problemDocument(refusal, { path: '', id }));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
