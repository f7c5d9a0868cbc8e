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

/**
 * Writes finished attempts into the ledger, many in one statement: while one batch is under way the next one gathers.
 * What can't be written is tried again until it is: the call was made, and only its record is missing.
 */
@Injectable()
export class Recorder {
  private readonly logger = new Logger(Recorder.name);
  private waiting: Entry[] = [];
  private writing = false;

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** Resolves once the ledger has the attempt, or has refused it because the lease was lost. */
  record(finished: FinishedAttempt): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ finished, done });
      if (this.writing) return;
      this.writing = true;
      // Attempts that end in the same turn of the event loop travel together.
      setImmediate(() => void this.writeAll());
    });
  }

  private async writeAll(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.write(batch.map((entry) => entry.finished));
        for (const entry of batch) entry.done();
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        this.waiting = [...batch, ...this.waiting];
        const reason = error instanceof Error ? error.message : String(error);
        this.logger.warn(`${batch.length} finished attempts wait to be recorded, again in ${retryMs} ms: ${reason}`);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
      }
    }
    this.writing = false;
  }

  /** At most one attempt of each job, so that its failure streak counts every one. */
  private takeBatch(): Entry[] {
    const jobs = new Set<string>();
    const batch: Entry[] = [];
    const rest: Entry[] = [];
    for (const entry of this.waiting) {
      const { jobId } = entry.finished.run;
      if (batch.length < BATCH && !jobs.has(jobId)) {
        jobs.add(jobId);
        batch.push(entry);
      } else rest.push(entry);
    }
    this.waiting = rest;
    return batch;
  }

  private async write(batch: readonly FinishedAttempt[]): Promise<void> {
    const apart = batch.filter(needsJobLock);
    const accepted = await this.claims.finish(batch.filter((finished) => !needsJobLock(finished)));
    if (apart.length > 0) {
      const { ids, promoted } = await this.claims.transaction((sql) => this.writeUnderLock(sql, apart));
      for (const id of ids) accepted.add(id);
      if (promoted.length > 0) await this.queue.enqueue(promoted.map((id) => ({ id })));
    }
    for (const finished of batch) this.report(finished, accepted.has(finished.run.id));
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
