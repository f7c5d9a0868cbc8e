import { fork } from 'node:child_process';
import { join } from 'node:path';

/**
 * An open-loop load from a process of its own: requests are sent at times drawn beforehand, whether those before were
 * answered or not, and each is timed from when it was meant to be sent.
 */
export class Load {
  #child = fork(join(import.meta.dirname, 'load-generator.mjs'), [], { serialization: 'advanced' });

  get pid() {
    return this.#child.pid;
  }

  /** `toleratesRefusals`: answers of 429 are counted, but no fault. */
  constructor(stage, { url, tenants, toleratesRefusals = false }) {
    stage.onStop(async () => void this.#child.kill());
    this.#child.send({ start: { url, tenants, toleratesRefusals } });
  }

  /**
   * Sends `perMinute` in each of the windows ([from, to] in epoch milliseconds). Resolves when all are answered, with when
   * each was due (`at`), how long it took (`latencyMs`; NaN: failed), how late it was sent and its kind, in columns.
   */
  async run({ windows, perMinute, seed }) {
    const result = await this.#ask({ run: { windows, perMinute, seed } });
    for (const fault of result.faultsTold) console.error(`  ! ${fault}`);
    return result;
  }

  /** What was answered as changed, created and deleted in all runs so far. */
  account() {
    return this.#ask({ account: true });
  }

  #ask(message) {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`the load generator ended with code ${code}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer) => {
        this.#child.removeListener('exit', ended);
        resolve(answer);
      });
      this.#child.send(message);
    });
  }
}

/** Latencies, ascending, of the answered requests that `chosen` (by their index) lets through. */
export function latencies(result, chosen = () => true) {
  return result.latencyMs.filter((ms, index) => !Number.isNaN(ms) && chosen(index)).sort();
}
