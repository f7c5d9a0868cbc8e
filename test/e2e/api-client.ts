import type { JobView } from '../../src/jobs/job.schemas.js';
import type { RunPageView, RunSummary, RunView } from '../../src/runs/run.schemas.js';
import { readContract } from '../support/contract.js';
import { waitFor } from '../support/wait-for.js';
import type { z } from 'zod';

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

const contract = readContract();

/** Talks to a running service as any other program would; an answer outside the contract of docs/openapi.json is an error. */
export class ApiClient {
  constructor(readonly url: string) {}

  async call<Body = unknown>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const { status, headers } = response;
    contract.verify({ method, url: path, status, headers: Object.fromEntries(headers), text });
    const isJson = /json/.test(headers.get('content-type') ?? '');
    return { status, headers, body: (isJson ? JSON.parse(text) : text) as Body };
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

  createJob(job: object): Promise<JobView> {
    return this.must<JobView>(201, 'POST', '/jobs', job);
  }

  job(id: string): Promise<JobView> {
    return this.must<JobView>(200, 'GET', `/jobs/${id}`);
  }

  /** Starts a run beside the schedule. */
  trigger(id: string, body?: object): Promise<RunView> {
    return this.must<RunView>(202, 'POST', `/jobs/${id}/trigger`, body);
  }

  run(id: string): Promise<RunView> {
    return this.must<RunView>(200, 'GET', `/runs/${id}`);
  }

  /** The whole ledger of a job, page by page, the earliest occurrence first. */
  async runsOf(jobId: string): Promise<RunSummary[]> {
    const runs: RunSummary[] = [];
    let cursor: string | null = null;
    do {
      const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path: string = `/jobs/${jobId}/runs?limit=100${after}`;
      const page: z.infer<typeof RunPageView> = await this.must<z.infer<typeof RunPageView>>(200, 'GET', path);
      runs.push(...page.data);
      cursor = page.page.nextCursor;
    } while (cursor !== null);
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
