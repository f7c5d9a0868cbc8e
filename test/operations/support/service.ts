import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../support/project-root.js';
import type { ServiceProcess } from '../../support/service-process.js';

const run = promisify(execFile);

/** A command of the built service, like `migrate`; answers what it printed, or throws with that. */
export async function command(databaseUrl: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, AUTH: 'open' };
  const { stdout, stderr } = await run(process.execPath, [join(PROJECT_ROOT, 'dist/main.js'), ...args], { env });
  return stdout + stderr;
}

export async function call<Answer>(
  service: ServiceProcess,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(service.url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as Answer;
}

export interface Findings {
  readonly expected: number;
  readonly found: number;
  readonly missing: readonly unknown[];
  readonly doubled: readonly unknown[];
  readonly early: readonly unknown[];
  readonly unexpected: readonly unknown[];
}

/** What the service itself says of a job's ledger. */
export function auditOf(service: ServiceProcess, jobId: string, from: string): Promise<Findings> {
  return call<Findings>(service, 'POST', `/jobs/${jobId}/audit`, { from });
}
