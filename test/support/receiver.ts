import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ReceivedRequest {
  method: string;
  /** With the query, as it came. */
  url: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Epoch milliseconds with a fraction, from the monotonic clock: when the headers had arrived. */
  receivedAt: number;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** So many bytes of "x" instead of a body, written as fast as the caller reads. */
  bodyBytes?: number;
  delayMs?: number;
  /** Seconds or a date, as the header `Retry-After`. */
  retryAfter?: number | string;
  /** Takes the request and never answers. */
  hang?: boolean;
  /** Closes the connection instead of answering. */
  drop?: boolean;
}

export type AnswerRule = Answer | ((request: ReceivedRequest, countForPath: number) => Answer);

/** A fast local HTTP server that records what it gets and answers as told; 200 "ok" where it was told nothing. */
export interface Receiver {
  url: string;
  port: number;
  requests: ReceivedRequest[];
  requestsTo(path: string): ReceivedRequest[];
  /** The rules answer a path's requests in turn; the last one repeats. Path `*` is for all paths without rules. */
  answer(path: string, ...rules: AnswerRule[]): void;
  waitFor(what: string, accepts: (requests: ReceivedRequest[]) => boolean, timeoutMs?: number): Promise<void>;
  waitForCount(count: number, timeoutMs?: number): Promise<void>;
  /** Forgets requests and rules. */
  clear(): void;
  /** Breaks open connections, hanging ones too. */
  close(): Promise<void>;
}

interface Waiter {
  accepts: (requests: ReceivedRequest[]) => boolean;
  resolve: () => void;
}

const OK: Answer = { status: 200, body: 'ok' };
/** Predicates read all requests, so they are asked once for a burst and not once for each of its requests. */
const CHECK_INTERVAL_MS = 5;

export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const rules = new Map<string, AnswerRule[]>();
  const counts = new Map<string, number>();
  const waiters = new Set<Waiter>();
  let check: NodeJS.Timeout | null = null;

  const settleWaiters = () => {
    check = null;
    for (const waiter of waiters) if (waiter.accepts(requests)) waiter.resolve();
  };
  const answerFor = (request: ReceivedRequest): Answer => {
    const count = (counts.get(request.path) ?? 0) + 1;
    counts.set(request.path, count);
    const forPath = rules.get(request.path) ?? rules.get('*') ?? [];
    const rule = forPath[Math.min(count, forPath.length) - 1] ?? OK;
    return typeof rule === 'function' ? rule(request, count) : rule;
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
    const receivedAt = performance.timeOrigin + performance.now();
    readBody(message, (body) => {
      const request = record(message, body, receivedAt);
      requests.push(request);
      if (waiters.size > 0) check ??= setTimeout(settleWaiters, CHECK_INTERVAL_MS);
      void respond(response, answerFor(request));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const waitFor = async (what: string, accepts: Waiter['accepts'], timeoutMs = 5_000) => {
    if (accepts(requests)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { accepts, resolve: () => finish(resolve) };
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`waited ${timeoutMs} ms for ${what}; ${summarise(requests)}`)));
      }, timeoutMs);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        waiters.delete(waiter);
        settle();
      };
      waiters.add(waiter);
    });
  };

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    requestsTo: (path) => requests.filter((request) => request.path === path),
    answer(path, ...pathRules) {
      rules.set(path, pathRules);
      counts.delete(path);
    },
    waitFor,
    waitForCount: (count, timeoutMs) => waitFor(`${count} requests`, (all) => all.length >= count, timeoutMs),
    clear() {
      requests.length = 0;
      rules.clear();
      counts.clear();
    },
    async close() {
      if (check !== null) clearTimeout(check);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Plain events: async iteration costs more than all the rest of a request. */
function readBody(message: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  message.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
  message.on('error', () => undefined); // the caller broke off: that was no request
}

function record(message: IncomingMessage, body: string, receivedAt: number): ReceivedRequest {
  const { method = '', url = '', headers } = message;
  const query = url.indexOf('?');
  return { method, url, path: query === -1 ? url : url.slice(0, query), headers, body, receivedAt };
}

async function respond(response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.hang) return;
  if (answer.delayMs !== undefined) await sleep(answer.delayMs, undefined, { ref: false });
  if (answer.drop) {
    response.destroy();
    return;
  }
  const retryAfter = answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) };
  response.writeHead(answer.status ?? 200, { ...retryAfter, ...answer.headers });
  if (answer.bodyBytes === undefined) response.end(answer.body ?? '');
  else await writeMuch(response, answer.bodyBytes);
}

async function writeMuch(response: ServerResponse, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const closed = new Promise((resolve) => response.once('close', resolve));
  for (let left = bytes; left > 0 && !response.destroyed; left -= chunk.length) {
    const taken = response.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
    if (!taken) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed]);
  }
  response.end();
}

function summarise(requests: ReceivedRequest[]): string {
  const last = requests.slice(-3).map(({ method, url }) => `${method} ${url}`);
  return `${requests.length} requests came${last.length > 0 ? `, the last: ${last.join(', ')}` : ''}`;
}
