import { useMemo, useState, type ReactNode } from 'react';
import type { Statistics } from '../../api/additions';
import { call, isMissing } from '../../api/client';
import { Segmented } from '../../design/fields';
import { EmptyState, ErrorNote, Figure, Panel, Waiting } from '../../design/panel';
import { Plot, type Series } from '../../design/plot';
import { now } from '../../time/clock';
import { countText, durationText } from '../../time/format';
import { useZone } from '../../time/zone';
import { usePeriodic } from '../../api/use-periodic';

const SPANS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
type Span = keyof typeof SPANS;

/** How long after the due instant runs started, against what is promised. */
export function Lateness(): ReactNode {
  const [span, setSpan] = useState<Span>('24h');
  const { data, error, refetch } = usePeriodic(['statistics', span], span === '1h' ? 10_000 : 30_000, (signal) => {
    const to = now();
    return call<Statistics>('/statistics', {
      query: { from: new Date(to - SPANS[span]).toISOString(), to: new Date(to).toISOString() },
      signal,
    });
  });
  return (
    <Panel
      title="Lateness"
      note="from due to started"
      actions={
        <Segmented
          small
          label="Span of the lateness"
          value={span}
          onChange={setSpan}
          options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: value }))}
        />
      }
    >
      <div className="min-h-[18.5rem]">
        {data !== undefined ? (
          <Told statistics={data} />
        ) : isMissing(error) ? (
          <EmptyState title="No statistics yet">
            This service does not sum up its runs. The next version does.
          </EmptyState>
        ) : error !== null ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : (
          <Waiting rows={8} />
        )}
      </div>
    </Panel>
  );
}

function Told({ statistics }: { statistics: Statistics }): ReactNode {
  const zone = useZone();
  const { latenessMs, totals, buckets } = statistics;
  const objective = latenessMs?.objective ?? 1_000;
  const at = useMemo(() => buckets.map((bucket) => Date.parse(bucket.at)), [buckets]);
  const series = useMemo(
    (): Series[] => [
      { label: 'p50', colour: '--ok', values: buckets.map((bucket) => bucket.latenessMs?.p50 ?? null), fill: true },
      { label: 'p95', colour: '--busy', values: buckets.map((bucket) => bucket.latenessMs?.p95 ?? null) },
      { label: 'p99', colour: '--held', values: buckets.map((bucket) => bucket.latenessMs?.p99 ?? null), dash: [4, 3] },
      { label: 'Objective', colour: '--bad', values: buckets.map(() => objective), dash: [2, 4] },
    ],
    [buckets, objective],
  );
  if (latenessMs === null) {
    return <EmptyState title="Nothing was started">In this span no run began, so nothing could be late.</EmptyState>;
  }
  const met = latenessMs.p99 <= objective;
  const within = latenessMs.withinObjective;
  return (
    <>
      <div className="grid grid-cols-2 gap-x-4 gap-y-2 pb-2 sm:grid-cols-5">
        {(['p50', 'p95', 'p99'] as const).map((name) => (
          <Figure key={name} label={name} tone={latenessMs[name] > objective ? 'text-bad' : ''}>
            {durationText(latenessMs[name])}
          </Figure>
        ))}
        <Figure label="Latest of all">{durationText(latenessMs.max)}</Figure>
        <Figure
          label={`Within ${durationText(objective)}`}
          tone={met ? 'text-ok' : 'text-bad'}
          note={met ? 'objective met' : 'objective missed'}
        >
          {percent(within)}
        </Figure>
      </div>
      <Plot
        at={at}
        series={series}
        zone={zone}
        height={150}
        format={durationText}
        label={`Lateness over time: p50 ${durationText(latenessMs.p50)}, p95 ${durationText(latenessMs.p95)}, p99 ${durationText(latenessMs.p99)}; objective ${durationText(objective)}`}
      />
      <p className="pt-1 text-xs text-ink-faint">
        {countText(totals.runs)} runs: {countText(totals.succeeded)} succeeded, {countText(totals.failed)} failed,{' '}
        {countText(totals.skipped)} skipped, {countText(totals.cancelled)} cancelled
      </p>
    </>
  );
}

/** Never rounds up to all of them. */
function percent(share: number): string {
  if (share === 1) return '100 %';
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}
