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

/** How many keys, the keys, and what the script is given beside them. */
type Values = readonly [keyCount: number, ...keysAndValues: (string | number)[]];

/** A connection and a pipeline of it know the command alike, once it is defined. */
function takeBy(commander: object, values: Values): Promise<number[]> {
  return (commander as { carillonTake: (...values: Values) => Promise<number[]> }).carillonTake(...values);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/**
 * Counters in Redis, shared by all replicas: one command a request. While Redis is away, silent or refuses, this process
 * counts for itself, from where Redis last stood; no request waits for it then, and a probe finds out when it is well
 * again.
 */
export class RedisLimits extends LimitStore {
  private readonly logger = new Logger('RateLimits');
  private readonly memory = new MemoryLimits();
  private readonly owed = new Map<string, Owed>();
  private readonly commands = new OneTurn((commands: readonly Values[]) => this.sendAll(commands));
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

  async take(checks: readonly Check[], cost: number): Promise<Standing[]> {
    if (this.away) return this.takeHere(checks, cost);
    try {
      return await this.takeInRedis(checks, cost);
    } catch (error) {
      this.logger.debug(`Redis did not count: ${String(error)}`);
      this.setAway(true);
      // What it was too slow for it counts when it wakes.
      return error instanceof Late ? this.memory.take(checks, cost) : this.takeHere(checks, cost);
    }
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

  private async takeInRedis(checks: readonly Check[], cost: number): Promise<Standing[]> {
    const numbers = await answerOf(this.send(checks, cost));
    return checks.map(({ counter, limit }, index) => {
      const [used = 0, resetMs = 0, waitMs = 0] = numbers.slice(index * 3, index * 3 + 3);
      this.memory.adopt(counter, limit, used);
      return { used, resetMs, waitMs };
    });
  }

  private send(checks: readonly Check[], cost: number): Promise<number[]> {
    const keys = checks.map(({ counter }) => this.prefix + counter);
    const values = checks.flatMap((check) => [check.limit.requests, check.limit.windowMs, this.settle(check)]);
    return this.commands.add([keys.length, ...keys, cost, ...values]).then((answer) => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
  }

  /** Requests that come together are sent in one packet, each a command of its own. A cluster's keys lie on many nodes. */
  private async sendAll(commands: readonly Values[]): Promise<(number[] | Error)[]> {
    const { redis } = this;
    if (commands.length === 1 || redis.isCluster) {
      const answers = await Promise.allSettled(commands.map((values) => takeBy(redis, values)));
      return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : asError(answer.reason)));
    }
    const pipeline = redis.pipeline();
    for (const values of commands) void takeBy(pipeline, values);
    const answers = (await pipeline.exec()) ?? [];
    return commands.map((_, index) => {
      const [error, numbers] = answers[index] ?? [new Error('Redis left a command out'), null];
      return error ?? (numbers as number[]);
    });
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
      await withTimeLimit(this.send([PROBE], 1), PROBE_LIMIT_MS);
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
