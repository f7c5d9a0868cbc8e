import { FlexRender } from '@tanstack/react-table';
import { memo, type ReactNode } from 'react';
import type { StripRun } from '../../api/additions';
import { GRID, type JobRowModel } from './job-columns';

export const ROW = 48;

interface RowProps {
  readonly row: JobRowModel;
  readonly index: number;
  readonly top: number;
  readonly isAt: boolean;
  readonly isChosen: boolean;
  /** Drawn by a cell, as is what an editor may do: named here so that the row is drawn anew with them, and only then. */
  readonly strip: readonly StripRun[] | undefined;
  readonly editor: boolean;
}

export const JobRow = memo(function JobRow({ row, index, top, isAt, isChosen }: RowProps): ReactNode {
  return (
    <div
      role="row"
      id={`job-${row.id}`}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      className={`${GRID} absolute inset-x-0 border-b border-line ${isChosen ? 'bg-selected' : 'hover:bg-hover'} ${isAt ? 'shadow-[inset_2px_0_0_var(--focus)]' : ''}`}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      {row.getAllCells().map((cell) => (
        <div key={cell.id} role="gridcell" className={cell.column.columnDef.meta?.className}>
          <FlexRender cell={cell} />
        </div>
      ))}
    </div>
  );
}, isSame);

/** With each page of jobs that comes the table makes its rows anew: what is drawn changes with the job alone. */
function isSame({ row: before, ...seen }: RowProps, { row, ...shown }: RowProps): boolean {
  const keys = Object.keys(seen) as (keyof typeof seen)[];
  return before.original === row.original && keys.every((key) => seen[key] === shown[key]);
}

/** A row that is on its way, or was just deleted and may yet come back. */
export function ComingRow({ index, top, gone }: { index: number; top: number; gone: boolean }): ReactNode {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`${GRID} absolute inset-x-0 border-b border-line`}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" />
      <div role="gridcell" className="text-sm text-ink-faint">
        {gone ? 'Deleted' : <div className="shimmer h-3.5" style={{ width: `${40 + ((index * 37) % 45)}%` }} />}
      </div>
    </div>
  );
}
