import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { ProjectEntity } from './project.entity.js';

/** What every rollup of runs counts. Histograms are arrays of `bucket << 40 | count`. */
abstract class Counts {
  @Column('integer')
  succeeded!: number;

  @Column('integer')
  failed!: number;

  @Column('integer')
  cancelled!: number;

  @Column('integer')
  skipped!: number;

  @Column('integer')
  open!: number;

  @Column('integer')
  late!: number;

  @Column('bigint', { name: 'lateness_max', nullable: true })
  latenessMax!: string | null;

  @Column('bigint', { name: 'duration_max', nullable: true })
  durationMax!: string | null;

  @Column('bigint', { array: true, nullable: true })
  lateness!: string[] | null;

  @Column('bigint', { array: true, nullable: true })
  duration!: string[] | null;

  @Column('jsonb', { nullable: true })
  reasons!: Record<string, number> | null;

  /** Null: it is final, unless a run enters that lies so far back. */
  @Column('timestamptz', { name: 'recheck_at', nullable: true })
  recheckAt!: Date | null;
}

@Entity({ name: 'run_rollups' })
@Check('run_rollups_grain_check', `grain IN ('minute', 'hour', 'day')`)
@Index('run_rollups_recheck_idx', { synchronize: false })
@Index('run_rollups_age_idx', { synchronize: false })
export class RunRollupEntity extends Counts {
  @PrimaryColumn('uuid', { name: 'project_id', primaryKeyConstraintName: 'run_rollups_pkey' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'run_rollups_pkey' })
  grain!: 'minute' | 'hour' | 'day';

  @PrimaryColumn('timestamptz', { primaryKeyConstraintName: 'run_rollups_pkey' })
  at!: Date;
}

/** By hour. */
@Entity({ name: 'job_rollups' })
@Index('job_rollups_recheck_idx', { synchronize: false })
@Index('job_rollups_age_idx', { synchronize: false })
export class JobRollupEntity extends Counts {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_rollups_pkey' })
  jobId!: string;

  @PrimaryColumn('timestamptz', { primaryKeyConstraintName: 'job_rollups_pkey' })
  at!: Date;
}

/** By minute, of the host that the job's target names when the minute is rolled up. */
@Entity({ name: 'host_rollups' })
@Index('host_rollups_age_idx', { synchronize: false })
export class HostRollupEntity {
  @PrimaryColumn('uuid', { name: 'project_id', primaryKeyConstraintName: 'host_rollups_pkey' })
  projectId!: string;

  @PrimaryColumn('timestamptz', { primaryKeyConstraintName: 'host_rollups_pkey' })
  at!: Date;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'host_rollups_pkey' })
  host!: string;

  @Column('integer')
  runs!: number;

  @Column('integer')
  failed!: number;

  @Column('integer')
  attempts!: number;

  @Column('bigint', { array: true, nullable: true })
  duration!: string[] | null;
}

@Entity({ name: 'rollup_progress' })
@Check('rollup_progress_one_check', `one`)
export class RollupProgressEntity {
  @PrimaryColumn('boolean', { default: true, primaryKeyConstraintName: 'rollup_progress_pkey' })
  one!: true;

  /** Minutes before it have been rolled up. */
  @Column('timestamptz', { name: 'rolled_up_to', nullable: true })
  rolledUpTo!: Date | null;

  /** Minutes before it have been rolled up again, once no transaction could bring runs into them unseen. */
  @Column('timestamptz', { name: 'settled_to', nullable: true })
  settledTo!: Date | null;

  /** Hours before it have been rolled up by job. */
  @Column('timestamptz', { name: 'jobs_to', nullable: true })
  jobsTo!: Date | null;
}

/** Runs that entered the ledger for instants that lay back, by a trigger of `runs`. */
@Entity({ name: 'rollup_marks' })
export class RollupMarkEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'rollup_marks_pkey',
  })
  id!: string;

  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('uuid', { name: 'job_id' })
  jobId!: string;

  @Column('timestamptz')
  at!: Date;
}

@Entity({ name: 'forecasts' })
export class ForecastEntity {
  @ForeignKey(() => ProjectEntity, { name: 'forecasts_project_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'project_id', primaryKeyConstraintName: 'forecasts_pkey' })
  projectId!: string;

  /** When a replica began to compute it. */
  @Column('timestamptz', { name: 'claimed_at' })
  claimedAt!: Date;

  /** Null like all that follows: it has not been computed yet. */
  @Column('timestamptz', { name: 'computed_at', nullable: true })
  computedAt!: Date | null;

  @Column('timestamptz', { name: 'starts_at', nullable: true })
  startsAt!: Date | null;

  /** Some rules were sampled. */
  @Column('boolean', { nullable: true })
  estimated!: boolean | null;

  /** Fires of each minute of a day from `starts_at`. */
  @Column('integer', { array: true, nullable: true })
  minutes!: number[] | null;

  /** Fires of each hour of a week. */
  @Column('integer', { array: true, nullable: true })
  hours!: number[] | null;

  @Column('jsonb', { nullable: true })
  crowded!: object[] | null;
}
