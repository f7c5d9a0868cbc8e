import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { KeyRole } from '../../domain/access.js';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'api_keys' })
@Unique('api_keys_hash_key', ['hash'])
@Check('api_keys_role_check', `role IN ('viewer', 'editor', 'admin')`)
@Index('api_keys_project_idx', ['projectId', 'id'])
export class ApiKeyEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_keys_pkey' })
  id!: string;

  @ForeignKey(() => ProjectEntity, { name: 'api_keys_project_fkey' })
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  name!: string;

  @Column('text')
  role!: KeyRole;

  /** The key's first characters. */
  @Column('text')
  prefix!: string;

  /** SHA-256 of the whole key, in hexadecimal digits. */
  @Column('text')
  hash!: string;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  /** The key that a rotation made in its place. */
  @Column('uuid', { name: 'replaced_by', nullable: true })
  replacedBy!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
