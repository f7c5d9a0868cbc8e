import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { mayEdit, useWhoAmI } from '../../api/queries';
import { buttonLook } from '../../design/button';
import { Segmented, Select, TextInput } from '../../design/fields';
import { Icon } from '../../design/icons';
import { JOB_STATES, type JobsSearch } from '../../router';
import { JobList } from './job-list';
import { LabelFilter, withLabel } from './label-filter';
import { useSavedViews } from './saved-views';
import { SaveView, Views } from './views';

/** All jobs: found, sorted and filtered by the service; what is asked for stands in the address. */
export function JobsPage(): ReactNode {
  const search = useSearch({ from: '/jobs' });
  const navigate = useNavigate();
  const me = useWhoAmI().data;
  const views = useSavedViews();
  const change = (part: JobsSearch) => void navigate({ to: '/jobs', search: { ...search, ...part }, replace: true });
  return (
    <div className="flex h-[calc(100dvh-3rem)] min-w-0 flex-col">
      <header className="flex flex-col gap-3 px-4 pt-4 pb-3 sm:px-6">
        <div className="flex items-center justify-between gap-3">
          <h1 className="text-xl font-semibold">Jobs</h1>
          <div className="flex items-center gap-2">
            <Views {...views} />
            {mayEdit(me) && (
              <Link to="/jobs/new" search={{}} className={buttonLook('primary')}>
                <Icon name="plus" className="-ml-0.5" />
                New job
              </Link>
            )}
          </div>
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <SearchBox value={search.q ?? ''} onChange={(q) => change({ q: q === '' ? undefined : q })} />
          <Segmented
            label="State"
            value={search.state ?? 'all'}
            options={[
              { value: 'all', label: 'All' },
              ...JOB_STATES.map((state) => ({ value: state, label: state.charAt(0).toUpperCase() + state.slice(1) })),
            ]}
            onChange={(state) => change({ state: state === 'all' ? undefined : state })}
          />
          <Select
            aria-label="Sort"
            className="w-auto!"
            value={search.sort ?? '-createdAt'}
            onChange={(event) =>
              change({
                sort: event.target.value === '-createdAt' ? undefined : (event.target.value as JobsSearch['sort']),
              })
            }
          >
            <option value="-createdAt">Newest first</option>
            <option value="createdAt">Oldest first</option>
            <option value="nextRunAt">Next to fire</option>
            <option value="-nextRunAt">Last to fire</option>
            <option value="name">Name, A to Z</option>
            <option value="-name">Name, Z to A</option>
          </Select>
          <LabelFilter labels={search.label ?? []} onChange={(label) => change({ label })} />
          <SaveView search={search} save={views.save} />
        </div>
      </header>
      <JobList
        filters={search}
        editor={mayEdit(me)}
        onLabel={(label) => change({ label: withLabel(search.label, label) })}
        onSort={(sort) => change({ sort })}
      />
    </div>
  );
}

/** Asks as one types, a moment after the last letter. */
function SearchBox({ value, onChange }: { value: string; onChange: (text: string) => void }): ReactNode {
  const [text, setText] = useState(value);
  /** What the address was last told from here: anything else in it came from elsewhere, and is taken over. */
  const [told, setTold] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (value !== told) {
    setTold(value);
    setText(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setTold(next.trim());
      onChange(next.trim());
    }, 250);
  };
  return (
    <div className="relative min-w-0 flex-1 basis-48 sm:max-w-80">
      <Icon name="search" className="absolute top-2 left-2.5 text-ink-faint" />
      <TextInput
        type="search"
        data-page-search
        aria-label="Search jobs by name, description or URL"
        placeholder="Name, description or URL"
        className="pl-8"
        maxLength={200}
        value={text}
        onChange={(event) => type(event.target.value)}
      />
    </div>
  );
}
