import type { ReactNode } from 'react';
import { api } from '../../api/client';
import type { SystemAnswer } from '../../api/run-additions';
import { usePeriodic } from '../../api/use-periodic';
import { Icon } from '../../design/icons';
import { ErrorNote, Fact, Facts, Figure, Page, Panel, Waiting } from '../../design/panel';
import { Badge } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Countdown, Instant, Relative } from '../../design/time';
import { useNow } from '../../time/clock';
import { countText } from '../../time/format';
import { Reigns } from './reigns';

const POLL_MS = 3_000;
/** A clock that is this far off makes runs late that are not, and the other way round. */
const CLOCK_OFF_MS = 250;

/** The service itself: who leads, who is there, and whether something does not work as it should. */
export function SystemPage(): ReactNode {
  const found = usePeriodic(
    ['system', 'page'],
    POLL_MS,
    (signal) => api().getSystem({}, { signal }) as Promise<SystemAnswer>,
  );
  const system = found.data;
  return (
    <Page title="System">
      {found.error !== null && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      {system === undefined ? (
        found.error === null && (
          <Panel>
            <Waiting rows={10} />
          </Panel>
        )
      ) : (
        <>
          <State system={system} />
          <Panel>
            <div className="grid grid-cols-2 grid-cols-1 gap-4 sm:grid-cols-3 lg:grid-cols-6">
              <Figure label="Waiting" note="runs in the queue">
                {countText(system.queue.waiting)}
              </Figure>
              <Figure label="Running" note="on this replica">
                {countText(system.queue.running)}
              </Figure>
              <Figure label="Slots" note="armed on this replica">
                {countText(system.slots.count)}
              </Figure>
              <Figure label="Leader" note={system.leader === null ? 'nobody plans' : `reign ${system.leader.epoch}`}>
                {system.leader === null ? 'none' : system.leader.self ? 'this one' : 'another'}
              </Figure>
              <Figure
                label="Clock offset"
                note="to the database"
                tone={Math.abs(system.clockOffsetMs) > CLOCK_OFF_MS ? 'text-warn' : ''}
              >
                {system.clockOffsetMs} ms
              </Figure>
              <Figure label="Time zones" note="tz database">
                {system.tzdb}
              </Figure>
            </div>
          </Panel>
          <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
            <div className="flex min-w-0 flex-col gap-4">
              <Replicas system={system} />
              <Reigns reigns={system.reigns} />
            </div>
            <div className="flex min-w-0 flex-col gap-4">
              <ThisReplica system={system} />
              <Slots next={system.slots.next} />
            </div>
          </div>
        </>
      )}
    </Page>
  );
}

function State({ system }: { system: SystemAnswer }): ReactNode {
  const well = system.degraded.length === 0;
  return (
    <div
      role="status"
      className={`flex min-h-10 items-start gap-2 rounded-md px-3 py-2 text-sm ${well ? 'bg-ok-soft' : 'bg-warn-soft'}`}
    >
      <Icon name={well ? 'check' : 'failed'} className={`mt-0.5 ${well ? 'text-ok' : 'text-warn'}`} />
      {well ? (
        <span>All is well: nothing is degraded.</span>
      ) : (
        <ul className="min-w-0">
          {system.degraded.map((each) => (
            <li key={each} className="break-words">
              {each}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Replicas({ system }: { system: SystemAnswer }): ReactNode {
  return (
    <Panel title="Replicas" note="seen in the last 30 s" flush>
      {system.replicas === undefined ? (
        <p className="px-4 pb-4 text-sm text-ink-soft">
          This service knows only of itself; the next version lists them all.
        </p>
      ) : (
        <Table label="Replicas" minWidth="36rem">
          <thead>
            <tr>
              <Th>Replica</Th>
              <Th>Role</Th>
              <Th>Version</Th>
              <Th>Started</Th>
              <Th>Seen</Th>
            </tr>
          </thead>
          <tbody>
            {system.replicas.map((replica) => (
              <Tr key={replica.replicaId}>
                <Td>
                  <span className="flex items-center gap-2">
                    <span className="font-mono text-xs break-all">{replica.replicaId}</span>
                    {replica.leader && <Badge tone="busy">leads</Badge>}
                    {replica.replicaId === system.replicaId && <Badge>answered this</Badge>}
                  </span>
                </Td>
                <Td>{replica.role}</Td>
                <Td className={replica.version === system.version ? '' : 'text-warn'}>{replica.version}</Td>
                <Td>
                  <Instant at={replica.startedAt} />
                </Td>
                <Td className="w-28 text-ink-soft">
                  <Relative at={replica.seenAt} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function ThisReplica({ system }: { system: SystemAnswer }): ReactNode {
  return (
    <Panel title="The replica that answered">
      <Facts>
        <Fact name="Replica">
          <span className="font-mono text-xs break-all">{system.replicaId}</span>
        </Fact>
        <Fact name="Role">{system.role}</Fact>
        <Fact name="Version">{system.version}</Fact>
        <Fact name="Leader">
          {system.leader === null ? (
            'none is known'
          ) : (
            <span className="font-mono text-xs">{system.leader.replicaId}</span>
          )}
        </Fact>
      </Facts>
    </Panel>
  );
}

function Slots({ next }: { next: readonly string[] }): ReactNode {
  const nowMs = useNow();
  // What has fired since this was asked is not next any more.
  const coming = next.filter((at) => Date.parse(at) > nowMs);
  return (
    <Panel title="Next slots" note="armed in memory">
      {next.length === 0 ? (
        <p className="text-sm text-ink-soft">None: nothing falls due soon, or another replica has them.</p>
      ) : (
        <ol className="flex min-h-60 flex-col gap-1 text-sm">
          {coming.slice(0, 10).map((at, index) => (
            <li key={index} className="flex justify-between gap-4">
              <Instant at={at} />
              <span className="text-ink-soft">
                <Countdown at={at} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
