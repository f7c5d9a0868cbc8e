import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The trace of the request that started a run, so that the run goes on with it wherever it is delivered. */
export class RunTraces1764470100000 implements MigrationInterface {
  name = 'RunTraces1764470100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs ADD COLUMN traceparent text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs DROP COLUMN traceparent`);
  }
}
