import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteTable } from '../http/route-table.js';
import { SECURITY_HEADERS } from '../http/security-headers.js';
import { problemDocument, refusalOf, type Refusal } from './problem-document.js';

/** The path is not one that could be there. */
const ROUTER_ERRORS: ReadonlySet<unknown> = new Set(['FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH']);

/** Answers every error of a request with a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.raw.url ?? '');
    // Whatever else is wrong with it (its content, say), first of all there is nothing there; unless the router itself refused.
    const isUnrouted = request.is404 && !ROUTER_ERRORS.has((error as { code?: unknown } | null)?.code);
    const refusal = isUnrouted ? this.unrouted(request, path, reply) : refusalOf(error);
    this.report(error, refusal, request);
    this.refuse(refusal, request, reply);
  }

  refuse(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.raw.url ?? '');
    if (reply.sent || reply.raw.headersSent) return;
    if (refusal.retryAfterSeconds !== undefined) void reply.header('retry-after', String(refusal.retryAfterSeconds));
    if (refusal.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(refusal.status)
      // What the router refuses never comes by the hook that sets these.
      .headers(SECURITY_HEADERS)
      .header('x-request-id', request.id)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify(problemDocument(refusal, { path, id: request.id })));
  }

  private unrouted(request: FastifyRequest, path: string, reply: FastifyReply): Refusal {
    const allowed = this.routes.methodsOf(path);
    const unrouted = { faults: [], unexpected: false } as const;
    if (allowed.length === 0) {
      return { ...unrouted, status: 404, code: 'not_found', detail: `there is nothing at ${path}` };
    }
    const allow = allowed.join(', ');
    void reply.header('allow', allow);
    const detail = `${request.method} is not possible here; possible: ${allow}`;
    return { ...unrouted, status: 405, code: 'method_not_allowed', detail };
  }

  private report(error: unknown, refusal: Refusal, request: FastifyRequest): void {
    const about = { requestId: request.id, method: request.method, path: pathOf(request.raw.url ?? '') };
    if (refusal.unexpected)
      this.logger.error({ ...about, msg: 'a request failed unexpectedly; answered 500' }, asError(error));
    else if (refusal.status >= 500) {
      this.logger.warn({ ...about, msg: `answered ${refusal.status}: ${asError(error).message}` });
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

const MAX_PATH_LENGTH = 500;

/** Without the query: it may hold what a log and an answer should not repeat. */
function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
}
