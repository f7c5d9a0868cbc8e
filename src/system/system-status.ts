import type { Instant } from '../domain/recurrence/schedule.js';

export interface Leadership {
  readonly replicaId: string;
  /** True when this replica leads. */
  readonly self: boolean;
  readonly epoch: number;
}

/** What `/system` asks of the parts that know. Every answer is of this moment and may be old in the next. */
export abstract class SystemStatus {
  abstract readonly replicaId: string;
  /** Null: nobody leads, as far as this replica knows. Answers within half a second. */
  abstract leader(): Promise<Leadership | null>;
  /** Slots armed here, the next few of them by time. */
  abstract slots(): { readonly count: number; readonly next: readonly Instant[] };
  /** Runs that wait in the ledger, and runs in delivery. */
  abstract queue(): Promise<{ readonly waiting: number; readonly running: number }>;
  /** What does not work as it should right now, one line each; empty when all is well. */
  abstract degraded(): readonly string[];
}
