import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { HttpTarget, MisfirePolicy, OverlapPolicy, RetryPolicy } from '../../domain/job.js';
import type { Schedule } from '../../domain/recurrence/schedule.js';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'jobs' })
@Unique('jobs_name_key', ['projectId', 'name'])
@Check('jobs_overlap_check', `overlap IN ('allow', 'skip', 'queueOne', 'queueAll', 'cancelRunning')`)
@Index('jobs_project_idx', ['projectId', 'id'])
@Index('jobs_labels_idx', { synchronize: false })
@Index('jobs_search_idx', { synchronize: false })
@Index('jobs_calendars_idx', { synchronize: false })
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

  @Column('bigint', { name: 'fires_per_million_minutes', default: 0 })
  firesPerMillionMinutes!: string;

  @Column('bigint', { name: 'shortest_gap_ms', nullable: true })
  shortestGapMs!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
