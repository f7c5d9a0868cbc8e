import type { FastifyInstance } from 'fastify';
import type { Instant } from '../../domain/recurrence/schedule.js';
import type { Clock } from '../clock.js';
import { formatTraceparent, parseTraceparent } from '../tracing/trace-context.js';
import type { TraceContext } from '../tracing/trace-context.js';
import type { Tracing } from '../tracing/tracing.js';
import { currentRequest } from './current-request.js';

interface TracedRequest {
  readonly place: TraceContext;
  readonly parent: TraceContext | null;
  readonly startAt: Instant;
}

const traced = new WeakMap<object, TracedRequest>();

/** Asked every few seconds, and of no interest. */
const PROBES = /^\/(health|metrics)\b/;

/** Has each request of the API written into the trace that its caller names, or into one of its own. */
export function traceRequests(fastify: Pick<FastifyInstance, 'addHook'>, tracing: Tracing, clock: Clock): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!PROBES.test(request.routeOptions.url ?? '')) {
      const given = request.headers['traceparent'];
      const parent = typeof given === 'string' ? parseTraceparent(given) : null;
      traced.set(request, { place: tracing.place(parent), parent, startAt: clock.now() });
    }
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const known = traced.get(request);
    if (known !== undefined) {
      const { place, parent, startAt } = known;
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      tracing.write(place, parent, {
        name: `${request.method} ${route}`,
        kind: 'server',
        startAt,
        endAt: startAt + reply.elapsedTime,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'http.response.status_code': reply.statusCode,
          'carillon.request.id': request.id,
        },
        error: reply.statusCode >= 500 ? String(reply.statusCode) : null,
      });
    }
    done();
  });
}

/** Of the request at hand, for what it starts to go on with; null where there is none or tracing is off. */
export function currentTraceparent(): string | null {
  const request = currentRequest();
  const known = request === undefined ? undefined : traced.get(request);
  return known === undefined ? null : formatTraceparent(known.place);
}
