import { Link, useSearch } from '@tanstack/react-router';
import type { RowSelectionState } from '@tanstack/react-table';
import { useState, type ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { mayEdit, useWhoAmI } from '../../api/queries';
import { Button, buttonLook, IconButton } from '../../design/button';
import { Icon } from '../../design/icons';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { ReplayChosen, ReplayMatching, ReplayResult } from './replay-dialogs';
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
  const [rowSelection, setRowSelection] = useState<RowSelectionState>({});
  const [asking, setAsking] = useState<'chosen' | 'matching' | null>(null);
  const [replayed, setReplayed] = useState<Schemas['RunBulk'] | null>(null);
  const filtered = Object.values(search).some((value) => value !== undefined);
  const chosen = Object.keys(rowSelection);
  const close = () => setAsking(null);
  const done = (result: Schemas['RunBulk']) => {
    setRowSelection({});
    if (result.failed > 0) setReplayed(result);
  };
  return (
    <Page
      title="Failed runs"
      subtitle="All their attempts are used up. A replay is a new run with the same occurrence."
      actions={
        editor && (
          <Button icon="retry" disabled={rows.length === 0} onClick={() => setAsking('matching')}>
            {filtered ? 'Replay all that match' : 'Replay all'}
          </Button>
        )
      }
    >
      <RunFilters to="/runs/failed" search={search} states={false} />
      {error !== null && <ErrorNote error={error} retry={() => void refetch()} />}
      <Panel flush className={chosen.length > 0 ? 'mb-16' : ''}>
        {data === undefined ? (
          error === null && (
            <div className="p-4">
              <Waiting rows={12} />
            </div>
          )
        ) : rows.length === 0 ? (
          <NoneFailed filtered={filtered} />
        ) : (
          <RunRows
            rows={rows}
            {...(editor && { selection: { rowSelection, onRowSelectionChange: setRowSelection } })}
            {...(hasNextPage && { more: { busy: isFetchingNextPage, load: () => void fetchNextPage() } })}
          />
        )}
      </Panel>
      {chosen.length > 0 && (
        <div className="pointer-events-none fixed inset-x-2 bottom-3 z-20 flex justify-center">
          <div
            role="toolbar"
            aria-label="Actions for the chosen runs"
            className="pointer-events-auto flex items-center gap-1 rounded-lg border border-line-strong bg-raised py-1.5 pr-1.5 pl-3 shadow-pop"
          >
            <span className="mr-2 text-sm font-medium whitespace-nowrap" role="status">
              {chosen.length} chosen
            </span>
            <Button small icon="retry" onClick={() => setAsking('chosen')}>
              Replay
            </Button>
            <IconButton icon="close" label="Clear the selection" small onClick={() => setRowSelection({})} />
          </div>
        </div>
      )}
      {asking === 'chosen' && <ReplayChosen ids={chosen} onDone={done} onClose={close} />}
      {asking === 'matching' && <ReplayMatching search={search} onDone={done} onClose={close} />}
      {replayed !== null && <ReplayResult replayed={replayed} onClose={() => setReplayed(null)} />}
    </Page>
  );
}

function NoneFailed({ filtered }: { filtered: boolean }): ReactNode {
  if (filtered) {
    return (
      <EmptyState
        title="No failed run is like that"
        action={
          <Link to="/runs/failed" search={{}} className={buttonLook()}>
            All failed runs
          </Link>
        }
      />
    );
  }
  return (
    <EmptyState title="No failed runs">
      <span className="inline-flex items-center gap-1.5">
        <Icon name="check" className="text-ok" />
        Every run that is kept came to a good end, or was skipped or cancelled.
      </span>
    </EmptyState>
  );
}
