import { Logger } from '@nestjs/common';
import type { Messages } from '../messaging/messages.js';
import type { PlanningRepository } from '../persistence/planning.repository.js';
import type { RedisConnection } from '../platform/redis.js';
import { withTimeLimit } from '../platform/time-limit.js';
import type { LeaderKey } from './leader-key.js';
import { LeaderLock } from './leader-lock.js';
import type { Leader, LeadershipListener, Reign } from './leader-lock.js';

/** Parts of the TTL. */
const TRY_EVERY = 1 / 3;
/** Without a decision of Redis for this long the replica plans by itself: early enough that a leader has no gap. */
const ALONE_AFTER = 0.85;
/** Our lease ends before the key can: clocks differ in rate. */
const LEASE = 0.95;
/** A leader that Postgres does not answer for this long lets another one try. */
const SILENT_AFTER = 2;

/** After the key of another has lapsed: its milliseconds are whole, ours are not. */
const LAPSED_MS = 5;

const SHOW_LIMIT_MS = 500;
const STOP_LIMIT_MS = 500;

interface Held {
  readonly reign: Reign;
  /** On the monotonic clock; a reign alone has no end of its own. */
  endsAtMs: number;
}

/**
 * The leader lock of replicas that share a Redis. Every TTL/3, and when there is reason to, a replica takes a turn: it
 * extends the key that it holds, or tries to take it. A lease counts on the monotonic clock from before its command was
 * sent. While Redis decides nothing the replica reigns alone.
 */
export class RedisLeaderLock extends LeaderLock {
  private readonly logger = new Logger('LeaderLock');
  private readonly ttlMs: number;
  private listener: LeadershipListener | null = null;
  private held: Held | null = null;
  /** Redis may have the key under our name. */
  private mayHoldKey = false;
  /** When the command was sent that brought Redis' last decision. */
  private decidedAtMs = 0;
  /** Last decision, or last fresh connection. */
  private freshAtMs = 0;
  private lastFailure = 'no connection';
  /** When Postgres last answered us while we held the key. */
  private postgresAnsweredAtMs = 0;
  private askingPostgres = false;
  private taking: Promise<void> | null = null;
  private takeAgain = false;
  private nextTurn: NodeJS.Timeout | undefined;
  private undecided: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly redis: RedisConnection,
    private readonly key: LeaderKey,
    private readonly planning: Pick<PlanningRepository, 'nextEpoch' | 'earliestDue'>,
    private readonly messages: Messages,
  ) {
    super();
    this.ttlMs = key.ttlMs;
    redis.on('error', (error: Error) => (this.lastFailure = error.message));
  }

  /** Does not wait for Redis: a start must not hang on one that is away. */
  async start(listener: LeadershipListener): Promise<void> {
    this.listener = listener;
    this.messages.subscribe((message) => {
      if (message.type === 'leaderReleased') this.takeTurn();
    });
    this.redis.on('ready', () => this.takeTurn());
    this.freshAtMs = performance.now();
    this.waitForDecision(performance.now());
    this.takeTurn();
  }

  reign(): Reign | null {
    return this.held !== null && performance.now() < this.held.endsAtMs ? this.held.reign : null;
  }

  async leader(): Promise<Leader | null> {
    const reign = this.reign();
    if (reign !== null) return { replicaId: this.key.replicaId, self: true, epoch: reign.epoch };
    const holder = await this.key.holder(SHOW_LIMIT_MS).catch(() => null);
    return holder === null ? null : { ...holder, self: false };
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    clearTimeout(this.nextTurn);
    clearTimeout(this.undecided);
    this.held = null;
    if (this.mayHoldKey && (await this.key.release(STOP_LIMIT_MS).catch(() => false))) {
      this.messages.publish({ type: 'leaderReleased' });
    }
    this.redis.disconnect();
  }

  /** One turn at a time: a reason that comes meanwhile makes for another one. */
  private takeTurn(): void {
    clearTimeout(this.nextTurn);
    this.takeAgain = true;
    this.taking ??= this.takeTurns().finally(() => {
      this.taking = null;
      if (this.takeAgain && !this.stopped) this.takeTurn();
    });
  }

  private async takeTurns(): Promise<void> {
    let nextAtMs = 0;
    while (this.takeAgain && !this.stopped) {
      this.takeAgain = false;
      nextAtMs = performance.now() + this.ttlMs * TRY_EVERY;
      try {
        const waitMs = await this.turn();
        if (waitMs !== null) nextAtMs = performance.now() + waitMs;
      } catch (error) {
        this.onFailure(error);
      }
    }
    if (this.stopped) return;
    this.nextTurn = setTimeout(() => this.takeTurn(), Math.max(0, nextAtMs - performance.now()));
  }

  /** Answers how long to wait for the next turn; null: as usual. Rejects when Redis decided nothing. */
  private async turn(): Promise<number | null> {
    this.lapse();
    if (this.held !== null && !this.held.reign.alone) {
      if (this.postgresIsSilent()) return this.giveBack('Postgres does not answer this replica');
      if (await this.extend(this.held)) return null;
    }
    if (this.hasStopped()) return null;
    const sentAtMs = performance.now();
    this.mayHoldKey = true;
    const leftMs = await this.key.claim(this.ttlMs);
    if (this.hasStopped()) return null;
    this.decided(sentAtMs);
    if (leftMs === null) return this.leadByKey();
    this.mayHoldKey = false;
    this.follow();
    return leftMs < 0 ? null : Math.min(leftMs + LAPSED_MS, this.ttlMs * TRY_EVERY);
  }

  private async extend(held: Held): Promise<boolean> {
    const sentAtMs = performance.now();
    const ours = await this.key.extend(held.reign.epoch, this.ttlMs);
    // Changed meanwhile: we reign alone, or have stopped.
    if (this.held !== held) return false;
    // A lease that has lapsed is not revived, whatever came of the key: planning has been refused since.
    if (!ours || performance.now() >= held.endsAtMs) {
      this.follow();
      return false;
    }
    held.endsAtMs = sentAtMs + this.ttlMs * LEASE;
    this.decided(sentAtMs);
    this.askPostgres();
    return true;
  }

  /** The key is ours. The epoch is drawn only now and the key extended after it: so it is larger than any holder's before. */
  private async leadByKey(): Promise<number | null> {
    let epoch: number;
    try {
      epoch = await withTimeLimit(this.planning.nextEpoch(), this.ttlMs * TRY_EVERY);
    } catch (error) {
      return this.giveBack(`Postgres gave no epoch: ${reasonOf(error)}`);
    }
    if (this.hasStopped()) return null;
    this.postgresAnsweredAtMs = performance.now();
    const sentAtMs = performance.now();
    const ours = await this.key.extend(epoch, this.ttlMs);
    const endsAtMs = sentAtMs + this.ttlMs * LEASE;
    if (this.hasStopped() || !ours || performance.now() >= endsAtMs) return null;
    this.decided(sentAtMs);
    this.lead({ epoch, alone: false }, endsAtMs);
    return null;
  }

  /**
   * Nobody can plan without Postgres; if only we can't reach it, another replica leads. The others get as long to take the
   * key as they wait between their turns.
   */
  private async giveBack(why: string): Promise<number> {
    if (this.held === null) this.logger.debug(`the leader lock is given back: ${why}`);
    else this.logger.warn(`the leader lock is given back: ${why}`);
    this.follow();
    if (!this.hasStopped()) await this.key.release(this.ttlMs);
    return this.ttlMs * TRY_EVERY;
  }

  /** Not waited for: a renewal must not depend on it. */
  private askPostgres(): void {
    if (this.askingPostgres) return;
    this.askingPostgres = true;
    withTimeLimit(this.planning.earliestDue(), this.ttlMs)
      .then(
        () => (this.postgresAnsweredAtMs = performance.now()),
        (error: unknown) => this.logger.debug(`Postgres did not answer the leader: ${reasonOf(error)}`),
      )
      .finally(() => (this.askingPostgres = false));
  }

  private postgresIsSilent(): boolean {
    return performance.now() - this.postgresAnsweredAtMs > this.ttlMs * SILENT_AFTER;
  }

  private onFailure(error: unknown): void {
    this.lastFailure = reasonOf(error);
    this.logger.debug(`Redis decided nothing about the leader: ${this.lastFailure}`);
    // A connection can be dead without an end, or lead to a server that has become a read-only copy.
    const connected = ['connect', 'ready'].includes(this.redis.status);
    if (this.stopped || !connected || performance.now() - this.freshAtMs < this.ttlMs) return;
    this.freshAtMs = performance.now();
    this.redis.disconnect(true);
  }

  private decided(sentAtMs: number): void {
    this.decidedAtMs = sentAtMs;
    this.freshAtMs = sentAtMs;
    this.waitForDecision(sentAtMs);
  }

  private waitForDecision(sinceMs: number): void {
    clearTimeout(this.undecided);
    const dueAtMs = sinceMs + this.ttlMs * ALONE_AFTER;
    this.undecided = setTimeout(() => void this.onUndecided(dueAtMs), Math.max(0, dueAtMs - performance.now()));
  }

  private async onUndecided(dueAtMs: number): Promise<void> {
    if (performance.now() - dueAtMs > this.ttlMs * (LEASE - ALONE_AFTER)) {
      // We were frozen, so nothing is known of Redis: it gets the whole time again.
      this.lapse();
      this.waitForDecision(performance.now());
      this.takeTurn();
      return;
    }
    const { decidedAtMs } = this;
    let epoch: number;
    try {
      epoch = await withTimeLimit(this.planning.nextEpoch(), this.ttlMs * TRY_EVERY);
    } catch (error) {
      if (this.stopped || this.decidedAtMs !== decidedAtMs) return;
      this.logger.debug(`no epoch for a reign of our own: ${reasonOf(error)}`);
      this.lapse();
      this.waitForDecision(performance.now() - this.ttlMs * (ALONE_AFTER - TRY_EVERY));
      return;
    }
    if (this.stopped || this.decidedAtMs !== decidedAtMs) return;
    this.logger.warn(
      `Redis decides nothing about the leader (${this.lastFailure}): until it does, every scheduler plans by itself`,
    );
    this.lead({ epoch, alone: true }, Infinity);
  }

  private lapse(): void {
    if (this.held !== null && performance.now() >= this.held.endsAtMs) this.follow();
  }

  private lead(reign: Reign, endsAtMs: number): void {
    if (!reign.alone) this.sayRedisIsBack();
    this.held = { reign, endsAtMs };
    this.listener?.onLead(reign);
  }

  private follow(): void {
    if (this.held === null) return;
    this.sayRedisIsBack();
    this.held = null;
    this.listener?.onFollow();
  }

  private sayRedisIsBack(): void {
    if (this.held?.reign.alone === true) this.logger.log('Redis is back and decides who leads');
  }

  /** Asked after each wait. */
  private hasStopped(): boolean {
    return this.stopped;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
