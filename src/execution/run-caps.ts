import { Injectable, Logger } from '@nestjs/common';
import { RunCapsRepository } from '../persistence/run-caps.repository.js';
import type { ClaimedRun } from '../persistence/claims.repository.js';
import { Clock } from '../platform/clock.js';
import { Metrics } from '../platform/metrics.js';
import { RunQueue } from '../queue/run-queue.js';

/** How soon a new quota is heeded, and how long a line stands still that nobody called after its last run had ended. */
const LOOK_EVERY_MS = 1_000;

/**
 * Keeps projects within their quotas of concurrent runs, over all workers. What is claimed and has no room goes into the
 * project's line, out of sight of claims, and is called when a run ends. Where no project has such a quota, and none had,
 * nothing is asked but that.
 */
@Injectable()
export class RunCaps {
  private readonly logger = new Logger(RunCaps.name);
  private capped: ReadonlySet<string> = new Set();
  private timer: NodeJS.Timeout | undefined;
  private calling: Promise<void> | null = null;
  private callAgain = false;

  constructor(
    private readonly caps: RunCapsRepository,
    private readonly queue: RunQueue,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  isCapped({ projectId }: Pick<ClaimedRun, 'projectId'>): boolean {
    return this.capped.has(projectId);
  }

  /** The ids of those that may begin. Never rejects: of what nothing is known nothing begins, and the leases lapse. */
  async admit(runs: readonly ClaimedRun[]): Promise<Set<string>> {
    try {
      const admitted = await this.caps.admit(runs, this.clock.now());
      // Some went into a line that may have had room.
      if (admitted.size < runs.length) {
        this.metrics.countLimit('concurrentRuns', runs.length - admitted.size);
        this.callNext();
      }
      return admitted;
    } catch (error) {
      this.logger.warn(`${runs.length} runs do not begin, their project's quota is not known: ${String(error)}`);
      return new Set();
    }
  }

  /** A run under a quota has ended, or was given back. */
  callNext(): void {
    this.callAgain = true;
    this.calling ??= this.callAll().finally(() => (this.calling = null));
  }

  private async callAll(): Promise<void> {
    while (this.callAgain) {
      this.callAgain = false;
      try {
        const called = await this.caps.callNext(this.clock.now());
        await this.queue.enqueue(called.map((id) => ({ id })));
      } catch (error) {
        this.logger.debug(`no runs were called, tried again in ${LOOK_EVERY_MS} ms: ${String(error)}`);
      }
    }
  }

  /** Lines are looked at by every worker: one that died may have been about to call, and a quota may have been lifted. */
  private async look(): Promise<void> {
    try {
      const { capped, isLine } = await this.caps.look();
      this.capped = capped;
      if (isLine) this.callNext();
    } catch (error) {
      this.logger.debug(`the quotas of concurrent runs stay as they were known: ${String(error)}`);
    }
  }
}
