import { useQuery, type QueryKey, type UseQueryResult } from '@tanstack/react-query';
import { isMissing } from './client';

/**
 * What sums up many runs is asked for at a steady pace: anew with each of them would be much work for a picture that hardly
 * changes.
 */
export function usePeriodic<Answer>(
  key: QueryKey,
  everyMs: number,
  load: (signal: AbortSignal) => Promise<Answer>,
): UseQueryResult<Answer> {
  return useQuery({
    queryKey: ['periodic', ...key],
    queryFn: ({ signal }) => load(signal),
    refetchInterval: ({ state }) => {
      if (isMissing(state.error)) return false;
      return state.error === null ? everyMs : 3_000;
    },
    placeholderData: (previous: Answer | undefined) => previous as never,
  });
}
