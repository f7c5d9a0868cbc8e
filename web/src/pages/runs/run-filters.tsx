import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { useShown } from '../../api/queries';
import { Button, IconButton } from '../../design/button';
import { Select } from '../../design/fields';
import { MomentField } from '../../design/moment';
import { Popover } from '../../design/menu';
import { RUN_LOOKS } from '../../design/status';
import { now } from '../../time/clock';
import { instantText } from '../../time/format';
import { instantOf, localOf } from '../../time/wall';
import { useZone } from '../../time/zone';
import { RUN_STATES, type RunsSearch } from '../../router';
import { JobFilter } from './job-filter';

const SPANS = [
  ['Last 15 minutes', 900_000],
  ['Last hour', 3_600_000],
  ['Last 24 hours', 86_400_000],
  ['Last 7 days', 604_800_000],
] as const;

/** Which runs are shown. All of it stands in the address. */
export function RunFilters({
  to,
  search,
  states,
}: {
  to: '/runs' | '/runs/failed';
  search: RunsSearch;
  states: boolean;
}) {
  const navigate = useNavigate();
  const change = (part: RunsSearch) => void navigate({ to, search: { ...search, ...part }, replace: true });
  return (
    <div className="flex flex-wrap items-center gap-2">
      {states && (
        <Select
          aria-label="State"
          className="w-36!"
          value={search.state ?? ''}
          onChange={({ target }) => change({ state: RUN_STATES.find((state) => state === target.value) })}
        >
          <option value="">All states</option>
          {RUN_STATES.map((state) => (
            <option key={state} value={state}>
              {RUN_LOOKS[state].word}
            </option>
          ))}
        </Select>
      )}
      {search.jobId === undefined ? (
        <JobFilter onPick={(jobId) => change({ jobId })} />
      ) : (
        <ChosenJob jobId={search.jobId} onClear={() => change({ jobId: undefined })} />
      )}
      <Select
        aria-label="Time"
        className="w-40!"
        value=""
        onChange={({ target }) => {
          if (target.value === 'all') change({ from: undefined, to: undefined });
          else change({ from: new Date(now() - Number(target.value)).toISOString(), to: undefined });
        }}
      >
        <option value="">Due at any time…</option>
        {SPANS.map(([text, ms]) => (
          <option key={ms} value={ms}>
            {text}
          </option>
        ))}
        <option value="all">All that is kept</option>
      </Select>
      <Between search={search} onChange={change} />
      {search.from !== undefined && <Chosen text="from" at={search.from} onClear={() => change({ from: undefined })} />}
      {search.to !== undefined && <Chosen text="before" at={search.to} onClear={() => change({ to: undefined })} />}
    </div>
  );
}

function Between({ search, onChange }: { search: RunsSearch; onChange: (part: RunsSearch) => void }): ReactNode {
  const zone = useZone();
  const local = (at: string | undefined) =>
    at === undefined || Number.isNaN(Date.parse(at)) ? '' : localOf(Date.parse(at), zone);
  const [from, setFrom] = useState(local(search.from));
  const [to, setTo] = useState(local(search.to));
  const instant = (text: string) => {
    const at = text === '' ? null : instantOf(text, zone);
    return at === null ? undefined : new Date(at).toISOString();
  };
  return (
    <Popover
      label="Due between"
      trigger={
        <Button tone="quiet" icon="clock">
          Between
        </Button>
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ from: instant(from), to: instant(to) });
        }}
      >
        <MomentField label="Due from" zone={zone} value={from} onChange={setFrom} />
        <MomentField label="and before" zone={zone} value={to} onChange={setTo} />
        <Button type="submit" tone="primary">
          Show these
        </Button>
      </form>
    </Popover>
  );
}

function Chip({ children, label, onClear }: { children: ReactNode; label: string; onClear: () => void }): ReactNode {
  return (
    <span className="inline-flex h-7 max-w-72 items-center gap-1 rounded-md bg-accent-soft pr-0.5 pl-2 text-xs text-accent">
      <span className="line">{children}</span>
      <IconButton icon="close" small label={label} onClick={onClear} />
    </span>
  );
}

function Chosen({ text, at, onClear }: { text: string; at: string; onClear: () => void }): ReactNode {
  const zone = useZone();
  const ms = Date.parse(at);
  return (
    <Chip label={`Remove the filter ${text}`} onClear={onClear}>
      {text} {Number.isNaN(ms) ? at : instantText(ms, zone)}
    </Chip>
  );
}

function ChosenJob({ jobId, onClear }: { jobId: string; onClear: () => void }): ReactNode {
  const { data } = useShown(['job', jobId, 'job'], (signal) => api().getJob({ id: jobId }, { signal }), {
    pollMs: false,
  });
  return (
    <Chip label="Remove the filter of the job" onClear={onClear}>
      {data?.name ?? jobId}
    </Chip>
  );
}
