import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The edition of the time zones by which each due time was computed stands beside it; NULL: nobody said. Which editions are in
 * use, and when all due times were last brought to one, is a row each, so that a start where nothing changed looks at those
 * alone.
 */
export class TimeZoneEditions1764500001000 implements MigrationInterface {
  name = 'TimeZoneEditions1764500001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_states ADD COLUMN tz_edition text`);
    await runner.query(`
      CREATE TABLE tz_editions (
        edition text NOT NULL,
        used_at timestamptz NOT NULL,
        settled_at timestamptz,
        CONSTRAINT tz_editions_pkey PRIMARY KEY (edition)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tz_editions`);
    await runner.query(`ALTER TABLE job_states DROP COLUMN tz_edition`);
  }
}
