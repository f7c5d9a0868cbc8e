import type { Instant } from '../domain/recurrence/schedule.js';

/** A run on its way to a worker. The ledger is the record: this is a hint that may be lost, doubled or late. */
export interface QueuedRun {
  readonly id: string;
}

/** Takes runs from a queue. Resolves once the ledger has leased them (or refused them), not when they end. */
export interface RunIntake {
  /** Waits until at least one run more may be in flight, and answers how many. */
  capacity(): Promise<number>;
  /** Claims these runs by id and starts those that were claimed. */
  claimByIds(runIds: readonly string[]): Promise<void>;
  /**
   * Claims up to `limit` runs that wait in the ledger and starts them; answers how many there were. Retries are taken as
   * soon as they are due, first attempts once they have waited for `queuedForMs`.
   */
  claimWaiting(limit: number, queuedForMs: number): Promise<number>;
  /** When the next waiting run becomes available; null when none waits. */
  nextAvailable(): Promise<Instant | null>;
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
}
