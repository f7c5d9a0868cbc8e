/** The statements of `ClaimsRepository`. */
import { PROMPT_MS } from './database.js';
import type { Statement } from './database.js';

/** How the record of an attempt shows that its worker stopped: such attempts don't use up `maxAttempts`. */
export const WORKER_STOPPED = 'worker_stopped';

/** Of one snapshot with the target that they belong to. Where nobody has a secret no run is looked up for one. */
const SECRETS = `
              CASE WHEN (SELECT EXISTS (SELECT FROM job_secrets))
                   THEN (SELECT jsonb_object_agg(s.place, s.sealed) FROM job_secrets s WHERE s.job_id = runs.job_id)
                   END AS secrets,
              CASE WHEN (SELECT EXISTS (SELECT FROM signing_secrets))
                   THEN (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'sealed', s.sealed) ORDER BY s.id DESC)
                         FROM signing_secrets s
                         WHERE s.project_id = runs.project_id
                           AND (s.expires_at IS NULL OR s.expires_at > $1::timestamptz))
                   END AS "signingSecrets"`;

/**
 * The rows are found again by id inside the span of days that was picked, not by a join: for a join Postgres may choose to
 * hash the whole ledger, and it knows too little to see what that costs. A span known beforehand leaves the other days out
 * when the statement begins, one that is picked as it goes.
 */
const claimPicked = (first: string, last: string): string => `
    UPDATE runs
    SET state = 'running', attempt = runs.attempt + 1, claimed_at = greatest($1::timestamptz, runs.available_at, runs.due_at),
        lease_until = $2::timestamptz, lease_token = $3::uuid,
        started_at = coalesce(runs.started_at, greatest($1::timestamptz, runs.available_at, runs.due_at))
    FROM jobs
    WHERE runs.id = ANY (ARRAY(SELECT id FROM picked)) AND jobs.id = runs.job_id
      AND runs.scheduled_for BETWEEN ${first} AND ${last}
    RETURNING runs.id, runs.scheduled_for AS "scheduledFor", runs.due_at AS "dueAt", runs.project_id AS "projectId",
              runs.job_id AS "jobId", runs.job_name AS "jobName", runs.trigger, runs.lease_token AS token, runs.attempt,
              runs.lost_attempts AS "lostAttempts",
              CASE WHEN runs.attempt > 1
                   THEN (SELECT count(*)::int FROM jsonb_array_elements(runs.attempts) AS made
                         WHERE made->'error'->>'code' = '${WORKER_STOPPED}')
                   ELSE 0 END AS "handedBack",
              CASE WHEN runs.attempt > 1 THEN runs.started_at END AS "firstStartedAt",
              runs.available_at AS "availableAt", runs.claimed_at AS "claimedAt",
              runs.body::text AS body, clock_timestamp() AS "databaseAt", jobs.target, jobs.retry, jobs.overlap,
              ${SECRETS}`;

/**
 * A queued run may start since whoever queued it read the clock, and no replica's clock is ahead of the database's: where
 * ours says that it may not yet, ours lags. The hint is spent with this claim, so it must not be missed for that.
 */
export const CLAIM_BY_IDS: Statement = {
  name: 'claims-by-ids',
  limitMs: PROMPT_MS,
  text: `
    WITH picked AS MATERIALIZED (
      SELECT id, scheduled_for
      FROM runs
      WHERE id = ANY ($4::uuid[]) AND scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
        AND (state = 'queued' OR state = 'retrying' AND available_at <= $1::timestamptz)
      FOR UPDATE SKIP LOCKED
    ) ${claimPicked('$5::timestamptz', '$6::timestamptz')}`,
};

export const CLAIM_WAITING: Statement = {
  name: 'claims-waiting',
  limitMs: PROMPT_MS,
  text: `
    WITH picked AS MATERIALIZED (
      SELECT id, scheduled_for
      FROM runs
      WHERE state IN ('queued', 'retrying') AND available_at <= $1::timestamptz
        AND (state = 'retrying' OR available_at <= $5::timestamptz)
      ORDER BY available_at
      LIMIT $4
      FOR UPDATE SKIP LOCKED
    ) ${claimPicked('(SELECT min(scheduled_for) FROM picked)', '(SELECT max(scheduled_for) FROM picked)')}`,
};

/**
 * Only a running run has a token. Its state is not asked for as well: Postgres would then walk the index of leases, dead
 * entries and all, instead of looking up the ids. These stand there twice, for in a join alone Postgres may choose to read
 * whole partitions.
 */
export const FINISH: Statement = {
  name: 'claims-finish',
  limitMs: PROMPT_MS,
  text: `
    WITH finished AS (
      UPDATE runs
      SET state = n.state, reason = n.reason, lease_until = NULL, lease_token = NULL,
          available_at = coalesce(n.available_at, runs.available_at),
          started_at = CASE WHEN n.first THEN n.started_at ELSE runs.started_at END,
          lateness_ms = CASE WHEN n.first THEN n.lateness_ms ELSE runs.lateness_ms END,
          finished_at = CASE WHEN n.state <> 'retrying' THEN n.finished_at END,
          duration_ms = n.duration_ms, response = n.response, error = n.error,
          attempts = runs.attempts || n.attempt, lost_attempts = runs.lost_attempts + n.lost::int
      FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::bool[],
                  $8::timestamptz[], $9::bigint[], $10::timestamptz[], $11::bigint[], $12::jsonb[], $13::jsonb[], $14::jsonb[], $17::bool[])
        AS n (id, scheduled_for, token, state, reason, available_at, first,
              started_at, lateness_ms, finished_at, duration_ms, response, error, attempt, lost)
      WHERE runs.id = ANY ($1::uuid[]) AND runs.id = n.id AND runs.scheduled_for = n.scheduled_for
        AND runs.lease_token = n.token AND runs.scheduled_for BETWEEN $15::timestamptz AND $16::timestamptz
      RETURNING runs.id, runs.job_id, runs.state, runs.started_at
    ), stats AS (
      INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak)
      SELECT finished.job_id, finished.started_at, finished.state, CASE finished.state WHEN 'failed' THEN 1 ELSE 0 END
      FROM finished JOIN jobs ON jobs.id = finished.job_id
      WHERE finished.state <> 'retrying'
      ORDER BY finished.job_id
      ON CONFLICT (job_id) DO UPDATE
      SET last_run_at = excluded.last_run_at, last_run_state = excluded.last_run_state,
          failure_streak = CASE excluded.last_run_state WHEN 'failed' THEN job_stats.failure_streak + 1 ELSE 0 END
    )
    SELECT id FROM finished`,
};

/** As if it had not been claimed, but for the record of a call that was begun. What was available stays so. */
export const HAND_BACK: Statement = {
  name: 'claims-hand-back',
  limitMs: PROMPT_MS,
  text: `
    UPDATE runs
    SET state = CASE WHEN n.attempt IS NULL AND runs.attempt = 1 THEN 'queued' ELSE 'retrying' END,
        lease_until = NULL, lease_token = NULL,
        attempt = runs.attempt - (n.attempt IS NULL)::int,
        started_at = CASE WHEN n.attempt IS NOT NULL OR runs.attempt > 1 THEN runs.started_at END,
        lateness_ms = CASE WHEN n.attempt IS NOT NULL
                           THEN coalesce(runs.lateness_ms,
                                         greatest(0, extract(epoch FROM runs.started_at - runs.due_at) * 1000)::bigint)
                           ELSE runs.lateness_ms END,
        error = coalesce(n.attempt->'error', runs.error),
        attempts = runs.attempts || coalesce(n.attempt, '[]')
    FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::jsonb[]) AS n (id, scheduled_for, token, attempt)
    WHERE runs.id = ANY ($1::uuid[]) AND runs.id = n.id AND runs.scheduled_for = n.scheduled_for
      AND runs.lease_token = n.token AND runs.scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
    RETURNING runs.id`,
};

/** A call that was aborted because its run was cancelled leaves its attempt in the record all the same. */
export const RECORD_CANCELLED: Statement = {
  name: 'claims-record-cancelled',
  text: `
    UPDATE runs SET attempts = attempts || $3::jsonb
    WHERE id = $1::uuid AND scheduled_for = $2::timestamptz AND state = 'cancelled'
      AND jsonb_array_length(attempts) < attempt`,
};

/** Locks in the order of ids, as finishing and cancelling do: batches that share runs must not block each other. */
export const RENEW: Statement = {
  name: 'claims-renew',
  limitMs: PROMPT_MS,
  text: `
    WITH held AS MATERIALIZED (
      SELECT runs.id, runs.scheduled_for
      FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS n (id, scheduled_for, token)
      JOIN runs ON runs.id = n.id AND runs.scheduled_for = n.scheduled_for AND runs.lease_token = n.token
      WHERE runs.id = ANY ($1::uuid[]) AND runs.scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
      ORDER BY runs.id
      FOR UPDATE OF runs
    )
    UPDATE runs SET lease_until = $4::timestamptz
    WHERE id = ANY (ARRAY(SELECT id FROM held)) AND scheduled_for BETWEEN $5::timestamptz AND $6::timestamptz
    RETURNING id`,
};

export const PAUSE_GONE: Statement = {
  name: 'claims-pause-gone',
  text: `
    WITH paused AS (
      UPDATE job_states
      SET state = 'paused', pause_note = $2, paused_at = $3::timestamptz, paused_until = NULL, next_run_at = NULL,
          version = version + 1
      WHERE job_id = $1::uuid AND state = 'active'
      RETURNING job_id
    )
    UPDATE jobs SET updated_at = $3::timestamptz FROM paused WHERE jobs.id = paused.job_id`,
};

export const NEXT_AVAILABLE: Statement = {
  name: 'claims-next-available',
  limitMs: PROMPT_MS,
  text: `
    SELECT available_at AS at FROM runs
    WHERE state IN ('queued', 'retrying') AND available_at > $1::timestamptz
    ORDER BY available_at LIMIT 1`,
};
