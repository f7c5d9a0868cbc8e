import type { Fault } from '../../domain/errors.js';
import { Problem } from '../../domain/errors.js';
import { refusalOf, TITLES } from '../../platform/problem-details/problem-document.js';
import type { BulkResult } from './bulk.schemas.js';

/** What became of one job. */
export interface Done {
  readonly id: string | null;
  readonly name: string | null;
  readonly status: number;
  readonly runId: string | null;
}

export function succeeded({ id, name, status, runId }: Done): BulkResult {
  return { id, name, status, runId, problem: null };
}

/**
 * `pointer` is where the item stands in the request, or null for one that a filter found; `contentPointer` where what its
 * faults point into stands.
 */
export function refused(
  problem: Problem,
  item: Pick<Done, 'id' | 'name'>,
  pointer: string | null,
  contentPointer: string = pointer ?? '',
): BulkResult {
  const { status, code, detail, faults } = refusalOf(problem);
  const errors: Fault[] = faults.map((fault) => ({ ...fault, pointer: `${contentPointer}${fault.pointer}` }));
  if (errors.length === 0 && pointer !== null) errors.push({ pointer, code, detail });
  const type = `urn:carillon:problem:${code}`;
  return { ...item, status, runId: null, problem: { type, title: TITLES[code], status, detail, code, errors } };
}

/** What `work` returns, or the refusal that it throws; anything else is thrown on. */
export function orProblem<Result>(work: () => Result): Result | Problem {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}
