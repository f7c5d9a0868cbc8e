import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What audits found in the ledger and no later one has found to be right: a row for an occurrence and what is wrong with it. */
export class AuditFindings1764800000000 implements MigrationInterface {
  name = 'AuditFindings1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_findings (
        job_id uuid NOT NULL,
        kind text NOT NULL,
        scheduled_for timestamptz NOT NULL,
        project_id uuid NOT NULL,
        checked_at timestamptz NOT NULL,
        CONSTRAINT audit_findings_pkey PRIMARY KEY (job_id, kind, scheduled_for),
        CONSTRAINT audit_findings_job_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
      )`);
    await runner.query(`CREATE INDEX audit_findings_project_idx ON audit_findings (project_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_findings`);
  }
}
