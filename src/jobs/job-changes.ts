import { Injectable } from '@nestjs/common';
import type { AuditAction } from '../domain/audit.js';
import { Problem } from '../domain/errors.js';
import { refuseUnmet } from '../domain/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { SecretChanges } from '../domain/target-secrets.js';
import type { Sql } from '../persistence/database.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { Writes } from '../persistence/writes.js';
import type { Written } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { AfterCommit } from '../queue/after-commit.js';
import { noteChanged } from './job-audit.js';
import type { Settled } from './settle-overdue.js';

export interface Changed extends Settled {
  /** Those that are stored or dropped with it. */
  readonly secrets?: SecretChanges;
}

/** What becomes of a locked job; null when it stays as it is. */
export type Change = (job: StoredJob, now: Instant, sql: Sql) => Promise<Changed | null>;

/**
 * Every change of a job goes through here: one transaction that locks the row first, compares what the client saw of the job
 * with it, writes the next version, and tells the replicas after its commit. The time is read under the lock, so that it is later than all that was planned before.
 */
@Injectable()
export class JobChanges {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  async change(
    action: AuditAction,
    projectId: string,
    id: string,
    conditions: Preconditions,
    change: Change,
  ): Promise<StoredJob> {
    const lock = (sql: Sql): Promise<StoredJob | null> => this.jobs.lock(projectId, id, sql);
    return (isUuid(id) ? await this.run(action, lock, conditions, change) : null) ?? noSuchJob();
  }

  /** Null when there is no job of this name. */
  changeNamed(projectId: string, name: string, conditions: Preconditions, change: Change): Promise<StoredJob | null> {
    return this.run('job.update', (sql) => this.jobs.lockNamed(projectId, name, sql), conditions, change);
  }

  /** What `change` would make of a job; nothing is written, and nobody is told. */
  async tryOut(
    projectId: string,
    id: string,
    conditions: Preconditions,
    change: Change,
  ): Promise<{ readonly before: StoredJob; readonly after: StoredJob; readonly now: Instant }> {
    if (!isUuid(id)) return noSuchJob();
    return this.writes.dryRun(async (sql) => {
      const job = (await this.jobs.lock(projectId, id, sql)) ?? noSuchJob();
      refuseUnmet(conditions, job);
      const now = this.clock.now();
      const { result } = await this.applyAt(now, 'job.update', job, change, sql);
      return { result: { before: job, after: result.job, now }, notes: [] };
    });
  }

  private async run(
    action: AuditAction,
    lock: (sql: Sql) => Promise<StoredJob | null>,
    conditions: Preconditions,
    change: Change,
  ): Promise<StoredJob | null> {
    const outcome = await this.writes.run(async (sql) => {
      const job = await lock(sql);
      if (job === null) return { result: null, notes: [] };
      refuseUnmet(conditions, job);
      return this.apply(action, job, change, sql);
    });
    if (outcome === null) return null;
    const { job, queued, cancelled } = outcome;
    await this.afterCommit.announce({ queued, cancelled, dueAt: job.nextRunAt });
    return job;
  }

  private apply(action: AuditAction, job: StoredJob, change: Change, sql: Sql): Promise<Written<Settled>> {
    return this.applyAt(this.clock.now(), action, job, change, sql);
  }

  private async applyAt(
    now: Instant,
    action: AuditAction,
    job: StoredJob,
    change: Change,
    sql: Sql,
  ): Promise<Written<Settled>> {
    const changed = await change(job, now, sql);
    if (changed === null) return { result: { job, queued: [], cancelled: [] }, notes: [] };
    const written = { ...changed.job, version: job.version + 1, updatedAt: now };
    await this.jobs.update(written, sql);
    return { result: { ...changed, job: written }, notes: [noteChanged(action, job, written, changed.secrets)] };
  }
}

export function noSuchJob(): never {
  throw new Problem('not_found', 'there is no such job');
}
