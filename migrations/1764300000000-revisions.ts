import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each version of a job, as it was from its instant on. Triggers write it: whatever statement makes a version keeps it. The
 * planner, which makes none, pays for the comparison of two numbers. Who made it stands in the audit log under the same number.
 */
export class Revisions1764300000000 implements MigrationInterface {
  name = 'Revisions1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE job_revisions (
        job_id uuid NOT NULL,
        version integer NOT NULL,
        at timestamptz NOT NULL,
        state text NOT NULL,
        pause_note text,
        paused_until timestamptz,
        definition jsonb NOT NULL,
        CONSTRAINT job_revisions_pkey PRIMARY KEY (job_id, version),
        CONSTRAINT job_revisions_job_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX job_revisions_age_idx ON job_revisions (at)`);
    await runner.query(`
      CREATE FUNCTION definition_of(j jobs) RETURNS jsonb LANGUAGE sql STABLE AS $$
        SELECT jsonb_build_object('name', j.name, 'description', j.description, 'labels', j.labels, 'schedule', j.schedule,
                                  'target', j.target, 'retry', j.retry, 'overlap', j.overlap, 'misfire', j.misfire)
      $$`);
    await runner.query(`
      CREATE FUNCTION keep_first_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition)
        SELECT t.job_id, t.version, j.updated_at, t.state, t.pause_note, t.paused_until, definition_of(j)
        FROM made t JOIN jobs j ON j.id = t.job_id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition)
        SELECT NEW.job_id, NEW.version, greatest(j.updated_at, NEW.paused_at), NEW.state, NEW.pause_note, NEW.paused_until, definition_of(j)
        FROM jobs j WHERE j.id = NEW.job_id
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER job_states_made AFTER INSERT ON job_states REFERENCING NEW TABLE AS made
      FOR EACH STATEMENT EXECUTE FUNCTION keep_first_revisions()`);
    await runner.query(`
      CREATE TRIGGER job_states_versioned AFTER UPDATE ON job_states FOR EACH ROW
      WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION keep_revision()`);
    // What is there already begins its history now.
    await runner.query(`
      INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition)
      SELECT t.job_id, t.version, j.updated_at, t.state, t.pause_note, t.paused_until, definition_of(j)
      FROM job_states t JOIN jobs j ON j.id = t.job_id`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER job_states_versioned ON job_states`);
    await runner.query(`DROP TRIGGER job_states_made ON job_states`);
    await runner.query(`DROP FUNCTION keep_revision()`);
    await runner.query(`DROP FUNCTION keep_first_revisions()`);
    await runner.query(`DROP FUNCTION definition_of(jobs)`);
    await runner.query(`DROP TABLE job_revisions`);
  }
}
