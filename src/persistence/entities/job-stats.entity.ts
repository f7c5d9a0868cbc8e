import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { RunState } from '../../domain/run.js';

@Entity({ name: 'job_stats' })
@Index('job_stats_failing_idx', { synchronize: false })
export class JobStatsEntity {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_stats_pkey' })
  jobId!: string;

  @Column('timestamptz', { name: 'last_run_at' })
  lastRunAt!: Date;

  @Column('text', { name: 'last_run_state' })
  lastRunState!: RunState;

  @Column('integer', { name: 'failure_streak' })
  failureStreak!: number;
}
