import type { PlanningRepository } from '../persistence/planning.repository.js';
import { REPLICA_ID } from '../platform/replica-id.js';
import { LeaderLock } from './leader-lock.js';
import type { Leader, LeadershipListener, Reign } from './leader-lock.js';

/** The lock of a replica that has no Redis to share one with: held from start to stop. */
export class AlwaysLeader extends LeaderLock {
  private current: Reign | null = null;

  constructor(private readonly planning: Pick<PlanningRepository, 'nextEpoch'>) {
    super();
  }

  async start(listener: LeadershipListener): Promise<void> {
    this.current = { epoch: await this.planning.nextEpoch(), alone: false };
    listener.onLead(this.current);
  }

  reign(): Reign | null {
    return this.current;
  }

  async leader(): Promise<Leader | null> {
    return this.current === null ? null : { replicaId: REPLICA_ID, self: true, epoch: this.current.epoch };
  }

  async stop(): Promise<void> {
    this.current = null;
  }
}
