import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { JobEntity } from './job.entity.js';

/** Written by triggers of `job_states`. */
@Entity({ name: 'job_revisions' })
@Index('job_revisions_age_idx', ['at'])
export class JobRevisionEntity {
  @ForeignKey(() => JobEntity, { name: 'job_revisions_job_fkey', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_revisions_pkey' })
  jobId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'job_revisions_pkey' })
  version!: number;

  /** From then on it was so. */
  @Column('timestamptz')
  at!: Date;

  @Column('text')
  state!: string;

  @Column('text', { name: 'pause_note', nullable: true })
  pauseNote!: string | null;

  @Column('timestamptz', { name: 'paused_until', nullable: true })
  pausedUntil!: Date | null;

  /** What users set of the job, as `jobs` has it: secrets masked. */
  @Column('jsonb')
  definition!: object;

  @Column('jsonb', { name: 'occurrence_edits', nullable: true })
  occurrenceEdits!: object | null;
}
