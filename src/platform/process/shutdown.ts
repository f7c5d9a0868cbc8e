import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logging/logger.js';

/** Something that was started, and how it is stopped again. */
export interface Stoppable {
  readonly what: string;
  /** `exitCode`: what the process ends with; not 0 when an error made it stop. */
  stop(exitCode: number): Promise<unknown>;
  /** It is left behind when it takes longer. */
  readonly patienceMs: number;
}

/** One Ctrl-C comes twice under npm: from the terminal, and a moment later from npm, which hands it on. */
const ECHO_MS = 1_000;

/**
 * Ends the process in good order: what was started last is stopped first, each within its patience. A second signal
 * ends it at once; the embedded Postgres has a guard of its own that sees to it then.
 */
export class Shutdown {
  private readonly started: Stoppable[] = [];
  private ending: Promise<void> | null = null;
  private begunAtMs = 0;

  constructor(private readonly logger: Logger) {}

  get hasBegun(): boolean {
    return this.ending !== null;
  }

  add(stoppable: Stoppable): void {
    this.started.push(stoppable);
  }

  /** From now on a signal, or an error that nobody caught, ends the process. */
  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.ending === null) {
          this.begunAtMs = performance.now();
          this.logger.info(`${signal}: stopping`);
          void this.end(0);
        } else if (performance.now() - this.begunAtMs > ECHO_MS) {
          this.logger.warn(`${signal} again: stopping at once`);
          process.exit(1);
        }
      });
    }
    const crash = (error: unknown) => {
      this.logger.fatal({ err: error }, 'an error was not caught: stopping');
      void this.end(1);
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
    // A closed pipe at our back (`npm start | head`) is no reason to crash while stopping.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

  async end(exitCode: number): Promise<void> {
    this.ending ??= this.stopAll(exitCode);
    await this.ending;
    if (exitCode === 0) this.logger.info('stopped');
    process.exit(exitCode);
  }

  private async stopAll(exitCode: number): Promise<void> {
    for (const stoppable of this.started.reverse()) {
      const { what, patienceMs } = stoppable;
      const late = sleep(patienceMs, 'late' as const);
      const end = await Promise.race([stoppable.stop(exitCode), late]).catch((error: unknown) => {
        this.logger.error({ err: error }, `${what} did not stop well`);
      });
      if (end === 'late') this.logger.warn(`${what} did not stop within ${patienceMs} ms and is left behind`);
    }
  }
}
