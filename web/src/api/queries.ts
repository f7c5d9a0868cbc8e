import { QueryCache, QueryClient, useQuery, type QueryKey, type UseQueryResult } from '@tanstack/react-query';
import { noteAnswer } from '../live/live';
import { signOut, session } from '../session/session';
import { usePolling } from '../live/live';
import type { SignInMethods, WhoAmI } from './additions';
import { api, call, ConnectionError, isMissing, isRefused, ProblemError } from './client';

/**
 * The one cache. Keys say what is shown, see `keysFor` in live.ts: ['jobs', …], ['job', id, …], ['runs', …], ['run', id],
 * ['strips', …], ['overview', …]. What events make stale is asked for anew; without events, pages poll (`usePolling`).
 */
export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      noteAnswer(!(error instanceof ConnectionError));
      // A key that was good and is not any more: sign in again. Nothing of it stays.
      if (isRefused(error, 401) && session().key !== null) {
        signOut();
        queries.clear();
      }
    },
    onSuccess: () => noteAnswer(true),
  }),
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      gcTime: 5 * 60_000,
      networkMode: 'always',
      refetchOnWindowFocus: true,
      retry: (failures, error) => mayPass(error) && failures < 2,
      retryDelay: (failures) => 400 * 2 ** failures,
    },
    mutations: { networkMode: 'always', retry: false },
  },
});

/** Another try may bring something else: nothing was reached, or the service had no time. */
function mayPass(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ProblemError && error.status >= 500);
}

/** Something on the screen: loaded, kept, asked for anew by events or by polling; while the service is away, tried again. */
export function useShown<Answer>(
  key: QueryKey,
  load: (signal: AbortSignal) => Promise<Answer>,
  options: { enabled?: boolean; pollMs?: number | false; keep?: boolean } = {},
): UseQueryResult<Answer> {
  const polling = usePolling(options.pollMs === false ? undefined : options.pollMs);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => load(signal),
    enabled: options.enabled,
    refetchInterval: ({ state }) => {
      if (isMissing(state.error)) return false;
      if (state.error !== null) return 3_000;
      return options.pollMs === false ? false : polling;
    },
    ...(options.keep === true && { placeholderData: (previous: Answer | undefined) => previous as never }),
  });
}

/** Who this session is; null while the service can't say. */
export function useWhoAmI(enabled = true): UseQueryResult<WhoAmI> {
  return useQuery({
    queryKey: ['whoami'],
    queryFn: async ({ signal }) => {
      try {
        return await call<WhoAmI>('/whoami', { signal });
      } catch (error) {
        if (!isMissing(error)) throw error;
        return await guess(signal);
      }
    },
    enabled,
    staleTime: 60_000,
    refetchInterval: ({ state }) => (state.error !== null && mayPass(state.error) ? 3_000 : false),
  });
}

/** A service without `GET /whoami`: what a read and the key's sight of keys tell. */
async function guess(signal: AbortSignal): Promise<WhoAmI> {
  await api().getSystem({}, { signal });
  const open = session().key === null;
  return {
    actor: { kind: open ? 'open' : 'key', id: null, name: null },
    role: 'admin',
    project: { id: '', name: session().project ?? 'default' },
    auth: open ? 'open' : 'keys',
  };
}

export async function signInMethods(signal?: AbortSignal): Promise<SignInMethods> {
  try {
    return await call<SignInMethods>('/sign-in', { signal });
  } catch (error) {
    if (isMissing(error)) return { auth: 'keys', oidc: null };
    throw error;
  }
}

export function mayEdit(me: WhoAmI | undefined): boolean {
  return me !== undefined && me.role !== 'viewer';
}
