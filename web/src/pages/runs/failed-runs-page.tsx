import { useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useMemo, useState, type ReactNode } from 'react';
import { mayEdit, useWhoAmI } from '../../api/queries';
import { Button, IconButton } from '../../design/button';
import { ActionDialog } from '../../design/dialog';
import { Icon } from '../../design/icons';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { toast } from '../../design/toast';
import { replayRuns } from './bulk-replay';
import { RunFilters } from './run-filters';
import { RunRows } from './run-rows';
import { useRunPages } from './use-run-pages';

/** What failed for good, to be looked at and run again. */
export function FailedRunsPage(): ReactNode {
  const search = useSearch({ from: '/runs/failed' });
  const editor = mayEdit(useWhoAmI().data);
  const { rows, data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useRunPages({
    ...search,
    state: 'failed',
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const shownIds = useMemo(() => rows.map(({ id }) => id), [rows]);
  const selection = {
    chosen,
    toggle: (id: string) => {
      const next = new Set(chosen);
      if (!next.delete(id)) next.add(id);
      setChosen(next);
    },
    toggleAll: () => setChosen(shownIds.every((id) => chosen.has(id)) ? new Set() : new Set(shownIds)),
  };
  return (
    <Page
      title="Failed runs"
      subtitle="All their attempts are used up. A replay is a new run with the same occurrence."
    >
      <RunFilters to="/runs/failed" search={search} states={false} />
      {error !== null && <ErrorNote error={error} retry={() => void refetch()} />}
      <Panel flush className={chosen.size > 0 ? 'mb-16' : ''}>
        {data === undefined ? (
          error === null && (
            <div className="p-4">
              <Waiting rows={12} />
            </div>
          )
        ) : rows.length === 0 ? (
          <EmptyState title="No failed runs">
            <span className="inline-flex items-center gap-1.5">
              <Icon name="check" className="text-ok" />
              Every run that is kept came to a good end, or was skipped or cancelled.
            </span>
          </EmptyState>
        ) : (
          <RunRows
            rows={rows}
            {...(editor && { selection })}
            {...(hasNextPage && { more: { busy: isFetchingNextPage, load: () => void fetchNextPage() } })}
          />
        )}
      </Panel>
      {chosen.size > 0 && (
        <div className="pointer-events-none fixed inset-x-2 bottom-3 z-20 flex justify-center">
          <div
            role="toolbar"
            aria-label="Actions for the chosen runs"
            className="pointer-events-auto flex items-center gap-1 rounded-lg border border-line-strong bg-raised py-1.5 pr-1.5 pl-3 shadow-pop"
          >
            <span className="mr-2 text-sm font-medium whitespace-nowrap" role="status">
              {chosen.size} chosen
            </span>
            <Button small icon="retry" onClick={() => setAsking(true)}>
              Replay
            </Button>
            <IconButton icon="close" label="Clear the selection" small onClick={() => setChosen(new Set())} />
          </div>
        </div>
      )}
      {asking && (
        <ReplayDialog ids={[...chosen]} onDone={() => setChosen(new Set())} onClose={() => setAsking(false)} />
      )}
    </Page>
  );
}

function ReplayDialog({
  ids,
  onDone,
  onClose,
}: {
  ids: readonly string[];
  onDone: () => void;
  onClose: () => void;
}): ReactNode {
  const cache = useQueryClient();
  const runs = ids.length === 1 ? 'run' : `${ids.length} runs`;
  return (
    <ActionDialog
      title={`Replay ${ids.length === 1 ? 'this' : 'these'} ${runs}`}
      action={`Replay ${ids.length}`}
      onClose={onClose}
      run={async () => {
        const { started, refused } = await replayRuns(ids);
        await cache.invalidateQueries({ queryKey: ['runs'] });
        onDone();
        if (started > 0) toast(`${started} ${started === 1 ? 'run' : 'runs'} started anew.`);
        if (refused.length > 0) toast(`${refused.length} refused: ${refused[0] ?? ''}`, { tone: 'bad' });
      }}
    >
      <p className="text-sm text-ink-soft">
        Each becomes a new run with a <code className="font-mono">webhook-id</code> of its own: a receiver that drops
        repeats does the work again. The failed ones stay in the ledger as they are.
      </p>
    </ActionDialog>
  );
}
