/** One stretch of leadership. */
export interface Reign {
  /** Grows with each reign on whatever replica; kept on the runs that it plans. */
  readonly epoch: number;
  /** Redis decides nothing: this replica plans, and so does every other scheduler. */
  readonly alone: boolean;
}

/** The replica that leads, as it is shown to people. */
export interface Leader {
  readonly replicaId: string;
  /** It is this one. */
  readonly self: boolean;
  readonly epoch: number;
}

export interface LeadershipListener {
  /** The replica leads from now on; when it led before, it goes on under this reign. */
  onLead(reign: Reign): void;
  /** The replica leads no more, or can't be sure that it does. */
  onFollow(): void;
}

/**
 * Says which replica plans. It saves work and is never what makes firing correct: two replicas that both believe they
 * lead are kept apart by the ledger.
 */
export abstract class LeaderLock {
  /** Runs for leadership from now on. A lock that was never started never leads, and shows who does. */
  abstract start(listener: LeadershipListener): Promise<void>;
  /** The current reign; null while this replica must not plan. Judged afresh at each call. */
  abstract reign(): Reign | null;
  /** Who leads, as far as this replica can tell within half a second; null when it can't, or when nobody does. */
  abstract leader(): Promise<Leader | null>;
  /** Gives leadership up at once, so that another replica can take over, and lets go of connections. */
  abstract stop(): Promise<void>;
}
