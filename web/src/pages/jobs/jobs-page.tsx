import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { mayEdit, useWhoAmI } from '../../api/queries';
import { Button, buttonLook, IconButton } from '../../design/button';
import { Field, Segmented, Select, TextInput } from '../../design/fields';
import { Icon } from '../../design/icons';
import { Menu, MenuItem, MenuLine, MenuTitle, Popover } from '../../design/menu';
import { toast } from '../../design/toast';
import { JOB_STATES, type JobsSearch } from '../../router';
import { JobList } from './job-list';
import { useSavedViews, type SavedViews } from './saved-views';

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
          <Labels labels={search.label ?? []} onChange={(label) => change({ label })} />
          <SaveView search={search} save={views.save} />
        </div>
      </header>
      <JobList
        filters={search}
        editor={mayEdit(me)}
        onLabel={(label) => change({ label: withLabel(search.label, label) })}
      />
    </div>
  );
}

function withLabel(labels: readonly string[] = [], label: string): string[] {
  return [...new Set([...labels, label])];
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

function Labels({
  labels,
  onChange,
}: {
  labels: readonly string[];
  onChange: (labels: string[] | undefined) => void;
}): ReactNode {
  const [text, setText] = useState('');
  const valid = /^[A-Za-z0-9._/-]{1,63}:/.test(text);
  return (
    <>
      {labels.map((label) => (
        <span
          key={label}
          className="inline-flex h-7 items-center gap-1 rounded-md bg-accent-soft pr-0.5 pl-2 text-xs text-accent"
        >
          {label}
          <IconButton
            icon="close"
            small
            label={`Remove the filter ${label}`}
            onClick={() => {
              const rest = labels.filter((other) => other !== label);
              onChange(rest.length === 0 ? undefined : rest);
            }}
          />
        </span>
      ))}
      <Popover
        label="Filter by label"
        trigger={
          <Button tone="quiet" icon="tag">
            Label
          </Button>
        }
      >
        <form
          className="flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (!valid) return;
            onChange(withLabel(labels, text));
            setText('');
          }}
        >
          <Field label="Label" hint="name:value">
            {(ids) => (
              <TextInput
                {...ids}
                placeholder="team:billing"
                value={text}
                onChange={(event) => setText(event.target.value.trim())}
              />
            )}
          </Field>
          <Button type="submit" className="mb-[1.375rem]" disabled={!valid}>
            Filter
          </Button>
        </form>
      </Popover>
    </>
  );
}

function SaveView({ search, save }: { search: JobsSearch; save: SavedViews['save'] }): ReactNode {
  const [name, setName] = useState('');
  if (Object.values(search).every((value) => value === undefined)) return null;
  return (
    <Popover
      label="Save this view"
      trigger={
        <Button tone="quiet" icon="star">
          Save view
        </Button>
      }
    >
      <form
        className="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          save(name.trim(), search);
          toast(`Saved as “${name.trim()}”.`);
          setName('');
        }}
      >
        <Field label="Name of the view">
          {(ids) => (
            <TextInput {...ids} maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Button type="submit" disabled={name.trim() === ''}>
          Save
        </Button>
      </form>
    </Popover>
  );
}

function Views({ views, remove }: SavedViews): ReactNode {
  const navigate = useNavigate();
  return (
    <>
      <Menu
        trigger={
          <Button tone="quiet">
            Views
            <Icon name="down" />
          </Button>
        }
      >
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: {} })}>All jobs</MenuItem>
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: { sort: 'nextRunAt', state: 'active' } })}>
          Next to fire
        </MenuItem>
        <MenuItem onSelect={() => void navigate({ to: '/jobs', search: { state: 'paused' } })}>Paused</MenuItem>
        {views.length > 0 && (
          <>
            <MenuLine />
            <MenuTitle>Saved here</MenuTitle>
            {views.map((view) => (
              <MenuItem
                key={view.name}
                icon="star"
                onSelect={() => void navigate({ to: '/jobs', search: view.search })}
              >
                {view.name}
              </MenuItem>
            ))}
            <MenuLine />
            {views.map((view) => (
              <MenuItem key={view.name} icon="trash" onSelect={() => remove(view.name)}>
                Forget “{view.name}”
              </MenuItem>
            ))}
          </>
        )}
      </Menu>
    </>
  );
}
