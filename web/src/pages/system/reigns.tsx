import type { ReactNode } from 'react';
import type { SystemAnswer } from '../../api/run-additions';
import { Panel } from '../../design/panel';
import { Badge } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { useNow } from '../../time/clock';
import { durationText, spanText } from '../../time/format';

type Reign = NonNullable<SystemAnswer['reigns']>[number];

const WIDTH = 1_000;
const HEIGHT = 26;

/** Who led from when to when, and the gaps between: nobody planned then. */
export function Reigns({ reigns }: { reigns: readonly Reign[] | undefined }): ReactNode {
  const nowMs = useNow();
  return (
    <Panel title="Reigns" note="who led, the newest first" flush>
      {reigns === undefined ? (
        <p className="px-4 pb-4 text-sm text-ink-soft">
          This service does not keep who led before; the next version does.
        </p>
      ) : reigns.length === 0 ? (
        <p className="px-4 pb-4 text-sm text-ink-soft">Nobody has led yet.</p>
      ) : (
        <>
          <div className="px-4 pb-3">
            <Bars reigns={reigns} nowMs={nowMs} />
          </div>
          <div className="max-h-80 overflow-y-auto">
            <Table label="Reigns" minWidth="34rem">
              <thead>
                <tr>
                  <Th className="w-20">Reign</Th>
                  <Th>Replica</Th>
                  <Th>From</Th>
                  <Th>To</Th>
                  <Th className="text-right">Led for</Th>
                  <Th className="text-right">Gap before</Th>
                </tr>
              </thead>
              <tbody>
                {reigns.map((reign, index) => (
                  <Row key={reign.epoch} reign={reign} before={reigns[index + 1]} nowMs={nowMs} />
                ))}
              </tbody>
            </Table>
          </div>
        </>
      )}
    </Panel>
  );
}

function Row({ reign, before, nowMs }: { reign: Reign; before: Reign | undefined; nowMs: number }): ReactNode {
  const end = reign.to === null ? nowMs : Date.parse(reign.to);
  const gap = before?.to == null ? null : Date.parse(reign.from) - Date.parse(before.to);
  return (
    <Tr>
      <Td>{reign.epoch}</Td>
      <Td className="font-mono text-xs break-all">{reign.replicaId}</Td>
      <Td>
        <Instant at={reign.from} />
      </Td>
      <Td>{reign.to === null ? <Badge tone="busy">goes on</Badge> : <Instant at={reign.to} />}</Td>
      <Td className="text-right">{spanText(end - Date.parse(reign.from))}</Td>
      <Td className="text-right text-ink-soft">{durationText(gap === null ? null : Math.max(0, gap))}</Td>
    </Tr>
  );
}

function Bars({ reigns, nowMs }: { reigns: readonly Reign[]; nowMs: number }): ReactNode {
  const from = Math.min(...reigns.map((reign) => Date.parse(reign.from)));
  const x = (at: number) => ((at - from) / Math.max(1, nowMs - from)) * WIDTH;
  const replicas = [...new Set(reigns.map(({ replicaId }) => replicaId))];
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${reigns.length} reigns of ${replicas.length} replicas`}
      className="block h-6 w-full rounded bg-sunken"
    >
      {reigns.map((reign) => {
        const left = x(Date.parse(reign.from));
        const right = x(reign.to === null ? nowMs : Date.parse(reign.to));
        // Replicas alternate in height too, so that they are told apart without colour.
        const low = replicas.indexOf(reign.replicaId) % 2 === 1;
        return (
          <rect
            key={reign.epoch}
            x={left}
            y={low ? 8 : 3}
            width={Math.max(2, right - left - 1)}
            height={HEIGHT - 11}
            fill={low ? 'var(--held)' : 'var(--accent)'}
            opacity={reign.to === null ? 1 : 0.55}
          >
            <title>{`Reign ${reign.epoch}: ${reign.replicaId}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
