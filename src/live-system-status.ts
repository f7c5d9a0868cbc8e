import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import type { Instant } from './domain/recurrence/schedule.js';
import { RunCountsRepository } from './persistence/run-counts.repository.js';
import { RunQueue } from './queue/run-queue.js';
import { LeaderLock } from './scheduling/leader-lock.js';
import { Slots } from './scheduling/slots.js';
import { SystemStatus } from './system/system-status.js';
import type { Leadership } from './system/system-status.js';

const SLOTS_SHOWN = 10;

/** What this replica knows of planning and delivery, gathered for `/system`. */
@Injectable()
export class LiveSystemStatus extends SystemStatus {
  readonly replicaId = `${hostname()}-${process.pid}`;

  constructor(
    private readonly lock: LeaderLock,
    private readonly armed: Slots,
    private readonly runQueue: RunQueue,
    private readonly counts: RunCountsRepository,
  ) {
    super();
  }

  leader(): Leadership | null {
    const reign = this.lock.reign();
    return reign === null ? null : { replicaId: this.replicaId, self: true, epoch: reign.epoch };
  }

  slots(): { count: number; next: Instant[] } {
    return { count: this.armed.count, next: this.armed.next(SLOTS_SHOWN) };
  }

  queue(): Promise<{ waiting: number; running: number }> {
    return this.counts.openRuns();
  }

  degraded(): string[] {
    return this.runQueue.degraded ? ['Redis is away: runs are delivered from the ledger'] : [];
  }
}
