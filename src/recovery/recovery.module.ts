import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { PartitionsService } from './partitions.service.js';
import { RecoveryService } from './recovery.service.js';

@Module({
  imports: [QueueModule, MessagingModule],
  providers: [RecoveryService, PartitionsService],
  exports: [RecoveryService, PartitionsService],
})
export class RecoveryModule {}
