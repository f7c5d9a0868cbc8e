import { memo, type ReactNode } from 'react';
import type { TimelineLane } from '../../api/additions';
import { RUN_COLOURS } from '../../design/status';
import { bandParts, hollow, MARK_STATES, marks, totalOf } from './timeline-marks';

export const LANE_HEIGHT = 28;
const MIDDLE = LANE_HEIGHT / 2;
/** From here on a run counts as late. */
export const LATE_MS = 1_000;

const BAND_COLOURS = { ok: 'var(--ok)', bad: 'var(--bad)', rest: 'var(--rest)', busy: 'var(--busy)' } as const;

export interface View {
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly width: number;
}

export function xOf(view: View, at: number): number {
  return ((at - view.from) / (view.to - view.from)) * view.width;
}

/** One job's lane: what happened on the left of now, what is to come on the right. */
export const LaneDrawing = memo(function LaneDrawing({
  lane,
  view,
  bandMs,
  hatch,
}: {
  lane: TimelineLane;
  view: View;
  bandMs: number;
  hatch: string;
}): ReactNode {
  const x = (at: number) => xOf(view, at);
  return (
    <svg
      width={view.width}
      height={LANE_HEIGHT}
      viewBox={`0 0 ${view.width} ${LANE_HEIGHT}`}
      role="img"
      aria-label={laneText(lane)}
      className="block"
    >
      <line x1="0" x2={view.width} y1={MIDDLE} y2={MIDDLE} stroke="var(--line)" />
      {lane.pauses.map(({ from, to }) => {
        const start = Math.max(0, x(Date.parse(from)));
        const end = Math.min(view.width, to === null ? view.width : x(Date.parse(to)));
        return (
          end > start && (
            <rect
              key={from}
              x={start}
              y={2}
              width={end - start}
              height={LANE_HEIGHT - 4}
              rx={2}
              fill={`url(#${hatch})`}
            />
          )
        );
      })}
      {lane.bands !== null && <Bands lane={lane} view={view} bandMs={bandMs} />}
      <Runs lane={lane} view={view} />
      <Occurrences lane={lane} view={view} />
      {lane.clockChanges.map(({ at }) => (
        <path key={at} d={seam(x(Date.parse(at)))} fill="none" stroke="var(--held)" strokeWidth="1.5" />
      ))}
    </svg>
  );
});

function Bands({ lane, view, bandMs }: { lane: TimelineLane; view: View; bandMs: number }): ReactNode {
  const bands = lane.bands ?? [];
  const most = Math.max(...bands.map(totalOf), 1);
  const width = Math.max(2, (bandMs / (view.to - view.from)) * view.width - 1);
  return bands.map((band) => {
    const left = xOf(view, Date.parse(band.at));
    // The band that goes on ends at now.
    const right = Math.min(left + width, xOf(view, view.now));
    let top = LANE_HEIGHT - 3;
    return bandParts(band, most, LANE_HEIGHT - 7).map(({ kind, height }) => {
      top -= height;
      return (
        <rect
          key={`${band.at} ${kind}`}
          x={left}
          y={top}
          width={Math.max(1, right - left)}
          height={height - (kind === 'bad' ? 0.8 : 0)}
          fill={BAND_COLOURS[kind]}
          opacity={kind === 'ok' ? 0.65 : kind === 'rest' ? 0.5 : 1}
        />
      );
    });
  });
}

function Runs({ lane, view }: { lane: TimelineLane; view: View }): ReactNode {
  const runs = lane.runs ?? [];
  const late = runs.filter(({ latenessMs }) => latenessMs !== null && latenessMs >= LATE_MS);
  return (
    <>
      {MARK_STATES.map((state) => {
        const xs = runs.filter((run) => run.state === state).map((run) => xOf(view, Date.parse(run.scheduledFor)));
        if (xs.length === 0) return null;
        const { path, filled } = marks(state, xs, MIDDLE);
        return (
          <path
            key={state}
            d={path}
            fill={filled ? RUN_COLOURS[state] : 'var(--surface)'}
            stroke={filled ? 'none' : RUN_COLOURS[state]}
            strokeWidth={state === 'failed' ? 2.2 : 1.6}
            strokeLinecap="round"
          />
        );
      })}
      {late.length > 0 && (
        <path
          d={late.map((run) => `M${xOf(view, Date.parse(run.scheduledFor)) - 3.5} ${MIDDLE - 8}h7`).join('')}
          stroke="var(--warn)"
          strokeWidth="2"
        />
      )}
    </>
  );
}

/** When it will run, as milliseconds: what is to be skipped is not drawn. */
export function comingOf(lane: TimelineLane, now: number): number[] {
  const toRun = lane.occurrences.filter(({ action }) => action !== 'skip');
  return toRun.map(({ scheduledFor, dueAt }) => Date.parse(dueAt ?? scheduledFor)).filter((at) => at > now);
}

function Occurrences({ lane, view }: { lane: TimelineLane; view: View }): ReactNode {
  const xs = comingOf(lane, view.now)
    .map((at) => xOf(view, at))
    .filter((x) => x <= view.width + 4);
  const last = xs.at(-1);
  // Closer than they could be told apart: an outline from the first to the last.
  const dense = xs.length > 3 && (last ?? 0) - (xs[0] ?? 0) < xs.length * 4;
  return (
    <>
      {dense ? (
        <Outline from={xs[0] ?? 0} to={last ?? 0} />
      ) : (
        <path d={hollow(xs, MIDDLE)} fill="var(--surface)" stroke="var(--ink-faint)" strokeWidth="1.4" />
      )}
      {lane.occurrencesTruncated && last !== undefined && last < view.width - 8 && (
        <Outline from={last + 6} to={view.width - 1} dashed />
      )}
    </>
  );
}

function Outline({ from, to, dashed = false }: { from: number; to: number; dashed?: boolean }): ReactNode {
  return (
    <rect
      x={from}
      y={MIDDLE - 4.5}
      width={Math.max(3, to - from)}
      height={9}
      rx={3}
      fill="var(--surface)"
      stroke="var(--ink-faint)"
      strokeDasharray={dashed ? '2 3' : undefined}
    />
  );
}

function seam(x: number): string {
  let path = `M${x} 1`;
  for (let y = 1; y < LANE_HEIGHT - 4; y += 6) path += `l3 3l-3 3`;
  return path;
}

/** The lane in words. */
export function laneText(lane: TimelineLane): string {
  const counts = new Map<string, number>();
  const add = (state: string, count: number) => count > 0 && counts.set(state, (counts.get(state) ?? 0) + count);
  for (const { state } of lane.runs ?? []) add(state, 1);
  for (const band of lane.bands ?? []) {
    add('succeeded', band.succeeded);
    add('failed', band.failed);
    add('cancelled', band.cancelled);
    add('skipped', band.skipped);
    add('under way', band.open);
  }
  const past = counts.size === 0 ? 'no runs' : [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const more = lane.occurrencesTruncated ? 'more than ' : '';
  return `${lane.jobName}: ${past}; ${more}${lane.occurrences.filter(({ action }) => action !== 'skip').length} to come`;
}
