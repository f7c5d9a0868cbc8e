import { Changes } from './changes.js';
import type { Message } from './message.js';

export type { Message };

/** Carries messages to every replica, this one included. */
export abstract class Messages {
  private changesOfAll: Changes | null = null;

  /** Before any message comes: `changes` must not miss the first word of who listens. */
  protected hearWhoListens(): void {
    this.changesOfAll ??= new Changes(this);
  }

  /** Tells of runs and jobs that are not as they were, where somebody listens. */
  get changes(): Changes {
    this.changesOfAll ??= new Changes(this);
    return this.changesOfAll;
  }

  /** Returns at once; delivery is best effort, a failure is logged. */
  abstract publish(message: Message): void;
  /** Listeners must not throw; they run on the event loop turn in which a message arrives. */
  abstract subscribe(listener: (message: Message) => void): void;
}
