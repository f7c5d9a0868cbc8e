import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'signing_secrets' })
@Index('signing_secrets_project_idx', ['projectId', 'id'])
@Index('signing_secrets_current_idx', { synchronize: false })
@Index('signing_secrets_key_idx', { synchronize: false })
export class SigningSecretEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'signing_secrets_pkey' })
  id!: string;

  @ForeignKey(() => ProjectEntity, { name: 'signing_secrets_project_fkey' })
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  /** As the key ring seals it, with the id of the key first. */
  @Column('text')
  sealed!: string;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** The secret that a rotation made in its place. */
  @Column('uuid', { name: 'replaced_by', nullable: true })
  replacedBy!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
