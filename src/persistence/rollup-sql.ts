import { BUCKETS_PER_E } from '../domain/statistics/histogram.js';
import { LATENESS_OBJECTIVE_MS } from '../domain/statistics/tally.js';

/** The columns that every rollup has, in the order in which the statements below answer them. */
export const ROLLUP_COLUMNS = `succeeded, failed, cancelled, skipped, open, late, lateness_max, duration_max, lateness, duration, reasons`;

/** The same under the names that the code has for them; arrays as text, which the driver need not take apart. */
export const ROLLUP_ANSWER = `
  succeeded, failed, cancelled, skipped, open, late, lateness_max AS "latenessMax", duration_max AS "durationMax",
  array_to_string(lateness, ',') AS lateness, array_to_string(duration, ',') AS duration, reasons`;

/** What a source of `rollupOfRuns` selects of runs, beside its keys. */
export const COUNTED_COLUMNS = 'r.state, r.reason, r.lateness_ms, r.duration_ms';

const OPEN = `state IN ('queued', 'running', 'retrying', 'held')`;

/** As `bucketOf` in `domain/statistics/histogram.ts`. */
const bucketSql = (ms: string): string => `floor(ln(${ms} + 1.0::float8) * ${BUCKETS_PER_E})::bigint`;

function histogramSql(keys: string, ms: string, where: string): string {
  return `
    SELECT ${keys}, array_agg(bucket << 40 | n ORDER BY bucket) AS packed
    FROM (SELECT ${keys}, ${bucketSql(ms)} AS bucket, count(*) AS n FROM seen WHERE ${where} GROUP BY ${keys}, bucket) b
    GROUP BY ${keys}`;
}

/** A query that counts the rows of `source`, which names the runs' COUNTED_COLUMNS beside the keys, by these keys. */
export function rollupOfRuns(keys: string, source: string): string {
  return `
    WITH seen AS MATERIALIZED (${source}),
    counted AS (
      SELECT ${keys},
             count(*) FILTER (WHERE state = 'succeeded')::int AS succeeded,
             count(*) FILTER (WHERE state = 'failed')::int AS failed,
             count(*) FILTER (WHERE state = 'cancelled')::int AS cancelled,
             count(*) FILTER (WHERE state = 'skipped')::int AS skipped,
             count(*) FILTER (WHERE ${OPEN})::int AS open,
             count(*) FILTER (WHERE lateness_ms > ${LATENESS_OBJECTIVE_MS})::int AS late,
             max(lateness_ms) AS lateness_max,
             max(duration_ms) FILTER (WHERE NOT ${OPEN}) AS duration_max
      FROM seen GROUP BY ${keys}
    ),
    latenesses AS (${histogramSql(keys, 'lateness_ms', 'lateness_ms IS NOT NULL')}),
    durations AS (${histogramSql(keys, 'duration_ms', `duration_ms IS NOT NULL AND NOT ${OPEN}`)}),
    whys AS (
      SELECT ${keys}, jsonb_object_agg(reason, n) AS reasons
      FROM (SELECT ${keys}, reason, count(*) AS n FROM seen WHERE reason IS NOT NULL AND NOT ${OPEN}
            GROUP BY ${keys}, reason) w
      GROUP BY ${keys}
    )
    SELECT ${keys}, succeeded, failed, cancelled, skipped, open, late, lateness_max, duration_max,
           latenesses.packed AS lateness, durations.packed AS duration, whys.reasons
    FROM counted LEFT JOIN latenesses USING (${keys}) LEFT JOIN durations USING (${keys}) LEFT JOIN whys USING (${keys})`;
}

function mergedSql(keys: string, column: string): string {
  return `
    SELECT ${keys}, array_agg(bucket << 40 | n ORDER BY bucket) AS packed
    FROM (SELECT ${keys}, packed >> 40 AS bucket, sum(packed & ((1::bigint << 40) - 1))::bigint AS n
          FROM seen, unnest(${column}) AS packed GROUP BY ${keys}, bucket) b
    GROUP BY ${keys}`;
}

/** A query that adds up the rollups of `source`, which names ROLLUP_COLUMNS beside the keys, by these keys. */
export function rollupOfRollups(keys: string, source: string): string {
  return `
    WITH seen AS MATERIALIZED (${source}),
    counted AS (
      SELECT ${keys}, sum(succeeded)::int AS succeeded, sum(failed)::int AS failed, sum(cancelled)::int AS cancelled,
             sum(skipped)::int AS skipped, sum(open)::int AS open, sum(late)::int AS late,
             max(lateness_max) AS lateness_max, max(duration_max) AS duration_max
      FROM seen GROUP BY ${keys}
    ),
    latenesses AS (${mergedSql(keys, 'lateness')}),
    durations AS (${mergedSql(keys, 'duration')}),
    whys AS (
      SELECT ${keys}, jsonb_object_agg(reason, n) AS reasons
      FROM (SELECT ${keys}, w.key AS reason, sum(w.value::bigint) AS n FROM seen, jsonb_each_text(reasons) AS w
            GROUP BY ${keys}, w.key) s
      GROUP BY ${keys}
    )
    SELECT ${keys}, succeeded, failed, cancelled, skipped, open, late, lateness_max, duration_max,
           latenesses.packed AS lateness, durations.packed AS duration, whys.reasons
    FROM counted LEFT JOIN latenesses USING (${keys}) LEFT JOIN durations USING (${keys}) LEFT JOIN whys USING (${keys})`;
}

/** Of two rollups of the same stretch the newer counts. */
export const REPLACE_COUNTS = [...ROLLUP_COLUMNS.split(', '), 'recheck_at']
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');

/** With the port, where the URL names one; null where it names no host. Cut rather than matched: a pattern took three quarters of the time of a rollup. */
export const HOST = `
  lower(nullif(split_part(split_part(translate(split_part(j.target->>'url', '://', 2), '?#', '//'), '/', 1), '@', -1), ''))`;

/** A query that counts what was called, by project, minute and host. Jobs that are gone have no host any more. */
export function hostRollupOfRuns(source: string): string {
  const keys = 'project_id, at, host';
  return `
    WITH seen AS MATERIALIZED (
      SELECT s.project_id, s.at, s.state, s.attempt, s.duration_ms, ${HOST} AS host
      FROM (${source}) s JOIN jobs j ON j.id = s.job_id
      WHERE s.attempt > 0
    ),
    counted AS (
      SELECT ${keys}, count(*)::int AS runs, count(*) FILTER (WHERE state = 'failed')::int AS failed,
             sum(attempt)::int AS attempts
      FROM seen WHERE host IS NOT NULL GROUP BY ${keys}
    ),
    durations AS (${histogramSql(keys, 'duration_ms', `duration_ms IS NOT NULL AND NOT ${OPEN}`)})
    SELECT ${keys}, runs, failed, attempts, durations.packed AS duration
    FROM counted LEFT JOIN durations USING (${keys})`;
}
