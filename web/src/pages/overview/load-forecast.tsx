import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { Forecast } from '../../api/additions';
import { call, isMissing } from '../../api/client';
import { Segmented } from '../../design/fields';
import { EmptyState, ErrorNote, Panel, Waiting } from '../../design/panel';
import { Instant, Relative } from '../../design/time';
import { now } from '../../time/clock';
import { countText } from '../../time/format';
import { useZone } from '../../time/zone';
import { ForecastMap } from './forecast-map';
import { usePeriodic } from '../../api/use-periodic';

const SPANS = { '24h': ['PT1M', 86_400_000], '7d': ['PT1H', 604_800_000] } as const;
type Span = keyof typeof SPANS;

/** How many fires come when, and where too many come at once. */
export function LoadForecast(): ReactNode {
  const [span, setSpan] = useState<Span>('24h');
  const { data, error, refetch } = usePeriodic(['forecast', span], 60_000, (signal) => {
    const [resolution, length] = SPANS[span];
    const from = Math.floor(now() / 60_000) * 60_000;
    return call<Forecast>('/forecast', {
      query: { resolution, from: new Date(from).toISOString(), to: new Date(from + length).toISOString() },
      signal,
    });
  });
  return (
    <Panel
      title="Load to come"
      note={data === undefined ? undefined : `${data.estimated ? 'about ' : ''}${countText(data.total)} fires`}
      actions={
        <Segmented
          small
          label="Span of the forecast"
          value={span}
          onChange={setSpan}
          options={[
            { value: '24h', label: '24h', title: 'By minute and hour' },
            { value: '7d', label: '7d', title: 'By hour and day' },
          ]}
        />
      }
    >
      <div className="min-h-80">
        {data === undefined ? (
          isMissing(error) ? (
            <EmptyState title="No forecast yet">This service does not look ahead. The next version does.</EmptyState>
          ) : error !== null ? (
            <ErrorNote error={error} retry={() => void refetch()} />
          ) : (
            <Waiting rows={10} />
          )
        ) : data.computedAt === null ? (
          <EmptyState title="The forecast is being made">It is there within a minute or two of the start.</EmptyState>
        ) : (
          <Told forecast={data} />
        )}
      </div>
    </Panel>
  );
}

function Told({ forecast }: { forecast: Forecast }): ReactNode {
  const zone = useZone();
  return (
    <div className="grid gap-x-6 gap-y-4 2xl:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="min-w-0">
        <ForecastMap forecast={forecast} zone={zone} />
        <p className="pt-1 text-xs text-ink-faint">
          By the clocks of {zone}; counted <Relative at={forecast.computedAt} />
          {forecast.estimated && ', some rules by a sample'}
        </p>
      </div>
      <Crowded forecast={forecast} />
    </div>
  );
}

/** The minutes in which most comes at once, and what spreading would make of them. */
function Crowded({ forecast }: { forecast: Forecast }): ReactNode {
  if (forecast.crowded.length === 0) {
    return <p className="text-sm text-ink-soft">No minute is crowded: what fires is well spread.</p>;
  }
  const most = Math.max(...forecast.crowded.map(({ fires }) => fires), 1);
  return (
    <div className="min-w-0">
      <h3 className="text-xs font-semibold">Crowded minutes</h3>
      <p className="pb-2 text-xs text-ink-soft">
        Fires now, and after spreading: <code className="font-mono">H</code> in place of a minute in cron, or a jitter.
      </p>
      <ol className="grid gap-x-6 gap-y-2.5 sm:grid-cols-2 2xl:grid-cols-1">
        {forecast.crowded.slice(0, 6).map(({ at, fires, jobs, afterSpreading }) => (
          <li key={at} className="min-w-0 text-xs">
            <div className="flex items-baseline justify-between gap-2">
              <span className="font-medium">
                <Instant at={at} seconds={false} />
              </span>
              <span className="whitespace-nowrap">
                <span className="font-medium text-bad">{countText(fires)}</span>
                <span className="text-ink-faint"> → </span>
                <span className="font-medium text-ok">{countText(afterSpreading)}</span>
                <span className="sr-only"> after spreading</span>
              </span>
            </div>
            <svg
              viewBox="0 0 100 5"
              preserveAspectRatio="none"
              className="my-0.5 block h-1.5 w-full"
              aria-hidden="true"
            >
              <rect width={(100 * fires) / most} height="5" fill="var(--bad)" opacity="0.35" />
              <rect width={(100 * afterSpreading) / most} height="5" fill="var(--ok)" />
            </svg>
            <div className="line text-ink-soft">
              {jobs.map(({ id, name }, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <Link to="/jobs/$jobId" params={{ jobId: id }} search={{}} className="hover:underline">
                    {name}
                  </Link>
                </span>
              ))}
              {fires > jobs.length && jobs.length === 5 && ' …'}
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}
