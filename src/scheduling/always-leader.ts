import { Injectable } from '@nestjs/common';
import { PlanningRepository } from '../persistence/planning.repository.js';
import { LeaderLock } from './leader-lock.js';
import type { LeadershipListener, Reign } from './leader-lock.js';

/** The lock of a replica that has no Redis to share one with: held from start to stop. */
@Injectable()
export class AlwaysLeader extends LeaderLock {
  private current: Reign | null = null;

  constructor(private readonly planning: PlanningRepository) {
    super();
  }

  async start(listener: LeadershipListener): Promise<void> {
    this.current = { epoch: await this.planning.nextEpoch() };
    listener.onLead(this.current);
  }

  reign(): Reign | null {
    return this.current;
  }

  async stop(): Promise<void> {
    this.current = null;
  }
}
