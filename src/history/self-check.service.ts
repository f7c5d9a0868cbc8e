import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { FINDING_KINDS } from '../domain/ledger-audit.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { Clock } from '../platform/clock.js';
import { Metrics } from '../platform/metrics.js';
import { RepeatedWork } from '../platform/repeated-work.js';
import { LedgerAuditsService } from './ledger-audits.service.js';
import type { LedgerAudit } from './ledger-audits.service.js';

const EVERY_MS = 60_000;
/** In one pass: a million jobs are gone through in three and a half days. */
const JOBS_A_PASS = 200;
/** Each round goes on where the one before ended, so that what is found is counted once; one is worth its while when it spans this. */
const LEAST_SPAN_MS = 600_000;
const FIRST_SPAN_MS = 3_600_000;
/** What was due later may still be on its way into the ledger. */
const SETTLED_MS = 120_000;
const NAME = 'self-check';
const RECHECK_NAME = 'self-check of findings';

/** A round over all jobs, in the order of their ids. */
interface Round {
  readonly from: Instant;
  readonly to: Instant;
  readonly afterId: string | null;
}

/**
 * Compares the ledger of every job with what its versions say, a part each minute, counts what it finds and keeps it until it is
 * right. Of the ledger it reads only; every scheduler does it for itself.
 */
@Injectable()
export class SelfCheckService implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(SelfCheckService.name);
  private readonly repeated: RepeatedWork;
  private round: Round | null = null;
  private checkedTo: Instant | null = null;

  constructor(
    private readonly audits: LedgerAuditsService,
    private readonly revisions: JobRevisionsRepository,
    registry: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {
    this.repeated = new RepeatedWork(registry, this.logger);
  }

  onApplicationBootstrap(): void {
    this.repeated.begin(NAME, EVERY_MS, () => this.pass());
    this.repeated.begin(RECHECK_NAME, EVERY_MS, () => this.audits.recheck());
  }

  onModuleDestroy(): void {
    this.repeated.end();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.repeated.over();
  }

  /** One part of a round; a new round begins when the last one has ended and enough has come due since. */
  async pass(): Promise<void> {
    const round = this.round ?? this.nextRound();
    if (round === null) return;
    const jobs = await this.revisions.jobsAfter(round.afterId, JOBS_A_PASS);
    for (const job of jobs) {
      if (job.createdAt < round.to)
        this.report(job.id, await this.audits.check(job.projectId, job, round.from, round.to));
    }
    const lastId = jobs.at(-1)?.id;
    const isOver = lastId === undefined || jobs.length < JOBS_A_PASS;
    this.round = isOver ? null : { ...round, afterId: lastId };
    if (isOver) this.checkedTo = round.to;
  }

  private nextRound(): Round | null {
    const to = this.clock.now() - SETTLED_MS;
    const from = this.checkedTo === null ? to - FIRST_SPAN_MS : this.checkedTo + 1;
    return to - from < LEAST_SPAN_MS ? null : { from, to, afterId: null };
  }

  private report(jobId: string, audit: LedgerAudit): void {
    this.metrics.auditedJobs.inc();
    for (const kind of FINDING_KINDS) {
      const found = audit[kind];
      if (found.length === 0) continue;
      this.metrics.auditFindings.inc({ kind }, found.length);
      const instants = found.slice(0, 5).map(({ scheduledFor }) => new Date(scheduledFor).toISOString());
      this.logger.error(`job ${jobId}: ${found.length} ${kind} in the ledger, at ${instants.join(', ')}`);
    }
  }
}
