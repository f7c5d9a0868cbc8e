import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { FindingKind } from '../../domain/ledger-audit.js';
import { JobEntity } from './job.entity.js';

/** What audits found in the ledger and no later one has found to be right. */
@Entity({ name: 'audit_findings' })
@Index('audit_findings_project_idx', ['projectId'])
export class AuditFindingEntity {
  @ForeignKey(() => JobEntity, { name: 'audit_findings_job_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'audit_findings_pkey' })
  jobId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'audit_findings_pkey' })
  kind!: FindingKind;

  @PrimaryColumn('timestamptz', { name: 'scheduled_for', primaryKeyConstraintName: 'audit_findings_pkey' })
  scheduledFor!: Date;

  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  /** By the last audit that found it. */
  @Column('timestamptz', { name: 'checked_at' })
  checkedAt!: Date;
}
