import type { TimedAttempt } from '../../api/run-additions';

export interface Phase {
  readonly name: string;
  readonly why: string;
  /** In ms from the attempt's start; what happened before is negative. */
  readonly from: number;
  readonly to: number;
  /** Tokens of colour and strength. */
  readonly colour: string;
}

const STEPS = [
  { key: 'claimedMs', name: 'Queued', why: 'until a worker took it', colour: 'var(--rest)' },
  { key: 'startedMs', name: 'Claimed', why: 'until the call began', colour: 'var(--held)' },
  { key: 'resolvedMs', name: 'Resolved', why: 'the name of the host', colour: 'var(--warn)' },
  { key: 'connectedMs', name: 'Connected', why: 'to the target', colour: 'var(--accent)' },
  { key: 'firstByteMs', name: 'First byte', why: 'until the target began to answer', colour: 'var(--ok)' },
  { key: 'doneMs', name: 'Done', why: 'until the answer had come whole', colour: 'var(--ink-soft)' },
] as const;

/** Where the time of an attempt went, one after another; steps that did not happen are left out. */
export function phasesOf(attempt: TimedAttempt): Phase[] {
  const length = attempt.durationMs ?? 0;
  const timings = attempt.timings ?? null;
  if (timings === null) {
    return [{ name: 'Called', why: 'from start to end', from: 0, to: length, colour: 'var(--accent)' }];
  }
  const ends = { ...timings, startedMs: 0, doneMs: timings.doneMs ?? length };
  let from = timings.queuedMs ?? timings.claimedMs ?? 0;
  const phases: Phase[] = [];
  for (const { key, name, why, colour } of STEPS) {
    const to = ends[key];
    if (to == null || to < from) continue;
    // Nothing precedes the first step that is known.
    if (to > from || phases.length > 0) phases.push({ name, why, colour, from, to });
    from = to;
  }
  return phases;
}

/** The span that all attempts are drawn on, so that their lengths can be compared. */
export function spanOf(attempts: readonly (readonly Phase[])[]): { readonly from: number; readonly to: number } {
  const from = Math.min(0, ...attempts.flatMap((phases) => phases.map((phase) => phase.from)));
  const to = Math.max(1, ...attempts.flatMap((phases) => phases.map((phase) => phase.to)));
  return { from, to };
}
