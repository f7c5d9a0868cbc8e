import type { Instant } from './recurrence/schedule.js';

/** A run that a worker has claimed and not begun. */
export interface Candidate {
  readonly id: string;
  readonly projectId: string;
  readonly scheduledFor: Instant;
  /** It was let out of the line before. */
  readonly called: boolean;
}

/** How a project stands with its quota of concurrent runs. */
export interface CapStanding {
  /** Null: there is none any more. */
  readonly cap: number | null;
  /** Without the candidates. */
  readonly running: number;
  /** Runs stand in line: whoever was not called goes behind them. */
  readonly hasLine: boolean;
}

/** The ids of the candidates that may begin; the others go into the line. First those that were called, then the oldest. */
export function decideAdmission(
  candidates: readonly Candidate[],
  standings: ReadonlyMap<string, CapStanding>,
): Set<string> {
  const room = new Map<string, number>();
  const admitted = new Set<string>();
  const inOrder = [...candidates].sort(
    (one, other) => Number(other.called) - Number(one.called) || one.scheduledFor - other.scheduledFor,
  );
  for (const { id, projectId, called } of inOrder) {
    const { cap, running, hasLine } = standings.get(projectId) ?? { cap: null, running: 0, hasLine: false };
    const left = room.get(projectId) ?? (cap ?? Infinity) - running;
    if (left <= 0 || (cap !== null && hasLine && !called)) continue;
    room.set(projectId, left - 1);
    admitted.add(id);
  }
  return admitted;
}
