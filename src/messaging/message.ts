import type { Instant } from '../domain/recurrence/schedule.js';

/**
 * What replicas tell each other. Every message is a hint that may be lost: the horizon pass, the slow poll and the
 * leases find by themselves what no message said.
 */
export type Message =
  /** A job was created or changed and is next due then. */
  | { readonly type: 'jobDue'; readonly at: Instant }
  /** Runs wait in the ledger. */
  | { readonly type: 'runsQueued' }
  /** These runs were cancelled: abort their calls. */
  | { readonly type: 'runsCancelled'; readonly runIds: readonly string[] }
  /** This key was revoked or is to end sooner: what is remembered of it no longer holds. */
  | { readonly type: 'apiKeyChanged'; readonly keyId: string }
  /** The leader gave its lock up: whoever takes it leads. */
  | { readonly type: 'leaderReleased' }
  /** Somebody listens to the events of these projects, for a while (`WANTED_MS`): tell of what changes there. */
  | { readonly type: 'eventsWanted'; readonly projectIds: readonly string[] }
  /** These runs are not as they were; `more`: nor are others, too many to name. */
  | RunsChanged
  | JobChanged
  /** What others said may not have come here, or what was said here not to others: nobody knows what. */
  | { readonly type: 'messagesLost' };

export interface RunsChanged {
  readonly type: 'runsChanged';
  readonly projectId: string;
  readonly runIds: readonly string[];
  readonly more: boolean;
}

export type JobChange = 'created' | 'changed' | 'paused' | 'resumed' | 'deleted' | 'completed';

export interface JobChanged {
  readonly type: 'jobChanged';
  readonly projectId: string;
  readonly jobId: string;
  readonly name: string;
  readonly change: JobChange;
}
