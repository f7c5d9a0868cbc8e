import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Rollups of the ledger: by project and minute, hour and day, by job and hour, and by host and minute. All of it is derived and can
 * be made anew from the ledger. Histograms are arrays of `bucket << 40 | count`.
 */
export class Statistics1764600000000 implements MigrationInterface {
  name = 'Statistics1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    const counts = `
        succeeded integer NOT NULL,
        failed integer NOT NULL,
        cancelled integer NOT NULL,
        skipped integer NOT NULL,
        open integer NOT NULL,
        late integer NOT NULL,
        lateness_max bigint,
        duration_max bigint,
        lateness bigint[],
        duration bigint[],
        reasons jsonb,
        recheck_at timestamptz`;
    await runner.query(`
      CREATE TABLE run_rollups (
        project_id uuid NOT NULL,
        grain text NOT NULL,
        at timestamptz NOT NULL,${counts},
        CONSTRAINT run_rollups_pkey PRIMARY KEY (project_id, grain, at),
        CONSTRAINT run_rollups_grain_check CHECK (grain IN ('minute', 'hour', 'day'))
      )`);
    // What was rolled up while runs of it were open.
    await runner.query(`CREATE INDEX run_rollups_recheck_idx ON run_rollups (recheck_at) WHERE recheck_at IS NOT NULL`);
    // Rows come in the order of time, and are swept by it.
    await runner.query(`CREATE INDEX run_rollups_age_idx ON run_rollups USING brin (at)`);

    await runner.query(`
      CREATE TABLE job_rollups (
        job_id uuid NOT NULL,
        at timestamptz NOT NULL,${counts},
        CONSTRAINT job_rollups_pkey PRIMARY KEY (job_id, at) INCLUDE (succeeded, failed, cancelled, skipped, open)
      )`);
    await runner.query(`CREATE INDEX job_rollups_recheck_idx ON job_rollups (recheck_at) WHERE recheck_at IS NOT NULL`);
    await runner.query(`CREATE INDEX job_rollups_age_idx ON job_rollups USING brin (at)`);

    await runner.query(`
      CREATE TABLE host_rollups (
        project_id uuid NOT NULL,
        at timestamptz NOT NULL,
        host text NOT NULL,
        runs integer NOT NULL,
        failed integer NOT NULL,
        attempts integer NOT NULL,
        duration bigint[],
        CONSTRAINT host_rollups_pkey PRIMARY KEY (project_id, at, host)
      )`);
    await runner.query(`CREATE INDEX host_rollups_age_idx ON host_rollups USING brin (at)`);

    // How far the ledger has been rolled up. One row.
    await runner.query(`
      CREATE TABLE rollup_progress (
        one boolean NOT NULL DEFAULT true,
        rolled_up_to timestamptz,
        settled_to timestamptz,
        jobs_to timestamptz,
        CONSTRAINT rollup_progress_pkey PRIMARY KEY (one),
        CONSTRAINT rollup_progress_one_check CHECK (one)
      )`);
    await runner.query(`INSERT INTO rollup_progress DEFAULT VALUES`);

    // Who writes a run for an instant that lies back leaves word of it, and nobody else pays more than the comparison.
    await runner.query(`
      CREATE TABLE rollup_marks (
        id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        project_id uuid NOT NULL,
        job_id uuid NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT rollup_marks_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`
      CREATE FUNCTION mark_rollup() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO rollup_marks (project_id, job_id, at) VALUES (NEW.project_id, NEW.job_id, NEW.scheduled_for);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER runs_entered_late AFTER INSERT ON runs FOR EACH ROW
      WHEN (NEW.created_at - NEW.scheduled_for > interval '60 s') EXECUTE FUNCTION mark_rollup()`);

    // What the schedules of a project will do, computed in the background.
    await runner.query(`
      CREATE TABLE forecasts (
        project_id uuid NOT NULL,
        claimed_at timestamptz NOT NULL,
        computed_at timestamptz,
        starts_at timestamptz,
        estimated boolean,
        minutes integer[],
        hours integer[],
        crowded jsonb,
        CONSTRAINT forecasts_pkey PRIMARY KEY (project_id),
        CONSTRAINT forecasts_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE forecasts`);
    await runner.query(`DROP TRIGGER runs_entered_late ON runs`);
    await runner.query(`DROP FUNCTION mark_rollup()`);
    for (const table of ['rollup_marks', 'rollup_progress', 'host_rollups', 'job_rollups', 'run_rollups'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
