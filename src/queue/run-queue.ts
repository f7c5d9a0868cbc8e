import type { Instant } from '../domain/recurrence/schedule.js';

/** A run on its way to a worker. The ledger is the record: this is a hint that may be lost, doubled or late. */
export interface QueuedRun {
  readonly id: string;
}

/**
 * Takes runs from a queue, as many as there is room for. Resolves once the ledger has leased them (or refused them), not
 * when they end; takes nothing any more once the service stops.
 */
export interface RunIntake {
  /** Claims these runs by id, a part at a time when there is not room for all, and starts those that were claimed. */
  claimByIds(runIds: readonly string[]): Promise<void>;
  /**
   * Waits for room, claims up to `limit` runs that wait in the ledger and starts them; answers whether more may wait.
   * Retries are taken as soon as they are due, first attempts once they have waited for `queuedForMs`.
   */
  claimWaiting(limit: number, queuedForMs: number): Promise<boolean>;
  /** When the first run that becomes available after `after` does so, which may be past by now; null when none waits. */
  nextAvailable(after: Instant): Promise<Instant | null>;
}

/** Carries run ids from whoever queued them to any worker. */
export abstract class RunQueue {
  /** The way that was configured is out, and another one serves. */
  get degraded(): boolean {
    return false;
  }

  /** Called after the commit that queued the runs. Never throws: recovery finds runs whose hint was lost. */
  abstract enqueue(runs: readonly QueuedRun[]): Promise<void>;
  /** A run becomes available then: a retry. */
  abstract wakeAt(at: Instant): void;
  /** Starts to feed this worker. */
  abstract consume(intake: RunIntake): Promise<void>;
  /** Stops feeding; what was handed over goes on. */
  abstract stop(): Promise<void>;

  /** Lets go of connections, after everything else has stopped. */
  async disconnect(): Promise<void> {}
}
