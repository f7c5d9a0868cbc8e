import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a project uses is the sum of its rows; triggers on `jobs` write them. */
@Entity({ name: 'project_usage' })
export class ProjectUsageEntity {
  @PrimaryColumn('uuid', { name: 'project_id', primaryKeyConstraintName: 'project_usage_pkey' })
  projectId!: string;

  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'project_usage_pkey' })
  shard!: number;

  @Column('bigint')
  jobs!: string;

  @Column('bigint', { name: 'fires_per_million_minutes' })
  firesPerMillionMinutes!: string;
}
