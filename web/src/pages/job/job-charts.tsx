import { useMemo, useState, type ReactNode } from 'react';
import type { Statistics } from '../../api/additions';
import { call, type Schemas } from '../../api/client';
import { useShown } from '../../api/queries';
import { Segmented } from '../../design/fields';
import { Panel } from '../../design/panel';
import { Plot, type Series } from '../../design/plot';
import { now } from '../../time/clock';
import { durationText } from '../../time/format';
import { useZone } from '../../time/zone';

type Span = '1h' | '24h' | '7d' | '30d';
const SPANS: Record<Span, number> = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 };

/** How late and how long, over time: from the statistics, or of the last runs where the service has none. */
export function JobCharts({
  jobId,
  zone: jobZone,
  runs,
}: {
  jobId: string;
  zone: string;
  runs: readonly Schemas['RunSummary'][];
}): ReactNode {
  const [span, setSpan] = useState<Span>('24h');
  const zone = useZone(jobZone);
  const statistics = useShown(
    ['job', jobId, 'statistics', span],
    (signal) => {
      const to = now();
      return call<Statistics>('/statistics', {
        query: { jobId, from: new Date(to - SPANS[span]).toISOString(), to: new Date(to).toISOString() },
        signal,
      });
    },
    { keep: true, pollMs: 30_000 },
  );
  const told = statistics.data;
  const data = useMemo(() => (told === undefined ? ofRuns(runs) : ofStatistics(told)), [told, runs]);
  const actions = told !== undefined && (
    <Segmented
      small
      label="Span of the charts"
      value={span}
      onChange={setSpan}
      options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: value }))}
    />
  );
  const note = told === undefined ? 'of the last 50 runs' : `p50, p95 and p99`;
  return (
    <>
      <Panel title="Lateness" note={note} actions={actions} flush>
        <Chart data={data} series={data.lateness} zone={zone} label="Lateness over time" />
      </Panel>
      <Panel title="Duration" note={note} actions={actions} flush>
        <Chart data={data} series={data.durations} zone={zone} label="Duration over time" />
      </Panel>
    </>
  );
}

interface ChartData {
  readonly at: readonly number[];
  readonly lateness: readonly Series[];
  readonly durations: readonly Series[];
}

function Chart({
  data,
  series,
  zone,
  label,
}: {
  data: ChartData;
  series: readonly Series[];
  zone: string;
  label: string;
}): ReactNode {
  const last = series
    .map(({ label: name, values }) => `${name} ${durationText(values.findLast((value) => value !== null))}`)
    .join(', ');
  return (
    <div className="px-2 pb-2">
      {data.at.length < 2 ? (
        <p className="flex h-[186px] items-center justify-center text-sm text-ink-faint">
          Drawn from the second run on.
        </p>
      ) : (
        <Plot at={data.at} series={series} zone={zone} format={durationText} label={`${label}; last: ${last}`} />
      )}
    </div>
  );
}

function ofStatistics({ buckets }: Statistics): ChartData {
  const lines = (kind: 'latenessMs' | 'durationMs'): Series[] => [
    { label: 'p50', colour: '--ok', values: buckets.map((bucket) => bucket[kind]?.p50 ?? null), fill: true },
    { label: 'p95', colour: '--busy', values: buckets.map((bucket) => bucket[kind]?.p95 ?? null) },
    { label: 'p99', colour: '--held', values: buckets.map((bucket) => bucket[kind]?.p99 ?? null), dash: [4, 3] },
  ];
  return { at: buckets.map(({ at }) => Date.parse(at)), lateness: lines('latenessMs'), durations: lines('durationMs') };
}

function ofRuns(runs: readonly Schemas['RunSummary'][]): ChartData {
  const old = runs.toReversed().filter(({ startedAt }) => startedAt !== null);
  return {
    at: old.map(({ scheduledFor }) => Date.parse(scheduledFor)),
    lateness: [{ label: 'Lateness', colour: '--busy', values: old.map(({ latenessMs }) => latenessMs), fill: true }],
    durations: [{ label: 'Duration', colour: '--ok', values: old.map(({ durationMs }) => durationMs), fill: true }],
  };
}
