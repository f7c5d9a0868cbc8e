import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { HttpTarget, JobState, MisfirePolicy, OverlapPolicy, RetryPolicy } from '../../domain/job.js';
import type { Schedule } from '../../domain/recurrence/schedule.js';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'jobs' })
@Unique('jobs_name_key', ['projectId', 'name'])
@Check('jobs_state_check', `state IN ('active', 'paused', 'completed')`)
@Check('jobs_overlap_check', `overlap IN ('allow', 'skip', 'queueOne', 'queueAll', 'cancelRunning')`)
@Index('jobs_due_idx', { synchronize: false })
@Index('jobs_created_idx', ['projectId', 'createdAt', 'id'])
@Index('jobs_next_run_idx', ['projectId', 'nextRunAt', 'id'])
@Index('jobs_labels_idx', { synchronize: false })
@Index('jobs_search_idx', { synchronize: false })
@Index('jobs_inactive_idx', { synchronize: false })
export class JobEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'jobs_pkey' })
  id!: string;

  @ForeignKey(() => ProjectEntity, { name: 'jobs_project_fkey' })
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  name!: string;

  @Column('text')
  description!: string;

  @Column('jsonb')
  labels!: Record<string, string>;

  @Column('jsonb')
  schedule!: Schedule;

  @Column('jsonb')
  target!: HttpTarget;

  @Column('jsonb')
  retry!: RetryPolicy;

  @Column('text')
  overlap!: OverlapPolicy;

  @Column('jsonb')
  misfire!: MisfirePolicy;

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

  @Column('text', { name: 'planning_error', nullable: true })
  planningError!: string | null;

  @Column('integer', { default: 1 })
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
