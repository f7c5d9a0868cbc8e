import { useNavigate } from '@tanstack/react-router';
import { FlexRender, useTable, type RowSelectionState, type Updater } from '@tanstack/react-table';
import { useMemo, type ReactNode } from 'react';
import type { RunSummary } from '../../api/run-additions';
import { Button } from '../../design/button';
import { ariaSort, Head, Table, Td, Th, Tr } from '../../design/table';
import { chooseColumn, features, runColumns } from './run-columns';

export interface Selection {
  readonly rowSelection: RowSelectionState;
  readonly onRowSelectionChange: (updater: Updater<RowSelectionState>) => void;
}

/** Runs in a table. The service gives the newest first; sorted otherwise are those that were loaded. */
export function RunRows({
  rows,
  selection,
  more,
}: {
  rows: readonly RunSummary[];
  selection?: Selection;
  more?: { readonly busy: boolean; readonly load: () => void };
}): ReactNode {
  const navigate = useNavigate();
  const canChoose = selection !== undefined;
  const columns = useMemo(() => (canChoose ? [chooseColumn, ...runColumns] : runColumns), [canChoose]);
  const table = useTable({
    features,
    columns,
    data: rows,
    getRowId: ({ id }) => id,
    enableMultiSort: false,
    ...(selection !== undefined && {
      state: { rowSelection: selection.rowSelection },
      onRowSelectionChange: selection.onRowSelectionChange,
    }),
  });
  return (
    <>
      <Table label="Runs" minWidth="52rem">
        <thead>
          <tr>
            {table.getFlatHeaders().map((header) => (
              <Th key={header.id} aria-sort={ariaSort(header.column)} className={header.column.columnDef.meta?.head}>
                <Head column={header.column}>
                  <FlexRender header={header} />
                </Head>
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <Tr
              key={row.id}
              className="cursor-pointer"
              onClick={(event) => {
                if ((event.target as Element).closest('a, input') !== null) return;
                void navigate({ to: '/runs/$runId', params: { runId: row.id } });
              }}
            >
              {row.getAllCells().map((cell) => (
                <Td key={cell.id} className={cell.column.columnDef.meta?.cell}>
                  <FlexRender cell={cell} />
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
      {more !== undefined && (
        <div className="flex justify-center p-3">
          <Button onClick={more.load} busy={more.busy}>
            Older runs
          </Button>
        </div>
      )}
    </>
  );
}
