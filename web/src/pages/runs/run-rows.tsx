import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/run-additions';
import { Button } from '../../design/button';
import { RunStatus } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { durationText } from '../../time/format';

export interface Selection {
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
  readonly toggleAll: () => void;
}

const LATE_MS = 1_000;

export function RunRows({
  rows,
  selection,
  more,
}: {
  rows: readonly RunSummary[];
  selection?: Selection;
  more?: { readonly busy: boolean; readonly load: () => void };
}): ReactNode {
  return (
    <>
      <Table label="Runs" minWidth="52rem">
        <thead>
          <tr>
            {selection !== undefined && (
              <Th className="w-10">
                <input
                  type="checkbox"
                  aria-label="Choose all that are shown"
                  className="block size-4 accent-(--accent)"
                  checked={rows.length > 0 && rows.every(({ id }) => selection.chosen.has(id))}
                  onChange={selection.toggleAll}
                />
              </Th>
            )}
            <Th className="w-44">Due</Th>
            <Th>Job</Th>
            <Th className="w-64">State</Th>
            <Th className="w-24">By</Th>
            <Th className="w-20 text-right">Late</Th>
            <Th className="w-20 text-right">Took</Th>
            <Th className="w-20 text-right">Attempts</Th>
            <Th className="w-16 text-right">Status</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((run) => (
            <Row key={run.id} run={run} selection={selection} />
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

function Row({ run, selection }: { run: RunSummary; selection?: Selection }): ReactNode {
  const navigate = useNavigate();
  const late = run.latenessMs !== null && run.latenessMs >= LATE_MS;
  return (
    <Tr
      className="cursor-pointer"
      onClick={(event) => {
        if ((event.target as Element).closest('a, input') !== null) return;
        void navigate({ to: '/runs/$runId', params: { runId: run.id } });
      }}
    >
      {selection !== undefined && (
        <Td>
          <input
            type="checkbox"
            aria-label={`Choose the run of ${run.jobName} due ${run.scheduledFor}`}
            className="block size-4 accent-(--accent)"
            checked={selection.chosen.has(run.id)}
            onChange={() => selection.toggle(run.id)}
          />
        </Td>
      )}
      <Td>
        <Link to="/runs/$runId" params={{ runId: run.id }} className="hover:underline">
          <Instant at={run.scheduledFor} />
        </Link>
      </Td>
      <Td className="max-w-64">
        <Link to="/jobs/$jobId" params={{ jobId: run.jobId }} search={{}} className="line block hover:underline">
          {run.jobName}
        </Link>
      </Td>
      <Td className="max-w-64">
        <RunStatus state={run.state} reason={run.error?.message ?? run.reason} />
      </Td>
      <Td className="text-ink-soft">{run.trigger}</Td>
      <Td className={`text-right ${late ? 'font-medium text-warn' : ''}`}>{durationText(run.latenessMs)}</Td>
      <Td className="text-right">{durationText(run.durationMs)}</Td>
      <Td className="text-right whitespace-nowrap">
        {run.attempt} of {run.maxAttempts}
      </Td>
      <Td className="text-right">{run.response?.status ?? '–'}</Td>
    </Tr>
  );
}
