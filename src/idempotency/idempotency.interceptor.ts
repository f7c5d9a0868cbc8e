import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { isDeeperThan } from '../domain/json.js';
import { callerOf } from '../platform/caller.js';
import { isShownOnce } from '../platform/contract/shown-once.js';
import { refuseBody, refuseParameters } from '../platform/validation/request-validation.pipe.js';
import { IdempotencyService } from './idempotency.service.js';
import type { Answer, Asked } from './idempotency.service.js';

/** Deeper than any body that a handler takes. */
const MAX_DEPTH = 100;

const KEY = /^[\x20-\x7e]{1,255}$/;

/** Headers that belong to an answer, and come with it again. */
const KEPT_HEADERS = ['location', 'etag', 'cache-control'] as const;

/**
 * POST requests with an `Idempotency-Key`: what the handler does, and all that it calls, becomes one transaction together with
 * its answer. Comes after the guards, so that a repeated request is identified, counted and judged like any other.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const given = request.headers['idempotency-key'];
    if (request.method !== 'POST' || given === undefined) return next.handle();
    const asked = askedOf(request, keyOf(given), isShownOnce(context));
    return from(this.once(asked, next, http.getResponse<FastifyReply>()));
  }

  private async once(asked: Asked, next: CallHandler, reply: FastifyReply): Promise<unknown> {
    try {
      const { answer, replayed } = await this.idempotency.once(asked, () => perform(next, reply));
      if (replayed) void reply.status(answer.status).headers({ ...answer.headers, 'idempotent-replayed': 'true' });
      return answer.body;
    } catch (error) {
      // The handler may have said where to find what is not there now.
      for (const name of KEPT_HEADERS) void reply.removeHeader(name);
      throw error;
    }
  }
}

async function perform(next: CallHandler, reply: FastifyReply): Promise<Answer> {
  const body: unknown = await lastValueFrom(next.handle(), { defaultValue: null });
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
  return { status: reply.statusCode, headers: Object.fromEntries(headers) as Record<string, string>, body };
}

function askedOf(request: FastifyRequest, key: string, shownOnce: boolean): Asked {
  const { method, url, body, headers } = request;
  // Before it is compared by recursion.
  if (isDeeperThan(body, MAX_DEPTH)) {
    throw refuseBody([
      { pointer: '', code: 'too_deep', detail: `has more than ${MAX_DEPTH} levels of lists and objects` },
    ]);
  }
  const readableWith = shownOnce ? (headers.authorization ?? '') : null;
  return { projectId: callerOf(request).projectId, key, method, url, body, readableWith };
}

function keyOf(given: string | string[]): string {
  const key = Array.isArray(given) ? given.join() : given;
  if (KEY.test(key)) return key;
  const detail = 'is not 1 to 255 printable ASCII characters';
  throw refuseParameters([{ pointer: '/idempotency-key', code: 'invalid_key', detail }]);
}
