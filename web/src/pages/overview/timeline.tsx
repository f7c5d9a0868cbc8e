import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useId, useState, type ReactNode } from 'react';
import type { Timeline as TimelineAnswer, TimelineLane } from '../../api/additions';
import { call, isMissing } from '../../api/client';
import { IconButton } from '../../design/button';
import { Segmented } from '../../design/fields';
import { EmptyState, ErrorNote, Panel } from '../../design/panel';
import { JOB_LOOKS, Mark } from '../../design/status';
import { useWidth } from '../../design/use-width';
import { now, useNow } from '../../time/clock';
import { useZone } from '../../time/zone';
import { ticksOf } from './time-axis';
import { LANE_HEIGHT, LaneDrawing, xOf, type View } from './timeline-lane';
import { nearest, Readout } from './timeline-readout';
import { usePeriodic } from '../../api/use-periodic';

const HOUR_MS = 3_600_000;
const SPANS = {
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '30d': 720 * HOUR_MS,
} as const;
type Span = keyof typeof SPANS;
const EVERY_MS: Record<Span, number> = { '1h': 3_000, '6h': 10_000, '24h': 30_000, '7d': 60_000, '30d': 60_000 };
const BAND_MS: Record<string, number> = { PT1M: 60_000, PT5M: 300_000, PT1H: HOUR_MS, PT6H: 6 * HOUR_MS };
const LANES = 20;
const LABEL = 'w-32 sm:w-48 lg:w-56';

/** What fired and what will, a lane for each job, centred on now. */
export function Timeline(): ReactNode {
  const search = useSearch({ from: '/' });
  const navigate = useNavigate();
  const span: Span = search.span !== undefined && search.span in SPANS ? (search.span as Span) : '1h';
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const found = usePeriodic(['timeline', span, cursor ?? ''], EVERY_MS[span], (signal) => {
    // A little more than is shown, so that the edges are there when time has moved on.
    const at = now();
    const half = (SPANS[span] / 2) * (span === '30d' ? 1 : 1.02);
    return call<TimelineAnswer>('/timeline', {
      query: {
        from: new Date(at - half).toISOString(),
        to: new Date(at + half).toISOString(),
        limit: LANES,
        cursor,
      },
      signal,
    });
  });
  const zoom = (
    <Segmented
      small
      label="Span of the timeline"
      value={span}
      onChange={(next) => void navigate({ to: '/', search: { span: next === '1h' ? undefined : next }, replace: true })}
      options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: value }))}
    />
  );
  const lanes = found.data?.lanes ?? [];
  const next = found.data?.page.nextCursor ?? null;
  return (
    <Panel
      title="Fires"
      flush
      actions={
        <>
          {(cursor !== undefined || next !== null) && (
            <>
              <IconButton
                icon="left"
                label="Jobs before these"
                small
                disabled={cursor === undefined}
                onClick={() => setCursors(cursors.slice(0, -1))}
              />
              <IconButton
                icon="right"
                label="More jobs"
                small
                disabled={next === null}
                onClick={() => next !== null && setCursors([...cursors, next])}
              />
            </>
          )}
          {zoom}
        </>
      }
    >
      {found.data === undefined ? (
        <div className="px-4 pb-4" style={{ minHeight: 8 * LANE_HEIGHT }}>
          {isMissing(found.error) ? (
            <EmptyState title="No timeline yet">
              This service does not draw up timelines. The next version does.
            </EmptyState>
          ) : found.error !== null ? (
            <ErrorNote error={found.error} retry={() => void found.refetch()} />
          ) : (
            <div className="shimmer h-56" role="status" aria-label="Loading" />
          )}
        </div>
      ) : lanes.length === 0 ? (
        <EmptyState title="No jobs yet">Each job gets a lane here, with what it did and what it will do.</EmptyState>
      ) : (
        <Lanes answer={found.data} spanMs={SPANS[span]} />
      )}
    </Panel>
  );
}

function Lanes({ answer, spanMs }: { answer: TimelineAnswer; spanMs: number }): ReactNode {
  const [box, width] = useWidth<HTMLDivElement>();
  const hatch = useId();
  const nowMs = useNow();
  const [pointer, setPointer] = useState<{ lane: TimelineLane; x: number } | null>(null);
  // Moves on by whole pixels, and stays under the pointer.
  const grain = Math.max(1_000, Math.round(spanMs / Math.max(width, 300)));
  const moving = Math.floor(nowMs / grain) * grain;
  const [held, setHeld] = useState<number | null>(null);
  const centre = held ?? moving;
  const zone = useZone();
  const view: View = { from: centre - spanMs / 2, to: centre + spanMs / 2, now: centre, width };
  const ticks = width === 0 ? [] : ticksOf(view.from, view.to, zone, Math.max(2, Math.floor(width / 90)));
  const bandMs = BAND_MS[answer.resolution ?? ''] ?? HOUR_MS;
  return (
    <div
      className="relative"
      onPointerEnter={() => setHeld(moving)}
      onPointerLeave={() => {
        setHeld(null);
        setPointer(null);
      }}
    >
      <svg width="0" height="0" className="absolute" aria-hidden="true">
        <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="6" height="6" fill="var(--warn-soft)" />
          <rect width="1.2" height="6" fill="var(--warn)" opacity="0.55" />
        </pattern>
      </svg>
      <div className="flex border-y border-line bg-sunken text-2xs text-ink-faint">
        <div className={`${LABEL} shrink-0 px-4 py-1`}>Job</div>
        <div ref={box} className="relative h-6 min-w-0 flex-1 overflow-hidden">
          {ticks.map(({ at, text, day }) => {
            const x = xOf(view, at);
            if (x < 18 || x > width - 18 || Math.abs(x - width / 2) < 34) return null;
            return (
              <span
                key={at}
                className={`absolute top-1 -translate-x-1/2 whitespace-nowrap ${day ? 'font-semibold text-ink-soft' : ''}`}
                style={{ left: x }}
              >
                {text}
              </span>
            );
          })}
          <span className="absolute top-1 left-1/2 -translate-x-1/2 font-semibold text-accent">now</span>
        </div>
      </div>
      <div className="relative isolate">
        <Grid view={view} ticks={ticks} />
        <ul aria-label="Timeline by job">
          {answer.lanes.map((lane) => (
            <li key={lane.jobId} className="flex items-center hover:bg-hover">
              <Link
                to="/jobs/$jobId"
                params={{ jobId: lane.jobId }}
                search={{}}
                className={`${LABEL} flex shrink-0 items-center gap-1.5 px-4 text-xs hover:underline`}
                style={{ height: LANE_HEIGHT }}
              >
                <Mark shape={JOB_LOOKS[lane.state].shape} className={JOB_LOOKS[lane.state].ink} />
                <span className="line" title={`${lane.jobName} · ${JOB_LOOKS[lane.state].word}`}>
                  {lane.jobName}
                </span>
                {lane.state !== 'active' && <span className="sr-only">{JOB_LOOKS[lane.state].word}</span>}
              </Link>
              <LaneArea lane={lane} view={view} point={setPointer}>
                {width > 0 && <LaneDrawing lane={lane} view={view} bandMs={bandMs} hatch={hatch} />}
              </LaneArea>
            </li>
          ))}
        </ul>
      </div>
      <Readout pointer={pointer} view={view} bandMs={bandMs} />
    </div>
  );
}

/** The lines of the axis through all lanes. */
function Grid({ view, ticks }: { view: View; ticks: readonly { at: number; day: boolean }[] }): ReactNode {
  return (
    <div
      className="pointer-events-none absolute inset-y-0 right-0 -z-10"
      style={{ width: view.width }}
      aria-hidden="true"
    >
      {ticks.map(({ at, day }) => (
        <span
          key={at}
          className={`absolute inset-y-0 w-px ${day ? 'bg-line-strong' : 'bg-line'} opacity-60`}
          style={{ left: xOf(view, at) }}
        />
      ))}
      <span className="absolute inset-y-0 left-1/2 w-px bg-accent" />
    </div>
  );
}

function LaneArea({
  lane,
  view,
  point,
  children,
}: {
  lane: TimelineLane;
  view: View;
  point: (at: { lane: TimelineLane; x: number } | null) => void;
  children: ReactNode;
}): ReactNode {
  const navigate = useNavigate();
  return (
    // By keyboard, the job's page has its runs in a table; here a press is a short way there.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div
      className="min-w-0 flex-1 overflow-hidden"
      style={{ height: LANE_HEIGHT }}
      onPointerMove={(event) => point({ lane, x: event.clientX - event.currentTarget.getBoundingClientRect().left })}
      onClick={(event) => {
        const thing = nearest(lane, view, event.clientX - event.currentTarget.getBoundingClientRect().left);
        if (thing?.kind === 'run') void navigate({ to: '/runs/$runId', params: { runId: thing.run.id } });
      }}
    >
      {children}
    </div>
  );
}
