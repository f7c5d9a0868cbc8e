import { Injectable, Logger } from '@nestjs/common';
import { Messages } from '../messaging/messages.js';
import { ClaimsRepository } from '../persistence/claims.repository.js';
import type { FinishedAttempt } from '../persistence/claims.repository.js';
import { lockJobs, promoteHeldRuns } from '../persistence/ledger-writes.js';
import type { Sql } from '../persistence/database.js';
import { Clock } from '../platform/clock.js';
import { Metrics } from '../platform/metrics.js';
import { RunQueue } from '../queue/run-queue.js';

const BATCH = 500;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

interface Entry {
  readonly finished: FinishedAttempt;
  readonly done: () => void;
}

/** Attempts that are written in the same way, one batch after the other. */
interface Lane {
  waiting: Entry[];
  writing: boolean;
  readonly write: (batch: readonly FinishedAttempt[]) => Promise<void>;
}

/**
 * Writes finished attempts into the ledger, many in one statement: while one batch is under way the next one gathers.
 * What can't be written is tried again until it is: the call was made, and only its record is missing.
 */
@Injectable()
export class Recorder {
  private readonly logger = new Logger(Recorder.name);
  private readonly plain: Lane = { waiting: [], writing: false, write: (batch) => this.writePlain(batch) };
  /** Apart, for it may wait for a job that someone else has locked; the other jobs' runs must not wait with it. */
  private readonly underLock: Lane = { waiting: [], writing: false, write: (batch) => this.writeLocked(batch) };

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** Resolves once the ledger has the attempt, or has refused it because the lease was lost. */
  record(finished: FinishedAttempt): Promise<void> {
    const lane = needsJobLock(finished) ? this.underLock : this.plain;
    return new Promise((done) => {
      lane.waiting.push({ finished, done });
      if (lane.writing) return;
      lane.writing = true;
      // Attempts that end in the same turn of the event loop travel together.
      setImmediate(() => void this.writeAll(lane));
    });
  }

  private async writeAll(lane: Lane): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (lane.waiting.length > 0) {
      const batch = takeBatch(lane);
      const left = await this.writeBatch(lane, batch);
      if (left === null) retryMs = FIRST_RETRY_MS;
      else {
        lane.waiting = [...left.entries, ...lane.waiting];
        this.logger.warn(
          `${left.entries.length} finished attempts wait to be recorded, again in ${retryMs} ms: ${left.reason}`,
        );
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
      }
    }
    lane.writing = false;
  }

  /** Null when all is settled; else what must be written again, and why. */
  private async writeBatch(
    lane: Lane,
    batch: readonly Entry[],
  ): Promise<{ entries: readonly Entry[]; reason: string } | null> {
    try {
      await lane.write(batch.map((entry) => entry.finished));
      for (const entry of batch) entry.done();
      return null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isRefusedData(error)) return { entries: batch, reason };
      const [first] = batch;
      if (batch.length === 1 && first !== undefined) {
        const { run } = first.finished;
        this.logger.error(
          `run ${run.id}: what came of it can't be stored; its lease lapses, it is tried again: ${reason}`,
        );
        first.done();
        return null;
      }
      // One attempt that the ledger can't hold must not keep the others out of it.
      for (const [index, entry] of batch.entries()) {
        const left = await this.writeBatch(lane, [entry]);
        if (left !== null) return { entries: batch.slice(index), reason: left.reason };
      }
      return null;
    }
  }

  private async writePlain(batch: readonly FinishedAttempt[]): Promise<void> {
    const accepted = await this.claims.finish(batch);
    for (const finished of batch) this.report(finished, accepted.has(finished.run.id));
  }

  private async writeLocked(batch: readonly FinishedAttempt[]): Promise<void> {
    const { ids, promoted } = await this.claims.transaction((sql) => this.writeUnderLock(sql, batch));
    for (const finished of batch) {
      const { id, projectId, jobId, jobName } = finished.run;
      this.report(finished, ids.has(id));
      if (finished.reason === 'gone' && ids.has(id)) this.messages.changes.job(projectId, jobId, jobName, 'paused');
    }
    if (promoted.length > 0) await this.queue.enqueue(promoted.map((id) => ({ id })));
  }

  /**
   * A job with an overlap policy: the planner counts its open runs under the same lock, so that the end of one run and the
   * birth of the next can't miss each other.
   */
  private async writeUnderLock(
    sql: Sql,
    batch: readonly FinishedAttempt[],
  ): Promise<{ ids: Set<string>; promoted: string[] }> {
    const jobIds = batch.map(({ run }) => run.jobId);
    await lockJobs(sql, jobIds);
    const ids = await this.claims.finish(batch, sql);
    for (const { run, reason, finishedAt } of batch) {
      if (reason === 'gone' && ids.has(run.id)) {
        await this.claims.pauseGoneJob(sql, run.jobId, 'the target answered 410 Gone', finishedAt);
      }
    }
    return { ids, promoted: await promoteHeldRuns(sql, jobIds, this.clock.now()) };
  }

  private report(finished: FinishedAttempt, accepted: boolean): void {
    const { run, state, reason, attempt, availableAt } = finished;
    this.metrics.countAttempt(attempt.outcome);
    this.messages.changes.runs(run.projectId, [run.id]);
    if (!accepted) {
      this.logger.warn(
        `run ${run.id}: the result of attempt ${attempt.number} is not accepted: it was cancelled, or its lease ended`,
      );
      this.claims.recordCancelledAttempt(run, attempt).catch((error: unknown) => {
        this.logger.warn(`run ${run.id}: its cancelled attempt was not recorded: ${String(error)}`);
      });
      return;
    }
    if (run.firstStartedAt === null) {
      this.metrics.lateness.observe(Math.max(0, attempt.startedAt - run.dueAt) / 1_000);
    }
    if (state === 'retrying') {
      if (availableAt !== null) this.queue.wakeAt(availableAt);
    } else this.metrics.countRun(state, reason);
  }
}

function needsJobLock({ run, reason }: FinishedAttempt): boolean {
  return run.overlap !== 'allow' || reason === 'gone';
}

/** At most one attempt of each job, so that its failure streak counts every one. */
function takeBatch(lane: Lane): Entry[] {
  const jobs = new Set<string>();
  const batch: Entry[] = [];
  const rest: Entry[] = [];
  for (const entry of lane.waiting) {
    const { jobId } = entry.finished.run;
    if (batch.length < BATCH && !jobs.has(jobId)) {
      jobs.add(jobId);
      batch.push(entry);
    } else rest.push(entry);
  }
  lane.waiting = rest;
  return batch;
}

/** SQLSTATE classes 22 and 23: the values themselves are refused, and would be again. */
function isRefusedData(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^2[23]/.test(code);
}
