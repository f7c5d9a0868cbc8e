import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonLook } from '../../design/button';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { RunFilters } from './run-filters';
import { RunRows } from './run-rows';
import { useRunPages } from './use-run-pages';

/** The ledger: every run there was, the newest first. */
export function RunsPage(): ReactNode {
  const search = useSearch({ from: '/runs' });
  const { rows, data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useRunPages(search);
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <Page title="Runs">
      <RunFilters to="/runs" search={search} states />
      {error !== null && <ErrorNote error={error} retry={() => void refetch()} />}
      <Panel flush>
        {data === undefined ? (
          error === null && (
            <div className="p-4">
              <Waiting rows={12} />
            </div>
          )
        ) : rows.length === 0 ? (
          <EmptyState
            title={filtered ? 'No run is like that' : 'No runs yet'}
            action={
              filtered && (
                <Link to="/runs" search={{}} className={buttonLook()}>
                  All runs
                </Link>
              )
            }
          >
            {filtered
              ? 'Runs are kept for as long as the service is set to; older ones are gone.'
              : 'Each time a job fires, its run is written down here.'}
          </EmptyState>
        ) : (
          <RunRows
            rows={rows}
            {...(hasNextPage && { more: { busy: isFetchingNextPage, load: () => void fetchNextPage() } })}
          />
        )}
      </Panel>
    </Page>
  );
}
