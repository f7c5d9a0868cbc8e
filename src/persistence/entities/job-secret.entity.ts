import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { JobEntity } from './job.entity.js';

@Entity({ name: 'job_secrets' })
@Index('job_secrets_key_idx', { synchronize: false })
export class JobSecretEntity {
  @ForeignKey(() => JobEntity, { name: 'job_secrets_job_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_secrets_pkey' })
  jobId!: string;

  /** Where in the target. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'job_secrets_pkey' })
  place!: string;

  /** As the key ring seals it, with the id of the key first. */
  @Column('text')
  sealed!: string;
}
