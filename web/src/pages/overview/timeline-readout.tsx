import type { ReactNode } from 'react';
import type { TimelineLane } from '../../api/additions';
import { Mark, RUN_LOOKS } from '../../design/status';
import { durationText, instantText, relativeText } from '../../time/format';
import { useZone } from '../../time/zone';
import { comingOf, xOf, type View } from './timeline-lane';
import { totalOf } from './timeline-marks';

type Thing =
  | { readonly kind: 'run'; readonly run: NonNullable<TimelineLane['runs']>[number] }
  | { readonly kind: 'band'; readonly band: NonNullable<TimelineLane['bands']>[number] }
  | { readonly kind: 'next'; readonly at: number };

/** What lies under the pointer, or so near that it is meant. */
export function nearest(lane: TimelineLane, view: View, x: number, bandMs = 0): Thing | null {
  let best: Thing | null = null;
  let distance = 9;
  const offer = (at: number, thing: () => Thing) => {
    const away = Math.abs(xOf(view, at) - x);
    if (away >= distance) return;
    distance = away;
    best = thing();
  };
  for (const run of lane.runs ?? []) offer(Date.parse(run.scheduledFor), () => ({ kind: 'run', run }));
  for (const at of comingOf(lane, view.now)) offer(at, () => ({ kind: 'next', at }));
  if (best !== null) return best;
  const at = view.from + (x / view.width) * (view.to - view.from);
  const band = lane.bands?.find((each) => at >= Date.parse(each.at) && at < Date.parse(each.at) + bandMs);
  return band === undefined ? null : { kind: 'band', band };
}

/** One line below the lanes, always there: what the pointer is on, else what the marks mean. */
export function Readout({
  pointer,
  view,
  bandMs,
}: {
  pointer: { lane: TimelineLane; x: number } | null;
  view: View;
  bandMs: number;
}): ReactNode {
  const zone = useZone();
  return (
    <div className="flex h-8 items-center gap-x-4 overflow-hidden border-t border-line px-4 text-xs whitespace-nowrap text-ink-soft">
      {pointer === null ? (
        <Legend />
      ) : (
        <span className="line">
          {describe(pointer.lane, nearest(pointer.lane, view, pointer.x, bandMs), view, zone, pointer.x)}
        </span>
      )}
    </div>
  );
}

function Legend(): ReactNode {
  return (
    <>
      {(['succeeded', 'failed', 'skipped', 'cancelled', 'running'] as const).map((state) => (
        <span key={state} className="inline-flex items-center gap-1">
          <Mark shape={RUN_LOOKS[state].shape} className={RUN_LOOKS[state].ink} />
          {RUN_LOOKS[state].word}
        </span>
      ))}
      <span className="inline-flex items-center gap-1">
        <Mark shape="ring" className="text-ink-faint" />
        To come
      </span>
      <span className="inline-flex items-center gap-1">
        <span className="h-0.5 w-2.5 bg-warn" />
        Late
      </span>
      <span className="inline-flex items-center gap-1 max-sm:hidden">
        <span className="hatched h-3 w-4 rounded-sm bg-warn-soft" />
        Paused
      </span>
    </>
  );
}

function describe(lane: TimelineLane, thing: Thing | null, view: View, zone: string, x: number): string {
  const text = (at: number) => instantText(at, zone, { shortToday: view.now });
  const change = lane.clockChanges.find(({ at }) => Math.abs(xOf(view, Date.parse(at)) - x) < 7);
  if (change !== undefined) {
    return `${lane.jobName} · clocks of ${lane.timeZone} change from ${change.before} to ${change.after} at ${text(Date.parse(change.at))}`;
  }
  if (thing?.kind === 'run') {
    const { run } = thing;
    const reason = run.reason === null ? '' : ` (${run.reason})`;
    const late = run.latenessMs === null ? '' : ` · ${durationText(run.latenessMs)} late`;
    const took = run.durationMs === null ? '' : ` · took ${durationText(run.durationMs)}`;
    return `${lane.jobName} · ${text(Date.parse(run.scheduledFor))} · ${RUN_LOOKS[run.state].word}${reason}${late}${took}`;
  }
  if (thing?.kind === 'next') return `${lane.jobName} · due ${text(thing.at)}, ${relativeText(thing.at, view.now)}`;
  if (thing?.kind === 'band') {
    const { band } = thing;
    const parts = (['succeeded', 'failed', 'cancelled', 'skipped'] as const).flatMap((kind) =>
      band[kind] > 0 ? [`${band[kind]} ${kind}`] : [],
    );
    return `${lane.jobName} · from ${text(Date.parse(band.at))}: ${totalOf(band)} runs, ${parts.join(', ')}`;
  }
  const at = view.from + (x / view.width) * (view.to - view.from);
  const pause = lane.pauses.find(({ from, to }) => at >= Date.parse(from) && (to === null || at < Date.parse(to)));
  if (pause !== undefined) return `${lane.jobName} · paused${pause.note === null ? '' : `: ${pause.note}`}`;
  return `${lane.jobName} · ${text(at)}${zone === lane.timeZone ? '' : ` · runs by ${lane.timeZone}`}`;
}
