import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, type Schemas } from '../../api/client';
import { Button } from '../../design/button';
import { ActionDialog, Dialog } from '../../design/dialog';
import { ErrorNote, Waiting } from '../../design/panel';
import { toast } from '../../design/toast';
import { now } from '../../time/clock';
import { countText } from '../../time/format';
import type { RunsSearch } from '../../router';

type Replayed = Schemas['RunBulk'];

interface Props {
  /** What became of them, where some were refused. */
  readonly onDone: (replayed: Replayed) => void;
  readonly onClose: () => void;
}

export function ReplayChosen({ ids, onDone, onClose }: Props & { ids: readonly string[] }): ReactNode {
  const replay = useReplay(onDone);
  return (
    <ActionDialog
      title={`Replay ${runsText(ids.length)}`}
      action={`Replay ${countText(ids.length)}`}
      onClose={onClose}
      run={() => replay({ action: 'replay', ids: [...ids] })}
    >
      <WhatReplayDoes />
    </ActionDialog>
  );
}

/** All failed runs that the filters let through, those that were not scrolled to as well. What it would do is asked first. */
export function ReplayMatching({ search, onDone, onClose }: Props & { search: RunsSearch }): ReactNode {
  // Up to now: what is counted is what will be replayed, whatever fails meanwhile.
  const [to] = useState(() => search.to ?? new Date(now()).toISOString());
  const filter = { state: 'failed' as const, jobId: search.jobId, from: search.from, to };
  const plan = useQuery({
    queryKey: ['replay-plan', filter],
    queryFn: ({ signal }) => api().bulkRuns({ body: { action: 'replay', filter, dryRun: true } }, { signal }),
    retry: false,
    gcTime: 0,
  });
  const replay = useReplay(onDone);
  const count = plan.data?.succeeded ?? 0;
  return (
    <ActionDialog
      title="Replay all that match"
      action={plan.data !== undefined && count === 0 ? 'Nothing to replay' : `Replay ${countText(count)}`}
      disabled={count === 0}
      onClose={onClose}
      run={() => replay({ action: 'replay', filter })}
    >
      <div className="flex min-h-24 flex-col gap-3">
        {plan.error !== null ? (
          <>
            <ErrorNote error={plan.error} />
            <p className="text-sm text-ink-soft">
              Up to 1,000 are replayed at once. Choose a job or a shorter time, and go on from there.
            </p>
          </>
        ) : plan.data === undefined ? (
          <Waiting rows={4} />
        ) : (
          <Plan plan={plan.data} />
        )}
      </div>
      <WhatReplayDoes />
    </ActionDialog>
  );
}

function Plan({ plan }: { plan: Replayed }): ReactNode {
  const jobs = [...Map.groupBy(plan.results, ({ jobName }) => jobName)]
    .map(([name, { length }]) => ({ name, length }))
    .sort((one, other) => other.length - one.length);
  return (
    <>
      <p className="text-sm font-medium" role="status">
        {runsText(plan.succeeded)} of {jobs.length === 1 ? 'one job' : `${countText(jobs.length)} jobs`} failed and can
        be replayed.{leftText(plan)}
      </p>
      <ul className="max-h-40 overflow-y-auto text-sm" aria-label="Jobs whose runs are replayed">
        {jobs.map(({ name, length }) => (
          <li key={name} className="flex justify-between gap-4 py-0.5">
            <span className="line">{name}</span>
            <span className="text-ink-soft">{countText(length)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Of runs that a filter found, the service names those that it can replay, and counts the others. */
function leftText({ matched, succeeded }: Replayed): string {
  const left = matched - succeeded;
  return left === 0 ? '' : ` ${countText(left)} can’t: ${left === 1 ? 'its job was' : 'their jobs were'} deleted.`;
}

/** Shown where not all went well: what did, and why the others were refused. */
export function ReplayResult({ replayed, onClose }: { replayed: Replayed; onClose: () => void }): ReactNode {
  const reasons = Map.groupBy(
    replayed.results.flatMap(({ problem }) => problem ?? []),
    ({ detail, title }) => detail ?? title,
  );
  return (
    <Dialog title={`${runsText(replayed.succeeded)} started anew`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <ul className="max-h-40 overflow-y-auto rounded-md bg-warn-soft px-3 py-2 text-sm" aria-label="Refused">
          {[...reasons].map(([reason, { length }]) => (
            <li key={reason}>
              {countText(length)} refused: <span className="text-ink-soft">{reason}</span>
            </li>
          ))}
        </ul>
        <div className="flex justify-end">
          <Button tone="primary" onClick={onClose}>
            Close
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function WhatReplayDoes(): ReactNode {
  return (
    <p className="text-sm text-ink-soft">
      Each becomes a new run with a <code className="font-mono">webhook-id</code> of its own: a receiver that drops
      repeats does the work again. The failed ones stay in the ledger as they are.
    </p>
  );
}

function useReplay(onDone: Props['onDone']): (body: Schemas['RunBulkReplay']) => Promise<void> {
  const cache = useQueryClient();
  return async (body) => {
    const replayed = await api().bulkRuns({ body });
    await cache.invalidateQueries({ queryKey: ['runs'] });
    if (replayed.failed === 0) toast(`${runsText(replayed.succeeded)} started anew.${leftText(replayed)}`);
    onDone(replayed);
  };
}

function runsText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'run' : 'runs'}`;
}
