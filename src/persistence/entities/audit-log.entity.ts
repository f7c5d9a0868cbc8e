import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'audit_log' })
@Index('audit_log_project_idx', ['projectId', 'id'])
@Index('audit_log_thing_idx', ['projectId', 'thingId', 'id'])
@Index('audit_log_version_idx', ['thingId', 'jobVersion'], { where: '"job_version" IS NOT NULL' })
@Index('audit_log_actor_idx', ['projectId', 'actorId', 'id'], { where: '"actor_id" IS NOT NULL' })
export class AuditLogEntity {
  /** Version 7: the time is in it. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_log_pkey' })
  id!: string;

  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('timestamptz')
  at!: Date;

  @Column('text', { name: 'actor_type' })
  actorType!: string;

  @Column('text', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { name: 'actor_name', nullable: true })
  actorName!: string | null;

  @Column('text', { name: 'actor_role', nullable: true })
  actorRole!: string | null;

  @Column('text', { nullable: true })
  address!: string | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column('text')
  action!: string;

  @Column('uuid', { name: 'thing_id' })
  thingId!: string;

  @Column('text', { name: 'thing_name', nullable: true })
  thingName!: string | null;

  /** The version of a job that came of it. */
  @Column('integer', { name: 'job_version', nullable: true })
  jobVersion!: number | null;

  @Column('jsonb', { nullable: true })
  before!: object | null;

  @Column('jsonb', { nullable: true })
  after!: object | null;
}
