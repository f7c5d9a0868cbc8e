import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from './access/access.module.js';
import { AuthorizationModule } from './access/authorization.module.js';
import { IdentificationModule } from './access/identification.module.js';
import { CachingModule } from './caching/caching.module.js';
import { AuditModule } from './audit/audit.module.js';
import { EventsModule } from './events/events.module.js';
import { ExecutionModule } from './execution/execution.module.js';
import { TargetTestsModule } from './execution/target-tests/target-tests.module.js';
import { HistoryModule, SelfCheckModule } from './history/history.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LiveSystemStatus } from './live-system-status.js';
import { dataSourceOptions } from './persistence/data-source.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import type { Config, Role } from './platform/config.js';
import { Degradation } from './platform/health/degradation.js';
import { HealthModule } from './platform/health/health.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { QueueModule } from './queue/queue.module.js';
import { LimitStoreModule, RateLimitingModule } from './rate-limiting/rate-limiting.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SchedulesModule } from './schedules/schedules.module.js';
import { LeadershipModule } from './scheduling/leadership.module.js';
import { SchedulingModule } from './scheduling/scheduling.module.js';
import { SystemModule } from './system/system.module.js';
import { SystemStatus } from './system/system-status.js';

type Modules = NonNullable<DynamicModule['imports']>;

/**
 * What a role does beside probes, metrics and `/system`. Recovery and partitions go with planning: partitions must be there
 * before runs are planned into them, and no role but this one is sure to be up in every deployment that fires at all. Row
 * locks make both safe on any number of schedulers at once; a worker that dies is mended by whoever plans.
 */
const PLANNING: Modules = [ScheduleModule.forRoot(), RecoveryModule, SchedulingModule, SelfCheckModule];
const DELIVERY: Modules = [ExecutionModule];
const API: Modules = [
  IdempotencyModule,
  JobsModule,
  RunsModule,
  SchedulesModule,
  AccessModule,
  AuditModule,
  HistoryModule,
  TargetTestsModule,
  EventsModule.for([IdentificationModule]),
];

const MODULES: Readonly<Record<Role, Modules>> = {
  all: [...PLANNING, ...DELIVERY, ...API],
  api: API,
  scheduler: PLANNING,
  worker: DELIVERY,
};

/** The composition root: binds ports to adapters and picks the modules for the role. */
@Module({})
export class AppModule {
  static for(config: Config): DynamicModule {
    const modules = MODULES[config.role];
    const system = SystemModule.for({ provide: SystemStatus, useClass: LiveSystemStatus }, [
      QueueModule,
      LeadershipModule,
      LimitStoreModule,
      ...(modules.includes(SchedulingModule) ? [SchedulingModule] : []),
      ...(modules.includes(JobsModule) ? [CachingModule] : []),
    ]);
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
        // In this order their guards run: who is it, how often has it come, may it.
        IdentificationModule,
        RateLimitingModule,
        AuthorizationModule,
        PersistenceModule,
        ...modules,
        system,
        HealthModule.for({ provide: Degradation, useExisting: SystemStatus }, [system]),
      ],
    };
  }
}
