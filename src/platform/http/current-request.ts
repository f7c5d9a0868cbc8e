import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerIfKnown } from '../caller.js';
import type { Caller } from '../caller.js';

/** Where what is done comes from. */
export interface RequestOrigin {
  /** Null when it was let in without a question. */
  readonly caller: Caller | null;
  readonly address: string;
  readonly requestId: string;
}

/** Where a request comes from: its peer, or what proxies that are trusted say if it is an address. */
export function addressOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  const address = isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip;
  // An IPv4 address comes as a mapped one where the socket listens on both.
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

const requests = new AsyncLocalStorage<FastifyRequest>();

/** Whatever a handler calls can ask which request it works for. Set after the body was read: that happens elsewhere. */
export function keepCurrentRequest(fastify: Pick<FastifyInstance, 'addHook'>): void {
  fastify.addHook('preHandler', (request, _reply, done) => requests.run(request, done));
}

/** Undefined outside of a request. */
export function currentRequest(): FastifyRequest | undefined {
  return requests.getStore();
}

/** Null outside of a request. */
export function currentOrigin(): RequestOrigin | null {
  const request = requests.getStore();
  if (request === undefined) return null;
  return { caller: callerIfKnown(request), address: addressOf(request), requestId: request.id };
}
