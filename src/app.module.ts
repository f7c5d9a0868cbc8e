import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ExecutionModule } from './execution/execution.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LiveSystemStatus } from './live-system-status.js';
import { dataSourceOptions } from './persistence/data-source.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import type { Config } from './platform/config.js';
import { PlatformModule } from './platform/platform.module.js';
import { QueueModule } from './queue/queue.module.js';
import { RateLimitingModule } from './rate-limiting/rate-limiting.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SchedulesModule } from './schedules/schedules.module.js';
import { SchedulingModule } from './scheduling/scheduling.module.js';
import { SystemModule } from './system/system.module.js';
import { SystemStatus } from './system/system-status.js';

/** The composition root: binds ports to adapters and picks the modules. */
@Module({})
export class AppModule {
  static for(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions({
            url: config.databaseUrl,
            poolSize: config.databasePoolSize,
            applicationName: 'carillon',
            queryTimeoutMs: 60_000,
          }),
          toRetry: () => false, // whoever starts us retries; a person wants to see the reason at once
        }),
        PlatformModule.for(config),
        RateLimitingModule,
        ScheduleModule.forRoot(),
        PersistenceModule,
        RecoveryModule,
        QueueModule,
        SchedulingModule,
        ExecutionModule,
        JobsModule,
        RunsModule,
        SchedulesModule,
        SystemModule.for({ provide: SystemStatus, useClass: LiveSystemStatus }, [QueueModule, SchedulingModule]),
      ],
    };
  }
}
