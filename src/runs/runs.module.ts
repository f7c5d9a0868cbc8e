import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { AfterCommit } from '../queue/after-commit.js';
import { QueueModule } from '../queue/queue.module.js';
import { BackfillService } from './backfill.service.js';
import { RunBulkController } from './bulk/run-bulk.controller.js';
import { RunBulkService } from './bulk/run-bulk.service.js';
import { JobRunsController } from './job-runs.controller.js';
import { RunStartsService } from './run-starts.service.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

/** Runs: read, started beside the schedule, cancelled. Needs persistence and the platform. */
@Module({
  imports: [QueueModule, MessagingModule],
  controllers: [RunBulkController, RunsController, JobRunsController],
  providers: [RunsService, RunStartsService, BackfillService, RunBulkService, AfterCommit],
})
export class RunsModule {}
