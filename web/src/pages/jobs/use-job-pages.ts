import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { api, type Schemas } from '../../api/client';
import { usePolling } from '../../live/live';
import type { JobsSearch } from '../../router';

export type Job = Schemas['Job'];

const PAGE = 100;

export interface JobRows {
  /** Rows that there are, and where more follow, some that are on their way. */
  readonly count: number;
  readonly row: (index: number) => Job | undefined;
  /** The rows that are there, in their order; the same list as long as nothing in it changed. */
  readonly loaded: readonly Job[];
  readonly more: boolean;
  readonly isLoaded: boolean;
  readonly error: unknown;
  readonly retry: () => void;
}

/**
 * The list of jobs, as far as it is looked at: pages are read by cursor, one after the other, and only those on the screen
 * are asked for anew. So 100,000 jobs cost what the screen shows.
 *
 * @param first and `last`: rows on the screen
 * @param hold nothing may change its place now: what is loaded anew keeps the order that is shown
 */
export function useJobPages(filters: JobsSearch, first: number, last: number, hold: boolean): JobRows {
  const filterKey = JSON.stringify(filters);
  const [known, setKnown] = useState<Known>(() => start(filterKey));
  const current = known.filterKey === filterKey ? known : start(filterKey);
  const polling = usePolling();
  const from = pageOf(current.lengths, first);
  const to = Math.max(from, pageOf(current.lengths, last));
  const shown = current.cursors.map((cursor, index) => ({ cursor, index })).slice(from, to + 2);
  const results = useQueries({
    queries: shown.map(({ cursor, index }) => ({
      queryKey: ['jobs', 'list', filterKey, index, cursor ?? ''],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api().listJobs({ ...filters, limit: PAGE, ...(cursor !== undefined && { cursor }) }, { signal }),
      refetchInterval: ({ state }: { state: { error: unknown } }) => (state.error === null ? polling : 3_000),
      placeholderData: keepPreviousData,
    })),
  });
  const learnt = learn(
    current,
    results.map(({ data, isPlaceholderData }, place) => ({
      index: shown[place]?.index ?? 0,
      page: isPlaceholderData ? undefined : data,
    })),
  );
  if (learnt !== known) setKnown(learnt);
  const order = useRef(new Map<string, readonly string[]>());
  const pages = new Map<number, readonly Job[]>();
  results.forEach(({ data }, place) => {
    const index = shown[place]?.index ?? 0;
    if (data !== undefined) pages.set(index, steady(order.current, `${filterKey} ${index}`, data.data, hold));
  });
  const loaded = useSame([...pages.values()].flat());
  const starts = useMemo(() => startsOf(current.lengths), [current.lengths]);
  const total = starts.at(-1) ?? 0;
  const failed = results.find(({ error, data }) => error !== null && data === undefined);
  return {
    count: total,
    loaded,
    more: current.more,
    isLoaded: results[0]?.data !== undefined || from > 0,
    error: failed?.error ?? null,
    retry: () => results.forEach(({ refetch }) => void refetch()),
    row: (index) => {
      const page = pageOf(current.lengths, index);
      return pages.get(page)?.[index - (starts[page] ?? 0)];
    },
  };
}

interface Known {
  readonly filterKey: string;
  /** Of each page: what it is asked for by. The first has none. */
  readonly cursors: readonly (string | undefined)[];
  /** Of each page: its rows; guessed until it is read. */
  readonly lengths: readonly number[];
  readonly more: boolean;
}

function start(filterKey: string): Known {
  return { filterKey, cursors: [undefined], lengths: [0], more: true };
}

function learn(
  known: Known,
  read: readonly {
    index: number;
    page: { data: readonly unknown[]; page: { nextCursor: string | null } } | undefined;
  }[],
): Known {
  let { cursors, lengths, more } = known;
  for (const { index, page } of read) {
    if (page === undefined || index >= cursors.length) continue;
    const { nextCursor } = page.page;
    if (lengths[index] !== page.data.length) lengths = lengths.with(index, page.data.length);
    if (nextCursor === null) {
      if (cursors.length > index + 1 || more) {
        [cursors, lengths, more] = [cursors.slice(0, index + 1), lengths.slice(0, index + 1), false];
      }
    } else if (cursors[index + 1] !== nextCursor) {
      // Where rows came or went, what follows begins elsewhere.
      const isNew = cursors.length === index + 1;
      cursors = isNew ? [...cursors, nextCursor] : cursors.with(index + 1, nextCursor);
      if (isNew) [lengths, more] = [[...lengths, PAGE], true];
    }
  }
  const changed = cursors !== known.cursors || lengths !== known.lengths || more !== known.more;
  return changed ? { ...known, cursors, lengths, more } : known;
}

function startsOf(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push((starts.at(-1) ?? 0) + length);
  return starts;
}

function pageOf(lengths: readonly number[], row: number): number {
  let rest = row;
  for (let page = 0; page < lengths.length; page += 1) {
    rest -= lengths[page] ?? 0;
    if (rest < 0) return page;
  }
  return Math.max(0, lengths.length - 1);
}

/** The order in which rows were shown, while they are being pointed at; values are always the newest. */
function steady(
  orders: Map<string, readonly string[]>,
  key: string,
  rows: readonly Job[],
  hold: boolean,
): readonly Job[] {
  const before = orders.get(key);
  if (hold && before?.length === rows.length) {
    const byId = new Map(rows.map((row) => [row.id, row]));
    const kept = before.map((id) => byId.get(id));
    if (kept.every((row) => row !== undefined)) return kept;
  }
  orders.set(
    key,
    rows.map(({ id }) => id),
  );
  return rows;
}

/** The list of before, where it holds the same. */
function useSame<Item>(list: readonly Item[]): readonly Item[] {
  const kept = useRef(list);
  if (kept.current.length !== list.length || kept.current.some((item, index) => item !== list[index])) {
    kept.current = list;
  }
  return kept.current;
}
