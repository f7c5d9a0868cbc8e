import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { decideAdmission } from '../domain/run-caps.js';
import type { Candidate, CapStanding } from '../domain/run-caps.js';
import type { ClaimedRun } from './claims.repository.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql } from './database.js';
import { spanOf } from './ledger-writes.js';

/** Where runs stand in line they are available at the end of time: no claim looks at them. As the migration has it. */
const IN_LINE = `available_at = '9999-12-31T00:00:00Z'::timestamptz AND state IN ('queued', 'retrying')`;

/** Called out of one project's line at once, where its quota was lifted. */
const CALLED_AT_MOST = 1_000;

const LOOK = {
  name: 'run-caps-look',
  limitMs: PROMPT_MS,
  text: `
    SELECT ARRAY(SELECT id::text FROM projects WHERE (quotas ->> 'concurrentRuns') IS NOT NULL) AS capped,
           EXISTS (SELECT FROM runs WHERE ${IN_LINE}) AS "isLine"`,
};

const LOCK = {
  name: 'run-caps-lock',
  text: `
    SELECT pg_advisory_xact_lock(1128355925, hashtext(p.id::text))
    FROM (SELECT id FROM unnest($1::uuid[]) AS p (id) ORDER BY id) AS p`,
};

const STANDINGS = {
  name: 'run-caps-standings',
  text: `
    SELECT p.id, (p.quotas ->> 'concurrentRuns')::int AS cap,
           (SELECT count(*) FROM runs r WHERE r.project_id = p.id AND r.capped AND r.state = 'running'
                                          AND r.id <> ALL ($2::uuid[])) AS running,
           EXISTS (SELECT FROM runs w WHERE w.project_id = p.id AND ${IN_LINE}) AS "hasLine"
    FROM projects p WHERE p.id = ANY ($1::uuid[])`,
};

const CALLED = {
  name: 'run-caps-called',
  text: `
    SELECT id FROM runs
    WHERE id = ANY ($1::uuid[]) AND scheduled_for BETWEEN $2::timestamptz AND $3::timestamptz AND capped`,
};

/** What does not begin is given back as if it had not been claimed. In the order of ids, in which others lock runs too. */
const SETTLE = {
  name: 'run-caps-settle',
  text: `
    WITH ours AS MATERIALIZED (
      SELECT id, scheduled_for, id = ANY ($3::uuid[]) AS admitted
      FROM runs
      WHERE id = ANY ($1::uuid[]) AND lease_token = ANY ($2::uuid[])
        AND scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
      ORDER BY id
      FOR UPDATE
    )
    UPDATE runs
    SET capped = ours.admitted,
        state = CASE WHEN ours.admitted THEN 'running' WHEN attempt = 1 THEN 'queued' ELSE 'retrying' END,
        attempt = attempt - (NOT ours.admitted)::int,
        lease_until = CASE WHEN ours.admitted THEN lease_until END,
        lease_token = CASE WHEN ours.admitted THEN lease_token END,
        claimed_at = least(claimed_at, $4::timestamptz),
        started_at = CASE WHEN ours.admitted OR attempt > 1 THEN least(started_at, $4::timestamptz) END,
        available_at = CASE WHEN ours.admitted THEN least(runs.available_at, $4::timestamptz)
                            ELSE '9999-12-31T00:00:00Z'::timestamptz END
    FROM ours
    WHERE runs.id = ANY ($1::uuid[]) AND runs.id = ours.id AND runs.scheduled_for = ours.scheduled_for
      AND runs.scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
    RETURNING runs.id, ours.admitted`,
};

/** From one project in line to the next by the index: it costs what projects wait, not what runs do. */
const CALL_NEXT = {
  name: 'run-caps-call-next',
  limitMs: PROMPT_MS,
  text: `
    WITH RECURSIVE waiting AS (
      (SELECT project_id FROM runs WHERE ${IN_LINE} ORDER BY project_id LIMIT 1)
      UNION ALL
      SELECT (SELECT r.project_id FROM runs r WHERE ${IN_LINE} AND r.project_id > waiting.project_id
              ORDER BY r.project_id LIMIT 1)
      FROM waiting WHERE waiting.project_id IS NOT NULL
    ), room AS MATERIALIZED (
      SELECT p.id AS project_id,
             least(${CALLED_AT_MOST}, coalesce((p.quotas ->> 'concurrentRuns')::int, ${CALLED_AT_MOST})
                   - (SELECT count(*) FROM runs r WHERE r.project_id = p.id AND r.capped AND r.state = 'running')) AS free
      FROM waiting JOIN projects p ON p.id = waiting.project_id
    ), picked AS MATERIALIZED (
      SELECT next.id, next.scheduled_for
      FROM room CROSS JOIN LATERAL (
        SELECT id, scheduled_for FROM runs
        WHERE runs.project_id = room.project_id AND ${IN_LINE}
        ORDER BY scheduled_for
        LIMIT greatest(room.free, 0)
        FOR UPDATE SKIP LOCKED
      ) AS next
    )
    UPDATE runs SET available_at = $1::timestamptz, capped = true
    WHERE id = ANY (ARRAY(SELECT id FROM picked))
      AND scheduled_for BETWEEN (SELECT min(scheduled_for) FROM picked) AND (SELECT max(scheduled_for) FROM picked)
    RETURNING runs.id`,
};

type Claimed = Pick<ClaimedRun, 'id' | 'projectId' | 'scheduledFor' | 'token'>;

/** Concurrent runs of projects that have a quota for them. */
@Injectable()
export class RunCapsRepository {
  constructor(private readonly database: Database) {}

  /** The projects that have one, and whether any run of any project stands in line. */
  async look(): Promise<{ capped: Set<string>; isLine: boolean }> {
    const [found] = await this.database.rows<{ capped: string[]; isLine: boolean }>(LOOK);
    return { capped: new Set(found?.capped), isLine: found?.isLine ?? false };
  }

  /**
   * Lets as many of these claimed runs begin as their projects have room for, and answers which; the others go into the
   * project's line. Claims of one project come here one after the other, so that a quota is never overstepped.
   */
  admit(runs: readonly Claimed[], now: Instant): Promise<Set<string>> {
    return this.database.transaction((sql) => this.admitIn(sql, runs, now), PROMPT_MS);
  }

  /** Calls runs out of the lines of projects that have room, the oldest first, and answers their ids. */
  async callNext(now: Instant): Promise<string[]> {
    return (await this.database.rows<{ id: string }>(CALL_NEXT, [formatInstant(now)])).map(({ id }) => id);
  }

  private async admitIn(sql: Sql, runs: readonly Claimed[], now: Instant): Promise<Set<string>> {
    const ids = runs.map(({ id }) => id);
    const projectIds = [...new Set(runs.map(({ projectId }) => projectId))];
    const [from, to] = spanOf(runs);
    await sql.rows(LOCK, [projectIds]);
    const called = new Set((await sql.rows<{ id: string }>(CALLED, [ids, from, to])).map(({ id }) => id));
    const standings = await sql.rows<CapStanding & { id: string }>(STANDINGS, [projectIds, ids]);
    const candidates = runs.map((run): Candidate => ({ ...run, called: called.has(run.id) }));
    const admitted = decideAdmission(candidates, new Map(standings.map((standing) => [standing.id, standing])));
    const tokens = [...new Set(runs.map(({ token }) => token))];
    const values = [ids, tokens, [...admitted], formatInstant(now), from, to];
    const settled = await sql.rows<{ id: string; admitted: boolean }>(SETTLE, values);
    return new Set(settled.filter((run) => run.admitted).map(({ id }) => id));
  }
}
