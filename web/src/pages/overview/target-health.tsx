import type { ReactNode } from 'react';
import type { TargetHealth as Target } from '../../api/additions';
import { call, isMissing } from '../../api/client';
import { EmptyState, ErrorNote, Panel, Waiting } from '../../design/panel';
import { Mark } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Relative } from '../../design/time';
import { countText, durationText } from '../../time/format';
import { usePeriodic } from '../../api/use-periodic';

const STATES = {
  healthy: { shape: 'disc', ink: 'text-ok', word: 'Healthy' },
  failing: { shape: 'cross', ink: 'text-bad', word: 'Failing' },
  slow: { shape: 'half', ink: 'text-warn', word: 'Slow' },
  quiet: { shape: 'ring', ink: 'text-rest', word: 'Quiet' },
} as const;

/** Those whom the jobs call, by host, the worst first. */
export function TargetHealth(): ReactNode {
  const { data, error, refetch } = usePeriodic(['targets'], 15_000, (signal) =>
    call<{ data: readonly Target[] }>('/targets', { signal }),
  );
  return (
    <Panel title="Targets" note="by host, the last hour" flush>
      {data === undefined ? (
        <div className="min-h-32 px-4 pb-4">
          {isMissing(error) ? (
            <EmptyState title="No health of targets yet">This service does not sum up whom it calls.</EmptyState>
          ) : error !== null ? (
            <ErrorNote error={error} retry={() => void refetch()} />
          ) : (
            <Waiting rows={4} />
          )}
        </div>
      ) : data.data.length === 0 ? (
        <EmptyState title="Nobody was called">In the last hour no run called a target.</EmptyState>
      ) : (
        <div className="max-h-96 overflow-y-auto">
          <Table label="Targets" minWidth="34rem">
            <thead>
              <tr>
                <Th>Host</Th>
                <Th>State</Th>
                <Th className="text-right">Runs</Th>
                <Th className="text-right">Failed</Th>
                <Th className="text-right">p50</Th>
                <Th className="text-right">p95</Th>
                <Th>Last failure</Th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((target) => (
                <Row key={target.host} target={target} />
              ))}
            </tbody>
          </Table>
        </div>
      )}
    </Panel>
  );
}

function Row({ target }: { target: Target }): ReactNode {
  const look = STATES[target.state];
  return (
    <Tr>
      <Td className="font-mono text-xs whitespace-nowrap">{target.host}</Td>
      <Td>
        <span className={`inline-flex items-center gap-1.5 ${look.ink}`}>
          <Mark shape={look.shape} />
          {look.word}
        </span>
      </Td>
      <Td className="text-right">{countText(target.runs)}</Td>
      <Td className={`text-right ${target.failed > 0 ? 'text-bad' : 'text-ink-faint'}`}>{countText(target.failed)}</Td>
      <Td className="text-right">{durationText(target.durationMs?.p50)}</Td>
      <Td className="text-right">{durationText(target.durationMs?.p95)}</Td>
      <Td className="max-w-64">
        {target.lastFailureAt === null ? (
          <span className="text-ink-faint">–</span>
        ) : (
          <span className="line block" title={target.lastError?.message}>
            <Relative at={target.lastFailureAt} />
            {target.lastError !== null && <span className="text-ink-faint"> · {target.lastError.message}</span>}
          </span>
        )}
      </Td>
    </Tr>
  );
}
