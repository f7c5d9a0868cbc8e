import { Module } from '@nestjs/common';
import { CachingModule } from '../caching/caching.module.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { EgressModule } from '../platform/egress/egress.module.js';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { AfterCommit } from '../queue/after-commit.js';
import { QueueModule } from '../queue/queue.module.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkService } from './bulk/bulk.service.js';
import { CalendarImportController } from './calendars/calendar-import.controller.js';
import { CalendarsController } from './calendars/calendars.controller.js';
import { CalendarsService } from './calendars/calendars.service.js';
import { MovedJobs } from './calendars/moved-jobs.js';
import { JobSetsController } from './declare/job-sets.controller.js';
import { JobSetsService } from './declare/job-sets.service.js';
import { PathProject } from './declare/path-project.js';
import { JobActionsController } from './job-actions.controller.js';
import { JobActionsService } from './job-actions.service.js';
import { JobChanges } from './job-changes.js';
import { JobRevisionsController } from './job-revisions.controller.js';
import { JobSecrets } from './job-secrets.js';
import { JobReads } from './job-reads.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';
import { OccurrencesController } from './occurrences.controller.js';
import { OccurrencesService } from './occurrences.service.js';

/** Jobs: created, read, changed, paused. Needs persistence and the platform. */
@Module({
  imports: [CachingModule, QueueModule, MessagingModule, EgressModule, SecretsModule],
  controllers: [
    CalendarsController,
    CalendarImportController,
    BulkController,
    JobsController,
    JobActionsController,
    JobRevisionsController,
    OccurrencesController,
    JobSetsController,
  ],
  providers: [
    JobsService,
    CalendarsService,
    MovedJobs,
    BulkService,
    JobActionsService,
    OccurrencesService,
    JobChanges,
    JobReads,
    JobSecrets,
    AfterCommit,
    JobSetsService,
    PathProject,
  ],
})
export class JobsModule {}
