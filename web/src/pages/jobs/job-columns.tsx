import {
  createColumnHelper,
  metaHelper,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  type Row,
  type SortingState,
} from '@tanstack/react-table';
import type { StripRun } from '../../api/additions';
import { RunStrip } from '../../design/strip';
import type { JobsSearch } from '../../router';
import { ChooseAll } from './choose-all';
import { JobLabels, JobName, LastRun, NextFire } from './job-cells';
import { JobMenu } from './job-menu';
import type { Job } from './use-job-pages';

/** What cells need beside their job. */
export interface JobsTable {
  readonly filters: JobsSearch;
  readonly editor: boolean;
  readonly count: number;
  readonly chosen: ReadonlyMap<string, Job>;
  readonly choose: (chosen: ReadonlyMap<string, Job>) => void;
  readonly strip: (id: string) => readonly StripRun[] | undefined;
  readonly onLabel: (label: string) => void;
  readonly hide: (ids: ReadonlySet<string>) => void;
}

/** The service sorts; ids of columns that can be sorted by are its names. */
export const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  columnMeta: metaHelper<{ readonly className: string }>(),
  tableMeta: metaHelper<JobsTable>(),
});

export type JobRowModel = Row<typeof features, Job>;

export const GRID =
  'grid grid-cols-[1.25rem_minmax(0,1fr)_5.25rem_2rem] items-center gap-x-2.5 px-4 sm:px-6 md:grid-cols-[1.25rem_minmax(0,1fr)_200px_7.5rem_6.5rem_2.25rem] md:gap-x-4 xl:grid-cols-[1.25rem_minmax(0,1.4fr)_minmax(0,0.8fr)_200px_8rem_6.5rem_2.25rem]';

const column = createColumnHelper<typeof features, Job>();

export const columns = column.columns([
  column.display({
    id: 'choose',
    meta: { className: 'z-[1] flex' },
    header: ({ table }) => {
      const { filters, chosen, count, choose } = table.options.meta!;
      return <ChooseAll filters={filters} chosen={chosen} count={count} onChange={choose} />;
    },
    cell: ({ row }) => (
      <label className="-m-2 flex p-2">
        <span className="sr-only">Choose {row.original.name}</span>
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={row.getIsSelected()}
          onChange={row.getToggleSelectedHandler()}
        />
      </label>
    ),
  }),
  column.accessor('name', {
    header: 'Job',
    meta: { className: 'min-w-0' },
    cell: ({ row }) => <JobName job={row.original} />,
  }),
  column.display({
    id: 'labels',
    header: 'Labels',
    meta: { className: 'z-[1] flex min-w-0 gap-1 overflow-hidden max-xl:hidden' },
    cell: ({ row, table }) => (
      <JobLabels labels={row.original.labels} onPick={(label) => table.options.meta?.onLabel(label)} />
    ),
  }),
  column.display({
    id: 'strip',
    header: 'Last 50 runs',
    meta: { className: 'max-md:hidden' },
    cell: ({ row, table }) => <RunStrip runs={table.options.meta?.strip(row.id)} />,
  }),
  column.display({
    id: 'lastRun',
    header: 'Last run',
    meta: { className: 'min-w-0 text-xs max-md:hidden' },
    cell: ({ row }) => <LastRun job={row.original} />,
  }),
  column.accessor('nextRunAt', {
    header: 'Next in',
    meta: { className: 'min-w-0 text-right' },
    cell: ({ row }) => <NextFire job={row.original} />,
  }),
  column.display({
    id: 'actions',
    header: () => <span className="sr-only">Actions</span>,
    meta: { className: 'z-[1] flex justify-end' },
    cell: ({ row, table }) =>
      table.options.meta?.editor === true && (
        <JobMenu job={row.original} hide={(ids) => table.options.meta?.hide(ids)} />
      ),
  }),
]);

export function sortingOf({ sort }: JobsSearch): SortingState {
  const id = (sort ?? '-createdAt').replace('-', '');
  return columns.some((one) => one.id === id || ('accessorKey' in one && one.accessorKey === id))
    ? [{ id, desc: sort?.startsWith('-') === true }]
    : [];
}

export function sortOf([sorted]: SortingState): JobsSearch['sort'] {
  return sorted && (`${sorted.desc ? '-' : ''}${sorted.id}` as JobsSearch['sort']);
}
