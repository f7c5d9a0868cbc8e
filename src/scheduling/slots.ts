import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Clock } from '../platform/clock.js';

const PREFIX = 'slot:';

/** A longer timeout would fire at once (a timer counts in 31 bits): a slot beyond it is armed again on the way. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * One timeout a slot in Nest's SchedulerRegistry, named by its instant. A slot only says when to look: what is due is read
 * under lock at that moment, so a stale slot costs one empty query and a missing one is found by the horizon pass.
 */
@Injectable()
export class Slots {
  private readonly instants = new Set<Instant>();

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
  ) {}

  add(instant: Instant, onDue: (instant: Instant) => void): void {
    if (this.instants.has(instant)) return;
    this.instants.add(instant);
    this.arm(instant, onDue);
  }

  clear(): void {
    for (const instant of this.instants) this.registry.deleteTimeout(nameOf(instant));
    this.instants.clear();
  }

  get count(): number {
    return this.instants.size;
  }

  /** The next slots, ascending, at most `limit`. */
  next(limit: number): Instant[] {
    return [...this.instants].sort((a, b) => a - b).slice(0, limit);
  }

  private arm(instant: Instant, onDue: (instant: Instant) => void): void {
    const waitMs = Math.max(0, instant - this.clock.now());
    const timeout = setTimeout(
      () => {
        this.registry.deleteTimeout(nameOf(instant));
        // A timer can be early by a rounding, or by much when the clock was corrected meanwhile.
        if (this.clock.now() < instant) {
          this.arm(instant, onDue);
          return;
        }
        this.instants.delete(instant);
        onDue(instant);
      },
      Math.min(Math.ceil(waitMs), LONGEST_TIMEOUT_MS),
    );
    this.registry.addTimeout(nameOf(instant), timeout);
  }
}

function nameOf(instant: Instant): string {
  return PREFIX + formatInstant(instant);
}
