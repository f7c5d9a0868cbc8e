import type { Server } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { Clock } from '../clock.js';
import type { Logger } from '../logging/logger.js';
import { NestLogger } from '../logging/nest-logger.js';
import { Metrics } from '../metrics.js';
import { Tracing } from '../tracing/tracing.js';
import { ProblemFilter } from '../problem-details/problem.filter.js';
import { answerClientError } from './client-error.js';
import { keepCurrentRequest } from './current-request.js';
import { acceptJson, BODY_LIMIT_BYTES } from './json-body.js';
import {
  HEADERS_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  refuseHead,
  REQUEST_TIMEOUT_MS,
  TIMEOUT_CHECK_MS,
} from './limits.js';
import { requestIdOf } from './request-id.js';
import { RouteTable } from './route-table.js';
import { securityHeadersFor } from './security-headers.js';
import { acceptTextWhereTaken } from './text-body.js';
import { traceRequests } from './trace-requests.js';

/** A name of 200 characters, each up to twelve when percent-encoded. */
const MAX_PARAM_LENGTH = 2_400;

export interface Timeouts {
  readonly requestMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
  readonly checkMs: number;
}

export interface HttpOptions {
  readonly timeouts?: Timeouts;
  /** Addresses and CIDRs of proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: readonly string[];
}

const TIMEOUTS: Timeouts = {
  requestMs: REQUEST_TIMEOUT_MS,
  headersMs: HEADERS_TIMEOUT_MS,
  idleMs: IDLE_TIMEOUT_MS,
  checkMs: TIMEOUT_CHECK_MS,
};

/**
 * The Nest application over Fastify with what every request gets: an id, limits, JSON, problem documents, metrics. Slow
 * clients hold a connection no longer than `timeouts` say. No other origin is told that it may read an answer (CORS).
 */
export async function createApp(
  module: DynamicModule,
  logger: Logger,
  { timeouts = TIMEOUTS, trustProxy = [] }: HttpOptions = {},
): Promise<NestFastifyApplication> {
  const routes = new RouteTable();
  const problems = new ProblemFilter(routes);
  const options: FastifyHttpOptions<Server> = {
    // Its own lines matter only when something is wrong; the banner says where it listens.
    loggerInstance: logger.child({ context: 'Fastify' }, { level: 'warn' }),
    // One for all requests: what is said of a request names it.
    childLoggerFactory: (parent) => parent,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: timeouts.requestMs,
    connectionTimeout: timeouts.idleMs,
    http: {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => problems.answer(error, request, reply),
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    requestIdHeader: false,
    genReqId: (message) => requestIdOf(message.headers),
  };
  const adapter = new FastifyAdapter(options);
  const fastify: FastifyInstance = adapter.getInstance();
  routes.watch(fastify);
  acceptJson(fastify);
  acceptTextWhereTaken(fastify);
  keepCurrentRequest(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
    return503OnClosing: false,
  });
  app.useGlobalFilters(problems);
  const tracing = app.get(Tracing);
  if (tracing.isOn) traceRequests(fastify, tracing, app.get(Clock));
  observeRequests(fastify, app.get(Metrics), logger);
  refuseLargeHeads(fastify, problems);
  return app;
}

function observeRequests(fastify: FastifyInstance, metrics: Metrics, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).headers(securityHeadersFor(request.raw.url ?? ''));
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const { method, id } = request;
    const status = reply.statusCode;
    metrics.httpRequests.observe({ method, route, status }, reply.elapsedTime / 1_000);
    logger.debug(
      { context: 'Http', requestId: id, method, route, status, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
    done();
  });
}

function refuseLargeHeads(fastify: FastifyInstance, problems: ProblemFilter): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = refuseHead(request.raw);
    if (refusal === null) done();
    else problems.refuse(refusal, request, reply);
  });
}
