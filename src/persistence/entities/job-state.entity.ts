import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { JobState } from '../../domain/job.js';
import { JobEntity } from './job.entity.js';

@Entity({ name: 'job_states' })
@Check('job_states_state_check', `state IN ('active', 'paused', 'completed')`)
@Index('job_states_due_idx', { synchronize: false })
@Index('job_states_next_run_idx', { synchronize: false })
@Index('job_states_inactive_idx', { synchronize: false })
export class JobStateEntity {
  @ForeignKey(() => JobEntity, { name: 'job_states_job_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_states_pkey' })
  jobId!: string;

  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  state!: JobState;

  @Column('text', { name: 'pause_note', nullable: true })
  pauseNote!: string | null;

  @Column('timestamptz', { name: 'paused_at', nullable: true })
  pausedAt!: Date | null;

  @Column('timestamptz', { name: 'paused_until', nullable: true })
  pausedUntil!: Date | null;

  @Column('timestamptz', { name: 'resumed_at', nullable: true })
  resumedAt!: Date | null;

  @Column('timestamptz', { name: 'next_occurrence_at', nullable: true })
  nextOccurrenceAt!: Date | null;

  @Column('timestamptz', { name: 'next_run_at', nullable: true })
  nextRunAt!: Date | null;

  @Column('integer', { name: 'run_count', default: 0 })
  runCount!: number;

  @Column('integer', { name: 'scheduled_run_count', default: 0 })
  scheduledRunCount!: number;

  @Column('integer', { default: 1 })
  version!: number;

  /** Of single occurrences to come. */
  @Column('jsonb', { name: 'occurrence_edits', nullable: true })
  occurrenceEdits!: object | null;
}
