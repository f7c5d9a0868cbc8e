import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys: of each only the SHA-256, and its first characters for people to know it by. */
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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE api_keys`);
  }
}
