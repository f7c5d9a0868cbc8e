import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { countText } from '../../time/format';

const SHOWN = 100;

/** Which jobs fire at another time because of a change, and when. */
export function Moves({
  changed,
}: {
  changed: Pick<Schemas['CalendarChanged'], 'moved' | 'moves' | 'dryRun'>;
}): ReactNode {
  if (changed.moved === 0) return <p className="text-sm text-ink-soft">No job’s next fire moves.</p>;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-sm font-medium">
        {countText(changed.moved)} {changed.moved === 1 ? 'job' : 'jobs'} {changed.dryRun ? 'would fire' : 'fire'} at
        another time:
      </p>
      <div className="max-h-72 overflow-y-auto rounded-md border border-line">
        <Table label="Jobs that move" minWidth="30rem">
          <thead>
            <tr>
              <Th>Job</Th>
              <Th>Next fire before</Th>
              <Th>After</Th>
            </tr>
          </thead>
          <tbody>
            {changed.moves.slice(0, SHOWN).map(({ jobId, jobName, before, after }) => (
              <Tr key={jobId}>
                <Td className="max-w-56">
                  <Link to="/jobs/$jobId" params={{ jobId }} search={{}} className="line block hover:underline">
                    {jobName}
                  </Link>
                </Td>
                <Td className="text-ink-soft">
                  <Instant at={before} />
                </Td>
                <Td>{after === null ? 'never again: it is completed' : <Instant at={after} />}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </div>
      {changed.moved > SHOWN && <p className="text-xs text-ink-faint">The first {SHOWN} are shown.</p>}
    </div>
  );
}
