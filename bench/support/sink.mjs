import { join } from 'node:path';
import { Child } from './child.mjs';

/**
 * The receiver of a benchmark, a process of its own. Keeps, for each call, when it came, for which occurrence, and its
 * `webhook-id`, so that a benchmark can prove from this side that each occurrence was delivered once (account.mjs).
 */
export class Sink {
  #child;

  async start(stage) {
    this.#child = new Child(stage, join(import.meta.dirname, 'sink-server.mjs'));
    const { listening } = await this.#child.ready();
    this.url = `http://127.0.0.1:${listening}/hook`;
    return this;
  }

  get pid() {
    return this.#child.pid;
  }

  async count() {
    const { count, faults } = await this.#child.ask('count');
    if (faults > 0) throw new Error('the sink got a call that it cannot read');
    return count;
  }

  /** @returns {Promise<{ runId: string, jobId: string, scheduledFor: number, receivedAt: number }[]>} in order of arrival */
  async calls() {
    return (await this.#child.ask('calls')).calls;
  }

  async clear() {
    await this.#child.ask('clear');
  }

  /** Resolves when `count` calls came, or `limitMs` passed; answers how many came. */
  async waitFor(count, limitMs) {
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const came = await this.count();
      if (came >= count) await new Promise((resolve) => setTimeout(resolve, 200)); // for one too many
      if (came >= count || performance.now() > endsAt) return came;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
