import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'projects' })
@Index('projects_capped_idx', { synchronize: false })
export class ProjectEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'projects_pkey' })
  id!: string;

  @Column('text', { unique: true })
  name!: string;

  @Column('jsonb', { name: 'rate_limits', default: { perKey: null, total: null } })
  rateLimits!: object;

  @Column('jsonb', {
    default: { jobs: null, firesPerMinute: null, concurrentRuns: null, leastIntervalMs: null },
  })
  quotas!: object;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
