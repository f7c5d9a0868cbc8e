import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerOptions, normalizeIp, ThrottlerException, ThrottlerGuard } from '@nestjs/throttler';
import type { ThrottlerModuleOptions } from '@nestjs/throttler';
import { THROTTLER_SKIP } from '@nestjs/throttler/dist/throttler.constants.js';
import type { FastifyRequest } from 'fastify';
import type { RateLimit } from '../domain/rate-limit.js';
import { callerIfKnown, refusalIfAny } from '../platform/caller.js';
import { Config } from '../platform/config.js';
import { Metrics } from '../platform/metrics.js';
import { addressOf } from '../platform/http/current-request.js';
import type { HttpReply } from '../platform/contract/page.js';
import { costOf } from '../platform/request-cost.js';
import { checksOf } from './checks.js';
import type { Sender } from './checks.js';
import { rateLimitHeaders, secondsOf } from './headers.js';
import { LimitStore } from './limit-store.js';
import type { Check } from './limit-store.js';

/**
 * Counts every request against its key and its project at once. All routes share the budgets: they make one load. So what a
 * route says for itself is only whether it is counted (`@SkipThrottle`), which is asked once.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  /** Null: nobody is limited. */
  private readonly rateLimit: RateLimit | null;
  private readonly skipped = new WeakMap<object, boolean>();

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    private readonly limits: LimitStore,
    reflector: Reflector,
    { rateLimit }: Config,
    private readonly metrics: Metrics,
  ) {
    super(options, limits, reflector);
    this.rateLimit = rateLimit;
  }

  override canActivate(context: ExecutionContext): Promise<boolean> {
    return this.rateLimit === null || this.isSkipped(context)
      ? Promise.resolve(true)
      : this.count(context, this.rateLimit);
  }

  private isSkipped(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const known = this.skipped.get(handler);
    if (known !== undefined) return known;
    const skipped =
      this.reflector.getAllAndOverride<boolean | undefined>(`${THROTTLER_SKIP}default`, [
        handler,
        context.getClass(),
      ]) ?? false;
    this.skipped.set(handler, skipped);
    return skipped;
  }

  private async count(context: ExecutionContext, byDefault: RateLimit): Promise<boolean> {
    const http = context.switchToHttp();
    const checks = checksOf(senderOf(http.getRequest<Request>()), byDefault);
    const standings = await this.limits.take(checks, costOf(context));
    const reply = http.getResponse<HttpReply>();
    for (const [name, value] of Object.entries(rateLimitHeaders(checks, standings))) reply.header(name, value);
    const waitMs = Math.max(...standings.map((standing) => standing.waitMs));
    if (waitMs === 0) return true;
    const over = checks[standings.findIndex((standing) => standing.waitMs === waitMs)] ?? checks[0];
    if (over !== undefined) this.metrics.countLimit(over.policy);
    reply.header('retry-after', String(secondsOf(waitMs)));
    throw new ThrottlerException(`${wordsOf(over, context)}; the next is welcome in ${secondsOf(waitMs)} s`);
  }
}

type Request = Pick<FastifyRequest, 'ip' | 'socket'>;

function senderOf(request: Request): Sender {
  return {
    caller: callerIfKnown(request),
    failed: refusalIfAny(request)?.code === 'unauthenticated',
    address: normalizeIp(addressOf(request)),
  };
}

const WHOSE = { key: 'this key', project: 'the project', address: 'this address', failures: 'this address' } as const;

function wordsOf(check: Check | undefined, context: ExecutionContext): string {
  if (check === undefined) return 'too many requests';
  const { policy, limit } = check;
  const what = policy === 'failures' ? 'failed attempts to authenticate' : 'requests';
  const cost = costOf(context);
  const worth = cost > 1 ? ` (this one counts as ${cost})` : '';
  return `${WHOSE[policy]} may make ${limit.requests} ${what} in ${limit.windowMs / 1_000} s${worth}`;
}
