import { join } from 'node:path';
import { Child } from './child.mjs';

/** A closed-loop load (as of wrk) from a process of its own: how many requests a server answers a second when all it gets is asked. */
export class ClosedLoop {
  #child;
  #number = 0;

  constructor(stage) {
    this.#child = new Child(stage, join(import.meta.dirname, 'closed-loop-generator.mjs'));
  }

  get pid() {
    return this.#child.pid;
  }

  /**
   * Sends one of `requests` (from `requestText`) at a time by chance over each connection, for so long. Answers how many were
   * `answered` in how many `seconds`, `latencyMs` ascending, and `faults`: answers of another status than expected, cut
   * connections.
   */
  async run(url, requests, { status = 200, connections = 32, forMs, seed = 1 }) {
    const { hostname, port } = new URL(url);
    const result = await this.#child.ask('run', {
      ...{ host: hostname, port: Number(port), requests, connections, forMs, seed },
      ...{ expected: String(status), firstNumber: this.#number },
    });
    this.#number = result.lastNumber;
    for (const told of result.told) console.error(`  ! ${told}`);
    return result;
  }
}

/** HTTP/1.1 as text. `%counter%` in it becomes another number of twelve digits each time. */
export function requestText(method, path, { key = null, body = null, headers = {} } = {}) {
  const json = body === null ? '' : JSON.stringify(body);
  const length = Buffer.byteLength(json.replaceAll('%counter%', '0'.repeat(12)));
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: benchmark',
    ...(key === null ? [] : [`authorization: Bearer ${key}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === null ? [] : ['content-type: application/json', `content-length: ${length}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${json}`;
}
