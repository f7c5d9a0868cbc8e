import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Messages } from '../messaging/messages.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { LedgerRunQueue } from './ledger-run-queue.js';
import { RunQueue } from './run-queue.js';

/** With REDIS_URL runs travel over BullMQ, without it they are claimed from the ledger. */
@Module({
  imports: [MessagingModule],
  providers: [
    {
      provide: RunQueue,
      inject: [Config, Messages, Clock],
      useFactory: async (config: Config, messages: Messages, clock: Clock): Promise<RunQueue> => {
        const ledger = new LedgerRunQueue(messages, clock);
        if (config.redisUrl === null) return ledger;
        // A third of a second to load, which a start without Redis need not wait for.
        const [{ connectRedis }, { BullMqRunQueue }] = await Promise.all([
          import('../platform/redis.js'),
          import('./bullmq-run-queue.js'),
        ]);
        const producer = connectRedis(config.redisUrl, 'prompt');
        const consumer = connectRedis(config.redisUrl, 'patient');
        return new BullMqRunQueue({ producer, consumer }, ledger);
      },
    },
  ],
  exports: [RunQueue],
})
export class QueueModule implements OnApplicationShutdown {
  constructor(@Inject(RunQueue) private readonly queue: RunQueue) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queue.disconnect();
  }
}
