import {
  createColumnHelper,
  createSortedRowModel,
  metaHelper,
  rowSelectionFeature,
  rowSortingFeature,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  type ColumnDef,
} from '@tanstack/react-table';
import { Link } from '@tanstack/react-router';
import type { RunSummary } from '../../api/run-additions';
import { RunStatus } from '../../design/status';
import { Instant } from '../../design/time';
import { durationText } from '../../time/format';

const LATE_MS = 1_000;

export const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic, text: sortFn_text },
  columnMeta: metaHelper<{ readonly head?: string; readonly cell?: string }>(),
});

const column = createColumnHelper<typeof features, RunSummary>();

export const chooseColumn = column.display({
  id: 'choose',
  meta: { head: 'w-10' },
  header: ({ table }) => (
    <input
      type="checkbox"
      aria-label="Choose all that are shown"
      className="block size-4 accent-(--accent)"
      checked={table.getIsAllRowsSelected()}
      onChange={table.getToggleAllRowsSelectedHandler()}
    />
  ),
  cell: ({ row }) => (
    <input
      type="checkbox"
      aria-label={`Choose the run of ${row.original.jobName} due ${row.original.scheduledFor}`}
      className="block size-4 accent-(--accent)"
      checked={row.getIsSelected()}
      onChange={row.getToggleSelectedHandler()}
    />
  ),
}) as ColumnDef<typeof features, RunSummary>;

const figure = { head: 'w-20 text-right', cell: 'text-right whitespace-nowrap' };

export const runColumns = column.columns([
  column.accessor('scheduledFor', {
    header: 'Due',
    sortFn: 'basic',
    meta: { head: 'w-44' },
    cell: ({ row }) => (
      <Link to="/runs/$runId" params={{ runId: row.id }} className="hover:underline">
        <Instant at={row.original.scheduledFor} />
      </Link>
    ),
  }),
  column.accessor('jobName', {
    header: 'Job',
    sortFn: 'text',
    meta: { cell: 'max-w-64' },
    cell: ({ row: { original: run } }) => (
      <Link to="/jobs/$jobId" params={{ jobId: run.jobId }} search={{}} className="line block hover:underline">
        {run.jobName}
      </Link>
    ),
  }),
  column.accessor('state', {
    header: 'State',
    sortFn: 'text',
    meta: { head: 'w-64', cell: 'max-w-64' },
    cell: ({ row: { original: run } }) => <RunStatus state={run.state} reason={run.error?.message ?? run.reason} />,
  }),
  column.accessor('trigger', {
    header: 'By',
    sortFn: 'text',
    meta: { head: 'w-24', cell: 'text-ink-soft' },
  }),
  column.accessor('latenessMs', {
    header: 'Late',
    sortFn: 'basic',
    sortDescFirst: true,
    meta: figure,
    cell: ({ getValue }) => {
      const late = getValue();
      return (
        <span className={late !== null && late >= LATE_MS ? 'font-medium text-warn' : ''}>{durationText(late)}</span>
      );
    },
  }),
  column.accessor('durationMs', {
    header: 'Took',
    sortFn: 'basic',
    sortDescFirst: true,
    meta: figure,
    cell: ({ getValue }) => durationText(getValue()),
  }),
  column.accessor('attempt', {
    header: 'Attempts',
    sortFn: 'basic',
    sortDescFirst: true,
    meta: figure,
    cell: ({ row: { original: run } }) => `${run.attempt} of ${run.maxAttempts}`,
  }),
  column.accessor((run) => run.response?.status, {
    id: 'status',
    header: 'Status',
    sortFn: 'basic',
    sortUndefined: 'last',
    meta: { head: 'w-16 text-right', cell: 'text-right' },
    cell: ({ getValue }) => getValue() ?? '–',
  }),
]);
