import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Instant } from '../domain/recurrence/schedule.js';
import { decideRetry } from '../domain/retry.js';
import { AuditLogRepository } from '../persistence/audit-log.repository.js';
import { lockJobs, promoteHeldRuns } from '../persistence/ledger-writes.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { KeptAnswersRepository } from '../persistence/kept-answers.repository.js';
import { RecoveryRepository } from '../persistence/recovery.repository.js';
import type { LostRun, LostRunEnd } from '../persistence/recovery.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { Metrics } from '../platform/metrics.js';
import { RepeatedWork } from '../platform/repeated-work.js';
import { Messages } from '../messaging/messages.js';
import { RunQueue } from '../queue/run-queue.js';
import { PartitionsService } from './partitions.service.js';

const BATCH = 500;
/** Runs of a job deleted a moment ago are cancelled by the deletion itself. */
const ORPHAN_AGE_MS = 5_000;
/**
 * No lease ends later than so many leases from now, a rollout that changes LEASE allowed for: it was written by a clock that has
 * been set back since, and its holder may be dead.
 */
const LEASES_AHEAD = 4;
const PARTITIONS_EVERY_MS = 3_600_000;
const PARTITIONS_RETRY_MS = 60_000;
const TRIM_EVERY_MS = 60_000;
const TRIM_BATCH = 2_000;
/** In one pass, so that a stop need not wait long: a million answers in ten minutes. */
const TRIM_BATCHES = 50;

export interface RecoveryResult {
  readonly retried: number;
  readonly failed: number;
  readonly promoted: number;
  readonly orphans: number;
}

/**
 * Mends what a death left behind: runs whose worker is gone, held runs that nobody promoted, runs of deleted jobs. Every
 * replica does it; SKIP LOCKED and the jobs' row locks keep them apart.
 */
@Injectable()
export class RecoveryService
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  private readonly logger = new Logger(RecoveryService.name);
  private readonly repeated: RepeatedWork;
  private maintainedAt: Instant = 0;

  constructor(
    private readonly repository: RecoveryRepository,
    private readonly partitions: PartitionsService,
    private readonly answers: KeptAnswersRepository,
    private readonly auditLog: AuditLogRepository,
    private readonly revisions: JobRevisionsRepository,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
    registry: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {
    this.repeated = new RepeatedWork(registry, this.logger);
  }

  /**
   * Before anything is planned, so that runs need not be moved later. Where it can't be done now, by a dump that holds the
   * tables for one, the default partition takes them.
   */
  async onModuleInit(): Promise<void> {
    await this.partitions.maintain().catch((error: unknown) => {
      this.logger.warn(`partitions are not ready; tried again in ${PARTITIONS_RETRY_MS} ms: ${String(error)}`);
    });
  }

  onApplicationBootstrap(): void {
    // Whose lease has ended is told by the clock as it is now: one that was set since it was read would end them all.
    this.repeated.begin('recovery', this.config.leaseMs / 3, async () => {
      await this.clock.sync();
      return this.recover(this.clock.now());
    });
    this.repeated.begin('partitions', PARTITIONS_RETRY_MS, () => this.maintainWhenDue());
    this.repeated.begin('kept answers', TRIM_EVERY_MS, () => this.trimAnswers());
    this.repeated.begin('audit log', TRIM_EVERY_MS, () => this.trimAuditLog());
  }

  onModuleDestroy(): void {
    this.repeated.end();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.repeated.over();
  }

  /** One pass over everything that can need mending. */
  async recover(now: Instant): Promise<RecoveryResult> {
    const { leaseMs } = this.config;
    const shortened = await this.repository.shortenLeases(now + leaseMs, now + LEASES_AHEAD * leaseMs);
    if (shortened > 0)
      this.logger.warn(`${shortened} leases end too far ahead: the clock was set back; cut to one LEASE`);
    const { retried, failed, promoted: promotedByEnds } = await this.recoverLost(now);
    const stuck = await this.repository.jobsWithStuckHeldRuns();
    const promoted = await this.promote(stuck, now);
    const orphans = await this.repository.cancelOrphans(now, now - ORPHAN_AGE_MS);
    return { retried, failed, promoted: promotedByEnds + promoted, orphans };
  }

  private async recoverLost(now: Instant): Promise<{ retried: number; failed: number; promoted: number }> {
    const total = { retried: 0, failed: 0, promoted: 0 };
    for (;;) {
      const jobIds = await this.repository.jobsWithExpiredLeases(now, BATCH);
      if (jobIds.length === 0) return total;
      const { ends, promoted } = await this.repository.transaction(async (sql) => {
        await lockJobs(sql, jobIds);
        const lost = await this.repository.lockExpired(sql, jobIds, now, BATCH);
        const decided = lost.map((run) => endOf(run, now));
        if (decided.length > 0) await this.repository.endLost(sql, decided, now);
        return { ends: decided, promoted: await promoteHeldRuns(sql, jobIds, now) };
      });
      // Locked by another replica's recovery or by a worker that finishes this instant: theirs.
      if (ends.length === 0) return total;
      for (const end of ends) this.report(end);
      this.messages.changes.runsOf(ends.map(({ run }) => run));
      const waiting = [...ends.filter(({ state }) => state === 'retrying').map(({ run }) => run.id), ...promoted];
      await this.queue.enqueue(waiting.map((id) => ({ id })));
      total.retried += ends.filter(({ state }) => state === 'retrying').length;
      total.failed += ends.filter(({ state }) => state !== 'retrying').length;
      total.promoted += promoted.length;
    }
  }

  private async promote(jobIds: readonly string[], now: Instant): Promise<number> {
    if (jobIds.length === 0) return 0;
    const promoted = await this.repository.transaction(async (sql) => {
      await lockJobs(sql, jobIds);
      return promoteHeldRuns(sql, jobIds, now);
    });
    await this.queue.enqueue(promoted.map((id) => ({ id })));
    return promoted.length;
  }

  private report({ run, state }: LostRunEnd): void {
    this.metrics.countAttempt('lost');
    if (state === 'retrying') this.logger.warn(`run ${run.id} lost its worker; attempt ${run.attempt + 1} follows now`);
    else {
      this.metrics.countRun(state, 'workerLost');
      this.logger.error(`run ${run.id} lost its worker for the last time and is ${state}`);
    }
  }

  /** Answers to requests with an idempotency key, once they are given no more; what is left goes the next time. */
  async trimAnswers(): Promise<void> {
    await inBatches((limit) => this.answers.trim(this.clock.now(), limit));
  }

  /** Entries of the audit log that AUDIT_RETENTION has passed, and versions of jobs that were replaced before. */
  async trimAuditLog(): Promise<void> {
    const before = this.clock.now() - this.config.auditRetentionMs;
    await inBatches((limit) => this.auditLog.trim(before, limit));
    await inBatches((limit) => this.revisions.trim(before, limit));
  }

  private async maintainWhenDue(): Promise<void> {
    if (this.clock.now() < this.maintainedAt + PARTITIONS_EVERY_MS) return;
    await this.partitions.maintain();
    this.maintainedAt = this.clock.now();
  }
}

async function inBatches(trim: (limit: number) => Promise<number>): Promise<void> {
  for (let batch = 0; batch < TRIM_BATCHES; batch += 1) {
    if ((await trim(TRIM_BATCH)) < TRIM_BATCH) return;
  }
}

function endOf(run: LostRun, now: Instant): LostRunEnd {
  if (run.retry === null) return { run, state: 'cancelled', reason: 'jobDeleted', availableAt: now };
  const decision = decideRetry(
    run.retry,
    { kind: 'lost' },
    {
      attempt: run.attempt,
      lostAttempts: run.lostAttempts + 1,
      firstStartedAt: run.startedAt,
      now,
      spread: 0,
    },
  );
  return decision.state === 'retrying'
    ? { run, state: 'retrying', reason: null, availableAt: decision.availableAt }
    : { run, state: 'failed', reason: decision.reason, availableAt: now };
}
