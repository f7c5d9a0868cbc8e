import type { OverlapPolicy } from '../job.js';
import type { RunReason } from '../run.js';

/** Runs of one job that have not ended. */
export interface OpenRuns {
  /** Queued, running or retrying. */
  readonly active: number;
  /** Waiting for an earlier run to end. */
  readonly held: number;
}

/** How a new run is born, and whether the open runs before it are cancelled. */
export interface OverlapDecision {
  readonly state: 'queued' | 'held' | 'skipped';
  readonly reason: Extract<RunReason, 'overlap'> | null;
  readonly cancelOpen: boolean;
}

const QUEUE: OverlapDecision = { state: 'queued', reason: null, cancelOpen: false };
const HOLD: OverlapDecision = { state: 'held', reason: null, cancelOpen: false };
const SKIP: OverlapDecision = { state: 'skipped', reason: 'overlap', cancelOpen: false };
const REPLACE: OverlapDecision = { state: 'queued', reason: null, cancelOpen: true };

/**
 * What becomes of a new run of a job while earlier ones are open.
 *
 * - `allow`: runs beside them.
 * - `skip`: is recorded as skipped.
 * - `queueOne`: waits when none waits yet; the one that waits stays, later ones are skipped.
 * - `queueAll`: waits, however many wait.
 * - `cancelRunning`: cancels what is open and takes its place.
 *
 * Held runs left without an active one (between an end and the promotion) count as a wait, so that order is kept.
 */
export function decideOverlap(policy: OverlapPolicy, open: OpenRuns): OverlapDecision {
  if (policy === 'allow' || open.active + open.held === 0) return QUEUE;
  switch (policy) {
    case 'skip':
      return SKIP;
    case 'queueOne':
      return open.held === 0 ? HOLD : SKIP;
    case 'queueAll':
      return HOLD;
    case 'cancelRunning':
      return REPLACE;
  }
}

/** The open runs once a new one was born of `decision`. */
export function afterDecision(open: OpenRuns, decision: OverlapDecision): OpenRuns {
  const before = decision.cancelOpen ? { active: 0, held: 0 } : open;
  if (decision.state === 'queued') return { ...before, active: before.active + 1 };
  if (decision.state === 'held') return { ...before, held: before.held + 1 };
  return before;
}
