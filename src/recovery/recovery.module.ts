import { Module } from '@nestjs/common';
import { QueueModule } from '../queue/queue.module.js';
import { PartitionsService } from './partitions.service.js';
import { RecoveryService } from './recovery.service.js';

@Module({
  imports: [QueueModule],
  providers: [RecoveryService, PartitionsService],
  exports: [RecoveryService, PartitionsService],
})
export class RecoveryModule {}
