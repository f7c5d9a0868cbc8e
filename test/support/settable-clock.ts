import type { Instant } from '../../src/domain/recurrence/schedule.js';
import { Clock } from '../../src/platform/clock.js';

/** Stands still until a test moves it. */
export class SettableClock extends Clock {
  readonly offsetMs = 0;

  constructor(private at: Instant) {
    super();
  }

  now(): Instant {
    return this.at;
  }

  async sync(): Promise<void> {}

  agrees(): boolean {
    return true;
  }

  set(at: Instant): void {
    this.at = at;
  }

  advance(byMs: number): void {
    this.at += byMs;
  }
}
