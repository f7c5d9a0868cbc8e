import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ThrottlerException, ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { callerIfKnown } from '../platform/caller.js';

/** One budget for all routes together: a caller that lists and creates makes one load. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  /** The key; the address of who has none, or a wrong one. */
  protected override getTracker(request: Record<string, unknown>): Promise<string> {
    return Promise.resolve(callerIfKnown(request)?.keyId ?? String(request['ip']));
  }

  protected override throwThrottlingException(_context: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    const { limit, ttl, timeToBlockExpire } = detail;
    throw new ThrottlerException(
      `more than ${limit} requests in ${ttl / 1_000} s; the next is welcome in ${timeToBlockExpire} s`,
    );
  }
}
