import { Injectable } from '@nestjs/common';
import type { Job } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import { JOB_TABLES, STATS_COLUMNS } from './job-rows.js';
import type { JobRow } from './job-rows.js';
import { plainArray } from './plain-array.js';

/**
 * Names one state of a job's definition. Postgres itself gives each row that is written the number of its transaction
 * (`xmin`), whoever writes it and by whatever statement; the time tells apart what a restored or failed-over database
 * numbers anew.
 */
export interface DefinitionStamp {
  readonly xmin: string;
  readonly updatedAt: Instant;
}

/** What edits alone change. */
export type JobDefinition = Pick<
  Job,
  | 'name'
  | 'description'
  | 'labels'
  | 'schedule'
  | 'target'
  | 'retry'
  | 'overlap'
  | 'misfire'
  | 'createdAt'
  | 'updatedAt'
>;

/** Where a job stands: planning and workers change it at every run. */
export type JobStanding = Pick<JobRow, 'state' | 'pauseNote' | 'pausedUntil' | 'nextRunAt' | 'runCount' | 'version'> &
  Pick<JobRow, 'lastRunAt' | 'lastRunState' | 'failureStreak'>;

export interface JobQuestion {
  readonly projectId: string;
  readonly id: string;
  /** Of the definition that the caller has; null: of none. */
  readonly known: DefinitionStamp | null;
}

export interface JobReading {
  readonly id: string;
  readonly stamp: DefinitionStamp;
  readonly standing: JobStanding;
  /** Null: it is the one that the caller has. */
  readonly definition: JobDefinition | null;
}

type ReadingRow = JobStanding &
  DefinitionStamp & { readonly id: string; readonly nr: number; readonly isKnown: boolean } & {
    readonly [Column in keyof Omit<JobDefinition, 'updatedAt'>]: JobDefinition[Column];
  };

/** The stamp has milliseconds. Rows that were not written by this service may have more. */
const IS_KNOWN = `(j.xmin::text = q.xmin AND date_trunc('milliseconds', j.updated_at) = q.updated_at) IS TRUE`;

const unlessKnown = (column: string, name = column): string =>
  `CASE WHEN k.is_known THEN NULL ELSE j.${column} END AS "${name}"`;

/** One by one by their keys (OFFSET 0), however few jobs there were when Postgres planned it: it keeps the plan as they grow. */
const READ = {
  name: 'job-readings-read',
  text: `
    SELECT q.nr, found.*
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
           WITH ORDINALITY AS q (project_id, id, xmin, updated_at, nr),
         LATERAL (
           SELECT j.id, j.xmin::text AS xmin, j.updated_at AS "updatedAt", k.is_known AS "isKnown",
                  t.state, t.pause_note AS "pauseNote", t.paused_until AS "pausedUntil", t.next_run_at AS "nextRunAt",
                  t.run_count AS "runCount", t.version, ${STATS_COLUMNS},
                  ${['name', 'description', 'labels', 'schedule', 'target', 'retry', 'overlap', 'misfire'].map((column) => unlessKnown(column)).join(', ')},
                  ${unlessKnown('created_at', 'createdAt')}
           FROM ${JOB_TABLES}, LATERAL (SELECT ${IS_KNOWN} AS is_known OFFSET 0) k
           WHERE j.id = q.id AND j.project_id = q.project_id
           OFFSET 0
         ) found`,
};

/**
 * Reads jobs as they are now. Who has the definition that a job still has is told so instead of being sent it again: most of
 * a row's cost is the JSON in it.
 */
@Injectable()
export class JobReadingsRepository {
  constructor(private readonly database: Database) {}

  /** One reading for each question, null where the project has no such job; all from one snapshot, taken after this call. */
  async read(questions: readonly JobQuestion[]): Promise<(JobReading | null)[]> {
    const readings: (JobReading | null)[] = questions.map(() => null);
    if (questions.length === 0) return readings;
    const rows = await this.database.rows<ReadingRow>(READ, [
      plainArray(questions.map(({ projectId }) => projectId)),
      plainArray(questions.map(({ id }) => id)),
      plainArray(questions.map(({ known }) => known?.xmin ?? null)),
      plainArray(questions.map(({ known }) => (known === null ? null : formatInstant(known.updatedAt)))),
    ]);
    for (const row of rows) readings[row.nr - 1] = readingOf(row);
    return readings;
  }
}

function readingOf(row: ReadingRow): JobReading {
  const { id, xmin, updatedAt, isKnown } = row;
  const { state, pauseNote, pausedUntil, nextRunAt, runCount, version, lastRunAt, lastRunState, failureStreak } = row;
  const { name, description, labels, schedule, target, retry, overlap, misfire, createdAt } = row;
  return {
    id,
    stamp: { xmin, updatedAt },
    standing: { state, pauseNote, pausedUntil, nextRunAt, runCount, version, lastRunAt, lastRunState, failureStreak },
    definition: isKnown
      ? null
      : { name, description, labels, schedule, target, retry, overlap, misfire, createdAt, updatedAt },
  };
}
