import { Logger } from '@nestjs/common';
import type { RedisConnection } from '../platform/redis.js';
import { OneTurn } from '../platform/one-turn.js';
import { withTimeLimit } from '../platform/time-limit.js';
import { TAKE } from './limit-script.js';
import { LimitStore } from './limit-store.js';
import type { Check, Standing } from './limit-store.js';
import { MemoryLimits } from './memory-limits.js';

/** A request waits no longer for Redis. Those that find out wait so long, the ones after them not at all. */
const ANSWER_LIMIT_MS = 25;
const PROBE_EVERY_MS = 500;
/** A connection can be dead without an end. */
const PROBE_LIMIT_MS = 2_000;

/** Its own counter, so that a probe does all that a request would, writing too. */
const PROBE: Check = { policy: 'key', counter: '{probe}', limit: { requests: 1_000, windowMs: 1_000 } };

/** Beyond so many the oldest is forgotten. */
const MAX_OWED = 10_000;

/** What was let in here while Redis did not count, for it to know when it is back. */
interface Owed {
  readonly sinceMs: number;
  worth: number;
}

/** One request to count. */
interface Taking {
  readonly checks: readonly Check[];
  readonly cost: number;
}

/** The script as a command of the connection, once it is defined. */
interface Taker {
  carillonTake(keyCount: number, ...keysAndValues: readonly (string | number)[]): Promise<number[]>;
}

/**
 * Counters in Redis, shared by all replicas: one command a request, or for all that come together. While Redis is away, silent or refuses, this process
 * counts for itself, from where Redis last stood; no request waits for it then, and a probe finds out when it is well
 * again.
 */
export class RedisLimits extends LimitStore {
  private readonly logger = new Logger('RateLimits');
  private readonly memory = new MemoryLimits();
  private readonly owed = new Map<string, Owed>();
  private readonly turn = new OneTurn((takings: readonly Taking[]) => this.takeAll(takings));
  private away: boolean;
  /** What the log said last; null before its first word. */
  private announced: boolean | null = null;
  private probing = false;
  private stopped = false;
  private nextProbe: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: RedisConnection,
    /** Of the keys in Redis. */
    private readonly prefix = 'carillon:limit:',
  ) {
    super();
    redis.defineCommand('carillonTake', { lua: TAKE });
    redis.on('error', (error: Error) => this.logger.debug(`Redis: ${error.message}`));
    redis.on('ready', () => this.setAway(false));
    redis.on('close', () => this.setAway(true));
    this.away = redis.status !== 'ready';
  }

  get degraded(): string | null {
    return this.away ? 'Redis is away: each replica counts requests for itself' : null;
  }

  take(checks: readonly Check[], cost: number): Promise<Standing[]> {
    return this.away ? this.takeHere(checks, cost) : this.turn.add({ checks, cost });
  }

  override disconnect(): void {
    this.stopped = true;
    clearTimeout(this.nextProbe);
    this.redis.disconnect();
  }

  private async takeHere(checks: readonly Check[], cost: number): Promise<Standing[]> {
    const standings = await this.memory.take(checks, cost);
    if (standings.every(({ waitMs }) => waitMs === 0)) {
      for (const { counter, limit } of checks) this.owe(counter, Math.min(cost, limit.requests));
    }
    return standings;
  }

  private owe(counter: string, worth: number): void {
    const known = this.owed.get(counter);
    if (known !== undefined) known.worth += worth;
    else this.owed.set(counter, { sinceMs: performance.now(), worth });
    const [oldest] = this.owed.keys();
    if (this.owed.size > MAX_OWED && oldest !== undefined) this.owed.delete(oldest);
  }

  /** Nothing once it has left the window. */
  private settle({ counter, limit }: Check): number {
    const owed = this.owed.get(counter);
    this.owed.delete(counter);
    return owed !== undefined && performance.now() - owed.sinceMs < limit.windowMs ? owed.worth : 0;
  }

  /** A cluster's keys lie on many nodes: there each request is a command of its own. */
  private async takeAll(takings: readonly Taking[]): Promise<Standing[][]> {
    if (!this.redis.isCluster) return this.takeTogether(takings);
    const alone = await Promise.all(takings.map((taking) => this.takeTogether([taking])));
    return alone.flat();
  }

  private async takeTogether(takings: readonly Taking[]): Promise<Standing[][]> {
    const takenHere = ({ checks, cost }: Taking): Promise<Standing[]> => this.takeHere(checks, cost);
    // The calls before this one may have found out.
    if (this.away) return Promise.all(takings.map(takenHere));
    try {
      return this.standingsOf(takings, await answerOf(this.send(takings)));
    } catch (error) {
      this.logger.debug(`Redis did not count: ${String(error)}`);
      this.setAway(true);
      // What it was too slow for it counts when it wakes.
      const late = error instanceof Late;
      return Promise.all(takings.map((one) => (late ? this.memory.take(one.checks, one.cost) : takenHere(one))));
    }
  }

  private standingsOf(takings: readonly Taking[], numbers: readonly number[]): Standing[][] {
    let at = 0;
    return takings.map(({ checks }) =>
      checks.map(({ counter, limit }) => {
        const [used = 0, resetMs = 0, waitMs = 0] = [numbers[at], numbers[at + 1], numbers[at + 2]];
        at += 3;
        this.memory.adopt(counter, limit, used);
        return { used, resetMs, waitMs };
      }),
    );
  }

  private send(takings: readonly Taking[]): Promise<number[]> {
    const keys = takings.flatMap(({ checks }) => checks.map(({ counter }) => this.prefix + counter));
    const values = takings.flatMap(({ checks, cost }) => [
      checks.length,
      cost,
      ...checks.flatMap((check) => [check.limit.requests, check.limit.windowMs, this.settle(check)]),
    ]);
    return (this.redis as unknown as Taker).carillonTake(keys.length, ...keys, ...values);
  }

  private setAway(away: boolean): void {
    if (this.stopped) return;
    if (away !== this.announced) {
      this.announced = away;
      if (away) this.logger.warn('Redis is away or silent: each replica counts requests for itself');
      else this.logger.log('Redis is there and counts requests over all replicas');
    }
    this.away = away;
    if (away) this.probeLater(0);
  }

  /** Only while there is a connection: a new one says by itself that it is ready. */
  private probeLater(afterMs: number): void {
    clearTimeout(this.nextProbe);
    if (this.stopped || this.probing || this.redis.status !== 'ready') return;
    this.nextProbe = setTimeout(() => void this.probe(), afterMs).unref();
  }

  private async probe(): Promise<void> {
    if (this.probing || !this.away || this.redis.status !== 'ready') return;
    this.probing = true;
    try {
      await withTimeLimit(this.send([{ checks: [PROBE], cost: 1 }]), PROBE_LIMIT_MS);
      this.setAway(false);
    } catch (error) {
      this.logger.debug(`Redis still does not count: ${String(error)}`);
      // Dead, perhaps, or it hangs: a new one tells.
      if (error instanceof Error && error.message.startsWith('no answer') && !this.hasStopped())
        this.redis.disconnect(true);
    } finally {
      this.probing = false;
    }
    if (this.isAway()) this.probeLater(PROBE_EVERY_MS);
  }

  /** Asked after a wait. */
  private isAway(): boolean {
    return this.away;
  }

  private hasStopped(): boolean {
    return this.stopped;
  }
}

class Late extends Error {}

/** Rejects with Late once the limit has passed; an answer that came meanwhile, while this process did something else, is taken still. */
async function answerOf(answer: Promise<number[]>): Promise<number[]> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Late(`no answer within ${ANSWER_LIMIT_MS} ms`));
    // Timers come before what the sockets hold: let that be read first.
    timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), ANSWER_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
