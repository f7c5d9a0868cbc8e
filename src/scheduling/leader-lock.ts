/** One stretch of leadership. */
export interface Reign {
  /** Grows with each reign on whatever replica; kept on the runs that it plans. */
  readonly epoch: number;
}

export interface LeadershipListener {
  /** The replica leads from now on. */
  onLead(reign: Reign): void;
  /** The replica leads no more, or can't be sure that it does. */
  onFollow(): void;
}

/**
 * Says which replica plans. It saves work and is never what makes firing correct: two replicas that both believe they
 * lead are kept apart by the ledger.
 */
export abstract class LeaderLock {
  abstract start(listener: LeadershipListener): Promise<void>;
  /** The current reign; null while this replica must not plan. Judged afresh at each call. */
  abstract reign(): Reign | null;
  /** Gives leadership up at once, so that another replica can take over. */
  abstract stop(): Promise<void>;
}
