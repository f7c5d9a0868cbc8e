import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { AppModule } from '../../src/app.module.js';
import { readSettings } from '../../src/platform/config.js';
import { createApp } from '../../src/platform/http/create-app.js';
import { serveDashboard } from '../../src/platform/http/serve-dashboard.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { startIssuer } from '../support/issuer.js';
import type { Issuer } from '../support/issuer.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const PAGE = '<!doctype html><script type="module" src="/assets/app-1a2b3c.js"></script>';
const SCRIPT = `console.log('${'long '.repeat(500)}')`;

let folder: string;
let database: TestDatabase;
let issuer: Issuer;
const apps: NestFastifyApplication[] = [];
let built: NestFastifyApplication;

beforeAll(async () => {
  mkdirSync(join(PROJECT_ROOT, 'node_modules/.cache'), { recursive: true });
  folder = mkdtempSync(join(PROJECT_ROOT, 'node_modules/.cache/dashboard-'));
  mkdirSync(join(folder, 'assets'));
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(text));
  };
  write('index.html', PAGE);
  write('assets/app-1a2b3c.js', SCRIPT);
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
  writeFileSync(join(folder, 'secret.pem'), 'not for anyone');
  writeFileSync(join(folder, 'assets/.hidden'), 'not for anyone');
  [database, issuer] = await Promise.all([createTestDatabase(), startIssuer()]);
  built = await start(folder, { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: 'us', OIDC_CLIENT_ID: 'dashboard' });
}, 60_000);

afterAll(async () => {
  for (const app of apps) await app.close();
  await issuer?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(from: string, env: Record<string, string> = {}): Promise<NestFastifyApplication> {
  const settings = readSettings({ DATABASE_URL: database.url, ROLE: 'api', ROOT_API_KEY: 'x'.repeat(20), ...env });
  const config = { ...settings, databaseUrl: database.url, embedded: false };
  const app = await createApp(AppModule.for(config), pino({ level: 'silent' }), config);
  apps.push(app);
  await serveDashboard(app, from);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

const get = (url: string, headers: Record<string, string> = {}, app = built, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
  app.inject({ method, url, headers });

test('/ leads to the page, and so does all below /ui/', async () => {
  expect((await get('/')).headers).toMatchObject({ location: '/ui/' });
  for (const url of ['/ui', '/ui/', '/ui/jobs/0197a5d0?state=active', '/ui/a.b/%2e%2e/x', `/ui/${'x'.repeat(500)}`]) {
    const { statusCode, headers, payload } = await get(url);
    expect([url, statusCode, payload]).toEqual([url, 200, PAGE]);
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  }
});

test('its policy lets it run nothing inline, and ask nobody but us and where its tokens are', async () => {
  const { headers } = await get('/ui/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
  expect(policy).toContain(`connect-src 'self' ${issuer.url};`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(headers).toMatchObject({
    ...{ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' },
    'cross-origin-opener-policy': 'same-origin',
  });
  expect(headers).not.toHaveProperty('ratelimit');
});

test('what a browser has is not sent again', async () => {
  const { headers } = await get('/ui/');
  const etag = String(headers['etag']);
  for (const known of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
    const again = await get('/ui/x', { 'if-none-match': known });
    expect([again.statusCode, again.payload, again.headers['etag']]).toEqual([304, '', etag]);
    expect(again.headers['content-security-policy']).toBe(headers['content-security-policy']);
  }
  expect((await get('/ui/', { 'if-none-match': '"other"' })).statusCode).toBe(200);
  const head = await get('/ui/', {}, built, 'HEAD');
  expect([head.statusCode, head.payload]).toEqual([200, '']);
});

test.each([
  ['br, gzip', 'br'],
  ['gzip', 'gzip'],
  ['gzip;q=0.5, br;q=0', 'gzip'],
  ['deflate', undefined],
  ['', undefined],
])('compressed where the browser takes it: %j', async (accepted, encoding) => {
  for (const url of ['/ui/', '/assets/app-1a2b3c.js']) {
    const { headers, statusCode } = await get(url, { 'accept-encoding': accepted });
    expect([url, statusCode, headers['content-encoding']]).toEqual([url, 200, encoding]);
    expect(String(headers['vary']).toLowerCase()).toContain('accept-encoding');
  }
});

test('hashed files are kept for good, what is not there is no page', async () => {
  const { headers, payload, statusCode } = await get('/assets/app-1a2b3c.js');
  expect([statusCode, payload]).toEqual([200, SCRIPT]);
  expect(headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable' });
  expect(headers['content-type']).toMatch(/javascript/);
  expect((await get('/favicon.svg')).headers).toMatchObject({
    'content-type': 'image/svg+xml',
    'cache-control': 'no-cache',
  });
  for (const url of [
    ...[
      '/assets/none-1.js',
      '/assets/',
      '/assets',
      '/assets/.hidden',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/secret.pem',
    ],
    ...['/secret.pem', '/index.html', '/ui%2f..%2fsecret.pem', '/assets/app-1a2b3c.js%00'],
  ]) {
    const answer = await get(url);
    expect([url, [400, 403, 404].includes(answer.statusCode)]).toEqual([url, true]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.payload).not.toContain('not for anyone');
  }
});

test('paths of the API answer the API to a browser too, and the description is of the API alone', async () => {
  for (const url of ['/jobs', '/runs', '/system', '/overview']) {
    const { headers } = await get(url, { accept: 'text/html' });
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  }
  expect((await get('/ui/', {}, built, 'POST')).statusCode).toBe(404);
});

test('where it was not built it says so', async () => {
  const app = await start(join(folder, 'nothing-here'));
  const { statusCode, payload, headers } = await get('/ui/jobs', {}, app);
  expect([statusCode, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  expect(payload).toContain('was not built');
  expect((await get('/', {}, app)).headers['location']).toBe('/ui/');
  expect((await get('/assets/app-1a2b3c.js', {}, app)).statusCode).toBe(404);
  expect((await get('/bell.svg', {}, app)).headers['content-type']).toMatch(/^application\/problem\+json/);
  // And once it is, by a build that ended after the start, it is there.
  cpSync(folder, join(folder, '..', 'built-later'), { recursive: true });
  renameSync(join(folder, '..', 'built-later'), join(folder, 'nothing-here'));
  expect((await get('/ui/jobs', {}, app)).payload).toBe(PAGE);
  expect((await get('/assets/app-1a2b3c.js', {}, app)).payload).toBe(SCRIPT);
  writeFileSync(join(folder, 'nothing-here', 'index.html'), '<!doctype html>another');
  expect((await get('/ui/', {}, app)).payload).toBe('<!doctype html>another');
});
