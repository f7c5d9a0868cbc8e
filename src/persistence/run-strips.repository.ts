import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Run } from '../domain/run.js';
import { Database } from './database.js';

/** What is drawn of a run. */
export type RunMark = Pick<Run, 'id' | 'scheduledFor' | 'state' | 'reason' | 'durationMs' | 'latenessMs'>;

export const MARK_COLUMNS = `
  r.id, r.scheduled_for AS "scheduledFor", r.state, r.reason, r.duration_ms AS "durationMs", r.lateness_ms AS "latenessMs"`;

/** By job, along the index of occurrences; the first days looked at hold all that most jobs need. */
const NEWEST = {
  name: 'run-strips-newest',
  text: `
    SELECT q.id AS "jobId", found.*
    FROM unnest($2::uuid[]) WITH ORDINALITY AS q (id, nr)
    JOIN jobs j ON j.id = q.id AND j.project_id = $1
    LEFT JOIN LATERAL (
      SELECT ${MARK_COLUMNS} FROM runs r
      WHERE r.job_id = q.id AND r.scheduled_for > $3::timestamptz AND r.scheduled_for <= $4::timestamptz
      ORDER BY r.scheduled_for DESC, r.trigger_nonce DESC LIMIT $5
    ) found ON true
    ORDER BY q.nr, found."scheduledFor"`,
};

export interface Strip {
  readonly jobId: string;
  /** The newest last. */
  readonly runs: readonly RunMark[];
}

type Row = { readonly jobId: string } & { readonly [Member in keyof RunMark]: RunMark[Member] | null };

const DAY_MS = 86_400_000;
const FIRST_LOOK_MS = 2 * DAY_MS;

@Injectable()
export class RunStripsRepository {
  constructor(private readonly database: Database) {}

  /** The last `count` runs up to `now` of each of these jobs, in their order; of those that the project has. */
  async newest(projectId: string, jobIds: readonly string[], count: number, now: Instant): Promise<Strip[]> {
    const strips = await this.look(projectId, jobIds, count, now - FIRST_LOOK_MS, now);
    const short = strips.filter(({ runs }) => runs.length < count).map(({ jobId }) => jobId);
    if (short.length === 0) return strips;
    // The rest of the ledger has a partition a day, and looking into each costs more than it mostly finds.
    const whole = await this.look(projectId, short, count, 0, now);
    const byJob = new Map(whole.map((strip) => [strip.jobId, strip]));
    return strips.map((strip) => byJob.get(strip.jobId) ?? strip);
  }

  private async look(
    projectId: string,
    jobIds: readonly string[],
    count: number,
    from: Instant,
    now: Instant,
  ): Promise<Strip[]> {
    const values = [projectId, jobIds, formatInstant(from), formatInstant(now), count];
    const rows = await this.database.rows<Row>(NEWEST, values);
    const strips = new Map<string, RunMark[]>();
    for (const { jobId, ...mark } of rows) {
      const runs = strips.get(jobId) ?? [];
      if (isMark(mark)) runs.push(mark);
      strips.set(jobId, runs);
    }
    return [...strips].map(([jobId, runs]) => ({ jobId, runs }));
  }
}

/** A job without a run there comes as a row without one. */
function isMark(row: { readonly id: string | null }): row is RunMark {
  return row.id !== null;
}
