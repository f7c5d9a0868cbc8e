import { Logger } from '@nestjs/common';
import type { ReplicasRepository } from '../persistence/replicas.repository.js';
import type { Clock } from '../platform/clock.js';
import { REPLICA_ID } from '../platform/replica-id.js';
import { withTimeLimit } from '../platform/time-limit.js';
import { LeaderLock } from './leader-lock.js';
import type { Leader, LeadershipListener, Reign } from './leader-lock.js';

const LAST_WORD_MS = 500;

/** A leader lock whose reigns are written down, for people to look at. Leading waits for none of it, and goes on without. */
export class KeptReigns extends LeaderLock {
  private readonly logger = new Logger('LeaderLock');
  private current: Reign | null = null;
  private writing: Promise<void> = Promise.resolve();

  /** `isShared`: one replica at a time holds it. */
  constructor(
    private readonly lock: LeaderLock,
    private readonly replicas: Pick<ReplicasRepository, 'beginReign' | 'endReign'>,
    private readonly clock: Clock,
    private readonly isShared: boolean,
  ) {
    super();
  }

  start(listener: LeadershipListener): Promise<void> {
    return this.lock.start({
      onLead: (reign) => {
        this.begin(reign);
        listener.onLead(reign);
      },
      onFollow: () => {
        this.end();
        listener.onFollow();
      },
    });
  }

  reign(): Reign | null {
    return this.lock.reign();
  }

  leader(): Promise<Leader | null> {
    return this.lock.leader();
  }

  async stop(): Promise<void> {
    this.end();
    await this.lock.stop();
    await withTimeLimit(this.writing, LAST_WORD_MS).catch(() => undefined);
  }

  private begin(reign: Reign): void {
    if (this.current?.epoch === reign.epoch) return;
    this.current = reign;
    const now = this.clock.now();
    const endsOthers = this.isShared && !reign.alone;
    this.write(() => this.replicas.beginReign(reign.epoch, REPLICA_ID, now, endsOthers));
  }

  private end(): void {
    if (this.current === null) return;
    const { epoch } = this.current;
    this.current = null;
    const now = this.clock.now();
    this.write(() => this.replicas.endReign(epoch, now));
  }

  /** One after the other: an end must not overtake its beginning. */
  private write(work: () => Promise<void>): void {
    this.writing = this.writing
      .then(work)
      .catch((error: unknown) => this.logger.debug(`a reign was not written down: ${String(error)}`));
  }
}
