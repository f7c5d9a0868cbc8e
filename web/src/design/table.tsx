import type { HTMLAttributes, ReactNode, TdHTMLAttributes, ThHTMLAttributes } from 'react';
import { Icon } from './icons';

/** Tables for tens of rows. Lists that grow use Virtual, as the jobs do. */
export function Table({
  label,
  children,
  minWidth = '40rem',
}: {
  label: string;
  children: ReactNode;
  minWidth?: string;
}): ReactNode {
  return (
    // Scrolls sideways where it is narrow, by keyboard too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full border-collapse text-sm" style={{ minWidth }}>
        {children}
      </table>
    </div>
  );
}

export function Th({ className = '', ...rest }: ThHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return (
    <th
      scope="col"
      className={`h-8 border-b border-line px-3 text-left text-xs font-medium text-ink-soft first:pl-4 last:pr-4 ${className}`}
      {...rest}
    />
  );
}

export function Td({ className = '', ...rest }: TdHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return (
    <td className={`h-9 border-b border-line px-3 py-1 align-middle first:pl-4 last:pr-4 ${className}`} {...rest} />
  );
}

export function Tr({ className = '', ...rest }: HTMLAttributes<HTMLTableRowElement>): ReactNode {
  return <tr className={`hover:bg-hover ${className}`} {...rest} />;
}

/** A column of TanStack Table, as far as its head is about it. */
interface Sortable {
  readonly getCanSort: () => boolean;
  readonly getIsSorted: () => false | 'asc' | 'desc';
  readonly getToggleSortingHandler: () => undefined | ((event: unknown) => void);
}

const SORTED = { asc: 'ascending', desc: 'descending', no: 'none' } as const;

export function ariaSort(column: Sortable): 'ascending' | 'descending' | 'none' | undefined {
  if (!column.getCanSort()) return undefined;
  return SORTED[column.getIsSorted() || 'no'];
}

/** What a column is called. Where it can be sorted by, a press does so: up, down, and as it was. */
export function Head({ column, children }: { column: Sortable; children: ReactNode }): ReactNode {
  if (!column.getCanSort()) return children;
  const sorted = column.getIsSorted();
  return (
    <button
      type="button"
      className="group -mx-1 inline-flex items-center gap-0.5 rounded px-1 font-medium hover:text-ink"
      onClick={column.getToggleSortingHandler()}
    >
      {children}
      <Icon
        name={sorted === 'desc' ? 'down' : 'up'}
        className={`size-3 ${sorted === false ? 'opacity-0 group-hover:opacity-60' : ''}`}
      />
    </button>
  );
}
