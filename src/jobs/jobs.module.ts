import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { EgressModule } from '../platform/egress/egress.module.js';
import { AfterCommit } from '../queue/after-commit.js';
import { QueueModule } from '../queue/queue.module.js';
import { JobActionsController } from './job-actions.controller.js';
import { JobActionsService } from './job-actions.service.js';
import { JobChanges } from './job-changes.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';

/** Jobs: created, read, changed, paused. Needs persistence and the platform. */
@Module({
  imports: [QueueModule, MessagingModule, EgressModule],
  controllers: [JobsController, JobActionsController],
  providers: [JobsService, JobActionsService, JobChanges, AfterCommit],
})
export class JobsModule {}
