import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Messages } from '../messaging/messages.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { PlanningRepository } from '../persistence/planning.repository.js';
import { ReplicasRepository } from '../persistence/replicas.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { REPLICA_ID } from '../platform/replica-id.js';
import { AlwaysLeader } from './always-leader.js';
import { KeptReigns } from './kept-reigns.js';
import { LeaderLock } from './leader-lock.js';

/** Who plans, for those that plan and for those that only show it. With REDIS_URL one of all replicas, without it each. */
@Module({
  imports: [MessagingModule],
  providers: [
    {
      provide: LeaderLock,
      inject: [Config, PlanningRepository, Messages, ReplicasRepository, Clock],
      useFactory: async (
        config: Config,
        planning: PlanningRepository,
        messages: Messages,
        replicas: ReplicasRepository,
        clock: Clock,
      ): Promise<LeaderLock> => {
        if (config.redisUrl === null) return new KeptReigns(new AlwaysLeader(planning), replicas, clock, false);
        // As the queue does it: a start without Redis need not wait for its client to load.
        const [{ connectRedis }, { LeaderKey }, { RedisLeaderLock }] = await Promise.all([
          import('../platform/redis.js'),
          import('./leader-key.js'),
          import('./redis-leader-lock.js'),
        ]);
        const redis = connectRedis(config.redisUrl, 'prompt');
        const key = new LeaderKey(redis, REPLICA_ID, config.leaderTtlMs);
        return new KeptReigns(new RedisLeaderLock(redis, key, planning, messages), replicas, clock, true);
      },
    },
  ],
  exports: [LeaderLock],
})
export class LeadershipModule implements OnApplicationShutdown {
  constructor(@Inject(LeaderLock) private readonly lock: LeaderLock) {}

  /** Planning has stopped it before; where nothing is planned it still has a connection. */
  async onApplicationShutdown(): Promise<void> {
    await this.lock.stop();
  }
}
