import { useQueries } from '@tanstack/react-query';
import type { StripRun, Strips } from '../../api/additions';
import { call, ProblemError } from '../../api/client';
import { usePolling } from '../../live/live';

const CHUNK = 25;

/** The last runs of the jobs on the screen, asked for in handfuls. Empty where the service does not tell. */
export function useStrips(ids: readonly string[]): (id: string) => readonly StripRun[] | undefined {
  const polling = usePolling();
  const chunks: string[][] = [];
  for (let at = 0; at < ids.length; at += CHUNK) chunks.push(ids.slice(at, at + CHUNK));
  const results = useQueries({
    queries: chunks.map((jobIds) => ({
      queryKey: ['strips', ...jobIds],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call<Strips>('/jobs/strips', { query: { jobId: jobIds, count: 50 }, signal }),
      refetchInterval: ({ state }: { state: { error: unknown } }) => (state.error === null ? polling : false),
      retry: (failures: number, error: unknown) => !(error instanceof ProblemError) && failures < 2,
    })),
  });
  const byId = new Map<string, readonly StripRun[]>();
  for (const { data } of results) data?.data.forEach(({ jobId, runs }) => byId.set(jobId, runs));
  return (id) => byId.get(id);
}
