import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SignInDiscovery } from '../oidc/sign-in-discovery.js';
import { readDashboard } from './dashboard-files.js';
import type { Dashboard, DashboardFile } from './dashboard-files.js';
import { dashboardHeaders } from './security-headers.js';

// From src/platform/http and from dist/platform/http alike, the package is three folders up.
const BUILT = join(import.meta.dirname, '../../../web/dist');

const A_YEAR = '365d';

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Carillon</title>
<h1>The dashboard was not built</h1>
<p>The service runs, and its API answers: <a href="/docs">what it can do</a>.</p>
<p>The dashboard is built in the folder <code>web</code> with <code>npm ci &amp;&amp; npm run build</code>; then start the service anew.</p>
</html>
`;

/**
 * The dashboard: its page at /ui/ and all that lies below, its files at /assets/. No path of the API answers anything but the API,
 * whatever a browser would like to get. No key is asked for and nothing is counted: all of it is the same for everyone.
 */
export async function serveDashboard(app: NestFastifyApplication, folder: string = BUILT): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const discovery = app.get(SignInDiscovery, { strict: false });
  const dashboard = readDashboard(folder);
  fastify.get('/', (_request, reply) => reply.redirect('/ui/', 302));
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const signIn = await discovery.find();
    // Where the page itself gets tokens; to be signed in it leaves for the issuer's.
    void reply.headers(dashboardHeaders(signIn === null ? [] : [new URL(signIn.tokenEndpoint).origin]));
    if (dashboard !== null) return sendFile(dashboard.page, request, reply);
    return reply.status(404).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(NOT_BUILT);
  };
  fastify.get('/ui', page);
  fastify.get('/ui/*', page);
  if (dashboard !== null) await serveFiles(fastify, dashboard);
}

async function serveFiles(fastify: FastifyInstance, { assets, files }: Dashboard): Promise<void> {
  for (const [path, file] of files) {
    fastify.get(path, (request, reply) => sendFile(file, request, reply.headers(dashboardHeaders())));
  }
  if (!existsSync(assets)) return;
  const { default: fastifyStatic } = await import('@fastify/static');
  await fastify.register(fastifyStatic, {
    root: assets,
    prefix: '/assets/',
    // Their names hold a hash of what is in them.
    ...{ immutable: true, maxAge: A_YEAR, preCompressed: true },
    ...{ index: false, redirect: false, decorateReply: false, dotfiles: 'ignore' },
    setHeaders: (reply) => void reply.headers(dashboardHeaders()),
  });
}

/** Asked for anew each time, and answered in full only when it is another one. */
function sendFile(file: DashboardFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ 'cache-control': 'no-cache', etag: file.etag, vary: 'accept-encoding' });
  const known = headers['if-none-match'] ?? '';
  if (known.split(',').some((tag) => tag.trim() === '*' || weak(tag) === weak(file.etag))) return reply.status(304).send();
  void reply.type(file.type);
  const taken = String(headers['accept-encoding'] ?? '');
  if (file.br !== null && takes(taken, 'br')) return reply.header('content-encoding', 'br').send(file.br);
  if (file.gzip !== null && takes(taken, 'gzip')) return reply.header('content-encoding', 'gzip').send(file.gzip);
  return reply.send(file.plain);
}

function weak(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}

/** Whether `Accept-Encoding` has it, and not with a weight of zero. */
function takes(accepted: string, encoding: string): boolean {
  return accepted.split(',').some((one) => {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
