import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys: of each only the SHA-256, and its first characters for people to know it by. Secrets: sealed with a key of ours. The audit log. */
export class Access1764100000000 implements MigrationInterface {
  name = 'Access1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_keys (
        id uuid NOT NULL,
        project_id uuid NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        prefix text NOT NULL,
        hash text NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        replaced_by uuid,
        created_at timestamptz NOT NULL,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
        CONSTRAINT api_keys_hash_key UNIQUE (hash),
        CONSTRAINT api_keys_role_check CHECK (role IN ('viewer', 'editor', 'admin'))
      ) WITH (fillfactor = 80)`);
    await runner.query(`CREATE INDEX api_keys_project_idx ON api_keys (project_id, id)`);
    await createSecrets(runner);
    await createAuditLog(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_log`);
    await runner.query(`DROP TABLE signing_secrets`);
    await runner.query(`DROP TABLE job_secrets`);
    await runner.query(`DROP TABLE api_keys`);
  }
}

/** A row for each secret, so that an edit writes only what it changes while keys are being rotated. */
async function createSecrets(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE job_secrets (
      job_id uuid NOT NULL,
      place text NOT NULL,
      sealed text NOT NULL,
      CONSTRAINT job_secrets_pkey PRIMARY KEY (job_id, place),
      CONSTRAINT job_secrets_job_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )`);
  await runner.query(`
    CREATE TABLE signing_secrets (
      id uuid NOT NULL,
      project_id uuid NOT NULL,
      sealed text NOT NULL,
      expires_at timestamptz,
      replaced_by uuid,
      created_at timestamptz NOT NULL,
      CONSTRAINT signing_secrets_pkey PRIMARY KEY (id),
      CONSTRAINT signing_secrets_project_fkey FOREIGN KEY (project_id) REFERENCES projects (id)
    )`);
  await runner.query(`CREATE INDEX signing_secrets_project_idx ON signing_secrets (project_id, id)`);
  // One at a time, beside the one that it is replacing.
  await runner.query(
    `CREATE UNIQUE INDEX signing_secrets_current_idx ON signing_secrets (project_id) WHERE replaced_by IS NULL`,
  );
  // By the key that sealed: which keys are in use, and what is left to rotate.
  await runner.query(`CREATE INDEX job_secrets_key_idx ON job_secrets (split_part(sealed, ':', 1), job_id, place)`);
  await runner.query(`CREATE INDEX signing_secrets_key_idx ON signing_secrets (split_part(sealed, ':', 1), id)`);
}

/**
 * Who did what to which thing. Rows only ever come at one end and go at the other: ids carry their time. No foreign keys: an
 * entry outlives what it tells of.
 */
async function createAuditLog(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE audit_log (
      id uuid NOT NULL,
      project_id uuid NOT NULL,
      at timestamptz NOT NULL,
      actor_type text NOT NULL,
      actor_id text,
      actor_name text,
      actor_role text,
      address text,
      request_id text,
      action text NOT NULL,
      thing_id uuid NOT NULL,
      thing_name text,
      job_version integer,
      before jsonb,
      after jsonb,
      CONSTRAINT audit_log_pkey PRIMARY KEY (id)
    )`);
  await runner.query(`CREATE INDEX audit_log_project_idx ON audit_log (project_id, id)`);
  await runner.query(`CREATE INDEX audit_log_thing_idx ON audit_log (project_id, thing_id, id)`);
  await runner.query(
    `CREATE INDEX audit_log_actor_idx ON audit_log (project_id, actor_id, id) WHERE actor_id IS NOT NULL`,
  );
  await runner.query(
    `CREATE INDEX audit_log_version_idx ON audit_log (thing_id, job_version) WHERE job_version IS NOT NULL`,
  );
}
