import type { ReactNode } from 'react';
import type { StripRun } from '../api/additions';
import { durationText } from '../time/format';
import { RUN_COLOURS, RUN_LOOKS } from './status';

const SLOTS = 50;

/**
 * The last runs of a job, newest at the right: height is the duration, colour and shape the end, a cap
 * on top lateness, and a gap with a dash what was skipped. Always as wide, so that rows line up.
 */
export function RunStrip({
  runs,
  height = 22,
  pitch = 4,
  lateMs = 1_000,
  label,
}: {
  runs: readonly StripRun[] | undefined;
  height?: number;
  pitch?: number;
  /** From here on a run counts as late. */
  lateMs?: number;
  label?: string;
}): ReactNode {
  const width = SLOTS * pitch;
  const shown = (runs ?? []).slice(-SLOTS);
  const offset = SLOTS - shown.length;
  // Below this all are short: what differs between them is of no interest.
  const longestMs = shown.reduce((most, { durationMs }) => Math.max(most, durationMs ?? 0), 50);
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label ?? summary(shown)}
      className="block shrink-0"
    >
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line)" />
      {shown.map((run, index) => (
        <Bar
          key={run.id}
          run={run}
          x={(offset + index) * pitch}
          width={pitch - 1}
          height={height - 1}
          lateMs={lateMs}
          longestMs={longestMs}
        />
      ))}
    </svg>
  );
}

function Bar({
  run,
  x,
  width,
  height,
  lateMs,
  longestMs,
}: {
  run: StripRun;
  x: number;
  width: number;
  height: number;
  lateMs: number;
  longestMs: number;
}): ReactNode {
  const colour = RUN_COLOURS[run.state];
  const title = <title>{describe(run)}</title>;
  if (run.state === 'skipped') {
    return (
      <g>
        {title}
        <rect x={x} y={height - 2} width={width} height={2} fill="var(--line-strong)" />
      </g>
    );
  }
  const size = barHeight(run.durationMs, longestMs, height - 4);
  const top = height - size;
  const open = run.state === 'queued' || run.state === 'held';
  return (
    <g>
      {title}
      {open ? (
        <rect x={x + 0.5} y={height - 6} width={width - 1} height={5.5} fill="none" stroke={colour} />
      ) : (
        <rect x={x} y={top} width={width} height={size} fill={colour} opacity={run.state === 'succeeded' ? 0.72 : 1} />
      )}
      {/* Failed ones are notched: seen without colour. */}
      {run.state === 'failed' && <rect x={x} y={height - 3.5} width={width} height={1.5} fill="var(--surface)" />}
      {run.latenessMs !== null && run.latenessMs >= lateMs && (
        <rect x={x} y={Math.max(0, top - 3)} width={width} height={1.5} fill="var(--warn)" />
      )}
    </g>
  );
}

/** By the root of the duration, the longest of those shown being all of the height: short ones stay visible. */
function barHeight(ms: number | null, longestMs: number, max: number): number {
  if (ms === null) return 4;
  return 3 + (max - 3) * Math.sqrt(Math.min(1, ms / longestMs));
}

function describe(run: StripRun): string {
  const words = [run.scheduledFor, RUN_LOOKS[run.state].word + (run.reason === null ? '' : ` (${run.reason})`)];
  if (run.durationMs !== null) words.push(`took ${durationText(run.durationMs)}`);
  if (run.latenessMs !== null) words.push(`${durationText(run.latenessMs)} late`);
  return words.join('\n');
}

function summary(runs: readonly StripRun[]): string {
  if (runs.length === 0) return 'No runs yet';
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return `Last ${runs.length} runs: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`;
}
