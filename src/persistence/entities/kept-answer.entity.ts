import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'kept_answers' })
@Index('kept_answers_age_idx', ['createdAt'])
export class KeptAnswerEntity {
  @ForeignKey(() => ProjectEntity, { name: 'kept_answers_project_fkey' })
  @PrimaryColumn('uuid', { name: 'project_id', primaryKeyConstraintName: 'kept_answers_pkey' })
  projectId!: string;

  @PrimaryColumn('text', { name: 'key_hash', primaryKeyConstraintName: 'kept_answers_pkey' })
  keyHash!: string;

  @Column('text')
  fingerprint!: string;

  @Column('integer')
  status!: number;

  @Column('jsonb')
  headers!: Record<string, string>;

  @Column('text')
  body!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
