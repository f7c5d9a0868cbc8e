import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An edition of the time zones that some replica computes due times by. */
@Entity({ name: 'tz_editions' })
export class TzEditionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'tz_editions_pkey' })
  edition!: string;

  @Column('timestamptz', { name: 'used_at' })
  usedAt!: Date;

  /** All due times were brought to it, by replicas that began at this instant. */
  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
