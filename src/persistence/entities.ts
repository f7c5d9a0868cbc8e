import { ApiKeyEntity } from './entities/api-key.entity.js';
import { JobEntity } from './entities/job.entity.js';
import { JobStateEntity } from './entities/job-state.entity.js';
import { JobStatsEntity } from './entities/job-stats.entity.js';
import { KeptAnswerEntity } from './entities/kept-answer.entity.js';
import { ProjectEntity } from './entities/project.entity.js';
import { RunEntity } from './entities/run.entity.js';

/** Every table that TypeORM knows; the drift test compares them with what the migrations make. */
export const ENTITIES = [
  ProjectEntity,
  ApiKeyEntity,
  JobEntity,
  JobStateEntity,
  JobStatsEntity,
  RunEntity,
  KeptAnswerEntity,
];
