import type { MigrationInterface, QueryRunner } from 'typeorm';

const keepFirstRevisions = (definition: string, jobs: string): string => `
  CREATE OR REPLACE FUNCTION keep_first_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO job_revisions (job_id, version, at, state, pause_note, paused_until, definition)
    SELECT t.job_id, t.version, j.updated_at, t.state, t.pause_note, t.paused_until, ${definition}
    FROM made t ${jobs};
    RETURN NULL;
  END $$`;

const countChangedJobs = (changed: string): string => `
  CREATE OR REPLACE FUNCTION count_changed_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM count_project_use(project_id, 0, more_fires, gap_ms)
    FROM (${changed}) AS changed
    WHERE more_fires <> 0 OR gap_ms IS NOT NULL;
    RETURN NULL;
  END $$`;

const JOINED = `
  SELECT after.project_id,
         sum(after.fires_per_million_minutes - before.fires_per_million_minutes)::bigint AS more_fires,
         min(after.shortest_gap_ms) FILTER (WHERE after.shortest_gap_ms IS DISTINCT FROM before.shortest_gap_ms)
           AS gap_ms
  FROM after JOIN before ON before.id = after.id
  GROUP BY after.project_id ORDER BY after.project_id`;

const SUBTRACTED = `
  SELECT project_id, sum(fires)::bigint AS more_fires, min(gap_ms) AS gap_ms
  FROM (
    SELECT project_id, fires_per_million_minutes AS fires, NULL::bigint AS gap_ms FROM after
    UNION ALL
    SELECT project_id, -fires_per_million_minutes, NULL FROM before
    UNION ALL
    SELECT project_id, 0, shortest_gap_ms
    FROM (SELECT project_id, id, shortest_gap_ms FROM after
          EXCEPT SELECT project_id, id, shortest_gap_ms FROM before) AS other
  ) AS sides
  GROUP BY project_id ORDER BY project_id`;

/**
 * What a trigger asks is planned once for a connection, by how many rows its first statement had. Whatever that was, these two now cost what
 * the statement's own rows cost: new jobs are looked up by their keys and no longer by a look at every job, and what changed of many is
 * subtracted and no longer found by comparing each with each.
 */
export class TriggersOfMany1764900000000 implements MigrationInterface {
  name = 'TriggersOfMany1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    const byKey = `CROSS JOIN LATERAL (SELECT updated_at, definition_of(jobs) AS definition FROM jobs WHERE id = t.job_id OFFSET 0) j`;
    await runner.query(keepFirstRevisions('j.definition', byKey));
    await runner.query(countChangedJobs(SUBTRACTED));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(keepFirstRevisions('definition_of(j)', 'JOIN jobs j ON j.id = t.job_id'));
    await runner.query(countChangedJobs(JOINED));
  }
}
