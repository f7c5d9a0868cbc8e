import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, isRefused } from '../../api/client';
import { mayEdit, useShown, useWhoAmI } from '../../api/queries';
import type { Run } from '../../api/run-additions';
import { Button, buttonLook } from '../../design/button';
import { Code } from '../../design/code';
import { ActionDialog } from '../../design/dialog';
import { EmptyState, ErrorNote, Fact, Facts, Figure, Page, Panel, Waiting } from '../../design/panel';
import { RunStatus } from '../../design/status';
import { Instant, Relative } from '../../design/time';
import { toast } from '../../design/toast';
import { durationText } from '../../time/format';
import { RequestSent, VerifySignature } from './request-sent';
import { Waterfall } from './waterfall';

const OPEN = ['queued', 'running', 'retrying', 'held'];
const LATE_MS = 1_000;

/** One run: what it was for, each attempt, what was asked and what was answered. */
export function RunPage(): ReactNode {
  const { runId } = useParams({ from: '/runs/$runId' });
  const editor = mayEdit(useWhoAmI().data);
  const [asking, setAsking] = useState<'replay' | 'cancel' | null>(null);
  const found = useShown(['run', runId], (signal) => api().getRun({ id: runId }, { signal }));
  const run = found.data;
  if (run === undefined) return <NoRun error={found.error} retry={() => void found.refetch()} />;
  const open = OPEN.includes(run.state);
  return (
    <Page
      above={
        <span className="text-xs text-ink-soft">
          <Link to="/runs" search={{}} className="hover:text-ink">
            Runs
          </Link>
          {' / '}
          <Link to="/jobs/$jobId" params={{ jobId: run.jobId }} search={{}} className="hover:text-ink">
            {run.jobName}
          </Link>
        </span>
      }
      title={
        <>
          {run.jobName}, <Instant at={run.scheduledFor} />
        </>
      }
      subtitle={<RunStatus state={run.state} reason={run.reason} />}
      actions={
        editor && (
          <>
            <Button tone={open ? 'danger' : 'plain'} icon="close" disabled={!open} onClick={() => setAsking('cancel')}>
              Cancel run
            </Button>
            <Button tone="primary" icon="retry" disabled={open} onClick={() => setAsking('replay')}>
              Replay
            </Button>
          </>
        )
      }
    >
      <Panel>
        <div className="grid grid-cols-2 grid-cols-1 gap-4 sm:grid-cols-4">
          <Figure
            label="Started after due"
            tone={(run.latenessMs ?? 0) >= LATE_MS ? 'text-warn' : ''}
            note={run.latenessMs === null ? 'not started' : run.latenessMs >= LATE_MS ? 'late' : 'on time'}
          >
            {durationText(run.latenessMs)}
          </Figure>
          <Figure label="Last attempt took">{durationText(run.durationMs)}</Figure>
          <Figure label="Attempts" note={`of ${run.maxAttempts} at most`}>
            {run.attempt}
          </Figure>
          <Figure label="Answer" note={run.response === null ? 'none came' : 'HTTP status'}>
            {run.response?.status ?? '–'}
          </Figure>
        </div>
      </Panel>
      <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <Panel title="Attempts" note="time from each attempt’s start" flush>
            {run.attempts.length === 0 ? (
              <p className="px-4 pb-4 text-sm text-ink-soft">{noAttempts(run)}</p>
            ) : (
              <Waterfall run={run} />
            )}
          </Panel>
          <Answer run={run} />
          <RequestSent run={run} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <About run={run} />
          <VerifySignature />
        </div>
      </div>
      {asking === 'replay' && <ReplayDialog run={run} onClose={() => setAsking(null)} />}
      {asking === 'cancel' && <CancelDialog run={run} onClose={() => setAsking(null)} />}
    </Page>
  );
}

function noAttempts(run: Run): string {
  if (run.state === 'skipped')
    return `It was skipped${run.reason === null ? '' : `: ${run.reason}`}. Nobody was called.`;
  if (run.state === 'cancelled') return 'It was cancelled before the first attempt.';
  return 'The first attempt has not begun.';
}

function Answer({ run }: { run: Run }): ReactNode {
  const { response, error } = run;
  return (
    <Panel title="Answer" note={response === null ? undefined : `HTTP ${response.status}`}>
      {error !== null && (
        <p className="pb-2 text-sm break-words text-bad">
          {error.message} <span className="font-mono text-xs">({error.code})</span>
        </p>
      )}
      {response === null ? (
        error === null && <p className="text-sm text-ink-soft">No answer came yet.</p>
      ) : response.bodyExcerpt === '' ? (
        <p className="text-sm text-ink-soft">An empty body.</p>
      ) : (
        <Code label="the answer" wrap>
          {pretty(response.bodyExcerpt)}
        </Code>
      )}
    </Panel>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // cut off, or no JSON
  }
}

function About({ run }: { run: Run }): ReactNode {
  return (
    <Panel title="About this run">
      <Facts>
        <Fact name="Due">
          <Instant at={run.scheduledFor} offset />
        </Fact>
        <Fact name="Started by">{run.trigger}</Fact>
        <Fact name="Began">
          <Instant at={run.startedAt} />
        </Fact>
        <Fact name="Ended">
          <Instant at={run.finishedAt} />
          {run.finishedAt !== null && (
            <span className="text-ink-faint">
              {' '}
              (<Relative at={run.finishedAt} />)
            </span>
          )}
        </Fact>
        <Fact name="Job">
          <Link to="/jobs/$jobId" params={{ jobId: run.jobId }} search={{}} className="underline">
            {run.jobName}
          </Link>
          <span className="text-ink-faint"> version {run.jobVersion}</span>
        </Fact>
        <Fact name="Id">
          <span className="font-mono text-xs break-all">{run.id}</span>
        </Fact>
      </Facts>
      <div className="flex flex-wrap gap-2 pt-3">
        <Link to="/runs" search={{ jobId: run.jobId }} className={buttonLook('plain', true)}>
          Runs of this job
        </Link>
        <Link
          to="/jobs/$jobId"
          params={{ jobId: run.jobId }}
          search={{ at: run.scheduledFor }}
          className={buttonLook('plain', true)}
        >
          Why it fired
        </Link>
      </div>
    </Panel>
  );
}

interface DialogProps {
  readonly run: Run;
  readonly onClose: () => void;
}

function ReplayDialog({ run, onClose }: DialogProps): ReactNode {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return (
    <ActionDialog
      title="Replay this run"
      action="Replay"
      onClose={onClose}
      run={async () => {
        const replayed = await api().replayRun({ id: run.id });
        void cache.invalidateQueries({ queryKey: ['runs'] });
        toast('Started anew.');
        await navigate({ to: '/runs/$runId', params: { runId: replayed.id } });
      }}
    >
      <p className="text-sm text-ink-soft">
        A new run for the same occurrence, by the job as it is now, with a <code className="font-mono">webhook-id</code>{' '}
        of its own. This one stays as it is.
      </p>
    </ActionDialog>
  );
}

function CancelDialog({ run, onClose }: DialogProps): ReactNode {
  const cache = useQueryClient();
  return (
    <ActionDialog
      title="Cancel this run"
      action="Cancel the run"
      tone="danger"
      onClose={onClose}
      run={async () => {
        await api().cancelRun({ id: run.id });
        await cache.invalidateQueries({ queryKey: ['run', run.id] });
        void cache.invalidateQueries({ queryKey: ['runs'] });
        toast('Cancelled.');
      }}
    >
      <p className="text-sm text-ink-soft">
        A call that is under way is broken off; the target may have done its work already. No attempt follows.
      </p>
    </ActionDialog>
  );
}

function NoRun({ error, retry }: { error: unknown; retry: () => void }): ReactNode {
  const gone = isRefused(error, 404) || isRefused(error, 400);
  return (
    <Page title={gone ? 'No such run' : 'Run'}>
      {gone ? (
        <EmptyState
          title="This run is not there"
          action={
            <Link to="/runs" search={{}} className={buttonLook('primary')}>
              All runs
            </Link>
          }
        >
          Runs are kept for some time only; or it belongs to another project.
        </EmptyState>
      ) : error !== null ? (
        <ErrorNote error={error} retry={retry} />
      ) : (
        <Panel>
          <Waiting rows={10} />
        </Panel>
      )}
    </Page>
  );
}
