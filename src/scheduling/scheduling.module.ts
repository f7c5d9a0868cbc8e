import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { LeadershipModule } from './leadership.module.js';
import { Planner } from './planner.js';
import { SchedulingService } from './scheduling.service.js';
import { Slots } from './slots.js';
import { TimeZonesService } from './time-zones.service.js';

/** Plans. Where it is not imported, nothing is planned; LeadershipModule still tells who leads. */
@Module({
  imports: [LeadershipModule, QueueModule, MessagingModule],
  providers: [SchedulingService, Planner, Slots, TimeZonesService],
  exports: [LeadershipModule, Slots, Planner],
})
export class SchedulingModule {}
