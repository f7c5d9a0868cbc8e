import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createApp } from '../../src/platform/http/create-app.js';
import { Lifecycle } from '../../src/platform/health/lifecycle.js';
import { Metrics } from '../../src/platform/metrics.js';
import { NO_TRACING, Tracing } from '../../src/platform/tracing/tracing.js';
import { waitFor } from '../support/wait-for.js';

const LARGE = 8 * 1_048_576;

@Controller('things')
class ThingsController {
  @Get()
  list(): unknown {
    return [];
  }

  @Post()
  make(@Body() body: unknown): unknown {
    return { got: body ?? null };
  }

  @Get('large')
  large(): unknown {
    return { text: 'x'.repeat(LARGE) };
  }
}

@Module({
  controllers: [ThingsController],
  providers: [Metrics, Lifecycle, { provide: Tracing, useValue: NO_TRACING }],
})
class ThingsModule {}

let app: NestFastifyApplication;
let url: string;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  const timeouts = { requestMs: 600, headersMs: 300, idleMs: 1_500, checkMs: 50 };
  app = await createApp({ module: ThingsModule }, pino({ level: 'silent' }), { timeouts });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  port = Number(new URL(url).port);
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await app?.close();
});

interface Connection {
  readonly socket: Socket;
  readonly received: () => string;
}

/** Stays half open when the other side ends, as a hostile client would. */
async function open(): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, received: () => Buffer.concat(chunks).toString() };
}

const openConnections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    app.getHttpServer().getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );

/** What came back, status and problem, when the server is done with what was sent. */
async function exchange(bytes: string): Promise<{ status: number; head: string; body: Record<string, unknown> }> {
  const { socket, received } = await open();
  socket.write(bytes);
  await waitFor('an answer', received, (text) => /\r\n\r\n[^]*\}$/.test(text));
  const [head = '', body = ''] = received().split('\r\n\r\n');
  socket.destroy();
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) };
}

const head = (line: string, ...headers: string[]): string => `${[line, 'host: x', ...headers].join('\r\n')}\r\n\r\n`;
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `x-${index}: 1`);

describe('limits of what comes before the body', () => {
  test.each([
    ['a long address', head(`GET /things?a=${'x'.repeat(8_200)} HTTP/1.1`), 414, 'uri_too_long'],
    ['a long address to nowhere', head(`GET /${'x'.repeat(9_000)} HTTP/1.1`), 414, 'uri_too_long'],
    ['an address beyond 16 KiB', head(`GET /things?a=${'x'.repeat(20_000)} HTTP/1.1`), 414, 'uri_too_long'],
    ['a long header', head('GET /things HTTP/1.1', `x-a: ${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
    ['headers beyond 16 KiB', head('GET /things HTTP/1.1', ...many(2_000)), 431, 'headers_too_large'],
    ['more than 100 headers', head('GET /things HTTP/1.1', ...many(100)), 431, 'headers_too_large'],
    ['a header without a name', head('GET /things HTTP/1.1', ': x'), 400, 'invalid_parameter'],
    ['a header line that goes on', head('GET /things HTTP/1.1', 'x-a: b', ' c\0'), 400, 'invalid_parameter'],
    ['two lengths', head('POST /things HTTP/1.1', 'content-length: 1', 'content-length: 2'), 400, 'invalid_parameter'],
    [
      'a length and chunks',
      head('POST /things HTTP/1.1', 'content-length: 1', 'transfer-encoding: chunked'),
      400,
      'invalid_parameter',
    ],
  ])('%s: a problem document', async (_, bytes, status, code) => {
    const answer = await exchange(bytes);
    expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ status, code })]);
    expect(answer.head).toMatch(/content-type: application\/problem\+json/i);
    expect(answer.head).toMatch(/x-content-type-options: nosniff/i);
    expect(answer.head).toContain(`x-request-id: ${String(answer.body['requestId'])}`);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1_500);
  });

  test('leave room for what is usual', async () => {
    const { socket, received } = await open();
    socket.write(head(`GET /things?a=${'x'.repeat(8_000)} HTTP/1.1`, ...many(99)));
    await waitFor('an answer', received, (text) => text.endsWith('[]'));
    expect(received()).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });

  test('a body of more than 1 MiB is refused by its length, before it is sent', async () => {
    const bytes = head('POST /things HTTP/1.1', 'content-type: application/json', 'content-length: 1048577');
    expect((await exchange(bytes)).body).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('and in chunks as soon as it is too long', async () => {
    const { socket, received } = await open();
    socket.write(head('POST /things HTTP/1.1', 'content-type: application/json', 'transfer-encoding: chunked'));
    const chunk = 'x'.repeat(65_536);
    for (let sent = 0; sent < 17 && socket.writable; sent += 1) socket.write(`10000\r\n${chunk}\r\n`);
    await waitFor('an answer', received, (text) => text.includes('body_too_large'));
    expect(received()).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });
});

describe('a slow client', () => {
  test.each([
    ['that sends its headers bit by bit', 'GET /things HTTP/1.1\r\nhost: x\r\n', 'x-a: b\r\n'],
    [
      'that sends its body bit by bit',
      head('POST /things HTTP/1.1', 'content-type: application/json', 'content-length: 100000'),
      ' ',
    ],
  ])('%s gets 408, and its connection is closed though it goes on', async (_, start, drop) => {
    await waitFor('connections of others to end', openConnections, (count) => count === 0);
    const { socket, received } = await open();
    socket.write(start);
    const dripping = setInterval(() => socket.write(drop), 20);
    try {
      await waitFor('an answer', received, (text) => text.includes('request_timeout'));
      expect(received()).toMatch(/^HTTP\/1.1 408 /);
      await waitFor('the connection to be closed', openConnections, (count) => count === 0);
    } finally {
      clearInterval(dripping);
    }
  });

  test('that sends nothing at all is closed', async () => {
    await open();
    await waitFor('the connection to be there', openConnections, (count) => count === 1);
    await waitFor('the connection to be closed', openConnections, (count) => count === 0);
  });

  test('that does not read its answer is closed', async () => {
    const { socket } = await open();
    socket.pause();
    socket.write(head('GET /things/large HTTP/1.1'));
    await waitFor('the connection to be there', openConnections, (count) => count === 1);
    await waitFor('the connection to be closed', openConnections, (count) => count === 0);
    expect(socket.destroyed).toBe(false); // it is the server that gave up
  });

  test('does not keep others from being answered', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => open()));
    for (const { socket } of slow) socket.write('GET /things HTTP/1.1\r\nhost: x\r\n');
    expect((await fetch(`${url}/things`)).status).toBe(200);
    for (const { socket } of slow) socket.destroy();
  });
});

describe('every answer', () => {
  test.each([
    ['a good one', '/things', 200],
    ['a path that is not there', '/nothing', 404],
    ['a path that can not be decoded', '/things/%zz', 400],
  ])('%s says nothing of what runs here and lets a browser do nothing with it', async (_, path, status) => {
    const { status: given, headers } = await fetch(url + path);
    expect(given).toBe(status);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  test('tells no other origin that it may read it', async () => {
    const origin = 'https://evil.example';
    const preflight = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-a' };
    const answers = [
      await fetch(`${url}/things`, { headers: { origin } }),
      await fetch(`${url}/things`, { method: 'OPTIONS', headers: preflight }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 405]);
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });
});

test.each([
  ['mine-1.a_b~c+d', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['a b', false],
  ['a/b', false],
  ['<script>', false],
  ['${jndi:x}', false],
])('the request id %s of a caller is taken: %s', async (id, taken) => {
  const given = (await fetch(`${url}/things`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
  expect(given === id).toBe(taken);
  expect(given).toMatch(/^[\w.~+-]{1,128}$/);
});
