import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which replicas there are, and which of them led when: for people to look at, nothing is decided by it. */
export class Replicas1764700000000 implements MigrationInterface {
  name = 'Replicas1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE replicas (
        replica_id text NOT NULL,
        role text NOT NULL,
        version text NOT NULL,
        started_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT replicas_pkey PRIMARY KEY (replica_id)
      )`);
    await runner.query(`
      CREATE TABLE reigns (
        epoch bigint NOT NULL,
        replica_id text NOT NULL,
        began_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT reigns_pkey PRIMARY KEY (epoch)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE reigns`);
    await runner.query(`DROP TABLE replicas`);
  }
}
