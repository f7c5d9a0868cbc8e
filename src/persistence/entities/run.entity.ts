import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Attempt, RunError, RunReason, RunResponse, RunState, RunTrigger } from '../../domain/run.js';

@Entity({ name: 'runs' })
@Unique('runs_occurrence_key', ['jobId', 'scheduledFor', 'triggerNonce'])
@Check(
  'runs_state_check',
  `state IN ('queued', 'running', 'retrying', 'held', 'succeeded', 'failed', 'cancelled', 'skipped')`,
)
@Check('runs_trigger_check', `trigger IN ('schedule', 'manual', 'backfill', 'replay', 'misfire')`)
@Index('runs_project_idx', ['projectId', 'scheduledFor', 'id'])
@Index('runs_rare_end_idx', { synchronize: false })
@Index('runs_claim_idx', { synchronize: false })
@Index('runs_lease_idx', { synchronize: false })
@Index('runs_open_idx', { synchronize: false })
@Index('runs_held_idx', { synchronize: false })
@Index('runs_capped_idx', { synchronize: false })
@Index('runs_line_idx', { synchronize: false })
export class RunEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'runs_pkey' })
  id!: string;

  @PrimaryColumn('timestamptz', { name: 'scheduled_for', primaryKeyConstraintName: 'runs_pkey' })
  scheduledFor!: Date;

  @Column('timestamptz', { name: 'due_at' })
  dueAt!: Date;

  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('uuid', { name: 'job_id' })
  jobId!: string;

  @Column('text', { name: 'job_name' })
  jobName!: string;

  @Column('integer', { name: 'job_version' })
  jobVersion!: number;

  @Column('text')
  trigger!: RunTrigger;

  @Column('integer', { name: 'trigger_nonce', default: 0 })
  triggerNonce!: number;

  @Column('bigint', { nullable: true })
  epoch!: string | null;

  @Column('text')
  state!: RunState;

  @Column('text', { nullable: true })
  reason!: RunReason | null;

  @Column('integer', { default: 0 })
  attempt!: number;

  @Column('integer', { name: 'lost_attempts', default: 0 })
  lostAttempts!: number;

  @Column('integer', { name: 'max_attempts' })
  maxAttempts!: number;

  @Column('timestamptz', { name: 'available_at' })
  availableAt!: Date;

  @Column('timestamptz', { name: 'claimed_at', nullable: true })
  claimedAt!: Date | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('boolean', { default: false })
  capped!: boolean;

  @Column('uuid', { name: 'lease_token', nullable: true })
  leaseToken!: string | null;

  @Column('jsonb', { nullable: true })
  body!: unknown;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  @Column('bigint', { name: 'lateness_ms', nullable: true })
  latenessMs!: string | null;

  @Column('bigint', { name: 'duration_ms', nullable: true })
  durationMs!: string | null;

  @Column('jsonb', { nullable: true })
  response!: RunResponse | null;

  @Column('jsonb', { nullable: true })
  error!: RunError | null;

  @Column('jsonb', { default: () => `'[]'` })
  attempts!: Attempt[];

  @Column('text', { nullable: true })
  traceparent!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
