import { createServer } from 'node:http';

/**
 * The receiver of a benchmark. Keeps, for each call, when it came, for which occurrence, and its `webhook-id`, so that a
 * benchmark can prove from this side that each occurrence was delivered once.
 */
export class Sink {
  /** @type {{ runId: string, jobId: string, scheduledFor: number, receivedAt: number }[]} */
  calls = [];
  #server = createServer((request, response) => {
    const receivedAt = performance.timeOrigin + performance.now();
    const { headers } = request;
    this.calls.push({
      runId: headers['webhook-id'],
      jobId: headers['carillon-job-id'],
      scheduledFor: Date.parse(headers['carillon-scheduled-for']),
      receivedAt,
    });
    request.resume();
    response.end('ok');
  });

  async start(stage) {
    this.#server.keepAliveTimeout = 60_000;
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', 4_096, resolve));
    stage.onStop(async () => {
      this.#server.closeAllConnections();
      await new Promise((resolve) => this.#server.close(resolve));
    });
    this.url = `http://127.0.0.1:${this.#server.address().port}/hook`;
    return this;
  }

  clear() {
    this.calls = [];
  }

  /** Missing and doubled among the expected (job, occurrence) pairs, given as `jobId scheduledForMs`. */
  check(expected) {
    const seen = new Map();
    for (const call of this.calls) {
      const key = `${call.jobId} ${call.scheduledFor}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    let missing = 0;
    for (const key of expected) if (!seen.has(key)) missing += 1;
    const doubled = [...seen.values()].filter((count) => count > 1).length;
    return { missing, doubled };
  }

  /** Milliseconds from due to arrival, ascending. */
  latenesses() {
    return this.calls.map((call) => call.receivedAt - call.scheduledFor).sort((a, b) => a - b);
  }
}

/** The value below which `share` of the ascending values lie. */
export function percentile(ascending, share) {
  if (ascending.length === 0) return NaN;
  return ascending[Math.min(ascending.length - 1, Math.ceil(ascending.length * share) - 1)];
}
