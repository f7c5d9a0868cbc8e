import { Injectable, Optional } from '@nestjs/common';
import { CacheTiers } from './caching/cache-tiers.js';
import type { Instant } from './domain/recurrence/schedule.js';
import { RunCountsRepository } from './persistence/run-counts.repository.js';
import { REPLICA_ID } from './platform/replica-id.js';
import { RunQueue } from './queue/run-queue.js';
import { LimitStore } from './rate-limiting/limit-store.js';
import { LeaderLock } from './scheduling/leader-lock.js';
import { Slots } from './scheduling/slots.js';
import { SystemStatus } from './system/system-status.js';
import type { Leadership } from './system/system-status.js';

const SLOTS_SHOWN = 10;

/** What this replica knows of planning and delivery, gathered for `/system`. */
@Injectable()
export class LiveSystemStatus extends SystemStatus {
  readonly replicaId = REPLICA_ID;

  constructor(
    private readonly lock: LeaderLock,
    private readonly runQueue: RunQueue,
    private readonly counts: RunCountsRepository,
    private readonly limits: LimitStore,
    /** None in a role that does not plan. */
    @Optional() private readonly armed?: Slots,
    /** None in a role without the API. */
    @Optional() private readonly cache?: CacheTiers,
  ) {
    super();
  }

  leader(): Promise<Leadership | null> {
    return this.lock.leader();
  }

  slots(): { count: number; next: Instant[] } {
    return { count: this.armed?.count ?? 0, next: this.armed?.next(SLOTS_SHOWN) ?? [] };
  }

  queue(): Promise<{ waiting: number; running: number }> {
    return this.counts.openRuns();
  }

  degraded(): string[] {
    return [
      ...(this.runQueue.degraded ? ['Redis is away: runs are delivered from the ledger'] : []),
      ...(this.lock.reign()?.alone === true ? ['Redis decides on no leader: every scheduler plans by itself'] : []),
      ...(this.cache?.degraded === true ? ['Redis does not answer the cache: each replica has its own alone'] : []),
      ...(this.limits.degraded === null ? [] : [this.limits.degraded]),
    ];
  }
}
