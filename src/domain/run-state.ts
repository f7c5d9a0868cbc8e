import type { RunState } from './run.js';

/**
 * The states of a run and the only moves between them:
 *
 *   queued ──claim──▶ running ──success──▶ succeeded
 *     ▲ ◀──given back───┤  ├──no attempt left──▶ failed
 *     │    uncalled     │  └──attempt failed, lease lapsed, given back──▶ retrying ──claim──▶ running
 *   held ◀─overlap      └──cancel──▶ cancelled          (queued, retrying and held can be cancelled too)
 *   skipped: an end from the start
 */
const MOVES: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['running', 'cancelled'],
  held: ['queued', 'cancelled'],
  running: ['succeeded', 'failed', 'queued', 'retrying', 'cancelled'],
  retrying: ['running', 'cancelled', 'failed'],
  succeeded: [],
  failed: [],
  cancelled: [],
  skipped: [],
};

/** Every state that a run can be born in. */
export const BIRTH_STATES: readonly RunState[] = ['queued', 'held', 'skipped'];

export const OPEN_STATES: readonly RunState[] = ['queued', 'running', 'retrying', 'held'];

export function canMove(from: RunState, to: RunState): boolean {
  return MOVES[from].includes(to);
}

/** A run in an end state never changes again. */
export function isEnd(state: RunState): boolean {
  return MOVES[state].length === 0;
}
