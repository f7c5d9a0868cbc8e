import { Injectable } from '@nestjs/common';
import type { AuditNote } from '../domain/audit.js';
import { Metrics } from '../platform/metrics.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { Database, inOrder } from './database.js';
import type { Effect, Sql, Transaction } from './database.js';
import { quotaRefusing } from './refused-by-quota.js';

/** What came of a write, and what the audit log is to say of it: nothing where nothing changed. */
export interface Written<Result> {
  readonly result: Result;
  readonly notes: readonly AuditNote[];
  /** Its last statements, where it has not waited for their answers: they are sent together with what comes after. */
  readonly writing?: Promise<unknown>;
}

/**
 * Every write of the API goes through here, and says what it did: the audit log has it in the same transaction. One that came with an
 * idempotency key is part of a transaction that also keeps its answer: it is committed after `run` has resolved, and may still
 * fail with what Postgres says of its last statements. So what others are to learn of it (messages, queues, caches) goes to `afterCommit`.
 */
@Injectable()
export class Writes {
  private readonly listeners: ((notes: readonly AuditNote[]) => void)[] = [];

  constructor(
    private readonly database: Database,
    private readonly auditLog: AuditLogRepository,
    private readonly metrics: Metrics,
  ) {}

  /** `listener` is told what was done, once it is committed. It must not throw. */
  onWritten(listener: (notes: readonly AuditNote[]) => void): void {
    this.listeners.push(listener);
  }

  /** One transaction, written when `work` resolves. Nothing is written when it throws, which the request has to do then. */
  async run<Result>(work: (sql: Sql) => Promise<Written<Result>>): Promise<Result> {
    const written = await this.database.transaction(async (sql) => {
      const done = await this.counted(work(sql));
      sql.leaveToCommit(this.counted(this.completed(done, sql)));
      return done;
    });
    return this.told(written);
  }

  /** `run` for a request that can go on when it throws: with another try. */
  async attempt<Result>(work: (sql: Sql) => Promise<Written<Result>>): Promise<Result> {
    const write = this.database.attempt(async (sql) => {
      const done = await work(sql);
      await this.completed(done, sql);
      return done;
    });
    return this.told(await this.counted(write));
  }

  /** `run` to see what would become of it: what `work` writes is taken back when it has resolved, its locks too. */
  dryRun<Result>(work: (sql: Sql) => Promise<Written<Result>>): Promise<Result> {
    return this.database.attempt(async (sql) => {
      await sql.rows({ text: 'SAVEPOINT dry_run' });
      const { result, writing } = await work(sql);
      await writing;
      await sql.rows({ text: 'ROLLBACK TO SAVEPOINT dry_run' });
      return result;
    });
  }

  /** All that `work` reads and writes is one transaction, each `attempt` inside a part of it (`Database.asOne`). */
  asOne<Result>(
    lockName: string,
    work: (isLocked: Promise<boolean>, sql: Transaction) => Promise<Result>,
  ): Promise<Result> {
    return this.database.asOne(lockName, work);
  }

  /** Before a wait for something outside, as part of a whole: its transaction is let be for so long. */
  keepWaiting(limitMs: number): Promise<void> {
    return this.database.keepWaiting(limitMs);
  }

  /** Happens once all is committed; not at all when it is rolled back. */
  afterCommit(effect: Effect): Promise<void> {
    return this.database.afterCommit(effect);
  }

  /** The last of a write, in one go. */
  private completed({ writing, notes }: Written<unknown>, sql: Sql): Promise<void> {
    return inOrder([writing, this.auditLog.insert(notes, sql)]);
  }

  private async told<Result>({ result, notes }: Written<Result>): Promise<Result> {
    if (notes.length > 0 && this.listeners.length > 0) {
      await this.database.afterCommit(() => {
        for (const listener of this.listeners) listener(notes);
      });
    }
    return result;
  }

  private async counted<Result>(write: Promise<Result>): Promise<Result> {
    try {
      return await write;
    } catch (error) {
      const quota = quotaRefusing(error);
      if (quota !== null) this.metrics.countLimit(quota);
      throw error;
    }
  }
}
