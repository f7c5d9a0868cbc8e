import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from './replica.js';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

const PAUSE_MS = 15;
const LATE_MS = 10_000;

/** Reads, reckonings and writes. */
const CALLS: readonly ((lane: number, target: string) => Call)[] = [
  () => ({ method: 'GET', path: '/jobs?limit=20' }),
  () => ({ method: 'GET', path: '/runs?limit=20' }),
  () => ({ method: 'POST', path: '/schedules/preview', body: { schedule: '0 9 * * 1', count: 5 } }),
  (lane, target) => ({
    method: 'PUT',
    path: `/jobs/by-name/load-${lane}`,
    body: { schedule: '2099-01-01T00:00:00Z', target, description: String(Math.random()) },
  }),
];

/**
 * Callers with connections that they keep, who try nothing twice. `balanced` ones send each request to any endpoint of the
 * moment; `sticky` ones, like a client of a Service, stay with the endpoint of their connection until that is closed.
 */
export class ApiLoad {
  sent = 0;
  slowestMs = 0;
  /** What failed, each in a line. */
  readonly failed: string[] = [];
  private stopped = false;
  private readonly lanes: Promise<void>[];
  private readonly agents = new Map<Replica, Agent>();

  constructor(
    private readonly endpoints: () => readonly Replica[],
    /** Of the jobs that it writes; they are never due. */
    private readonly target: string,
    balanced: number,
    sticky: number,
  ) {
    this.lanes = [
      ...Array.from({ length: balanced }, (_, lane) => this.balanced(lane)),
      ...Array.from({ length: sticky }, (_, lane) => this.sticky(balanced + lane)),
    ];
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
    for (const agent of this.agents.values()) agent.destroy();
  }

  private async balanced(lane: number): Promise<void> {
    for (let turn = 0; !this.stopped; turn += 1) {
      const endpoint = this.pick(lane + turn);
      const agent = this.agents.get(endpoint) ?? new Agent({ keepAlive: true });
      this.agents.set(endpoint, agent);
      await this.send(lane, turn, endpoint, agent);
      await sleep(PAUSE_MS);
    }
  }

  private async sticky(lane: number): Promise<void> {
    for (let turn = 0; !this.stopped;) {
      const endpoint = this.pick(lane + turn);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let stays = true; stays && !this.stopped; turn += 1) {
        stays = (await this.send(lane, turn, endpoint, agent)) === 'kept';
        await sleep(PAUSE_MS);
      }
      agent.destroy();
    }
  }

  private pick(turn: number): Replica {
    const endpoints = this.endpoints();
    const endpoint = endpoints[turn % endpoints.length];
    if (endpoint === undefined) throw new Error('no endpoint is left');
    return endpoint;
  }

  /** Tells whether the connection may be used again. */
  private async send(lane: number, turn: number, endpoint: Replica, agent: Agent): Promise<'kept' | 'closed'> {
    const call = (CALLS[turn % CALLS.length] as (typeof CALLS)[number])(lane, this.target);
    const what = `${call.method} ${call.path} to replica ${endpoint.name}`;
    const sentAtMs = performance.now();
    this.sent += 1;
    try {
      const { status, closes } = await exchange(endpoint.url, call, agent);
      if (status >= 300) this.failed.push(`${what}: ${status}`);
      return closes ? 'closed' : 'kept';
    } catch (error) {
      this.failed.push(`${what}: ${String(error)}`);
      return 'closed';
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sentAtMs);
    }
  }
}

function exchange(
  url: string,
  { method, path, body }: Call,
  agent: Agent,
): Promise<{ status: number; closes: boolean }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(url + path, { method, agent, headers, timeout: LATE_MS }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, closes: response.headers.connection === 'close' }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${LATE_MS} ms`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
