import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { HttpTarget, JobState, MisfirePolicy, OverlapPolicy, RetryPolicy } from '../../src/domain/job.js';
import { DEFAULT_MISFIRE, DEFAULT_RETRY } from '../../src/domain/job.js';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import type { Instant, Schedule } from '../../src/domain/recurrence/schedule.js';
import type { Attempt, Run, RunError, RunState, RunTrigger } from '../../src/domain/run.js';
import type { Message } from '../../src/messaging/messages.js';
import { Messages } from '../../src/messaging/messages.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database } from '../../src/persistence/database.js';
import { insertRuns } from '../../src/persistence/ledger-writes.js';
import type { NewRun } from '../../src/persistence/ledger-writes.js';
import { newRunId } from '../../src/persistence/run-id.js';
import type { Config } from '../../src/platform/config.js';
import type { QueuedRun, RunIntake } from '../../src/queue/run-queue.js';
import { RunQueue } from '../../src/queue/run-queue.js';
import { createTestDatabase } from '../support/database.js';

export const PROJECT_ID = '00000000-0000-7000-8000-000000000001';

/** A day in the middle of nowhere special; partitions for it are made only by the tests that want them. */
export const T0: Instant = Date.UTC(2026, 5, 10, 12, 0, 0);

export const EVERY_MINUTE: Schedule = { type: 'cron', expression: '* * * * *', timeZone: 'UTC' };
export const EVERY_SECOND: Schedule = { type: 'cron', expression: '* * * * * *', timeZone: 'UTC' };

/** A database of a test file's own, with the pool that the service would have on it. */
export interface Ledger {
  readonly url: string;
  readonly database: Database;
  /** Another pool on the same database: what a second replica would have. */
  another(poolSize?: number): Promise<Database>;
  addJobs(...jobs: JobDraft[]): Promise<string[]>;
  addJob(job?: JobDraft): Promise<string>;
  addRun(jobId: string, run?: RunDraft): Promise<string>;
  job(id: string): Promise<Record<string, unknown>>;
  runs(jobId?: string): Promise<LedgerRun[]>;
  run(id: string): Promise<LedgerRun>;
  query<Row extends Record<string, unknown> = Record<string, unknown>>(
    text: string,
    ...values: string[]
  ): Promise<Row[]>;
  /** Empties jobs and runs. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface JobDraft {
  readonly id?: string;
  readonly name?: string;
  readonly schedule?: unknown;
  readonly target?: Partial<HttpTarget>;
  readonly retry?: Partial<RetryPolicy>;
  readonly overlap?: OverlapPolicy;
  readonly misfire?: Partial<MisfirePolicy>;
  readonly state?: JobState;
  readonly pausedAt?: Instant | null;
  readonly pausedUntil?: Instant | null;
  readonly resumedAt?: Instant | null;
  readonly nextOccurrenceAt?: Instant | null;
  readonly nextRunAt?: Instant | null;
  readonly scheduledRunCount?: number;
}

export interface RunDraft {
  readonly projectId?: string;
  readonly state?: NewRun['state'];
  readonly scheduledFor?: Instant;
  readonly dueAt?: Instant;
  readonly trigger?: RunTrigger;
  readonly triggerNonce?: number;
  readonly now?: Instant;
  readonly body?: string | null;
}

export type LedgerRun = Pick<
  Run,
  | 'id'
  | 'jobId'
  | 'scheduledFor'
  | 'state'
  | 'reason'
  | 'attempt'
  | 'trigger'
  | 'latenessMs'
  | 'startedAt'
  | 'finishedAt'
> & {
  readonly availableAt: Instant;
  readonly lostAttempts: number;
  readonly leaseUntil: Instant | null;
  readonly leaseToken: string | null;
  readonly attempts: Attempt[];
  readonly error: RunError | null;
  readonly response: { status: number; bodyExcerpt: string } | null;
};

const SELECT_RUNS = `
  SELECT id, job_id AS "jobId", scheduled_for AS "scheduledFor", state, reason, attempt, trigger,
         lateness_ms AS "latenessMs", started_at AS "startedAt", finished_at AS "finishedAt", available_at AS "availableAt",
         lost_attempts AS "lostAttempts", lease_until AS "leaseUntil", lease_token AS "leaseToken", attempts, error, response
  FROM runs`;

export async function openLedger(poolSize = 8): Promise<Ledger> {
  const testDatabase = await createTestDatabase();
  const sources: DataSource[] = [];
  const another = async (size = 4): Promise<Database> => {
    const source = new DataSource(
      dataSourceOptions({
        url: testDatabase.url,
        poolSize: size,
        applicationName: 'carillon',
        onPoolError: () => undefined,
      }),
    );
    sources.push(await source.initialize());
    return new Database(source);
  };
  const database = await another(poolSize);
  const ledger: Ledger = {
    url: testDatabase.url,
    database,
    another,
    async addJobs(...jobs) {
      const rows = jobs.map(jobRow);
      for (let start = 0; start < rows.length; start += 5_000) {
        await database.rows({ text: INSERT_JOBS }, [JSON.stringify(rows.slice(start, start + 5_000))]);
      }
      return rows.map(({ id }) => id);
    },
    async addJob(job = {}) {
      const [id] = await ledger.addJobs(job);
      return id as string;
    },
    async addRun(jobId, run = {}) {
      const scheduledFor = run.scheduledFor ?? T0;
      const id = newRunId(scheduledFor);
      const inserted = await insertRuns(
        database,
        [
          {
            ...{
              id,
              scheduledFor,
              dueAt: run.dueAt ?? scheduledFor,
              projectId: run.projectId ?? PROJECT_ID,
              jobId,
              jobName: `job ${jobId}`,
            },
            ...{ jobVersion: 1, trigger: run.trigger ?? 'schedule', triggerNonce: run.triggerNonce ?? 0, epoch: 1 },
            ...{ state: run.state ?? 'queued', reason: null, maxAttempts: 3, body: run.body ?? null },
          },
        ],
        run.now ?? scheduledFor,
      );
      if (!inserted.has(id)) throw new Error('that occurrence has a run already');
      return id;
    },
    async job(id) {
      const [row] = await ledger.query('SELECT * FROM jobs JOIN job_states ON job_id = id WHERE id = $1', id);
      if (row === undefined) throw new Error(`no job ${id}`);
      return row;
    },
    runs: (jobId) =>
      jobId === undefined
        ? ledger.query(`${SELECT_RUNS} ORDER BY scheduled_for, id`)
        : ledger.query(`${SELECT_RUNS} WHERE job_id = $1 ORDER BY scheduled_for, id`, jobId),
    async run(id) {
      const [row] = await ledger.query<LedgerRun>(`${SELECT_RUNS} WHERE id = $1`, id);
      if (row === undefined) throw new Error(`no run ${id}`);
      return row;
    },
    query: (text, ...values) => database.rows({ text }, values),
    async clear() {
      await ledger.query('TRUNCATE jobs, job_states, job_stats, runs CASCADE');
    },
    async close() {
      for (const source of sources) await source.destroy();
      await testDatabase.drop();
    },
  };
  return ledger;
}

const INSERT_JOBS = `
  WITH drafts AS (
    SELECT *
    FROM jsonb_to_recordset($1::jsonb) AS j (id uuid, name text, schedule jsonb, target jsonb, retry jsonb, overlap text,
       misfire jsonb, state text, "pausedAt" timestamptz, "pausedUntil" timestamptz, "resumedAt" timestamptz,
       "nextOccurrenceAt" timestamptz, "nextRunAt" timestamptz, "scheduledRunCount" int)
  ), defined AS (
    INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
    SELECT id, '${PROJECT_ID}', name, '', '{}', schedule, target, retry, overlap, misfire, now(), now() FROM drafts
  )
  INSERT INTO job_states (job_id, project_id, state, paused_at, paused_until, resumed_at, next_occurrence_at, next_run_at,
                          scheduled_run_count)
  SELECT id, '${PROJECT_ID}', state, "pausedAt", "pausedUntil", "resumedAt", "nextOccurrenceAt", "nextRunAt",
         "scheduledRunCount"
  FROM drafts`;

function jobRow(draft: JobDraft): { id: string } & Record<string, unknown> {
  const id = draft.id ?? randomUUID();
  const at = (instant: Instant | null | undefined): string | null => (instant == null ? null : formatInstant(instant));
  const nextOccurrenceAt = draft.nextOccurrenceAt === undefined ? T0 : draft.nextOccurrenceAt;
  return {
    id,
    name: draft.name ?? `job ${id}`,
    schedule: draft.schedule ?? EVERY_MINUTE,
    target: { ...TARGET, ...draft.target },
    retry: { ...DEFAULT_RETRY, ...draft.retry },
    overlap: draft.overlap ?? 'allow',
    misfire: { ...DEFAULT_MISFIRE, ...draft.misfire },
    state: draft.state ?? 'active',
    pausedAt: at(draft.pausedAt),
    pausedUntil: at(draft.pausedUntil),
    resumedAt: at(draft.resumedAt),
    nextOccurrenceAt: at(nextOccurrenceAt),
    nextRunAt: at(draft.nextRunAt === undefined ? nextOccurrenceAt : draft.nextRunAt),
    scheduledRunCount: draft.scheduledRunCount ?? 0,
  };
}

const TARGET: HttpTarget = {
  ...{ type: 'http', method: 'POST', url: 'http://127.0.0.1:9/', headers: {} },
  ...{ timeoutMs: 5_000, success: { statuses: ['2xx'] } },
};

/** What the services read of it; a test names what matters to it. */
export function testConfig(settings: Partial<Config>): Config {
  return {
    ...(settings.databaseUrl === undefined ? {} : { databaseDirectUrl: settings.databaseUrl }),
    ...{
      auth: 'open',
      encryptionKeys: [],
      egressAllow: { cidrs: [], hosts: [] },
      workerConcurrency: 200,
      leaseMs: 15_000,
    },
    ...{
      horizonMs: 60_000,
      runRetentionMs: 30 * 86_400_000,
      auditRetentionMs: 365 * 86_400_000,
      shutdownTimeoutMs: 3_000,
    },
    ...settings,
  } as Config;
}

/** Messages inside one process, kept for the test to read. */
export class LocalMessages extends Messages {
  readonly sent: Message[] = [];
  private readonly listeners: ((message: Message) => void)[] = [];

  publish(message: Message): void {
    this.sent.push(message);
    for (const listener of this.listeners) listener(message);
  }

  subscribe(listener: (message: Message) => void): void {
    this.listeners.push(listener);
  }
}

/** Keeps what it was given and delivers nothing. */
export class KeepingQueue extends RunQueue {
  readonly queued: string[] = [];
  readonly wakes: Instant[] = [];
  intake: RunIntake | null = null;

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    this.queued.push(...runs.map(({ id }) => id));
  }

  wakeAt(at: Instant): void {
    this.wakes.push(at);
  }

  async consume(intake: RunIntake): Promise<void> {
    this.intake = intake;
  }

  async stop(): Promise<void> {
    this.intake = null;
  }
}

export function tally<Item>(items: readonly Item[], keyOf: (item: Item) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

export const stateOf = ({ state, reason }: { state: RunState; reason: string | null }): string =>
  reason === null ? state : `${state}:${reason}`;
