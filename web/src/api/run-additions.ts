/** Shapes of operations on runs and of the system that are agreed and may not be in the service yet; see additions.ts. */
import type { Timings } from './additions';
import type { Schemas } from './client';

/** A service of before has attempts without timings. */
export type TimedAttempt = Omit<Schemas['Attempt'], 'timings'> & { readonly timings?: Timings | null };
export type Run = Schemas['Run'];
export type RunSummary = Schemas['RunSummary'];

export type SystemAnswer = Schemas['System'] & {
  readonly replicas?: readonly {
    readonly replicaId: string;
    readonly role: string;
    readonly version: string;
    readonly startedAt: string;
    readonly seenAt: string;
    readonly leader: boolean;
  }[];
  readonly reigns?: readonly {
    readonly epoch: number;
    readonly replicaId: string;
    readonly from: string;
    readonly to: string | null;
  }[];
};
