import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SignInDiscovery } from '../oidc/sign-in-discovery.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { problemDocument, transportRefusal } from '../problem-details/problem-document.js';
import { DashboardFiles } from './dashboard-files.js';
import type { DashboardFile } from './dashboard-files.js';
import { dashboardHeaders } from './security-headers.js';

const BUILT = join(PACKAGE_ROOT, 'web/dist');

const A_YEAR = '365d';

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Carillon</title>
<h1>The dashboard was not built</h1>
<p>The service runs, and its API answers: <a href="/docs">what it can do</a>.</p>
<p>The dashboard is built in the folder <code>web</code> with <code>npm ci &amp;&amp; npm run build</code>; then start the service anew.</p>
</html>
`;

/** What may lie beside the page. */
const FILES = ['bell.svg', 'favicon.ico', 'favicon.svg', 'robots.txt', 'site.webmanifest'];

/**
 * The dashboard: its page at /ui/ and all that lies below, its files at /assets/. No path of the API answers anything but the API,
 * whatever a browser would like to get. No key is asked for and nothing is counted: all of it is the same for everyone. It is looked
 * for when it is asked for, so that a build may end after the start.
 */
export async function serveDashboard(app: NestFastifyApplication, folder: string = BUILT): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const discovery = app.get(SignInDiscovery, { strict: false });
  const files = new DashboardFiles(folder);
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [signIn, file] = await Promise.all([discovery.find(), files.find('index.html')]);
    // Where the page itself gets tokens; to be signed in it leaves for the issuer's.
    void reply.headers(dashboardHeaders(signIn === null ? [] : [new URL(signIn.tokenEndpoint).origin]));
    if (file !== null) return sendFile(file, request, reply);
    return reply.status(404).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(NOT_BUILT);
  };
  fastify.get('/', (_request, reply) => reply.redirect('/ui/', 302));
  fastify.get('/ui', page);
  fastify.get('/ui/*', page);
  for (const name of FILES) {
    fastify.get(`/${name}`, async (request, reply) => {
      const file = await files.find(name);
      return file === null
        ? sendNothing(name, request, reply)
        : sendFile(file, request, reply.headers(dashboardHeaders()));
    });
  }
  await serveAssets(fastify, join(folder, 'assets'));
}

async function serveAssets(fastify: FastifyInstance, root: string): Promise<void> {
  const { default: fastifyStatic } = await import('@fastify/static');
  await fastify.register(fastifyStatic, {
    ...{ root, prefix: '/assets/' },
    // Their names hold a hash of what is in them.
    ...{ immutable: true, maxAge: A_YEAR, preCompressed: true },
    ...{ index: false, redirect: false, decorateReply: false, dotfiles: 'ignore' },
    // Not there before its build.
    suppressWarning: true,
    setHeaders: (reply) => void reply.headers(dashboardHeaders()),
  });
}

/** As any path that is none: the router knows this one, and would say that another method leads to it. */
function sendNothing(name: string, { id }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = `/${name}`;
  const document = problemDocument(transportRefusal('not_found', `there is nothing at ${path}`), { path, id });
  return reply.status(404).type('application/problem+json; charset=utf-8').send(JSON.stringify(document));
}

/** Asked for anew each time, and answered in full only when it is another one. */
function sendFile(file: DashboardFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ 'cache-control': 'no-cache', etag: file.etag, vary: 'accept-encoding' });
  const known = headers['if-none-match'] ?? '';
  if (known.split(',').some((tag) => tag.trim() === '*' || weak(tag) === weak(file.etag)))
    return reply.status(304).send();
  void reply.type(file.type);
  const taken = headers['accept-encoding'] ?? '';
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
