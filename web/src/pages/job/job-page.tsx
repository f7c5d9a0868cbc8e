import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { api, isRefused } from '../../api/client';
import { mayEdit, useShown, useWhoAmI } from '../../api/queries';
import { Button, buttonLook, IconButton } from '../../design/button';
import { Segmented } from '../../design/fields';
import { Icon } from '../../design/icons';
import { Menu, MenuItem, MenuLine } from '../../design/menu';
import { EmptyState, ErrorNote, Fact, Facts, Page, Panel, Waiting } from '../../design/panel';
import { Badge, JobStatus } from '../../design/status';
import { RunStrip } from '../../design/strip';
import { Instant, Relative } from '../../design/time';
import { toast, toastError } from '../../design/toast';
import { countText, isoDurationText } from '../../time/format';
import { Explain } from './explain';
import { JobDialogs } from './job-dialogs';
import type { Asking, Job } from './job-types';
import { JobRuns } from './job-runs';
import { NextFires } from './next-fires';
import { Revisions } from './revisions';

/** The drawing of charts comes after what is read. */
const JobCharts = lazy(async () => ({ default: (await import('./job-charts')).JobCharts }));

/** One job: when it fires, how it went, and everything that can be done with it. */
export function JobPage(): ReactNode {
  const { jobId } = useParams({ from: '/jobs/$jobId' });
  const { tab } = useSearch({ from: '/jobs/$jobId' });
  const navigate = useNavigate();
  const editor = mayEdit(useWhoAmI().data);
  const [asking, setAsking] = useState<Asking>(null);
  const found = useShown(['job', jobId, 'job'], (signal) => api().getJob({ id: jobId }, { signal }));
  const runs = useShown(['job', jobId, 'runs'], (signal) => api().listJobRuns({ id: jobId, limit: 50 }, { signal }));
  const job = found.data as Job | undefined;
  // One that was deleted meanwhile is remembered, but gone.
  if (job === undefined || isRefused(found.error, 404))
    return <NoJob error={found.error} retry={() => void found.refetch()} />;
  const rows = runs.data?.data ?? [];
  return (
    <Page
      above={
        <Link to="/jobs" search={{}} className="text-xs text-ink-soft hover:text-ink">
          Jobs
        </Link>
      }
      title={job.name}
      subtitle={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <JobStatus state={job.state} />
          <span className="text-ink">{job.scheduleText}</span>
          {Object.entries(job.labels).map(([name, value]) => (
            <Link key={name} to="/jobs" search={{ label: [`${name}:${value}`] }} className="flex">
              <Badge>
                {name}:{value}
              </Badge>
            </Link>
          ))}
        </span>
      }
      actions={editor && <Actions job={job} ask={setAsking} />}
    >
      {job.description !== '' && <p className="-mt-2 max-w-3xl text-sm text-ink-soft">{job.description}</p>}
      {job.state === 'paused' && <PausedNote job={job} />}
      {job.failureStreak > 1 && (
        <p className="rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">The last {job.failureStreak} runs failed.</p>
      )}
      <div>
        <Segmented
          label="What to see of the job"
          value={tab === 'versions' ? 'versions' : 'now'}
          onChange={(next) =>
            void navigate({
              to: '/jobs/$jobId',
              params: { jobId },
              search: { tab: next === 'now' ? undefined : next },
              replace: true,
            })
          }
          options={[
            { value: 'now', label: 'Runs and next fires' },
            { value: 'versions', label: 'Versions' },
          ]}
        />
      </div>
      {tab === 'versions' ? (
        <Revisions job={job} editor={editor} />
      ) : (
        <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
          <div className="flex min-w-0 flex-col gap-4">
            <Panel title="Last 50 runs" note="height is duration, a cap lateness">
              <div className="flex justify-end overflow-hidden">
                <RunStrip runs={rows.toReversed()} height={56} pitch={11} />
              </div>
            </Panel>
            <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
              <Suspense fallback={<div className="h-[246px] lg:col-span-2" />}>
                <JobCharts jobId={job.id} zone={job.schedule.timeZone} runs={rows} />
              </Suspense>
            </div>
            <JobRuns job={job} runs={rows} loaded={runs.data !== undefined} error={runs.error} />
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <NextFires job={job} editor={editor} ask={setAsking} />
            <Explain job={job} />
            <Settings job={job} />
          </div>
        </div>
      )}
      <JobDialogs job={job} asking={asking} onClose={() => setAsking(null)} />
    </Page>
  );
}

function Actions({ job, ask }: { job: Job; ask: (asking: Asking) => void }): ReactNode {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const resume = async () => {
    await api().resumeJob({ id: job.id });
    await cache.invalidateQueries({ queryKey: ['job', job.id] });
    toast('Resumed.');
  };
  return (
    <>
      <Button tone="primary" icon="play" onClick={() => ask('run')}>
        Run now
      </Button>
      {job.state === 'paused' ? (
        <Button icon="play" className="w-24" onClick={() => void resume().catch(toastError)}>
          Resume
        </Button>
      ) : (
        <Button icon="pause" className="w-24" disabled={job.state !== 'active'} onClick={() => ask('pause')}>
          Pause
        </Button>
      )}
      <Link to="/jobs/$jobId/edit" params={{ jobId: job.id }} className={buttonLook()}>
        <Icon name="edit" className="-ml-0.5" />
        Edit
      </Link>
      <Menu trigger={<IconButton icon="more" label="More actions" />}>
        <MenuItem icon="skip" disabled={job.state !== 'active'} onSelect={() => ask('skip')}>
          Skip the next fire
        </MenuItem>
        <MenuItem icon="history" onSelect={() => ask('backfill')}>
          Backfill…
        </MenuItem>
        <MenuItem icon="copy" onSelect={() => void navigate({ to: '/jobs/new', search: { from: job.id } })}>
          Duplicate
        </MenuItem>
        <MenuLine />
        <MenuItem icon="trash" danger onSelect={() => ask('delete')}>
          Delete…
        </MenuItem>
      </Menu>
    </>
  );
}

function PausedNote({ job }: { job: Job }): ReactNode {
  return (
    <p className="rounded-md bg-warn-soft px-3 py-2 text-sm">
      <span className="font-medium text-warn">Paused</span>
      {job.pauseNote !== null && <span>: {job.pauseNote}</span>}
      <span className="text-ink-soft">
        {job.pausedUntil === null ? ' — until somebody resumes it.' : ' — resumes by itself '}
        {job.pausedUntil !== null && (
          <>
            <Instant at={job.pausedUntil} jobZone={job.schedule.timeZone} /> (<Relative at={job.pausedUntil} />)
          </>
        )}
      </span>
    </p>
  );
}

const OVERLAPS: Record<Job['overlap'], string> = {
  allow: 'Runs beside the one before',
  skip: 'Skipped while the one before goes on',
  queueOne: 'Waits, one at most',
  queueAll: 'Waits, all of them',
  cancelRunning: 'Cancels the one before',
};

const MISFIRES: Record<Job['misfire']['policy'], string> = {
  runLast: 'Runs the last one',
  runAll: 'Runs all',
  skip: 'Skips them',
};

function Settings({ job }: { job: Job }): ReactNode {
  const { target, retry, misfire } = job;
  const secrets = Object.values(target.headers).filter((value) => typeof value !== 'string').length;
  return (
    <Panel title="Settings">
      <Facts>
        <Fact name="Calls">
          <span className="font-mono text-xs break-all">
            {target.method} {target.url}
          </span>
        </Fact>
        <Fact name="Headers">
          {Object.keys(target.headers).length === 0
            ? 'None of its own'
            : `${Object.keys(target.headers).join(', ')}${secrets > 0 ? ` (${secrets} secret)` : ''}`}
        </Fact>
        <Fact name="Proves itself">{target.auth === undefined ? 'By the signature' : `By ${target.auth.type}`}</Fact>
        <Fact name="Gives up after">{isoDurationText(target.timeout)}</Fact>
        <Fact name="Attempts">
          {retry.maxAttempts}, {retry.backoff}, first after {isoDurationText(retry.initialDelay)}
        </Fact>
        <Fact name="While running">{OVERLAPS[job.overlap]}</Fact>
        <Fact name="Missed fires">
          {MISFIRES[misfire.policy]}, up to {isoDurationText(misfire.within)} old
        </Fact>
        <Fact name="Runs so far">{countText(job.runCount)}</Fact>
        <Fact name="Created">
          <Instant at={job.createdAt} />
        </Fact>
        <Fact name="Id">
          <span className="font-mono text-xs break-all">{job.id}</span>
        </Fact>
      </Facts>
    </Panel>
  );
}

function NoJob({ error, retry }: { error: unknown; retry: () => void }): ReactNode {
  if (isRefused(error, 404) || isRefused(error, 400)) {
    return (
      <Page title="No such job">
        <EmptyState
          title="This job is not there"
          action={
            <Link to="/jobs" search={{}} className={buttonLook('primary')}>
              All jobs
            </Link>
          }
        >
          It was deleted, or belongs to another project. Its runs stay in the ledger as long as runs are kept.
        </EmptyState>
      </Page>
    );
  }
  return (
    <Page title="Job">
      {error !== null ? (
        <ErrorNote error={error} retry={retry} />
      ) : (
        <Panel>
          <Waiting rows={8} />
        </Panel>
      )}
    </Page>
  );
}
