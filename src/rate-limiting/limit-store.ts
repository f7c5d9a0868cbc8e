import type { ThrottlerStorage } from '@nestjs/throttler';
import type { RateLimit } from '../domain/rate-limit.js';

/** One limit that a request counts against. */
export interface Check {
  /** How the headers name it. */
  readonly policy: 'key' | 'project' | 'address' | 'failures';
  /** Whose requests are counted together. Holds ids and addresses, never a secret. */
  readonly counter: string;
  readonly limit: RateLimit;
}

/** How a counter stands once a request was counted or refused. */
export interface Standing {
  /** Requests inside the window, this one too when it was counted. */
  readonly used: number;
  /** From now until the oldest of them leave the window. */
  readonly resetMs: number;
  /** From now until this request would be let in; 0 when the limit has room for it. */
  readonly waitMs: number;
}

/**
 * A window is cut into so many slots, and a counter keeps a number for each: a request leaves with its whole slot. So no
 * stretch as long as the window ever holds more than the limit, wherever it begins, and whoever sends without an end gets
 * 1 % less (121 slots in the place of 120).
 */
export const SLOTS = 120;

/** Counts requests against limits. */
export abstract class LimitStore implements ThrottlerStorage {
  /** Why requests are not counted over all replicas, though there is a Redis; null when they are. */
  abstract readonly degraded: string | null;

  /**
   * Counts one request, worth `cost`, against all the limits when each of them has room for it, and against none
   * otherwise. A request that costs more than a whole limit costs that limit. Never rejects.
   */
  abstract take(checks: readonly Check[], cost: number): Promise<Standing[]>;

  /** Once nothing is counted any more. */
  disconnect(): void {}

  /** For decorators of @nestjs/throttler: one counter, one request. */
  async increment(counter: string, windowMs: number, requests: number): ReturnType<ThrottlerStorage['increment']> {
    const [standing] = await this.take([{ policy: 'key', counter, limit: { requests, windowMs } }], 1);
    const { used = 0, resetMs = 0, waitMs = 0 } = standing ?? {};
    return {
      totalHits: used,
      timeToExpire: Math.ceil(resetMs / 1_000),
      isBlocked: waitMs > 0,
      timeToBlockExpire: Math.ceil(waitMs / 1_000),
    };
  }
}
