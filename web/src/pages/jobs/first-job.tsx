import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonLook } from '../../design/button';
import { EmptyState } from '../../design/panel';

const EXAMPLES = [
  'every 15 minutes',
  'every weekday at 9:00',
  '0 3 * * 0',
  'on the last Friday of every month at 17:00',
];

/** Nothing is here yet: what to do about it, one press away. */
export function FirstJob({ editor }: { editor: boolean }): ReactNode {
  return (
    <EmptyState
      title="No jobs yet"
      action={
        editor ? (
          <Link to="/jobs/new" search={{}} className={buttonLook('primary')}>
            Create the first job
          </Link>
        ) : undefined
      }
    >
      <p>A job calls a URL at the times that you say, in words or as a cron expression, in any time zone.</p>
      {editor ? (
        <ul className="mt-3 flex flex-wrap justify-center gap-1.5" aria-label="Examples of schedules">
          {EXAMPLES.map((schedule) => (
            <li key={schedule}>
              <Link to="/jobs/new" search={{ schedule }} className={buttonLook('plain', true)}>
                {schedule}
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <p className="mt-2">Your key only reads: ask for one with the role “editor” to create jobs.</p>
      )}
    </EmptyState>
  );
}
