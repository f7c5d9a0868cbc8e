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
  | { readonly type: 'leaderReleased' };

/** Carries messages to every replica, this one included. */
export abstract class Messages {
  /** Returns at once; delivery is best effort, a failure is logged. */
  abstract publish(message: Message): void;
  /** Listeners must not throw; they run on the event loop turn in which a message arrives. */
  abstract subscribe(listener: (message: Message) => void): void;
}
