import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Messages } from '../messaging/messages.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { connectRedis } from '../platform/redis.js';
import { BullMqRunQueue } from './bullmq-run-queue.js';
import { LedgerRunQueue } from './ledger-run-queue.js';
import { RunQueue } from './run-queue.js';

/** With REDIS_URL runs travel over BullMQ, without it they are claimed from the ledger. */
@Module({
  imports: [MessagingModule],
  providers: [
    {
      provide: RunQueue,
      inject: [Config, Messages, Clock],
      useFactory: (config: Config, messages: Messages, clock: Clock): RunQueue => {
        const ledger = new LedgerRunQueue(messages, clock);
        if (config.redisUrl === null) return ledger;
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
    if (this.queue instanceof BullMqRunQueue) await this.queue.disconnect();
  }
}
