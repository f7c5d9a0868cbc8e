import type { Fault } from '../../domain/errors.js';
import { isJsonObject } from '../../domain/json.js';
import { newBreath } from '../../platform/breath.js';
import { faultsOfIssues, MAX_FAULTS, mergeFaults, pointerOf } from '../../platform/validation/faults.js';
import { scanJson } from '../../platform/validation/json-scan.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { DeclaredJob, MAX_SET } from './job-set.schemas.js';

/** The jobs of a set as it was sent; throws a Problem with all faults, at most twenty. */
export async function readSet(body: unknown): Promise<DeclaredJob[]> {
  const list = listOf(body);
  const jobs: DeclaredJob[] = [];
  const faults: Fault[] = [];
  const breath = newBreath();
  for (const [index, value] of list.entries()) {
    const read = readEntry(value);
    if ('job' in read) jobs.push(read.job);
    else faults.push(...read.faults.map((fault) => ({ ...fault, pointer: `/jobs/${index}${fault.pointer}` })));
    if (faults.length >= MAX_FAULTS) throw refuseBody(faults.slice(0, MAX_FAULTS));
    await breath();
  }
  if (faults.length === 0) faults.push(...sharedNames(jobs));
  if (faults.length > 0) throw refuseBody(faults.slice(0, MAX_FAULTS));
  return jobs;
}

/** One entry, checked as a job of its own. */
export function readEntry(value: unknown): { readonly job: DeclaredJob } | { readonly faults: readonly Fault[] } {
  const scan = scanJson(value);
  if (scan.tooMuch) return { faults: scan.faults };
  const parsed = DeclaredJob.safeParse(value);
  const faults = mergeFaults(scan.faults, parsed.success ? [] : faultsOfIssues(parsed.error.issues, value));
  return parsed.success && faults.length === 0 ? { job: parsed.data } : { faults };
}

function listOf(body: unknown): readonly unknown[] {
  const refuse = (pointer: string, code: string, detail: string) => refuseBody([{ pointer, code, detail }]);
  if (!isJsonObject(body)) throw refuse('', 'invalid_type', 'is not an object with the member jobs');
  const stranger = Object.keys(body).find((name) => name !== 'jobs');
  if (stranger !== undefined) throw refuse(pointerOf([stranger]), 'unknown_member', 'is not known here');
  const { jobs } = body;
  if (jobs === undefined) throw refuse('/jobs', 'required', 'is required');
  if (!Array.isArray(jobs)) throw refuse('/jobs', 'invalid_type', 'is not a list');
  if (jobs.length > MAX_SET) throw refuse('/jobs', 'too_many', `must have at most ${MAX_SET} members`);
  return jobs;
}

/** A name that several entries have is at fault in each of them. */
function sharedNames(jobs: readonly DeclaredJob[]): Fault[] {
  const places = new Map<string, number[]>();
  for (const [index, { name }] of jobs.entries()) {
    const known = places.get(name);
    if (known === undefined) places.set(name, [index]);
    else if (known.length < MAX_FAULTS) known.push(index);
  }
  return [...places.values()]
    .filter((indexes) => indexes.length > 1)
    .flatMap((indexes) =>
      indexes.map((index) => {
        const others = indexes.filter((other) => other !== index).map((other) => `/jobs/${other}`);
        const detail = `is the name of ${others.slice(0, 5).join(', ')} too`;
        return { pointer: `/jobs/${index}/name`, code: 'duplicate_name', detail };
      }),
    );
}
