import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the jobs that fail run after run. One that succeeds is not in it, and its stats are written as cheaply as before. */
export class FailingJobs1764470000000 implements MigrationInterface {
  name = 'FailingJobs1764470000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET lock_timeout = 0`);
    await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS job_stats_failing_idx`);
    await runner.query(
      `CREATE INDEX CONCURRENTLY job_stats_failing_idx ON job_stats (job_id) WHERE failure_streak >= 3`,
    );
    await runner.query(`SET lock_timeout = '2s'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX job_stats_failing_idx`);
  }
}
