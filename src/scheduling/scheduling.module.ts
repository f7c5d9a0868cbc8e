import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { AlwaysLeader } from './always-leader.js';
import { LeaderLock } from './leader-lock.js';
import { Planner } from './planner.js';
import { SchedulingService } from './scheduling.service.js';
import { Slots } from './slots.js';

@Module({
  imports: [QueueModule, MessagingModule],
  providers: [SchedulingService, Planner, Slots, { provide: LeaderLock, useClass: AlwaysLeader }],
  exports: [LeaderLock, Slots, Planner],
})
export class SchedulingModule {}
