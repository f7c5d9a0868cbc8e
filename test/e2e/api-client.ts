import { createClient, type Carillon } from '../../clients/typescript/src/client.js';
import type { Input, Schemas } from '../../clients/typescript/src/operation-types.js';
import { readContract } from '../support/contract.js';
import { waitFor } from '../support/wait-for.js';

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

const contract = readContract();

type RunSummary = Schemas['RunSummary'];
type RunView = Schemas['Run'];

/** Talks to a running service as any other program would; an answer outside the contract of docs/openapi.json is an error. */
export class ApiClient {
  /** The published client. It tries nothing twice: a test wants to see each refusal. */
  readonly carillon: Carillon;

  constructor(readonly url: string) {
    this.carillon = createClient({ url, fetch: fetchByContract, retries: { maxRetries: 0 } });
  }

  async call<Body = unknown>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    const response = await fetchByContract(this.url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }

  get<Body = unknown>(path: string): Promise<Answer<Body>> {
    return this.call<Body>('GET', path);
  }

  post<Body = unknown>(path: string, body?: unknown): Promise<Answer<Body>> {
    return this.call<Body>('POST', path, body);
  }

  /** A call that must be answered with this status. */
  async must<Body>(status: number, method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.call<Body>(method, path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
  }

  createJob(job: Input<'createJob'>['body']): Promise<Schemas['Job']> {
    return this.carillon.createJob({ body: job });
  }

  async job(id: string): Promise<Schemas['Job']> {
    const job = await this.carillon.getJob({ id });
    if (job === undefined) throw new Error('304 to a request that names no tag');
    return job;
  }

  /** Starts a run beside the schedule. */
  trigger(id: string, body?: Schemas['TriggerInput']): Promise<RunView> {
    return this.carillon.triggerJob({ id, ...(body !== undefined && { body }) });
  }

  run(id: string): Promise<RunView> {
    return this.carillon.getRun({ id });
  }

  /** The whole ledger of a job, page by page, the earliest occurrence first. */
  async runsOf(jobId: string): Promise<RunSummary[]> {
    const runs: RunSummary[] = [];
    for await (const run of this.carillon.all('listJobRuns', { id: jobId, limit: 100 })) runs.push(run);
    return runs.sort((a, b) => a.scheduledFor.localeCompare(b.scheduledFor));
  }

  waitForRuns(
    what: string,
    jobId: string,
    accepts: (runs: RunSummary[]) => boolean,
    timeoutMs = 15_000,
  ): Promise<RunSummary[]> {
    return waitFor(what, () => this.runsOf(jobId), accepts, { timeoutMs, intervalMs: 50 });
  }

  waitForRun(what: string, id: string, accepts: (run: RunView) => boolean, timeoutMs = 15_000): Promise<RunView> {
    return waitFor(what, () => this.run(id), accepts, { timeoutMs, intervalMs: 50 });
  }
}

const fetchByContract: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { pathname, search } = new URL(response.url);
  const text = await response.clone().text();
  const headers = Object.fromEntries(response.headers);
  contract.verify({ method: init?.method ?? 'GET', url: pathname + search, status: response.status, headers, text });
  return response;
};

const ENDS = ['succeeded', 'failed', 'cancelled', 'skipped'];

export function hasEnded({ state }: { state: string }): boolean {
  return ENDS.includes(state);
}

/** The occurrences of a job as instants in milliseconds; throws when one of its rhythm is missing or there twice. */
export function gaplessOccurrences(runs: readonly RunSummary[], everyMs: number): number[] {
  const occurrences = runs
    .filter(({ trigger }) => trigger === 'schedule' || trigger === 'misfire')
    .map(({ scheduledFor }) => Date.parse(scheduledFor));
  for (const [index, at] of occurrences.entries()) {
    const before = occurrences[index - 1];
    if (before === undefined || at - before === everyMs) continue;
    const text = occurrences.map((instant) => new Date(instant).toISOString()).join('\n');
    throw new Error(`from ${new Date(before).toISOString()} to the next run it is ${at - before} ms:\n${text}`);
  }
  return occurrences;
}
