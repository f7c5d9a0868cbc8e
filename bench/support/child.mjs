import { fork } from 'node:child_process';

/**
 * A process of a benchmark that answers questions, one at a time and in their order: what it is sent is `{ id, ask, … }`, what
 * it sends back `{ id, answer }` or `{ id, error }`.
 */
export class Child {
  #process;
  #waiting = new Map();
  #asked = 0;

  constructor(stage, script, { args = [], nodeFlags = [] } = {}) {
    this.#process = fork(script, args, { serialization: 'advanced', execArgv: nodeFlags });
    this.#process.on('message', (message) => this.#settle(message));
    this.#process.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended (${code ?? signal})`));
      this.#waiting.clear();
    });
    stage.onStop(() => this.stop());
  }

  get pid() {
    return this.#process.pid;
  }

  /** Resolves with the first message of the process, which it sends when it is ready. */
  async ready() {
    return this.#wait('ready');
  }

  ask(what, more = {}) {
    this.#asked += 1;
    const answer = this.#wait(this.#asked);
    this.#process.send({ id: this.#asked, ask: what, ...more });
    return answer;
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  #wait(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(message) {
    const waiting = this.#waiting.get(message.id ?? 'ready');
    this.#waiting.delete(message.id ?? 'ready');
    if (message.error !== undefined) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.id === undefined ? message : message.answer);
  }
}
