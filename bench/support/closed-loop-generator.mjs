// The process behind `ClosedLoop` (closed-loop.mjs): so many connections, each of which sends its next request when the last was
// answered. HTTP/1.1 by hand over plain sockets: a client of Node's own would be the slowest part of what is measured.
import { connect } from 'node:net';
import { randomFrom } from './random.mjs';

const COUNTER = '%counter%'; // twelve digits, so that lengths stay
const HEAD_END = '\r\n\r\n';
const FAULTS_TOLD = 3;

class Generator {
  constructor({ host, port, requests, expected, connections, forMs, seed, firstNumber }) {
    Object.assign(this, { host, port, expected, connections, forMs });
    this.templates = requests.map((text) => text.split(COUNTER));
    this.random = randomFrom(seed);
    this.counter = firstNumber;
    this.result = { answered: 0, faults: 0, told: [], latencyMs: [], seconds: 0, lastNumber: 0 };
  }

  async run() {
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    this.endsAtMs = startedMs + this.forMs;
    await Promise.all(Array.from({ length: this.connections }, () => this.#converse()));
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      ...this.result,
      seconds: (performance.now() - startedMs) / 1_000,
      latencyMs: Float64Array.from(this.result.latencyMs).sort(),
      cpuSeconds: (user + system) / 1e6,
      lastNumber: this.counter,
    };
  }

  /** One connection, until the time is up and its last request is answered. */
  #converse() {
    return new Promise((resolve) => {
      const socket = connect({ host: this.host, port: this.port, noDelay: true });
      let sentMs = 0;
      let rest = '';
      let done = false;
      const send = () => {
        sentMs = performance.now();
        if (sentMs >= this.endsAtMs) {
          done = true;
          return socket.end();
        }
        const template = this.templates[Math.floor(this.random() * this.templates.length)];
        if (template.length === 1) return socket.write(template[0], 'latin1');
        this.counter += 1;
        return socket.write(template.join(String(this.counter).padStart(12, '0')), 'latin1');
      };
      socket.setEncoding('latin1');
      socket.on('connect', send);
      socket.on('data', (text) => {
        rest = rest === '' ? text : rest + text;
        const headEnd = rest.indexOf(HEAD_END);
        if (headEnd < 0) return;
        const lengthAt = rest.search(/content-length: /i);
        const length =
          lengthAt < 0 || lengthAt > headEnd ? NaN : parseInt(rest.slice(lengthAt + 16, lengthAt + 28), 10);
        if (Number.isNaN(length)) {
          this.#fault('an answer without a length');
          return socket.destroy();
        }
        if (rest.length < headEnd + 4 + length) return;
        this.result.latencyMs.push(performance.now() - sentMs);
        this.result.answered += 1;
        if (rest.slice(9, 12) !== this.expected)
          this.#fault(`${rest.slice(0, 15)} … ${rest.slice(headEnd + 4).slice(0, 500)}`);
        rest = '';
        send();
      });
      socket.on('error', (error) => this.#fault(error.message));
      socket.on('close', () => {
        if (!done) this.#fault('the connection was closed');
        resolve();
      });
    });
  }

  #fault(text) {
    this.result.faults += 1;
    if (this.result.told.length < FAULTS_TOLD) this.result.told.push(text);
  }
}

process.on('message', ({ id, ask: _, ...given }) => {
  void new Generator(given).run().then((answer) => process.send({ id, answer }));
});
process.on('disconnect', () => process.exit());
