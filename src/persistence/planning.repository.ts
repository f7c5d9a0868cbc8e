import { Injectable } from '@nestjs/common';
import type { OccurrenceEdits } from '../domain/occurrence-edit.js';
import type { MisfirePolicy, OverlapPolicy } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant, Schedule } from '../domain/recurrence/schedule.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql, SqlValue } from './database.js';
import { CALENDAR_REFS, calendarsFor } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { enteredRuns, INSERT_RUNS_SQL, runsColumns } from './ledger-writes.js';
import type { NewRun } from './ledger-writes.js';
import { jsonOrNull } from './jsonb.js';
import { plainArray, sharedArray, sparseArray } from './plain-array.js';
import { TZ_EDITION } from './tz-edition.js';

/** Where a due job stands; its row is locked by the transaction that read it. */
interface DueState {
  readonly id: string;
  readonly version: number;
  readonly state: 'active' | 'paused';
  readonly pausedAt: Instant | null;
  readonly resumedAt: Instant | null;
  readonly nextOccurrenceAt: Instant | null;
  readonly nextRunAt: Instant;
  readonly scheduledRunCount: number;
  readonly occurrenceEdits: OccurrenceEdits | null;
}

interface Definition {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly schedule: Schedule;
  readonly overlap: OverlapPolicy;
  readonly misfire: MisfirePolicy;
  /** As it is stored: of a bad row, anything. */
  readonly maxAttempts: unknown;
}

export type DueJob = DueState & Definition & { readonly calendars: Calendars };

/** What planning changes in a job's row. */
export interface JobAdvance {
  readonly id: string;
  /** Version and due instant that the plan was made from: the row must still have them. */
  readonly version: number;
  readonly plannedAt: Instant;
  readonly state: 'active' | 'paused' | 'completed';
  readonly nextOccurrenceAt: Instant | null;
  readonly nextRunAt: Instant | null;
  readonly pausedAt: Instant | null;
  readonly resumedAt: Instant | null;
  readonly pauseNote: string | null;
  /** Runs written for it in the same plan, skipped ones not counted. */
  readonly newRuns: number;
  /** Undefined: as they were, which is none for nearly every job. */
  readonly occurrenceEdits?: OccurrenceEdits | null;
}

const LOCK_DUE = {
  name: 'planning-lock-due',
  text: `
    SELECT job_id AS id, version, state, paused_at AS "pausedAt",
           CASE WHEN state = 'paused' THEN paused_until ELSE resumed_at END AS "resumedAt",
           next_occurrence_at AS "nextOccurrenceAt", next_run_at AS "nextRunAt", scheduled_run_count AS "scheduledRunCount",
           occurrence_edits AS "occurrenceEdits"
    FROM job_states
    WHERE next_run_at <= $1::timestamptz
    ORDER BY next_run_at
    LIMIT $2
    FOR NO KEY UPDATE SKIP LOCKED`,
};

/** After the locks, in a statement of its own: its snapshot shows every edit that was committed before they were taken. */
const DEFINITIONS = {
  name: 'planning-definitions',
  text: `
    SELECT id, project_id AS "projectId", name, schedule, overlap, misfire, retry->'maxAttempts' AS "maxAttempts",
           ${CALENDAR_REFS}
    FROM jobs j WHERE id = ANY ($1::uuid[])`,
};

/**
 * Runs and jobs' progress in one statement: between two, Postgres would wait for us while we work on the next batch.
 * IS NOT DISTINCT FROM keeps the due index out of the join: all that is due at one instant would be looked through for each
 * of its jobs.
 */
const WRITE = {
  name: 'planning-write',
  text: `
    WITH inserted AS (${INSERT_RUNS_SQL} RETURNING 1), moved AS (
      UPDATE job_states
      SET state = coalesce(n.state, ($19::text[])[1]), version = job_states.version + (coalesce(n.state, ($19::text[])[1]) = 'paused')::int, next_occurrence_at = n.next_occurrence_at, next_run_at = n.next_run_at,
          paused_at = n.paused_at, resumed_at = n.resumed_at,
          paused_until = NULL,
          pause_note = n.pause_note,
          tz_edition = $26,
          run_count = run_count + coalesce(n.new_runs, ($24::int[])[1]),
          scheduled_run_count = scheduled_run_count + coalesce(n.new_runs, ($24::int[])[1])
      FROM unnest($16::uuid[], $17::int[], $18::timestamptz[], $19::text[], $20::timestamptz[], $21::timestamptz[],
                  $22::timestamptz[], $23::text[], $24::int[], $25::timestamptz[])
        AS n (id, version, planned_at, state, next_occurrence_at, next_run_at, resumed_at, pause_note, new_runs, paused_at)
      WHERE job_states.job_id = n.id AND job_states.version = coalesce(n.version, ($17::int[])[1])
        AND job_states.next_run_at IS NOT DISTINCT FROM coalesce(n.planned_at, ($18::timestamptz[])[1])
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM inserted) AS inserted, (SELECT count(*) FROM moved) AS moved`,
};

/** For the runs that were counted and did not enter. */
const UNCOUNT = {
  name: 'planning-uncount',
  text: `
    UPDATE job_states
    SET run_count = run_count - n.runs, scheduled_run_count = scheduled_run_count - n.runs
    FROM (SELECT id, count(*)::int AS runs FROM unnest($1::uuid[]) AS id GROUP BY id) AS n
    WHERE job_states.job_id = n.id`,
};

/** In a statement of its own, which nearly no batch needs. */
const KEEP_EDITS = {
  name: 'planning-keep-edits',
  text: `
    UPDATE job_states SET occurrence_edits = n.edits
    FROM unnest($1::uuid[], $2::jsonb[]) AS n (id, edits) WHERE job_states.job_id = n.id`,
};

const EARLIEST_DUE = {
  name: 'planning-earliest-due',
  text: `SELECT next_run_at AS at FROM job_states WHERE next_run_at IS NOT NULL ORDER BY next_run_at LIMIT 1`,
  limitMs: PROMPT_MS,
};

/** Skips from one distinct instant to the next in the index: the cost is that of the instants, not of the jobs at each. */
const DUE_INSTANTS = {
  name: 'planning-due-instants',
  text: `
    WITH RECURSIVE slots AS (
      (SELECT next_run_at AS at FROM job_states WHERE next_run_at > $1::timestamptz ORDER BY next_run_at LIMIT 1)
      UNION ALL
      SELECT (SELECT next_run_at FROM job_states WHERE next_run_at > slots.at ORDER BY next_run_at LIMIT 1)
      FROM slots WHERE slots.at < $2::timestamptz
    )
    SELECT at FROM slots WHERE at <= $2::timestamptz LIMIT $3`,
  limitMs: PROMPT_MS,
};

const NEXT_EPOCH = { name: 'planning-next-epoch', text: `SELECT nextval('reign_epoch') AS epoch`, limitMs: PROMPT_MS };

/** What the planner reads and writes of jobs. */
@Injectable()
export class PlanningRepository {
  constructor(private readonly database: Database) {}

  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work, PROMPT_MS);
  }

  /** Locks up to `limit` jobs that are due at `now`, the longest due first; those that another replica holds are left out. */
  async lockDue(sql: Sql, now: Instant, limit: number): Promise<DueJob[]> {
    const due = await sql.rows<DueState>(LOCK_DUE, [formatInstant(now), limit]);
    if (due.length === 0) return [];
    const definitions = await sql.rows<Definition & WithRefs>(DEFINITIONS, [plainArray(due.map(({ id }) => id))]);
    const calendarsOf = await calendarsFor(definitions, sql);
    const byId = new Map(definitions.map((definition) => [definition.id, definition]));
    return due.flatMap((state) => {
      const definition = byId.get(state.id);
      return definition === undefined ? [] : [Object.assign(state, definition, { calendars: calendarsOf(definition) })];
    });
  }

  /**
   * Writes the runs and moves the jobs on, and answers the ids of the runs that entered: an occurrence that has one already
   * keeps it. It throws when a job is not as it was planned from: the transaction must be rolled back.
   */
  async write(
    sql: Sql,
    runs: readonly NewRun[],
    advances: readonly JobAdvance[],
    now: Instant,
  ): Promise<ReadonlySet<string>> {
    const edited = advances.filter(({ occurrenceEdits }) => occurrenceEdits !== undefined);
    if (edited.length > 0) await sql.rows(KEEP_EDITS, editColumns(edited));
    const values = [...runsColumns(runs, now), ...advanceColumns(advances), TZ_EDITION];
    const [written] = await sql.rows<{ inserted: number; moved: number }>(WRITE, values);
    const { inserted, moved } = written ?? { inserted: 0, moved: 0 };
    if (moved !== advances.length) {
      throw new Error(`${advances.length - moved} of ${advances.length} planned jobs changed under their lock`);
    }
    if (inserted === runs.length) return new Set(runs.map((run) => run.id));
    const ids = await enteredRuns(sql, runs);
    await sql.rows(UNCOUNT, [
      runs.filter((run) => run.state !== 'skipped' && !ids.has(run.id)).map((run) => run.jobId),
    ]);
    return ids;
  }

  /** The due instant that comes first, past ones included; null when no job waits for one. */
  async earliestDue(): Promise<Instant | null> {
    const rows = await this.database.rows<{ at: Instant }>(EARLIEST_DUE);
    return rows[0]?.at ?? null;
  }

  /** Distinct due instants in (after, until], ascending, at most `limit`. */
  async dueInstants(after: Instant, until: Instant, limit: number): Promise<Instant[]> {
    const rows = await this.database.rows<{ at: Instant }>(DUE_INSTANTS, [
      formatInstant(after),
      formatInstant(until),
      limit,
    ]);
    return rows.map((row) => row.at);
  }

  /** The number of a new reign; grows with each one, on whatever replica. */
  async nextEpoch(): Promise<number> {
    const rows = await this.database.rows<{ epoch: number }>(NEXT_EPOCH);
    const epoch = rows[0]?.epoch;
    if (epoch === undefined) throw new Error('the database gave no epoch');
    return epoch;
  }
}

function editColumns(advances: readonly JobAdvance[]): SqlValue[] {
  return [plainArray(advances.map(({ id }) => id)), advances.map(({ occurrenceEdits }) => jsonOrNull(occurrenceEdits))];
}

function advanceColumns(advances: readonly JobAdvance[]): SqlValue[] {
  const instant = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
  const notes = advances.map((advance) => advance.pauseNote);
  return [
    plainArray(advances.map((advance) => advance.id)),
    sharedArray(advances.map((advance) => advance.version)),
    sharedArray(advances.map((advance) => formatInstant(advance.plannedAt))),
    sharedArray(advances.map((advance) => advance.state)),
    sparseArray(advances.map((advance) => instant(advance.nextOccurrenceAt))),
    sparseArray(advances.map((advance) => instant(advance.nextRunAt))),
    sparseArray(advances.map((advance) => instant(advance.resumedAt))),
    notes.every((note) => note === null) ? [] : notes,
    sharedArray(advances.map((advance) => advance.newRuns)),
    sparseArray(advances.map((advance) => instant(advance.pausedAt))),
  ];
}
