import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'reigns' })
export class ReignEntity {
  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'reigns_pkey' })
  epoch!: string;

  @Column('text', { name: 'replica_id' })
  replicaId!: string;

  @Column('timestamptz', { name: 'began_at' })
  beganAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}
