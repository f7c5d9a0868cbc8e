import { Injectable } from '@nestjs/common';
import type { FindingKind } from '../domain/ledger-audit.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';

/** What the span held before and was not found again is gone. A job that was deleted meanwhile has none. */
const KEEP = {
  name: 'audit-findings-keep',
  text: `
    WITH found AS (SELECT kind, at FROM unnest($4::text[], $5::timestamptz[]) AS f (kind, at)),
    gone AS (
      DELETE FROM audit_findings k
      WHERE k.job_id = $1 AND k.scheduled_for BETWEEN $2::timestamptz AND $3::timestamptz
        AND NOT EXISTS (SELECT FROM found f WHERE f.kind = k.kind AND f.at = k.scheduled_for)
    )
    INSERT INTO audit_findings (job_id, kind, scheduled_for, project_id, checked_at)
    SELECT j.id, f.kind, f.at, j.project_id, $6::timestamptz
    FROM found f JOIN jobs j ON j.id = $1
    ORDER BY f.kind, f.at
    ON CONFLICT (job_id, kind, scheduled_for) DO UPDATE SET checked_at = excluded.checked_at`,
};

/** Of a project with more, so many are looked at. */
const BY_JOB = {
  name: 'audit-findings-by-job',
  text: `
    SELECT j.id, j.name, f.kind, f.found, f.first_at AS "firstAt"
    FROM (SELECT job_id, kind, count(*)::int AS found, min(scheduled_for) AS first_at
          FROM (SELECT job_id, kind, scheduled_for FROM audit_findings WHERE project_id = $1 LIMIT $3) looked
          GROUP BY job_id, kind ORDER BY min(scheduled_for) DESC LIMIT $2) f
    JOIN jobs j ON j.id = f.job_id
    ORDER BY f.first_at DESC, j.name, f.kind`,
};

const TO_RECHECK = {
  name: 'audit-findings-to-recheck',
  text: `
    SELECT j.id, j.project_id AS "projectId", j.created_at AS "createdAt", f.from, f.to
    FROM (SELECT job_id, min(scheduled_for) AS "from", max(scheduled_for) AS "to", min(checked_at) AS checked_at
          FROM audit_findings WHERE checked_at < $1::timestamptz GROUP BY job_id) f
    JOIN jobs j ON j.id = f.job_id
    ORDER BY f.checked_at LIMIT $2`,
};

const TRIM = {
  name: 'audit-findings-trim',
  text: `DELETE FROM audit_findings WHERE scheduled_for < $1::timestamptz`,
};

const LOOKED_AT = 1_000;

export interface Finding {
  readonly kind: FindingKind;
  readonly scheduledFor: Instant;
}

export interface JobFindings {
  readonly id: string;
  readonly name: string;
  readonly kind: FindingKind;
  readonly found: number;
  readonly firstAt: Instant;
}

export interface Unsettled {
  readonly id: string;
  readonly projectId: string;
  readonly createdAt: Instant;
  /** Inclusive, as `to`: where those findings lie. */
  readonly from: Instant;
  readonly to: Instant;
}

/** What audits found, until one of the same span finds it no more. */
@Injectable()
export class AuditFindingsRepository {
  constructor(private readonly database: Database) {}

  /** All that is wrong in [from, to] of a job's ledger, in place of what was said of it before. */
  async keep(jobId: string, from: Instant, to: Instant, found: readonly Finding[], now: Instant): Promise<void> {
    await this.database.rows(KEEP, [
      ...[jobId, formatInstant(from), formatInstant(to)],
      ...[found.map(({ kind }) => kind), found.map(({ scheduledFor }) => formatInstant(scheduledFor))],
      formatInstant(now),
    ]);
  }

  /** By job and kind, the newest first, `limit` at most. */
  byJob(projectId: string, limit: number): Promise<JobFindings[]> {
    return this.database.rows<JobFindings>(BY_JOB, [projectId, limit, LOOKED_AT]);
  }

  /** Jobs with findings that nobody checked since `before`, and where; of all projects, the longest ago first. */
  toRecheck(before: Instant, limit: number): Promise<Unsettled[]> {
    return this.database.rows<Unsettled>(TO_RECHECK, [formatInstant(before), limit]);
  }

  /** Forgets what lies before an instant. */
  async trim(before: Instant): Promise<void> {
    await this.database.rows(TRIM, [formatInstant(before)]);
  }
}
