import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { CrowdedMinute, EditedJob, Forecast, ScheduleGroup } from '../domain/statistics/forecast.js';
import { Database } from './database.js';

/** Intervals that begin in the same minute are one rule here. All are added up, the most frequent are answered. */
const GROUPS = {
  name: 'forecasts-groups',
  text: `
    SELECT rule AS schedule, jobs, ARRAY[first_id, last_id] AS ids,
           greatest(0, all_fires - sum(fires) OVER ())::bigint AS "otherFires"
    FROM (
      SELECT rule, count(*)::int AS jobs, min(id::text) AS first_id, max(id::text) AS last_id,
             sum(fires_per_million_minutes)::bigint AS fires,
             sum(sum(fires_per_million_minutes)) OVER () AS all_fires
      FROM (
        SELECT j.id, j.fires_per_million_minutes,
               CASE WHEN j.schedule->>'type' = 'interval'
                    THEN jsonb_set(j.schedule, '{anchorAt}', to_jsonb(left(j.schedule->>'anchorAt', 16) || ':00.000Z'))
                    ELSE j.schedule END AS rule
        FROM jobs j JOIN job_states t ON t.job_id = j.id
        WHERE j.project_id = $1 AND t.state = 'active'
      ) active
      GROUP BY rule
      ORDER BY count(*) DESC, sum(fires_per_million_minutes) DESC
      LIMIT $2
    ) groups`,
  limitMs: 300_000,
};

/** Reads where all jobs of the project stand. */
const EDITED = {
  name: 'forecasts-edited',
  text: `
    SELECT j.id, j.schedule, t.occurrence_edits AS edits
    FROM (SELECT job_id, occurrence_edits FROM job_states
          WHERE project_id = $1 AND state = 'active' AND occurrence_edits IS NOT NULL LIMIT $2) t
    JOIN jobs j ON j.id = t.job_id`,
  limitMs: 300_000,
};

const FIND = {
  name: 'forecasts-find',
  text: `
    SELECT computed_at AS "computedAt", starts_at AS "startsAt", estimated, minutes, hours, crowded
    FROM forecasts WHERE project_id = $1 AND computed_at IS NOT NULL`,
};

const JOBS = {
  name: 'forecasts-jobs',
  text: `
    SELECT jobs, CASE WHEN jobs <= $2 THEN (SELECT max(updated_at) FROM jobs WHERE project_id = $1) END AS "updatedAt"
    FROM (SELECT coalesce(sum(jobs), 0)::int AS jobs FROM project_usage WHERE project_id = $1) AS used`,
};

/** One replica computes a project's: the claim is told by its time, so a death holds it up for a while only. */
const CLAIM = {
  name: 'forecasts-claim',
  text: `
    INSERT INTO forecasts AS f (project_id, claimed_at)
    SELECT u.project_id, $1::timestamptz
    FROM (SELECT project_id FROM project_usage GROUP BY project_id HAVING sum(jobs) > $4) u
    LEFT JOIN forecasts o ON o.project_id = u.project_id
    WHERE o.claimed_at IS NULL OR o.claimed_at < $2::timestamptz
    ORDER BY o.claimed_at NULLS FIRST LIMIT $3
    ON CONFLICT (project_id) DO UPDATE SET claimed_at = excluded.claimed_at WHERE f.claimed_at < $2::timestamptz
    RETURNING project_id AS id`,
};

const SAVE = {
  name: 'forecasts-save',
  text: `
    UPDATE forecasts
    SET computed_at = $2::timestamptz, starts_at = $3::timestamptz, estimated = $4, minutes = $5, hours = $6, crowded = $7
    WHERE project_id = $1`,
};

const NAMES = {
  name: 'forecasts-names',
  text: `SELECT id, name FROM jobs WHERE project_id = $1 AND id = ANY ($2::uuid[])`,
};

export interface ScheduleGroups {
  readonly groups: readonly ScheduleGroup[];
  /** Of the jobs in none of them, as `JobLoad` counts. */
  readonly otherFires: number;
}

export type StoredForecast = Forecast & { readonly computedAt: Instant };

type Row = Omit<StoredForecast, 'crowded'> & { readonly crowded: readonly CrowdedMinute[] };

/** What schedules will do: their groups, and what was computed of them. */
@Injectable()
export class ForecastsRepository {
  constructor(private readonly database: Database) {}

  /** Active jobs by schedule, the largest groups first. Reads all jobs of the project. */
  async groups(projectId: string, limit: number): Promise<ScheduleGroups> {
    const rows = await this.database.rows<ScheduleGroup & { readonly otherFires: number }>(GROUPS, [projectId, limit]);
    return { groups: rows, otherFires: rows[0]?.otherFires ?? 0 };
  }

  /** Active jobs of which single occurrences were edited, `limit` at most. */
  edited(projectId: string, limit: number): Promise<EditedJob[]> {
    return this.database.rows<EditedJob>(EDITED, [projectId, limit]);
  }

  /** How many jobs the project has, and when the last change was of those that are few. */
  async jobs(projectId: string, fewJobs: number): Promise<{ jobs: number; updatedAt: Instant | null }> {
    const [usage] = await this.database.rows<{ jobs: number; updatedAt: Instant | null }>(JOBS, [projectId, fewJobs]);
    return usage ?? { jobs: 0, updatedAt: null };
  }

  async find(projectId: string): Promise<StoredForecast | null> {
    const [row] = await this.database.rows<Row>(FIND, [projectId]);
    return row ?? null;
  }

  /** Takes up to `limit` projects of more than `fewJobs` jobs that nobody took since `before`. */
  async claim(now: Instant, before: Instant, limit: number, fewJobs: number): Promise<string[]> {
    const values = [formatInstant(now), formatInstant(before), limit, fewJobs];
    const rows = await this.database.rows<{ id: string }>(CLAIM, values);
    return rows.map(({ id }) => id);
  }

  async save(projectId: string, forecast: Forecast, computedAt: Instant): Promise<void> {
    await this.database.rows(SAVE, [
      ...[projectId, formatInstant(computedAt), formatInstant(forecast.startsAt), forecast.estimated],
      ...[[...forecast.minutes], [...forecast.hours], JSON.stringify(forecast.crowded)],
    ]);
  }

  /** Of those of these jobs that are still there. */
  async names(projectId: string, ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.database.rows<{ id: string; name: string }>(NAMES, [projectId, ids]);
    return new Map(rows.map(({ id, name }) => [id, name]));
  }
}
