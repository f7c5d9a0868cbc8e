import { Redis } from 'ioredis';
import type { Messages } from '../../src/messaging/messages.js';
import { connectRedis } from '../../src/platform/redis.js';
import type { RedisConnection } from '../../src/platform/redis.js';
import { LeaderKey } from '../../src/scheduling/leader-key.js';
import type { Reign } from '../../src/scheduling/leader-lock.js';
import { RedisLeaderLock } from '../../src/scheduling/redis-leader-lock.js';
import { waitFor } from '../support/wait-for.js';
import type { WaitOptions } from '../support/wait-for.js';
import { LocalMessages } from './ledger-fixture.js';

/** One replica as far as it runs for leadership. */
export interface Candidate {
  readonly name: string;
  readonly lock: RedisLeaderLock;
  readonly redis: RedisConnection;
  /** What the lock told its listener: a reign it began, or null when it follows. */
  readonly told: (Reign | null)[];
  /** As Postgres gives them; a test puts its own failures here. */
  nextEpoch: () => Promise<number>;
  earliestDue: () => Promise<number | null>;
}

/** The candidates of one test, with messages and epochs in common. */
export class Candidates {
  readonly all: Candidate[] = [];
  readonly messages = new LocalMessages();
  private epoch = 0;

  constructor(private readonly ttlMs: number) {}

  /** Connected, not yet started. */
  add(url: string, messages: Messages = this.messages, ttlMs = this.ttlMs): Candidate {
    const name = `replica-${this.all.length + 1}`;
    const redis = connectRedis(url, 'prompt');
    const one: Candidate = {
      name,
      redis,
      lock: new RedisLeaderLock(
        redis,
        new LeaderKey(redis, name, ttlMs),
        { nextEpoch: () => one.nextEpoch(), earliestDue: () => one.earliestDue() },
        messages,
      ),
      told: [],
      nextEpoch: async () => (this.epoch += 1),
      earliestDue: async () => null,
    };
    this.all.push(one);
    return one;
  }

  async start(url: string, messages: Messages = this.messages): Promise<Candidate> {
    const one = this.add(url, messages);
    await one.lock.start({ onLead: (reign) => one.told.push(reign), onFollow: () => one.told.push(null) });
    return one;
  }

  async startMany(count: number, url: string): Promise<Candidate[]> {
    const started: Candidate[] = [];
    for (let index = 0; index < count; index += 1) started.push(await this.start(url));
    return started;
  }

  leaders(): Candidate[] {
    return this.all.filter(({ lock }) => lock.reign() !== null);
  }

  /** One leads by the lock, and nobody by itself. */
  async oneLeads(options?: WaitOptions): Promise<Candidate> {
    const [leader] = await waitFor(
      'exactly one leader',
      () => this.leaders(),
      (leaders) => leaders.length === 1 && leaders[0]?.lock.reign()?.alone === false,
      options,
    );
    return leader as Candidate;
  }

  async allPlan(options?: WaitOptions): Promise<void> {
    await waitFor(
      'every replica to plan by itself',
      () => this.all.map(({ lock }) => lock.reign()?.alone),
      (alone) => alone.every((one) => one === true),
      options,
    );
  }

  /** Every epoch that a listener was told of, each replica's in its order. */
  reigns(): Reign[] {
    return this.all.flatMap(({ told }) => told.filter((reign) => reign !== null));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.splice(0).map(({ lock }) => lock.stop()));
  }
}

/** Looks at Redis from outside, and does what an operator or an accident may do. */
export async function asOperator<Result>(url: string, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

export const LEADER_KEY = 'carillon:leader';

/** What the key of a replica that died says. */
export const DEAD_HOLDER = `${'0'.repeat(32)} 7 60000 replica-dead`;
