import { Global, Module } from '@nestjs/common';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { AttentionRepository } from './attention.repository.js';
import { AuditFindingsRepository } from './audit-findings.repository.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { CalendarsRepository } from './calendars.repository.js';
import { ClaimsRepository } from './claims.repository.js';
import { Database } from './database.js';
import { ForecastsRepository } from './forecasts.repository.js';
import { JobBatchesRepository } from './job-batches.repository.js';
import { JobListRepository } from './job-list.repository.js';
import { JobSecretsRepository } from './job-secrets.repository.js';
import { JobReadingsRepository } from './job-readings.repository.js';
import { JobRevisionsRepository } from './job-revisions.repository.js';
import { JobSetsRepository } from './job-sets.repository.js';
import { JobsRepository } from './jobs.repository.js';
import { KeyCheck } from './key-check.js';
import { KeptAnswersRepository } from './kept-answers.repository.js';
import { LedgerHealthRepository } from './ledger-health.repository.js';
import { PartitionsRepository } from './partitions.repository.js';
import { PlanningRepository } from './planning.repository.js';
import { ProjectsRepository } from './projects.repository.js';
import { RecoveryRepository } from './recovery.repository.js';
import { ReplicasRepository } from './replicas.repository.js';
import { RunCapsRepository } from './run-caps.repository.js';
import { RunChangesRepository } from './run-changes.repository.js';
import { RunCountsRepository } from './run-counts.repository.js';
import { RunListRepository } from './run-list.repository.js';
import { RollupsRepository } from './rollups.repository.js';
import { RunStripsRepository } from './run-strips.repository.js';
import { RunTracesRepository } from './run-traces.js';
import { RunsRepository } from './runs.repository.js';
import { SigningSecretsRepository } from './signing-secrets.repository.js';
import { StatisticsRepository } from './statistics.repository.js';
import { TimelineRepository } from './timeline.repository.js';
import { TzEditionsRepository } from './tz-editions.repository.js';
import { Writes } from './writes.js';

const REPOSITORIES = [
  Database,
  Writes,
  PlanningRepository,
  ClaimsRepository,
  RecoveryRepository,
  PartitionsRepository,
  RunCapsRepository,
  RunCountsRepository,
  LedgerHealthRepository,
  RunTracesRepository,
  JobsRepository,
  CalendarsRepository,
  JobListRepository,
  JobReadingsRepository,
  JobSetsRepository,
  JobBatchesRepository,
  RunsRepository,
  RunListRepository,
  ProjectsRepository,
  ApiKeysRepository,
  JobSecretsRepository,
  SigningSecretsRepository,
  KeptAnswersRepository,
  AuditLogRepository,
  JobRevisionsRepository,
  AuditFindingsRepository,
  RollupsRepository,
  StatisticsRepository,
  RunStripsRepository,
  TimelineRepository,
  ForecastsRepository,
  AttentionRepository,
  RunChangesRepository,
  ReplicasRepository,
  TzEditionsRepository,
];

/** The repositories, one an aggregate or duty. Needs the data source, which the composition root makes. */
@Global()
@Module({ imports: [SecretsModule], providers: [...REPOSITORIES, KeyCheck], exports: REPOSITORIES })
export class PersistenceModule {}
