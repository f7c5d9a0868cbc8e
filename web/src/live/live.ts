import { useEffect, useSyncExternalStore } from 'react';
import type { QueryClient } from '@tanstack/react-query';
import type { LiveJob, LiveRun } from '../api/additions';
import { authorization } from '../api/client';

/**
 * What happens, as it happens: `GET /events` by `fetch`, because `EventSource` can't send a key. Where the service does not
 * have it, or a proxy swallows it, pages ask again every few seconds instead.
 */
export type LiveState = 'connecting' | 'live' | 'polling' | 'down';

interface LiveEvents {
  run: LiveRun;
  job: LiveJob;
  resync: object;
}

type Listener<Kind extends keyof LiveEvents> = (event: LiveEvents[Kind]) => void;

const POLL_MS = 4_000;
/** Twice the heartbeat, and some. */
const SILENCE_MS = 40_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];

const listeners: { [Kind in keyof LiveEvents]: Set<Listener<Kind>> } = {
  run: new Set(),
  job: new Set(),
  resync: new Set(),
};
const stateListeners = new Set<() => void>();
let state: LiveState = 'connecting';

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    () => state,
  );
}

/** How often a query should ask by itself: never while events come, else every few seconds. */
export function usePolling(everyMs = POLL_MS): number | false {
  const live = useLiveState();
  return live === 'live' ? false : everyMs;
}

/** Calls back on each event of a kind while the component is there. The callback must be stable. */
export function useLive<Kind extends keyof LiveEvents>(kind: Kind, listener: Listener<Kind>): void {
  useEffect(() => {
    const set = listeners[kind] as Set<Listener<Kind>>;
    set.add(listener);
    return () => void set.delete(listener);
  }, [kind, listener]);
}

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  stateListeners.forEach((tell) => tell());
}

/** What other answers tell: while there are no events, whether the service is there at all. */
export function noteAnswer(came: boolean): void {
  if (!came) setState('down');
  else if (state === 'down') setState('polling');
}

/** Keeps the stream open until it is told to stop. */
export function startLive(queries: QueryClient): () => void {
  const stopping = new AbortController();
  const refresh = refresher(queries);
  void run(stopping.signal, (kind, data) => {
    refresh(kind, data as { jobId?: string; id?: string });
    (listeners[kind] as Set<(event: unknown) => void>).forEach((tell) => tell(data));
  });
  return () => stopping.abort();
}

async function run(signal: AbortSignal, emit: (kind: keyof LiveEvents, data: unknown) => void): Promise<void> {
  let lastEventId: string | null = null;
  let wasLive = false;
  for (let failures = 0; !signal.aborted; failures += 1) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch('/events', {
        headers: {
          ...authorization(),
          accept: 'text/event-stream',
          ...(lastEventId !== null && { 'last-event-id': lastEventId }),
        },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.ok || response.body === null || !/event-stream/.test(response.headers.get('content-type') ?? '')) {
        setState(response.status >= 500 ? 'down' : 'polling');
        await wait(response.status === 404 || response.status === 401 ? 60_000 : delayFor(failures), signal);
        continue;
      }
      setState('live');
      if (wasLive && lastEventId === null) emit('resync', {});
      failures = 0;
      wasLive = true;
      for await (const { event, data, id } of eventsOf(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        if (id !== undefined) lastEventId = id;
        if (event !== undefined && event in listeners && data !== '') emit(event as keyof LiveEvents, JSON.parse(data));
      }
    } catch {
      if (signal.aborted) return;
      setState('down');
    } finally {
      clearTimeout(timer);
    }
    await wait(delayFor(failures), signal);
  }
}

function delayFor(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 8_000;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

interface ServerEvent {
  event?: string;
  id?: string;
  data: string;
}

/** The event stream format of the HTML standard, as far as the service writes it. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const found: ServerEvent = { data: '' };
      for (const line of block.split('\n')) {
        const [, name, text = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        if (name === 'event') found.event = text;
        if (name === 'id') found.id = text;
        if (name === 'data') found.data += text;
      }
      yield found; // comments too: they are the heartbeat
    }
  }
}

/** Things that are on the screen are asked for anew at most once a second, however much happens. */
function refresher(queries: QueryClient): (kind: keyof LiveEvents, data: { jobId?: string; id?: string }) => void {
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const key of stale) void queries.invalidateQueries({ queryKey: key.split(' ') }, { cancelRefetch: false });
    stale.clear();
  };
  return (kind, data) => {
    if (kind === 'resync') return void queries.invalidateQueries();
    for (const key of keysFor(kind, data)) stale.add(key);
    timer ??= setTimeout(flush, 1_000);
  };
}

/** Queries are keyed by what they show: ['jobs', …], ['job', id, …], ['runs', …], ['run', id], ['strips', …], ['overview', …]. */
function keysFor(kind: 'run' | 'job', data: { jobId?: string; id?: string }): string[] {
  if (kind === 'run') return ['jobs', 'runs', 'strips', 'overview', `job ${data.jobId ?? ''}`, `run ${data.id ?? ''}`];
  return ['jobs', 'overview', `job ${data.id ?? ''}`];
}
