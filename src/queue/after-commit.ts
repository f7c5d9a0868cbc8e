import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Messages } from '../messaging/messages.js';
import { Writes } from '../persistence/writes.js';
import { currentOrigin } from '../platform/http/current-request.js';
import { RunQueue } from './run-queue.js';

/** What a committed change means for planners and workers. */
export interface Effects {
  /** Runs that may start. */
  readonly queued?: readonly string[];
  /** Runs whose calls are to be aborted. */
  readonly cancelled?: readonly string[];
  /** When the job that was changed is due. */
  readonly dueAt?: Instant | null;
  /** Other runs that are new, or not as they were. */
  readonly changed?: readonly string[];
}

/** Tells the replicas what was committed. Nothing depends on it but how soon it is noticed. */
@Injectable()
export class AfterCommit {
  constructor(
    private readonly writes: Writes,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
  ) {}

  async announce({ queued = [], cancelled = [], dueAt = null, changed = [] }: Effects): Promise<void> {
    const projectId = currentOrigin()?.caller?.projectId ?? null;
    await this.writes.afterCommit(async () => {
      if (projectId !== null) this.messages.changes.runs(projectId, [...queued, ...cancelled, ...changed]);
      if (cancelled.length > 0) this.messages.publish({ type: 'runsCancelled', runIds: cancelled });
      if (dueAt !== null) this.messages.publish({ type: 'jobDue', at: dueAt });
      if (queued.length > 0) await this.queue.enqueue(queued.map((id) => ({ id })));
    });
  }
}
