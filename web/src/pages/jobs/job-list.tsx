import { useVirtualizer } from '@tanstack/react-virtual';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import type { StripRun } from '../../api/additions';
import { buttonLook, IconButton } from '../../design/button';
import { Menu, MenuItem, MenuLine } from '../../design/menu';
import { EmptyState, ErrorNote } from '../../design/panel';
import { JOB_LOOKS, Mark, RUN_LOOKS } from '../../design/status';
import { RunStrip } from '../../design/strip';
import { Countdown, Instant, Relative } from '../../design/time';
import { toastError } from '../../design/toast';
import type { JobsSearch } from '../../router';
import { isTyping } from '../../shell/shortcuts';
import { BulkBar } from './bulk-bar';
import { bulkDelete, bulkPause, bulkResume, bulkTrigger } from './bulk-actions';
import { FirstJob } from './first-job';
import { useJobPages, type Job } from './use-job-pages';
import { useStrips } from './use-strips';

const ROW = 48;
/** What one bulk action takes. */
const MOST_CHOSEN = 1_000;
const COLUMNS =
  'grid grid-cols-[1.25rem_minmax(0,1fr)_5.25rem_2rem] items-center gap-x-2.5 px-4 sm:px-6 md:grid-cols-[1.25rem_minmax(0,1fr)_200px_7.5rem_6.5rem_2.25rem] md:gap-x-4 xl:grid-cols-[1.25rem_minmax(0,1.4fr)_minmax(0,0.8fr)_200px_8rem_6.5rem_2.25rem]';

interface ListProps {
  readonly filters: JobsSearch;
  readonly editor: boolean;
  readonly onLabel: (label: string) => void;
}

export function JobList({ filters, editor, onLabel }: ListProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 30 });
  const [hold, setHold] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlyMap<string, Job>>(new Map());
  const [at, setAt] = useState<number | null>(null);
  const rows = useJobPages(filters, range.first, range.last, hold);
  const virtualizer = useVirtualizer({
    count: rows.count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    onChange: ({ range: seen }) => {
      if (seen === null) return;
      // In steps, so that a little scrolling asks for nothing.
      const [first, last] = [
        Math.max(0, Math.floor(seen.startIndex / 10) * 10 - 10),
        Math.ceil(seen.endIndex / 10) * 10 + 10,
      ];
      setRange((before) => (before.first === first && before.last === last ? before : { first, last }));
    },
  });
  const items = virtualizer.getVirtualItems();
  const ids = [];
  for (let index = range.first; index <= Math.min(range.last, rows.count - 1); index += 1) {
    const id = rows.row(index)?.id;
    if (id !== undefined) ids.push(id);
  }
  const strip = useStrips(ids);
  useEffect(() => {
    void box.current?.scrollTo({ top: 0 });
  }, [filters]);

  const toggle = (job: Job) => {
    setChosen((before) => {
      const next = new Map(before);
      if (!next.delete(job.id)) next.set(job.id, job);
      return next;
    });
  };
  useListKeys({
    at,
    setAt,
    rows,
    toggle,
    clear: () => setChosen(new Map()),
    scrollTo: (index) => virtualizer.scrollToIndex(index),
  });

  if (rows.error !== null) {
    return (
      <div className="px-4 sm:px-6">
        <ErrorNote error={rows.error} retry={rows.retry} />
      </div>
    );
  }
  if (rows.loaded && rows.count === 0 && !rows.more) return <Nothing filters={filters} editor={editor} />;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={box}
        role="grid"
        aria-label="Jobs"
        aria-rowcount={rows.more ? -1 : rows.count + 1}
        aria-multiselectable="true"
        // Scrolls, and is moved in, by keyboard.

        tabIndex={0}
        className="min-h-0 flex-1 overflow-x-hidden overflow-y-scroll border-t border-line bg-surface -outline-offset-2"
        onPointerEnter={() => setHold(true)}
        onPointerLeave={() => setHold(false)}
      >
        <div
          role="row"
          aria-rowindex={1}
          className={`${COLUMNS} sticky top-0 z-10 h-8 border-b border-line bg-surface text-xs font-medium text-ink-soft`}
        >
          <div role="columnheader" className="flex">
            <ChooseAll filters={filters} chosen={chosen} count={rows.count} onChange={setChosen} />
          </div>
          <div role="columnheader">Job</div>
          <div role="columnheader" className="max-xl:hidden">
            Labels
          </div>
          <div role="columnheader" className="max-md:hidden">
            Last 50 runs
          </div>
          <div role="columnheader" className="max-md:hidden">
            Last run
          </div>
          <div role="columnheader" className="text-right">
            Next in
          </div>
          <div role="columnheader">
            <span className="sr-only">Actions</span>
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const job = rows.row(index);
            return job === undefined || hidden.has(job.id) ? (
              <Coming key={index} index={index} top={start} gone={job !== undefined} />
            ) : (
              <Row
                key={job.id}
                job={job}
                index={index}
                top={start}
                strip={strip(job.id)}
                isAt={at === index}
                isChosen={chosen.has(job.id)}
                editor={editor}
                onToggle={() => toggle(job)}
                onLabel={onLabel}
                hide={setHidden}
              />
            );
          })}
        </div>
      </div>
      {chosen.size > 0 && (
        <BulkBar jobs={[...chosen.values()]} editor={editor} hide={setHidden} onClear={() => setChosen(new Map())} />
      )}
    </div>
  );
}

interface RowProps {
  readonly job: Job;
  readonly index: number;
  readonly top: number;
  readonly strip: readonly StripRun[] | undefined;
  readonly isAt: boolean;
  readonly isChosen: boolean;
  readonly editor: boolean;
  readonly onToggle: () => void;
  readonly onLabel: (label: string) => void;
  readonly hide: (ids: ReadonlySet<string>) => void;
}

function Row({ job, index, top, strip, isAt, isChosen, editor, onToggle, onLabel, hide }: RowProps): ReactNode {
  const look = JOB_LOOKS[job.state];
  const zone = job.schedule.timeZone;
  return (
    <div
      role="row"
      id={`job-${job.id}`}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      className={`${COLUMNS} absolute inset-x-0 border-b border-line ${isChosen ? 'bg-selected' : 'hover:bg-hover'} ${isAt ? 'shadow-[inset_2px_0_0_var(--focus)]' : ''}`}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" className="z-[1] flex">
        <label className="-m-2 flex p-2">
          <span className="sr-only">Choose {job.name}</span>
          <input type="checkbox" className="size-4 accent-(--accent)" checked={isChosen} onChange={onToggle} />
        </label>
      </div>
      <div role="gridcell" className="min-w-0">
        <div className="flex min-w-0 items-center gap-2">
          <span title={look.word} className={`flex ${look.ink}`}>
            <Mark shape={look.shape} />
            <span className="sr-only">{look.word}</span>
          </span>
          {/* The whole row is its link. */}
          <Link
            to="/jobs/$jobId"
            params={{ jobId: job.id }}
            search={{}}
            className="line font-medium outline-offset-2 after:absolute after:inset-0"
          >
            {job.name}
          </Link>
          {job.failureStreak > 1 && (
            <span
              className="shrink-0 text-xs text-bad max-sm:hidden"
              title={`Failed ${job.failureStreak} times in a row`}
            >
              {job.failureStreak}× failed
            </span>
          )}
        </div>
        <div className="line pl-5 text-xs text-ink-faint">
          {job.state === 'paused' && job.pauseNote !== null ? `${job.pauseNote} · ` : ''}
          {job.scheduleText}
        </div>
      </div>
      <div role="gridcell" className="z-[1] flex min-w-0 gap-1 overflow-hidden max-xl:hidden">
        {Object.entries(job.labels).map(([name, value]) => (
          <button
            key={name}
            type="button"
            className="line rounded bg-rest-soft px-1.5 text-2xs/5 text-ink-soft hover:text-ink"
            title={`Only jobs with ${name}:${value}`}
            onClick={() => onLabel(`${name}:${value}`)}
          >
            {name}:{value}
          </button>
        ))}
      </div>
      <div role="gridcell" className="max-md:hidden">
        <RunStrip runs={strip} />
      </div>
      <div role="gridcell" className="min-w-0 text-xs max-md:hidden">
        <LastRun job={job} />
      </div>
      <div role="gridcell" className="min-w-0 text-right">
        {job.state === 'paused' ? (
          <>
            <div className="text-sm text-warn">Paused</div>
            <div className="line text-xs text-ink-faint">
              {job.pausedUntil === null ? 'until resumed' : <Instant at={job.pausedUntil} jobZone={zone} short />}
            </div>
          </>
        ) : (
          <>
            <div className="line text-sm font-medium">
              <Countdown at={job.nextRunAt} />
            </div>
            <div className="line text-xs text-ink-faint">
              <Instant at={job.nextRunAt} jobZone={zone} short />
            </div>
          </>
        )}
      </div>
      <div role="gridcell" className="z-[1] flex justify-end">
        {editor && <RowMenu job={job} hide={hide} />}
      </div>
    </div>
  );
}

function LastRun({ job }: { job: Job }): ReactNode {
  if (job.lastRunAt === null || job.lastRunState === null) return <span className="text-ink-faint">Never ran</span>;
  const look = RUN_LOOKS[job.lastRunState as keyof typeof RUN_LOOKS] as (typeof RUN_LOOKS)['failed'] | undefined;
  return (
    <>
      <div className={`flex items-center gap-1.5 ${look?.ink ?? ''}`}>
        {look !== undefined && <Mark shape={look.shape} />}
        <span className="line">{look?.word ?? job.lastRunState}</span>
      </div>
      <div className="line text-ink-faint">
        <Relative at={job.lastRunAt} />
      </div>
    </>
  );
}

function RowMenu({ job, hide }: { job: Job; hide: (ids: ReadonlySet<string>) => void }): ReactNode {
  const navigate = useNavigate();
  const act = (done: Promise<void>) => void done.catch(toastError);
  return (
    <Menu trigger={<IconButton icon="more" label={`Actions for ${job.name}`} />}>
      <MenuItem icon="play" onSelect={() => act(bulkTrigger([job]))}>
        Run now
      </MenuItem>
      {job.state === 'paused' ? (
        <MenuItem icon="play" onSelect={() => act(bulkResume([job]))}>
          Resume
        </MenuItem>
      ) : (
        <MenuItem icon="pause" disabled={job.state !== 'active'} onSelect={() => act(bulkPause([job], ''))}>
          Pause
        </MenuItem>
      )}
      <MenuItem icon="edit" onSelect={() => void navigate({ to: '/jobs/$jobId/edit', params: { jobId: job.id } })}>
        Edit
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => void navigate({ to: '/jobs/new', search: { from: job.id } })}>
        Duplicate
      </MenuItem>
      <MenuLine />
      <MenuItem icon="trash" danger onSelect={() => bulkDelete([job], hide)}>
        Delete
      </MenuItem>
    </Menu>
  );
}

/** A row that is on its way, or was just deleted and may yet come back. */
function Coming({ index, top, gone }: { index: number; top: number; gone: boolean }): ReactNode {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`${COLUMNS} absolute inset-x-0 border-b border-line`}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" />
      <div role="gridcell" className="text-sm text-ink-faint">
        {gone ? 'Deleted' : <div className="shimmer h-3.5" style={{ width: `${40 + ((index * 37) % 45)}%` }} />}
      </div>
    </div>
  );
}

function ChooseAll({
  filters,
  chosen,
  count,
  onChange,
}: {
  filters: JobsSearch;
  chosen: ReadonlyMap<string, Job>;
  count: number;
  onChange: (chosen: ReadonlyMap<string, Job>) => void;
}): ReactNode {
  const box = useRef<HTMLInputElement>(null);
  const all = chosen.size > 0 && chosen.size >= Math.min(count, MOST_CHOSEN);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = chosen.size > 0 && !all;
  });
  const choose = async () => {
    const next = new Map<string, Job>();
    for await (const job of api().all('listJobs', { ...filters, limit: 200 })) {
      next.set(job.id, job);
      if (next.size === MOST_CHOSEN) break;
    }
    onChange(next);
  };
  return (
    <label className="-m-2 flex p-2">
      <span className="sr-only">Choose all, 1,000 at most</span>
      <input
        ref={box}
        type="checkbox"
        className="size-4 accent-(--accent)"
        checked={all}
        onChange={() => (chosen.size > 0 ? onChange(new Map()) : void choose().catch(toastError))}
      />
    </label>
  );
}

function Nothing({ filters, editor }: { filters: JobsSearch; editor: boolean }): ReactNode {
  const { sort: _, ...narrowing } = filters;
  const isFiltered = Object.values(narrowing).some((value) => value !== undefined);
  if (!isFiltered) return <FirstJob editor={editor} />;
  return (
    <EmptyState
      title="No job matches"
      action={
        <Link to="/jobs" search={{}} className={buttonLook()}>
          Show all jobs
        </Link>
      }
    >
      Names, descriptions and URLs were searched. Labels must match exactly, each as name:value.
    </EmptyState>
  );
}

function useListKeys({
  at,
  setAt,
  rows,
  toggle,
  clear,
  scrollTo,
}: {
  at: number | null;
  setAt: (index: number) => void;
  rows: { count: number; row: (index: number) => Job | undefined };
  toggle: (job: Job) => void;
  clear: () => void;
  scrollTo: (index: number) => void;
}): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open], [role=menu]') !== null) return;
      const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
      const job = at === null ? undefined : rows.row(at);
      if (step !== undefined && rows.count > 0) {
        event.preventDefault();
        const next = Math.min(rows.count - 1, Math.max(0, at === null ? 0 : at + step));
        setAt(next);
        scrollTo(next);
      } else if (event.key === 'x' && job !== undefined) toggle(job);
      else if (event.key === 'Escape') clear();
      else if (
        event.key === 'Enter' &&
        job !== undefined &&
        !(event.target instanceof HTMLButtonElement) &&
        !(event.target instanceof HTMLAnchorElement)
      ) {
        void navigate({ to: '/jobs/$jobId', params: { jobId: job.id }, search: {} });
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
}
