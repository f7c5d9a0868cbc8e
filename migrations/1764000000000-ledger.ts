import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Jobs, the ledger of runs, and what the planner and the workers share.
 *
 * `runs` is partitioned by day of `scheduled_for`; a run's id is a UUID v7 whose time is `scheduled_for`, so that an id
 * alone leads to its partition. The default partition takes what lies outside the days made ahead, so nothing is lost
 * when a day is missing.
 */
export class Ledger1764000000000 implements MigrationInterface {
  name = 'Ledger1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE EXTENSION IF NOT EXISTS pg_trgm`);
    await runner.query(`
      CREATE TABLE projects (
        id uuid NOT NULL,
        name text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT projects_pkey PRIMARY KEY (id),
        CONSTRAINT projects_name_key UNIQUE (name)
      )`);
    await runner.query(`
      INSERT INTO projects (id, name, created_at, updated_at)
      VALUES ('00000000-0000-7000-8000-000000000001', 'default', now(), now())`);

    await runner.query(`
      CREATE TABLE jobs (
        id uuid NOT NULL,
        project_id uuid NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        labels jsonb NOT NULL,
        schedule jsonb NOT NULL,
        target jsonb NOT NULL,
        retry jsonb NOT NULL,
        overlap text NOT NULL,
        misfire jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT jobs_pkey PRIMARY KEY (id),
        CONSTRAINT jobs_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
        CONSTRAINT jobs_name_key UNIQUE (project_id, name),
        CONSTRAINT jobs_overlap_check CHECK (overlap IN ('allow', 'skip', 'queueOne', 'queueAll', 'cancelRunning'))
      )`);
    // Ids carry the time of creation: this is the list by age.
    await runner.query(`CREATE INDEX jobs_project_idx ON jobs (project_id, id)`);
    await runner.query(`CREATE INDEX jobs_labels_idx ON jobs USING gin (labels jsonb_path_ops)`);
    await runner.query(`
      CREATE INDEX jobs_search_idx ON jobs
      USING gin (lower(name || ' ' || description || ' ' || coalesce(target->>'url', '')) gin_trgm_ops)`);
    // Where each job stands. Apart from its definition, because planning writes it at every occurrence: narrow rows, and none
    // of the indexes that search definitions. Its row is the job's lock.
    await runner.query(`
      CREATE TABLE job_states (
        job_id uuid NOT NULL,
        project_id uuid NOT NULL,
        state text NOT NULL,
        pause_note text,
        paused_at timestamptz,
        paused_until timestamptz,
        resumed_at timestamptz,
        next_occurrence_at timestamptz,
        next_run_at timestamptz,
        run_count integer NOT NULL DEFAULT 0,
        scheduled_run_count integer NOT NULL DEFAULT 0,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT job_states_pkey PRIMARY KEY (job_id),
        CONSTRAINT job_states_job_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
        CONSTRAINT job_states_state_check CHECK (state IN ('active', 'paused', 'completed'))
      ) WITH (fillfactor = 80)`);
    // The planner's index: only what can become due is in it.
    await runner.query(`CREATE INDEX job_states_due_idx ON job_states (next_run_at) WHERE next_run_at IS NOT NULL`);
    // A paused job's next_run_at is the end of its pause, not a run.
    await runner.query(`
      CREATE INDEX job_states_next_run_idx
      ON job_states (project_id, (CASE WHEN state = 'active' THEN next_run_at END), job_id)`);
    // Paused and completed jobs are the few that a state filter looks for.
    await runner.query(
      `CREATE INDEX job_states_inactive_idx ON job_states (project_id, state, job_id) WHERE state <> 'active'`,
    );

    // Apart from jobs: workers write it at every finish, and must not hold the rows that the planner locks.
    await runner.query(`
      CREATE TABLE job_stats (
        job_id uuid NOT NULL,
        last_run_at timestamptz NOT NULL,
        last_run_state text NOT NULL,
        failure_streak integer NOT NULL,
        CONSTRAINT job_stats_pkey PRIMARY KEY (job_id)
      ) WITH (fillfactor = 70)`);

    await runner.query(`
      CREATE TABLE runs (
        id uuid NOT NULL,
        scheduled_for timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        project_id uuid NOT NULL,
        job_id uuid NOT NULL,
        job_name text NOT NULL,
        job_version integer NOT NULL,
        trigger text NOT NULL,
        trigger_nonce integer NOT NULL DEFAULT 0,
        epoch bigint,
        state text NOT NULL,
        reason text,
        attempt integer NOT NULL DEFAULT 0,
        lost_attempts integer NOT NULL DEFAULT 0,
        max_attempts integer NOT NULL,
        available_at timestamptz NOT NULL,
        claimed_at timestamptz,
        lease_until timestamptz,
        lease_token uuid,
        body jsonb,
        started_at timestamptz,
        finished_at timestamptz,
        lateness_ms bigint,
        duration_ms bigint,
        response jsonb,
        error jsonb,
        attempts jsonb NOT NULL DEFAULT '[]',
        created_at timestamptz NOT NULL,
        CONSTRAINT runs_pkey PRIMARY KEY (id, scheduled_for),
        CONSTRAINT runs_occurrence_key UNIQUE (job_id, scheduled_for, trigger_nonce),
        CONSTRAINT runs_state_check CHECK (state IN ('queued', 'running', 'retrying', 'held', 'succeeded', 'failed', 'cancelled', 'skipped')),
        CONSTRAINT runs_trigger_check CHECK (trigger IN ('schedule', 'manual', 'backfill', 'replay', 'misfire'))
      ) PARTITION BY RANGE (scheduled_for)`);
    await runner.query(`CREATE INDEX runs_project_idx ON runs (project_id, scheduled_for, id)`);
    // The rare ends, which people look for. Successes are met by walking the ledger.
    await runner.query(`
      CREATE INDEX runs_rare_end_idx ON runs (project_id, state, scheduled_for, id)
      WHERE state IN ('failed', 'cancelled', 'skipped')`);
    await runner.query(`CREATE INDEX runs_claim_idx ON runs (available_at) WHERE state IN ('queued', 'retrying')`);
    await runner.query(`CREATE INDEX runs_lease_idx ON runs (lease_until) WHERE state = 'running'`);
    await runner.query(
      `CREATE INDEX runs_open_idx ON runs (job_id, scheduled_for) WHERE state IN ('queued', 'running', 'retrying', 'held')`,
    );
    await runner.query(`CREATE INDEX runs_held_idx ON runs (job_id) WHERE state = 'held'`);
    await runner.query(`CREATE TABLE runs_default PARTITION OF runs DEFAULT`);

    await limitProjects(runner);
    await createCalendars(runner);
    // What was answered to requests with an idempotency key, written with what they wrote and swept by age.
    await runner.query(`
      CREATE TABLE kept_answers (
        project_id uuid NOT NULL,
        key_hash text NOT NULL,
        fingerprint text NOT NULL,
        status integer NOT NULL,
        headers jsonb NOT NULL,
        body text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT kept_answers_pkey PRIMARY KEY (project_id, key_hash),
        CONSTRAINT kept_answers_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id)
      )`);
    await runner.query(`CREATE INDEX kept_answers_age_idx ON kept_answers (created_at)`);

    // Counts reigns: each time a replica starts to lead it draws the next number.
    await runner.query(`CREATE SEQUENCE reign_epoch`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP SEQUENCE reign_epoch`);
    await runner.query(`DROP TABLE kept_answers`);
    await runner.query(`DROP TABLE runs`);
    await runner.query(`DROP TABLE job_stats`);
    await runner.query(`DROP TABLE job_states`);
    await runner.query(`DROP TABLE jobs`);
    await runner.query(`DROP FUNCTION calendar_uses`);
    await runner.query(`DROP TABLE calendars`);
    await runner.query(`DROP FUNCTION count_made_jobs, count_gone_jobs, count_changed_jobs`);
    await runner.query(`DROP FUNCTION count_project_use`);
    await runner.query(`DROP TABLE project_usage`);
    await runner.query(`DROP TABLE projects`);
  }
}

/**
 * What the root key allows a project, and what it uses. Null members: what the service gives everyone.
 *
 * Jobs are counted where they are written, so that no statement can forget it. A project's use is the sum of a few rows, one
 * for each of some connections: those that create at the same time rarely meet at a row. Where a quota must be heeded they do
 * meet, at a lock of the project, and read the sum after it.
 */
async function limitProjects(runner: QueryRunner): Promise<void> {
  await runner.query(`
    ALTER TABLE projects
    ADD COLUMN rate_limits jsonb NOT NULL DEFAULT '{"perKey": null, "total": null}',
    ADD COLUMN quotas jsonb NOT NULL
      DEFAULT '{"jobs": null, "firesPerMinute": null, "concurrentRuns": null, "leastIntervalMs": null}'`);
  await runner.query(`
    ALTER TABLE jobs
    ADD COLUMN fires_per_million_minutes bigint NOT NULL DEFAULT 0,
    ADD COLUMN shortest_gap_ms bigint`);
  await runner.query(`
    CREATE TABLE project_usage (
      project_id uuid NOT NULL,
      shard smallint NOT NULL,
      jobs bigint NOT NULL,
      fires_per_million_minutes bigint NOT NULL,
      CONSTRAINT project_usage_pkey PRIMARY KEY (project_id, shard)
    ) WITH (fillfactor = 50)`);
  // The row goes by the connection: a transaction that counts several times comes back to its own, and none waits crosswise.
  // Refuses with SQLSTATE CQ001, and says which quota (JSON in the detail).
  await runner.query(`
    CREATE FUNCTION count_project_use(project uuid, more_jobs bigint, more_fires bigint, gap_ms bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
      allowed jsonb;
      used_jobs bigint;
      used_fires bigint;
    BEGIN
      SELECT quotas INTO allowed FROM projects WHERE id = project;
      IF gap_ms < (allowed ->> 'leastIntervalMs')::bigint THEN
        RAISE EXCEPTION 'quota exceeded' USING ERRCODE = 'CQ001', DETAIL = jsonb_build_object(
          'quota', 'leastIntervalMs', 'limit', allowed -> 'leastIntervalMs', 'used', 0, 'asked', gap_ms);
      END IF;
      IF more_jobs > 0 AND (allowed ->> 'jobs') IS NOT NULL
         OR more_fires > 0 AND (allowed ->> 'firesPerMinute') IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(1128355924, hashtext(project::text));
        SELECT coalesce(sum(jobs), 0), coalesce(sum(fires_per_million_minutes), 0) INTO used_jobs, used_fires
        FROM project_usage WHERE project_id = project;
        IF more_jobs > 0 AND used_jobs + more_jobs > (allowed ->> 'jobs')::bigint THEN
          RAISE EXCEPTION 'quota exceeded' USING ERRCODE = 'CQ001', DETAIL = jsonb_build_object(
            'quota', 'jobs', 'limit', allowed -> 'jobs', 'used', used_jobs, 'asked', more_jobs);
        END IF;
        IF more_fires > 0 AND used_fires + more_fires > (allowed ->> 'firesPerMinute')::numeric * 1000000 THEN
          RAISE EXCEPTION 'quota exceeded' USING ERRCODE = 'CQ001', DETAIL = jsonb_build_object(
            'quota', 'firesPerMinute', 'limit', allowed -> 'firesPerMinute', 'used', used_fires / 1000000.0,
            'asked', more_fires / 1000000.0);
        END IF;
      END IF;
      INSERT INTO project_usage AS counted (project_id, shard, jobs, fires_per_million_minutes)
      VALUES (project, pg_backend_pid() % 16, more_jobs, more_fires)
      ON CONFLICT (project_id, shard) DO UPDATE
      SET jobs = counted.jobs + excluded.jobs,
          fires_per_million_minutes = counted.fires_per_million_minutes + excluded.fires_per_million_minutes;
    END $$`);
  await runner.query(`
    CREATE FUNCTION count_made_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM count_project_use(project_id, count(*), sum(fires_per_million_minutes)::bigint, min(shortest_gap_ms))
      FROM made GROUP BY project_id ORDER BY project_id;
      RETURN NULL;
    END $$`);
  await runner.query(`
    CREATE FUNCTION count_gone_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM count_project_use(project_id, -count(*), -sum(fires_per_million_minutes)::bigint, NULL)
      FROM gone GROUP BY project_id ORDER BY project_id;
      RETURN NULL;
    END $$`);
  // Of all that one statement changes together: what one job gives up another may take.
  await runner.query(`
    CREATE FUNCTION count_changed_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM count_project_use(project_id, 0, more_fires, gap_ms)
      FROM (
        SELECT after.project_id,
               sum(after.fires_per_million_minutes - before.fires_per_million_minutes)::bigint AS more_fires,
               min(after.shortest_gap_ms) FILTER (WHERE after.shortest_gap_ms IS DISTINCT FROM before.shortest_gap_ms)
                 AS gap_ms
        FROM after JOIN before ON before.id = after.id
        GROUP BY after.project_id ORDER BY after.project_id
      ) AS changed
      WHERE more_fires <> 0 OR gap_ms IS NOT NULL;
      RETURN NULL;
    END $$`);
  await runner.query(`
    CREATE TRIGGER jobs_made AFTER INSERT ON jobs REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION count_made_jobs()`);
  await runner.query(`
    CREATE TRIGGER jobs_gone AFTER DELETE ON jobs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_gone_jobs()`);
  await runner.query(`
    CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_jobs()`);

  // Few projects have a quota of concurrent runs, and only their runs are in these.
  await runner.query(
    `CREATE INDEX projects_capped_idx ON projects (id) WHERE (quotas ->> 'concurrentRuns') IS NOT NULL`,
  );
  await runner.query(`ALTER TABLE runs ADD COLUMN capped boolean NOT NULL DEFAULT false`);
  await runner.query(`CREATE INDEX runs_capped_idx ON runs (project_id) WHERE capped AND state = 'running'`);
  await runner.query(`
    CREATE INDEX runs_line_idx ON runs (project_id, scheduled_for)
    WHERE available_at = '9999-12-31T00:00:00Z'::timestamptz AND state IN ('queued', 'retrying')`);
}

/**
 * Named calendars, and who uses them: the names in `schedule.exclude` are the one record of that, and an index over them with
 * the project before each finds the jobs of a calendar. So whatever statement writes a job keeps it in step.
 */
async function createCalendars(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE calendars (
      id uuid NOT NULL,
      project_id uuid NOT NULL,
      name text NOT NULL,
      description text NOT NULL,
      days jsonb NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      CONSTRAINT calendars_pkey PRIMARY KEY (id),
      CONSTRAINT calendars_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
      CONSTRAINT calendars_name_key UNIQUE (project_id, name)
    )`);
  await runner.query(`CREATE INDEX calendars_project_idx ON calendars (project_id, id)`);
  await runner.query(`
    CREATE FUNCTION calendar_uses(project uuid, schedule jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE AS $$
      SELECT array_agg(project::text || '/' || name) FROM jsonb_array_elements_text(schedule -> 'exclude') AS name
    $$`);
  await runner.query(`
    CREATE INDEX jobs_calendars_idx ON jobs USING gin (calendar_uses(project_id, schedule)) WHERE schedule ? 'exclude'`);
}
