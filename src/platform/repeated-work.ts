import type { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';

/**
 * Work that comes again and again, each by its name in the registry and by itself: one that takes long, or hangs, holds up no
 * other. A pass that is under way when its time comes again is not begun a second time, and one that fails says so.
 */
export class RepeatedWork {
  private readonly names = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly logger: Logger,
  ) {}

  begin(name: string, everyMs: number, work: () => Promise<unknown>): void {
    const interval = setInterval(() => {
      if (this.running.has(name)) return;
      const pass = work()
        .then(
          () => undefined,
          (error: unknown) => this.logger.warn(`${name} failed and comes again in ${everyMs} ms: ${String(error)}`),
        )
        .finally(() => this.running.delete(name));
      this.running.set(name, pass);
    }, everyMs);
    this.registry.addInterval(name, interval);
    this.names.add(name);
  }

  /** No pass begins any more. */
  end(): void {
    for (const name of this.names) if (this.registry.doesExist('interval', name)) this.registry.deleteInterval(name);
  }

  /** Resolves once no pass is under way; apart from `end`, so that one that takes long uses up nobody else's time. */
  async over(): Promise<void> {
    await Promise.all(this.running.values());
  }
}
