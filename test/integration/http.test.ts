import { once } from 'node:events';
import { connect } from 'node:net';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { Problem } from '../../src/domain/errors.js';
import { Config, readSettings } from '../../src/platform/config.js';
import { createApp } from '../../src/platform/http/create-app.js';
import { Lifecycle } from '../../src/platform/health/lifecycle.js';
import { Metrics } from '../../src/platform/metrics.js';
import { NO_TRACING, Tracing } from '../../src/platform/tracing/tracing.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { RateLimitingModule } from '../../src/rate-limiting/rate-limiting.module.js';

const LIMIT = 40;

@Controller('things')
class ThingsController {
  @Post()
  make(@Body() body: unknown): unknown {
    return { got: body ?? null };
  }

  @Get(':id')
  read(@Param('id') id: string): unknown {
    if (id === 'bug') throw new Error('secret detail of a bug');
    if (id === 'away') throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
    if (id === 'none') throw new Problem('not_found', 'there is no such thing');
    return { id };
  }
}

@Module({
  imports: [RateLimitingModule],
  controllers: [ThingsController],
})
class ThingsModule {}

const logged: string[] = [];
let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  const config: Config = {
    ...readSettings({ RATE_LIMIT: `${LIMIT}/1m` }),
    databaseUrl: 'postgres://none',
    databaseDirectUrl: 'postgres://none',
    embedded: false,
  };
  const platform = {
    global: true,
    module: PlatformModule,
    providers: [{ provide: Config, useValue: config }, Metrics, Lifecycle, { provide: Tracing, useValue: NO_TRACING }],
    exports: [Config, Metrics, Lifecycle, Tracing],
  };
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  app = await createApp({ module: ThingsModule, imports: [platform] }, logger);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(() => app.close());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url + path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const post = (body: string, type: string | null = 'application/json') =>
  call('/things', { method: 'POST', body: Buffer.from(body), headers: type === null ? {} : { 'content-type': type } });

describe('errors', () => {
  it.each([
    ['a route that does not exist', () => call('/nothing?secret=1'), 404, 'not_found'],
    ['a method that the path does not have', () => call('/things', { method: 'DELETE' }), 405, 'method_not_allowed'],
    ['a problem of the domain', () => call('/things/none'), 404, 'not_found'],
    ['a bug', () => call('/things/bug'), 500, 'internal'],
    ['Postgres away', () => call('/things/away'), 503, 'unavailable'],
    ['broken JSON', () => post('{"a":'), 400, 'malformed_json'],
    ['a form', () => post('a=1', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type'],
    ['text', () => post('a', 'text/plain'), 415, 'unsupported_media_type'],
    ['more than 1 MiB', () => post(JSON.stringify('x'.repeat(1_048_577))), 413, 'body_too_large'],
    ['a path that cannot be decoded', () => call('/things/%zz'), 400, 'invalid_parameter'],
    ['a part of the path that is too long', () => call(`/things/${'x'.repeat(2_500)}`), 414, 'uri_too_long'],
  ])('%s is a problem document', async (_, request, status, code) => {
    const { status: given, headers, body } = await request();
    expect(given).toBe(status);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({ type: `urn:carillon:problem:${code}`, status, code, title: expect.any(String) });
    expect(body.requestId).toBe(headers.get('x-request-id'));
    expect(JSON.stringify(body)).not.toMatch(/secret|stack|10\.1\.2\.3/);
  });

  it.each([
    ['POST', '/nothing', 404],
    ['PUT', '/things', 405],
  ])('say of %s %s that it is not there, whatever its content', async (method, path, status) => {
    for (const type of ['text/plain', 'application/json', 'x']) {
      const { status: answered } = await call(path, { method, headers: { 'content-type': type }, body: '{' });
      expect([type, answered]).toEqual([type, status]);
    }
  });

  it('say which methods are allowed', async () => {
    expect((await call('/things', { method: 'PUT' })).headers.get('allow')).toBe('POST');
  });

  it('say when to come again', async () => {
    expect(Number((await call('/things/away')).headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('of ours are logged with their stack and the request id', async () => {
    logged.length = 0;
    const { body } = await call('/things/bug', { headers: { authorization: 'Bearer hunter2' } });
    const line = logged.map((text) => JSON.parse(text)).find((entry) => entry.level >= 50 || entry.level === 'error');
    expect(line).toMatchObject({ requestId: body.requestId, err: { stack: expect.stringContaining('secret detail') } });
    expect(logged.join()).not.toContain('hunter2');
  });
});

describe('bytes that are no request', () => {
  async function send(bytes: string): Promise<string> {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(bytes);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  }

  it.each([
    ['noise', 'NOISE\r\n\r\n', 400],
    ['headers beyond 16 KiB', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    const answer = await send(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
  });
});

describe('bodies', () => {
  it.each([
    ['JSON', '{"a":[1]}', 'application/json', { a: [1] }],
    ['JSON with a charset', '{"a":1}', 'application/json; charset=utf-8', { a: 1 }],
    ['a merge patch', '{"a":null}', 'application/merge-patch+json', { a: null }],
    ['nothing, though a type is named', '', 'application/json', null],
  ])('%s', async (_, body, type, got) => {
    expect((await post(body, type)).body).toEqual({ got });
  });

  it('nothing at all', async () => {
    expect((await call('/things', { method: 'POST' })).body).toEqual({ got: null });
  });

  it('keep __proto__ a member like any other, for validation to see', async () => {
    const { body } = await post('{"__proto__":{"admin":true}}');
    expect(Object.keys(body.got as object)).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('requests', () => {
  it('carry the id of the caller', async () => {
    expect((await call('/things/1', { headers: { 'x-request-id': 'mine-1' } })).headers.get('x-request-id')).toBe(
      'mine-1',
    );
  });

  it('are measured by route, not by path', async () => {
    await call('/things/one-of-many');
    const text = await app.get(Metrics).registry.metrics();
    expect(text).toContain('route="/things/:id"');
    expect(text).not.toContain('one-of-many');
  });

  it('are limited: 429 with Retry-After, and the headers that say how much is left', async () => {
    const first = await call('/things/1');
    expect(first.headers.get('x-ratelimit-limit')).toBe(String(LIMIT));
    let last = first;
    for (let sent = 0; sent < LIMIT && last.status !== 429; sent += 1) last = await call('/things/1');
    expect(last.status).toBe(429);
    expect(last.body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
