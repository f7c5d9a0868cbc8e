import { Problem } from '../../domain/errors.js';
import { itemProblem } from '../../platform/contract/item-problem.js';
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

/** As `itemProblem` has it. */
export function refused(
  problem: Problem,
  item: Pick<Done, 'id' | 'name'>,
  pointer: string | null,
  contentPointer?: string,
): BulkResult {
  const told = itemProblem(problem, pointer, contentPointer);
  return { ...item, status: told.status, runId: null, problem: told };
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
