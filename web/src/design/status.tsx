import type { ReactNode } from 'react';
import type { JobState, RunState } from '../api/additions';

/** A state is told three times: by colour, by shape and by its word. */
type Shape = 'disc' | 'cross' | 'square' | 'dash' | 'ring' | 'half' | 'turn' | 'bars' | 'tick';

interface Look {
  readonly shape: Shape;
  /** Of the mark and of the word. */
  readonly ink: string;
  readonly word: string;
}

export const RUN_LOOKS: Record<RunState, Look> = {
  succeeded: { shape: 'disc', ink: 'text-ok', word: 'Succeeded' },
  failed: { shape: 'cross', ink: 'text-bad', word: 'Failed' },
  cancelled: { shape: 'square', ink: 'text-rest', word: 'Cancelled' },
  skipped: { shape: 'dash', ink: 'text-rest', word: 'Skipped' },
  queued: { shape: 'ring', ink: 'text-busy', word: 'Queued' },
  running: { shape: 'half', ink: 'text-busy', word: 'Running' },
  retrying: { shape: 'turn', ink: 'text-warn', word: 'Retrying' },
  held: { shape: 'bars', ink: 'text-held', word: 'Held' },
};

export const JOB_LOOKS: Record<JobState, Look> = {
  active: { shape: 'disc', ink: 'text-ok', word: 'Active' },
  paused: { shape: 'bars', ink: 'text-warn', word: 'Paused' },
  completed: { shape: 'tick', ink: 'text-rest', word: 'Completed' },
};

/** Colours of ends for SVG and charts. */
export const RUN_COLOURS: Record<RunState, string> = {
  succeeded: 'var(--ok)',
  failed: 'var(--bad)',
  cancelled: 'var(--rest)',
  skipped: 'var(--rest)',
  queued: 'var(--busy)',
  running: 'var(--busy)',
  retrying: 'var(--warn)',
  held: 'var(--held)',
};

export function Mark({ shape, className = '' }: { shape: Shape; className?: string }): ReactNode {
  return (
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" className={`shrink-0 ${className}`}>
      {DRAWINGS[shape]}
    </svg>
  );
}

const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.8, strokeLinecap: 'round' as const };

const DRAWINGS: Record<Shape, ReactNode> = {
  disc: <circle cx="6" cy="6" r="4" fill="currentColor" />,
  cross: <path d="M2.8 2.8l6.4 6.4M9.2 2.8L2.8 9.2" {...line} strokeWidth={2.2} />,
  square: <rect x="2.5" y="2.5" width="7" height="7" rx="1" fill="currentColor" />,
  dash: <path d="M2 6h8" {...line} strokeWidth={2.2} />,
  ring: <circle cx="6" cy="6" r="3.6" {...line} />,
  half: (
    <>
      <circle cx="6" cy="6" r="4" {...line} strokeWidth={1.5} />
      <path d="M6 2a4 4 0 0 1 0 8z" fill="currentColor" />
    </>
  ),
  turn: <path d="M9.8 6A3.8 3.8 0 1 1 8.4 3.1M9.9 1.6v2.2H7.7" {...line} strokeWidth={1.5} strokeLinejoin="round" />,
  bars: <path d="M4 2.5v7M8 2.5v7" {...line} strokeWidth={2.2} />,
  tick: <path d="M2.2 6.4l2.6 2.6 5-5.6" {...line} />,
};

export function RunStatus({ state, reason }: { state: RunState; reason?: string | null }): ReactNode {
  return <Status look={RUN_LOOKS[state]} reason={reason} />;
}

export function JobStatus({ state }: { state: JobState }): ReactNode {
  return <Status look={JOB_LOOKS[state]} />;
}

function Status({ look, reason }: { look: Look; reason?: string | null }): ReactNode {
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 whitespace-nowrap">
      <Mark shape={look.shape} className={look.ink} />
      <span className={look.ink}>{look.word}</span>
      {reason != null && reason !== '' && <span className="line text-ink-faint">· {reason}</span>}
    </span>
  );
}

const TONES = {
  ok: 'bg-ok-soft text-ok',
  bad: 'bg-bad-soft text-bad',
  warn: 'bg-warn-soft text-warn',
  busy: 'bg-busy-soft text-busy',
  held: 'bg-held-soft text-held',
  rest: 'bg-rest-soft text-ink-soft',
} as const;

export type BadgeTone = keyof typeof TONES;

export function Badge({ tone = 'rest', children }: { tone?: BadgeTone; children: ReactNode }): ReactNode {
  return (
    <span
      className={`inline-flex h-5 max-w-full items-center gap-1 rounded px-1.5 text-2xs font-medium ${TONES[tone]}`}
    >
      <span className="line">{children}</span>
    </span>
  );
}
