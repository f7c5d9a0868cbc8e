import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What users decided of single occurrences to come, beside where the job stands: one row and one lock say what fires next. NULL
 * for nearly every job, which so pays nothing. A version keeps what was decided when it began.
 */
export class OccurrenceEdits1764500000000 implements MigrationInterface {
  name = 'OccurrenceEdits1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_states ADD COLUMN occurrence_edits jsonb`);
    await runner.query(`ALTER TABLE job_revisions ADD COLUMN occurrence_edits jsonb`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition, occurrence_edits)
        SELECT NEW.job_id, NEW.version, greatest(j.updated_at, NEW.paused_at), NEW.state, NEW.pause_note, NEW.paused_until,
               definition_of(j), NEW.occurrence_edits
        FROM jobs j WHERE j.id = NEW.job_id
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition)
        SELECT NEW.job_id, NEW.version, greatest(j.updated_at, NEW.paused_at), NEW.state, NEW.pause_note, NEW.paused_until, definition_of(j)
        FROM jobs j WHERE j.id = NEW.job_id
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`ALTER TABLE job_revisions DROP COLUMN occurrence_edits`);
    await runner.query(`ALTER TABLE job_states DROP COLUMN occurrence_edits`);
  }
}
