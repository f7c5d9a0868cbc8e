import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'replicas' })
export class ReplicaEntity {
  @PrimaryColumn('text', { name: 'replica_id', primaryKeyConstraintName: 'replicas_pkey' })
  replicaId!: string;

  @Column('text')
  role!: string;

  @Column('text')
  version!: string;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'seen_at' })
  seenAt!: Date;
}
