import { Link } from '@tanstack/react-router';
import { lazy, Suspense, type ReactNode } from 'react';
import { api } from '../../api/client';
import { mayEdit, useShown, useWhoAmI } from '../../api/queries';
import { buttonLook } from '../../design/button';
import { Icon } from '../../design/icons';
import { EmptyState, Page, Panel } from '../../design/panel';
import { Timeline } from './timeline';
import { AttentionList, Degraded, Sentence } from './verdict';

/** Below what is seen first; the chart alone is a fifth of all that the page would load. */
const Lateness = lazy(async () => ({ default: (await import('./lateness')).Lateness }));
const LoadForecast = lazy(async () => ({ default: (await import('./load-forecast')).LoadForecast }));
const TargetHealth = lazy(async () => ({ default: (await import('./target-health')).TargetHealth }));

/** Whether everything is on time, at a glance; below it what was, what comes and what needs somebody. */
export function OverviewPage(): ReactNode {
  const editor = mayEdit(useWhoAmI().data);
  const first = useShown(['jobs', 'any'], (signal) => api().listJobs({ limit: 1 }, { signal }), { pollMs: 30_000 });
  const empty = first.data?.data.length === 0;
  return (
    <Page
      title="Overview"
      actions={
        editor &&
        !empty && (
          <Link to="/jobs/new" search={{}} className={buttonLook('primary')}>
            <Icon name="plus" className="-ml-0.5" />
            New job
          </Link>
        )
      }
    >
      {empty ? (
        <Panel>
          <EmptyState
            title="Nothing is scheduled yet"
            action={
              editor && (
                <Link to="/jobs/new" search={{}} className={buttonLook('primary')}>
                  Create the first job
                </Link>
              )
            }
          >
            A job is a schedule and an address to call. “Every 15 minutes” is enough to begin with; here you then see
            whether it is on time.
          </EmptyState>
        </Panel>
      ) : (
        <>
          <Sentence />
          <Degraded />
          <Timeline />
          <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <Suspense fallback={<div className="min-h-80" />}>
              <Lateness />
            </Suspense>
            <AttentionList />
          </div>
          <Suspense fallback={<div className="min-h-96" />}>
            <LoadForecast />
            <TargetHealth />
          </Suspense>
        </>
      )}
    </Page>
  );
}
