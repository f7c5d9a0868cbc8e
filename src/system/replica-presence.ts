import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ReplicasRepository } from '../persistence/replicas.repository.js';
import type { KeptReign, Replica } from '../persistence/replicas.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { REPLICA_ID } from '../platform/replica-id.js';
import { withTimeLimit } from '../platform/time-limit.js';
import { VERSION } from '../platform/version.js';

const EVERY_MS = 5_000;
/** Six words missed: it is not shown any more. */
const SHOWN_MS = 30_000;
const SHOWN_REIGNS = 50;
const GOODBYE_MS = 500;

export type PresentReplica = Replica & { readonly leader: boolean };

/** Says every few seconds that this replica is there, and tells which are. People look at it; nothing is decided by it. */
@Injectable()
export class ReplicaPresence implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Replicas');
  private startedAt: Instant = 0;
  private timer: NodeJS.Timeout | undefined;
  private saying: Promise<void> | null = null;

  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.startedAt = this.clock.now();
    this.timer = setInterval(() => this.say(), EVERY_MS).unref();
    this.say();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.saying;
    await withTimeLimit(this.replicas.left(REPLICA_ID), GOODBYE_MS).catch(() => undefined);
  }

  async present(): Promise<{ replicas: PresentReplica[]; reigns: KeptReign[] }> {
    const [replicas, reigns] = await Promise.all([
      this.replicas.present(this.clock.now() - SHOWN_MS),
      this.replicas.reigns(SHOWN_REIGNS),
    ]);
    const leading = new Set(reigns.filter(({ endedAt }) => endedAt === null).map(({ replicaId }) => replicaId));
    return { replicas: replicas.map((one) => ({ ...one, leader: leading.has(one.replicaId) })), reigns };
  }

  private say(): void {
    const { startedAt, config } = this;
    const said = { replicaId: REPLICA_ID, role: config.role, version: VERSION, startedAt, seenAt: this.clock.now() };
    this.saying ??= this.replicas
      .seen(said)
      .catch((error: unknown) => this.logger.debug(`this replica could not say that it is there: ${String(error)}`))
      .finally(() => (this.saying = null));
  }
}
