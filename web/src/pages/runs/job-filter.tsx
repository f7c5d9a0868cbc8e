import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { useShown } from '../../api/queries';
import { Button } from '../../design/button';
import { TextInput } from '../../design/fields';
import { Popover } from '../../design/menu';

const SHOWN = 8;

/** Finds a job by its name. */
export function JobFilter({ onPick }: { onPick: (jobId: string) => void }): ReactNode {
  const [text, setText] = useState('');
  const q = text.trim();
  const { data } = useShown(
    ['jobs', 'names', q],
    (signal) => api().listJobs({ limit: SHOWN, sort: 'name', ...(q !== '' && { q }) }, { signal }),
    { keep: true, pollMs: false },
  );
  return (
    <Popover
      label="Runs of one job"
      trigger={
        <Button tone="quiet" icon="jobs">
          Job
        </Button>
      }
    >
      <div className="flex w-72 max-w-full flex-col gap-2">
        <TextInput
          type="search"
          aria-label="Find a job"
          placeholder="Name, description or URL"
          value={text}
          maxLength={200}
          onChange={({ target }) => setText(target.value)}
        />
        <ul className="flex min-h-64 flex-col" aria-label="Jobs found">
          {data?.data.map(({ id, name }) => (
            <li key={id}>
              <button
                type="button"
                className="line h-8 w-full rounded-md px-2 text-left text-sm hover:bg-hover"
                onClick={() => onPick(id)}
              >
                {name}
              </button>
            </li>
          ))}
          {data?.data.length === 0 && <li className="px-2 py-1 text-sm text-ink-soft">No job is called that.</li>}
        </ul>
      </div>
    </Popover>
  );
}
