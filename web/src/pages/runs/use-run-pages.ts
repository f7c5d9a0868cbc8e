import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../api/client';
import { usePolling } from '../../live/live';
import type { RunsSearch } from '../../router';
import type { RunSummary } from '../../api/run-additions';

const PAGE = 50;
/** While as few pages as these are open, what happens is shown as it happens; further down, rows stay where they are. */
const LIVE_PAGES = 1;

/** Runs, the newest first, a page after another. */
export function useRunPages(filters: RunsSearch) {
  const polling = usePolling();
  const found = useInfiniteQuery({
    queryKey: ['runs', 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      api().listRuns(
        {
          limit: PAGE,
          ...(filters.state !== undefined && { state: filters.state }),
          ...(filters.jobId !== undefined && { jobId: filters.jobId }),
          ...(filters.from !== undefined && { from: filters.from }),
          ...(filters.to !== undefined && { to: filters.to }),
          ...(pageParam !== '' && { cursor: pageParam }),
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.page.nextCursor,
    refetchInterval: ({ state }) => {
      if (state.error !== null) return 3_000;
      return (state.data?.pages.length ?? 0) <= LIVE_PAGES ? polling : false;
    },
  });
  const rows: readonly RunSummary[] = useMemo(() => found.data?.pages.flatMap(({ data }) => data) ?? [], [found.data]);
  return { ...found, rows };
}
