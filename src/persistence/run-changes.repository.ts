import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunReason, RunState, RunTrigger } from '../domain/run.js';
import { Database, PROMPT_MS } from './database.js';
import { spanOf } from './ledger-writes.js';
import { plainArray } from './plain-array.js';
import { scheduledForOf } from './run-id.js';

/** Where a run stands, without what its target said. */
export interface StandingRun {
  readonly id: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly trigger: RunTrigger;
  readonly state: RunState;
  readonly reason: RunReason | null;
  readonly scheduledFor: Instant;
  readonly attempt: number;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly latenessMs: number | null;
  readonly durationMs: number | null;
}

const STANDING = {
  name: 'run-changes-standing',
  limitMs: PROMPT_MS,
  text: `
    SELECT id, job_id AS "jobId", job_name AS "jobName", trigger, state, reason, scheduled_for AS "scheduledFor", attempt,
           started_at AS "startedAt", finished_at AS "finishedAt", lateness_ms AS "latenessMs", duration_ms AS "durationMs"
    FROM runs
    WHERE project_id = $1 AND id = ANY ($2::uuid[]) AND scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz
    ORDER BY scheduled_for, id`,
};

/** Reads where runs stand that somebody said have changed. */
@Injectable()
export class RunChangesRepository {
  constructor(private readonly database: Database) {}

  /** Those of these ids that are runs of the project. */
  async standing(projectId: string, ids: readonly string[]): Promise<StandingRun[]> {
    const known = ids.flatMap((id) => {
      const scheduledFor = scheduledForOf(id);
      return scheduledFor === null ? [] : [{ id, scheduledFor }];
    });
    if (known.length === 0) return [];
    const values = [projectId, plainArray(known.map(({ id }) => id)), ...spanOf(known)];
    return this.database.rows<StandingRun>(STANDING, values);
  }
}
