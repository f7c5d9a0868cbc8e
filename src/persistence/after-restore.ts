import { DataSource } from 'typeorm';
import { planRestored } from '../domain/planning/restored.js';
import { formatInstant, parseInstant } from '../domain/recurrence/instants.js';
import { compileSchedule } from '../domain/recurrence/recurrence.js';
import type { Recurrence } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { SharedNext } from '../domain/recurrence/shared-next.js';
import { dataSourceOptions } from './data-source.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import type { NewRun } from './ledger-writes.js';
import { plannedRunOf } from './new-run.js';
import { PlanningRepository } from './planning.repository.js';
import type { DueJob, JobAdvance } from './planning.repository.js';

const BATCH_JOBS = 1_000;
const BATCH_OCCURRENCES = 5_000;
const JOB_OCCURRENCES = 1_000;
const LOG_EVERY_BATCHES = 20;

export interface RestoreOptions {
  /** RFC 3339: the last instant at which the lost ledger still planned. */
  readonly ranUntil: string;
  readonly dryRun: boolean;
}

export type Restored = { readonly refused: string } | { readonly jobs: number; readonly occurrences: number };

interface Passed {
  readonly advance: JobAdvance;
  readonly runs: readonly NewRun[];
  /** Of these, what counts for `maxRuns`. */
  readonly counted: number;
}

/**
 * Takes every job past what was due by `ranUntil`, which a ledger that is lost had run: on a database restored from a backup that
 * was made before, and before the service starts on it. Batch by batch; what is done stays done, whenever it is broken off.
 */
export async function afterRestore(
  url: string,
  options: RestoreOptions,
  log: (line: string) => void,
): Promise<Restored> {
  const settings = { url, poolSize: 2, applicationName: 'carillon-restore', queryTimeoutMs: 60_000 };
  const dataSource = await new DataSource(dataSourceOptions(settings)).initialize();
  try {
    return await passWhatRan(new Database(dataSource), options, log);
  } finally {
    await dataSource.destroy();
  }
}

async function passWhatRan(
  database: Database,
  options: RestoreOptions,
  log: (line: string) => void,
): Promise<Restored> {
  const ranUntil = parseInstant(options.ranUntil);
  const { now, services } = await look(database);
  const refused = refuse(ranUntil, now, services);
  if (refused !== null || ranUntil === null) return { refused: refused ?? 'no instant' };
  if (options.dryRun) return { jobs: await countDue(database, ranUntil), occurrences: 0 };

  const planning = new PlanningRepository(database);
  const jobs = new Set<string>();
  let occurrences = 0;
  for (let batches = 1; ; batches += 1) {
    const passed = await database.transaction((sql) => passBatch(planning, sql, ranUntil, now));
    if (passed.length === 0) return { jobs: jobs.size, occurrences };
    for (const { advance, runs } of passed) {
      jobs.add(advance.id);
      occurrences += runs.length;
      if (advance.pauseNote !== null) log(`job ${advance.id} is paused (${advance.pauseNote})`);
    }
    if (batches % LOG_EVERY_BATCHES === 0) log(`${occurrences} occurrences of ${jobs.size} jobs so far`);
  }
}

/** Whoever plans meanwhile would run what is to be skipped. */
async function look(database: Database): Promise<{ now: Instant; services: number }> {
  const [row] = await database.rows<{ now: Instant; services: number }>({
    text: `
      SELECT clock_timestamp() AS now, count(*) AS services
      FROM pg_stat_activity
      WHERE datname = current_database() AND application_name IN ('carillon', 'carillon-messages')`,
  });
  if (row === undefined) throw new Error('the database did not say what time it is');
  return { now: Math.floor(row.now), services: row.services };
}

function refuse(ranUntil: Instant | null, now: Instant, services: number): string | null {
  if (ranUntil === null) return 'the instant must be written like 2027-03-28T01:00:00Z';
  if (ranUntil > now) return `${formatInstant(ranUntil)} is yet to come: what is due until then would not run`;
  if (services > 0) {
    return `a service has ${services} connections to this database, and runs what this is to skip: stop every replica first`;
  }
  return null;
}

async function countDue(database: Database, ranUntil: Instant): Promise<number> {
  const text = 'SELECT count(*) AS jobs FROM job_states WHERE next_run_at <= $1::timestamptz';
  const [row] = await database.rows<{ jobs: number }>({ text }, [formatInstant(ranUntil)]);
  return row?.jobs ?? 0;
}

async function passBatch(planning: PlanningRepository, sql: Sql, ranUntil: Instant, now: Instant): Promise<Passed[]> {
  const due = await planning.lockDue(sql, ranUntil, BATCH_JOBS);
  if (due.length === 0) return [];
  const shared = new SharedNext();
  const passed: Passed[] = [];
  let occurrences = 0;
  for (const job of due) {
    if (occurrences >= BATCH_OCCURRENCES) break;
    const one = passOne(job, ranUntil, now, shared);
    occurrences += one.runs.length;
    passed.push(one);
  }
  const runs = passed.flatMap((one) => one.runs);
  const advances = passed.map(({ advance }) => advance);
  await planning.write(sql, runs, advances, now);
  const counted = passed.filter((one) => one.counted > 0);
  if (counted.length > 0) {
    await sql.count(COUNT, [counted.map(({ advance }) => advance.id), counted.map((one) => one.counted)]);
  }
  return passed;
}

/** They are no runs of this ledger, and yet some of as many as the job may have. */
const COUNT = {
  name: 'after-restore-count',
  text: `
    UPDATE job_states SET scheduled_run_count = scheduled_run_count + n.runs
    FROM unnest($1::uuid[], $2::int[]) AS n (id, runs) WHERE job_id = n.id`,
};

function passOne(job: DueJob, ranUntil: Instant, now: Instant, shared: SharedNext): Passed {
  const { id, version, pausedAt, resumedAt } = job;
  const asItWas = { id, version, plannedAt: job.nextRunAt, pausedAt, resumedAt, newRuns: 0 };
  try {
    const next = (rule: Recurrence, after: Instant): Instant | null => shared.next(rule, after);
    const recurrence = compileSchedule(job.schedule, id, job.calendars);
    const plan = planRestored(job, recurrence, { ranUntil, limit: JOB_OCCURRENCES, next });
    const { nextOccurrenceAt, nextRunAt, counted } = plan;
    const state = nextRunAt === null ? 'completed' : 'active';
    const edits = job.occurrenceEdits === null ? {} : { occurrenceEdits: plan.occurrenceEdits };
    return {
      advance: { ...asItWas, ...edits, state, nextOccurrenceAt, nextRunAt, pauseNote: null },
      runs: plan.runs.map((run) => plannedRunOf(job, run, 1, null)),
      counted,
    };
  } catch (error) {
    // As the planner does with a row that it can't read: others must not wait for it.
    const pauseNote = `parked: ${error instanceof Error ? error.message : String(error)}`;
    const { nextOccurrenceAt } = job;
    const parked = {
      ...asItWas,
      state: 'paused',
      nextOccurrenceAt,
      nextRunAt: null,
      pausedAt: now,
      pauseNote,
    } as const;
    return { advance: parked, runs: [], counted: 0 };
  }
}
