import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { Fact, Facts } from '../../design/panel';

type Entry = Schemas['AuditEntry'];

/** What an entry changed, member by member. */
export function Change({ entry }: { entry: Entry }): ReactNode {
  const before = entry.before ?? {};
  const after = entry.after ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const both = entry.before !== null && entry.after !== null;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {names.length > 0 && (
        <table className="w-full table-fixed border-collapse text-xs" aria-label="What changed">
          <thead>
            <tr className="text-left text-ink-soft">
              <th scope="col" className="w-36 pb-1 font-medium">
                Member
              </th>
              {entry.before !== null && (
                <th scope="col" className="pb-1 font-medium">
                  Before
                </th>
              )}
              {entry.after !== null && (
                <th scope="col" className="pb-1 font-medium">
                  {both ? 'After' : 'As it was made'}
                </th>
              )}
            </tr>
          </thead>
          <tbody className="align-top font-mono">
            {names.map((name) => (
              <tr key={name}>
                <th scope="row" className="py-0.5 pr-3 text-left font-normal break-words">
                  {name}
                </th>
                {entry.before !== null && (
                  <td className={`py-0.5 pr-3 break-all ${both ? 'text-bad line-through decoration-1' : ''}`}>
                    {textOf(before[name])}
                  </td>
                )}
                {entry.after !== null && (
                  <td className={`py-0.5 break-all ${both ? 'text-ok' : ''}`}>{textOf(after[name])}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Facts>
        <Fact name="Thing">
          <ThingLink entry={entry} />
        </Fact>
        <Fact name="Role">{entry.actor.role ?? '–'}</Fact>
        <Fact name="Request">
          <span className="font-mono text-xs">{entry.requestId ?? '–'}</span>
        </Fact>
      </Facts>
    </div>
  );
}

function ThingLink({ entry }: { entry: Entry }): ReactNode {
  const { type, id } = entry.thing;
  const text = <span className="font-mono text-xs break-all">{id}</span>;
  if (type === 'job') {
    return (
      <Link to="/jobs/$jobId" params={{ jobId: id }} search={{}} className="underline">
        {text}
      </Link>
    );
  }
  if (type === 'run') {
    return (
      <Link to="/runs/$runId" params={{ runId: id }} className="underline">
        {text}
      </Link>
    );
  }
  if (type === 'calendar') {
    return (
      <Link to="/calendars/$calendarId" params={{ calendarId: id }} className="underline">
        {text}
      </Link>
    );
  }
  return text;
}

function textOf(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
