import { Global, Module } from '@nestjs/common';
import { ClaimsRepository } from './claims.repository.js';
import { Database } from './database.js';
import { PartitionsRepository } from './partitions.repository.js';
import { PlanningRepository } from './planning.repository.js';
import { RecoveryRepository } from './recovery.repository.js';
import { RunCountsRepository } from './run-counts.repository.js';

const REPOSITORIES = [
  Database,
  PlanningRepository,
  ClaimsRepository,
  RecoveryRepository,
  PartitionsRepository,
  RunCountsRepository,
];

/** The repositories, one an aggregate or duty. Needs the data source, which the composition root makes. */
@Global()
@Module({ providers: REPOSITORIES, exports: REPOSITORIES })
export class PersistenceModule {}
