import { FlexRender, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { ErrorNote } from '../../design/panel';
import { ariaSort, Head } from '../../design/table';
import type { JobsSearch } from '../../router';
import { BulkBar } from './bulk-bar';
import { columns, features, GRID, sortingOf, sortOf } from './job-columns';
import { ComingRow, JobRow, ROW } from './job-row';
import { NoJobs } from './no-jobs';
import { useChoice } from './use-choice';
import { useJobPages, type Job } from './use-job-pages';
import { useListKeys } from './use-list-keys';
import { useStrips } from './use-strips';

interface ListProps {
  readonly filters: JobsSearch;
  readonly editor: boolean;
  readonly onLabel: (label: string) => void;
  readonly onSort: (sort: JobsSearch['sort']) => void;
}

export function JobList({ filters, editor, onLabel, onSort }: ListProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 30 });
  const [hold, setHold] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const rows = useJobPages(filters, range.first, range.last, hold);
  const { chosen, choose, ...selection } = useChoice(rows.loaded);
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
  const strip = useStrips(idsBetween(range, rows));
  const sorting = sortingOf(filters);
  const table = useTable({
    features,
    columns,
    data: rows.loaded,
    getRowId: ({ id }) => id,
    manualSorting: true,
    enableMultiSort: false,
    sortDescFirst: false,
    state: { sorting, rowSelection: selection.rowSelection },
    onSortingChange: (updater) => onSort(sortOf(typeof updater === 'function' ? updater(sorting) : updater)),
    onRowSelectionChange: selection.onRowSelectionChange,
    meta: { filters, editor, count: rows.count, chosen, choose, strip, onLabel, hide: setHidden },
  });
  const clear = () => choose(new Map());
  useEffect(() => {
    void box.current?.scrollTo({ top: 0 });
  }, [filters]);
  const { rowsById } = table.getRowModel();
  useListKeys({
    at,
    setAt,
    rows,
    toggle: ({ id }) => rowsById[id]?.toggleSelected(),
    clear,
    scrollTo: (index) => virtualizer.scrollToIndex(index),
  });

  if (rows.error !== null) {
    return (
      <div className="px-4 sm:px-6">
        <ErrorNote error={rows.error} retry={rows.retry} />
      </div>
    );
  }
  if (rows.isLoaded && rows.count === 0 && !rows.more) return <NoJobs filters={filters} editor={editor} />;
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
          className={`${GRID} sticky top-0 z-10 h-8 border-b border-line bg-surface text-xs font-medium text-ink-soft`}
        >
          {table.getFlatHeaders().map((header) => (
            <div
              key={header.id}
              role="columnheader"
              aria-sort={ariaSort(header.column)}
              className={header.column.columnDef.meta?.className}
            >
              <Head column={header.column}>
                <FlexRender header={header} />
              </Head>
            </div>
          ))}
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const id = rows.row(index)?.id;
            const row = id === undefined ? undefined : rowsById[id];
            return row === undefined || hidden.has(row.id) ? (
              <ComingRow key={index} index={index} top={start} gone={row !== undefined} />
            ) : (
              <JobRow
                key={row.id}
                row={row}
                index={index}
                top={start}
                strip={strip(row.id)}
                isAt={at === index}
                isChosen={chosen.has(row.id)}
                editor={editor}
              />
            );
          })}
        </div>
      </div>
      {chosen.size > 0 && <BulkBar jobs={[...chosen.values()]} editor={editor} hide={setHidden} onClear={clear} />}
    </div>
  );
}

function idsBetween(
  { first, last }: { first: number; last: number },
  rows: { count: number; row: (index: number) => Job | undefined },
): string[] {
  const ids = [];
  for (let index = first; index <= Math.min(last, rows.count - 1); index += 1) {
    const id = rows.row(index)?.id;
    if (id !== undefined) ids.push(id);
  }
  return ids;
}
