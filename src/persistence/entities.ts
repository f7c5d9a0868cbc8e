import { ApiKeyEntity } from './entities/api-key.entity.js';
import { AuditFindingEntity } from './entities/audit-finding.entity.js';
import { AuditLogEntity } from './entities/audit-log.entity.js';
import { CalendarEntity } from './entities/calendar.entity.js';
import { JobEntity } from './entities/job.entity.js';
import { JobRevisionEntity } from './entities/job-revision.entity.js';
import { JobSecretEntity } from './entities/job-secret.entity.js';
import { JobStateEntity } from './entities/job-state.entity.js';
import { JobStatsEntity } from './entities/job-stats.entity.js';
import { ProjectUsageEntity } from './entities/project-usage.entity.js';
import { KeptAnswerEntity } from './entities/kept-answer.entity.js';
import { ProjectEntity } from './entities/project.entity.js';
import {
  ForecastEntity,
  HostRollupEntity,
  JobRollupEntity,
  RollupMarkEntity,
  RollupProgressEntity,
  RunRollupEntity,
} from './entities/rollup.entities.js';
import { ReignEntity } from './entities/reign.entity.js';
import { ReplicaEntity } from './entities/replica.entity.js';
import { RunEntity } from './entities/run.entity.js';
import { SigningSecretEntity } from './entities/signing-secret.entity.js';
import { TzEditionEntity } from './entities/tz-edition.entity.js';

/** Every table that TypeORM knows; the drift test compares them with what the migrations make. */
export const ENTITIES = [
  ProjectEntity,
  ProjectUsageEntity,
  ApiKeyEntity,
  JobEntity,
  CalendarEntity,
  JobStateEntity,
  JobStatsEntity,
  RunEntity,
  JobSecretEntity,
  SigningSecretEntity,
  KeptAnswerEntity,
  AuditLogEntity,
  JobRevisionEntity,
  AuditFindingEntity,
  RunRollupEntity,
  JobRollupEntity,
  HostRollupEntity,
  RollupProgressEntity,
  RollupMarkEntity,
  ForecastEntity,
  ReplicaEntity,
  ReignEntity,
  TzEditionEntity,
];
