import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { buttonLook } from '../../design/button';
import { EmptyState, ErrorNote, Panel, Waiting } from '../../design/panel';
import { RunStatus } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { durationText } from '../../time/format';
import type { Job } from './job-types';

const SHOWN = 15;

export function JobRuns({
  job,
  runs,
  loaded,
  error,
}: {
  job: Job;
  runs: readonly Schemas['RunSummary'][];
  loaded: boolean;
  error: unknown;
}): ReactNode {
  const navigate = useNavigate();
  return (
    <Panel
      title="Runs"
      flush
      actions={
        <Link to="/runs" search={{ jobId: job.id }} className={buttonLook('quiet', true)}>
          All runs
        </Link>
      }
    >
      {!loaded ? (
        <div className="p-4">{error === null ? <Waiting rows={6} /> : <ErrorNote error={error} />}</div>
      ) : runs.length === 0 ? (
        <EmptyState title="No runs yet">They appear here as they happen. “Run now” makes one at once.</EmptyState>
      ) : (
        <Table label="Runs" minWidth="38rem">
          <thead>
            <tr>
              <Th>Due</Th>
              <Th>State</Th>
              <Th>By</Th>
              <Th className="text-right">Late</Th>
              <Th className="text-right">Took</Th>
              <Th className="text-right">Attempts</Th>
              <Th className="text-right">Status</Th>
            </tr>
          </thead>
          <tbody>
            {runs.slice(0, SHOWN).map((run) => (
              <Tr
                key={run.id}
                className="cursor-pointer"
                onClick={() => void navigate({ to: '/runs/$runId', params: { runId: run.id } })}
              >
                <Td>
                  <Link to="/runs/$runId" params={{ runId: run.id }} className="hover:underline">
                    <Instant at={run.scheduledFor} jobZone={job.schedule.timeZone} />
                  </Link>
                </Td>
                <Td className="max-w-56">
                  <RunStatus state={run.state} reason={run.reason ?? run.error?.code} />
                </Td>
                <Td className="text-ink-soft">{run.trigger}</Td>
                <Td className="text-right">{durationText(run.latenessMs)}</Td>
                <Td className="text-right">{durationText(run.durationMs)}</Td>
                <Td className="text-right">
                  {run.attempt} of {run.maxAttempts}
                </Td>
                <Td className="text-right">{run.response?.status ?? '–'}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}
