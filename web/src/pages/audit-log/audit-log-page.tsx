import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Fragment, useState, type ReactNode } from 'react';
import { api, isRefused, type Schemas } from '../../api/client';
import { Button, buttonLook, IconButton } from '../../design/button';
import { Select } from '../../design/fields';
import { Icon, type IconName } from '../../design/icons';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { now } from '../../time/clock';
import { instantText } from '../../time/format';
import { useZone } from '../../time/zone';
import { Change } from './change';

type Entry = Schemas['AuditEntry'];

const SPANS = [
  ['Last hour', 3_600_000],
  ['Last 24 hours', 86_400_000],
  ['Last 7 days', 604_800_000],
  ['Last 30 days', 2_592_000_000],
] as const;

/** Who changed what, when, and what it was before. */
export function AuditLogPage(): ReactNode {
  const search = useSearch({ from: '/audit-log' });
  const navigate = useNavigate();
  const change = (part: Partial<typeof search>) =>
    void navigate({ to: '/audit-log', search: { ...search, ...part }, replace: true });
  const found = useInfiniteQuery({
    queryKey: ['audit-log', search],
    queryFn: ({ pageParam, signal }) =>
      api().listAuditLog(
        {
          limit: 50,
          ...(search.thingId !== undefined && { thingId: search.thingId }),
          ...(search.actorId !== undefined && { actorId: search.actorId }),
          ...(search.from !== undefined && { from: search.from }),
          ...(search.to !== undefined && { to: search.to }),
          ...(pageParam !== '' && { cursor: pageParam }),
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.page.nextCursor,
  });
  const entries = found.data?.pages.flatMap(({ data }) => data) ?? [];
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <Page title="Audit log">
      <div className="flex min-h-8 flex-wrap items-center gap-2">
        <Select
          aria-label="Time"
          className="w-40!"
          value=""
          onChange={({ target }) =>
            change({
              from: target.value === 'all' ? undefined : new Date(now() - Number(target.value)).toISOString(),
              to: undefined,
            })
          }
        >
          <option value="">At any time…</option>
          {SPANS.map(([text, ms]) => (
            <option key={ms} value={ms}>
              {text}
            </option>
          ))}
          <option value="all">All that is kept</option>
        </Select>
        <Chosen name="from" value={search.from} onClear={() => change({ from: undefined })} instant />
        <Chosen name="before" value={search.to} onClear={() => change({ to: undefined })} instant />
        <Chosen name="thing" value={search.thingId} onClear={() => change({ thingId: undefined })} />
        <Chosen name="by" value={search.actorId} onClear={() => change({ actorId: undefined })} />
      </div>
      {found.error !== null && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      {!isRefused(found.error, 403) && (
        <Panel flush>
          {found.data === undefined ? (
            found.error === null && (
              <div className="p-4">
                <Waiting rows={12} />
              </div>
            )
          ) : entries.length === 0 ? (
            <EmptyState
              title={filtered ? 'Nothing of that kind' : 'Nothing was changed yet'}
              action={
                filtered && (
                  <Link to="/audit-log" search={{}} className={buttonLook()}>
                    The whole log
                  </Link>
                )
              }
            >
              Each change of jobs, runs, calendars, keys and projects is written down with who made it.
            </EmptyState>
          ) : (
            <Entries entries={entries} filter={change} />
          )}
          {found.hasNextPage && (
            <div className="flex justify-center p-3">
              <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                Older entries
              </Button>
            </div>
          )}
        </Panel>
      )}
    </Page>
  );
}

function Chosen({
  name,
  value,
  onClear,
  instant = false,
}: {
  name: string;
  value: string | undefined;
  onClear: () => void;
  instant?: boolean;
}): ReactNode {
  const zone = useZone();
  if (value === undefined) return null;
  const ms = instant ? Date.parse(value) : NaN;
  return (
    <span className="inline-flex h-7 max-w-80 items-center gap-1 rounded-md bg-accent-soft pr-0.5 pl-2 text-xs text-accent">
      <span className="line">
        {name} {Number.isNaN(ms) ? value : instantText(ms, zone)}
      </span>
      <IconButton icon="close" small label={`Remove the filter ${name}`} onClick={onClear} />
    </span>
  );
}

function Entries({
  entries,
  filter,
}: {
  entries: readonly Entry[];
  filter: (part: { thingId?: string; actorId?: string }) => void;
}): ReactNode {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <Table label="Audit log" minWidth="50rem">
      <thead>
        <tr>
          <Th className="w-10">
            <span className="sr-only">Open</span>
          </Th>
          <Th className="w-44">When</Th>
          <Th className="w-44">What</Th>
          <Th>Thing</Th>
          <Th>Who</Th>
          <Th className="w-36">From</Th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <Fragment key={entry.id}>
            <Tr>
              <Td>
                <IconButton
                  icon={open.has(entry.id) ? 'down' : 'right'}
                  label={`What ${entry.action} changed`}
                  aria-expanded={open.has(entry.id)}
                  small
                  onClick={() => toggle(entry.id)}
                />
              </Td>
              <Td>
                <Instant at={entry.at} />
              </Td>
              <Td>
                <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
                  <Icon name={ICONS[entry.thing.type] ?? 'edit'} className="text-ink-soft" />
                  {entry.action}
                </span>
              </Td>
              <Td className="max-w-64">
                <button
                  type="button"
                  className="line block max-w-full text-left hover:underline"
                  title={`Only what happened to this\n${entry.thing.id}`}
                  onClick={() => filter({ thingId: entry.thing.id })}
                >
                  {entry.thing.name ?? entry.thing.id}
                </button>
              </Td>
              <Td className="max-w-56">
                <Actor entry={entry} filter={filter} />
              </Td>
              <Td className="font-mono text-xs text-ink-soft">{entry.address ?? '–'}</Td>
            </Tr>
            {open.has(entry.id) && (
              <tr>
                <td colSpan={6} className="border-b border-line bg-sunken px-4 py-3">
                  <Change entry={entry} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </Table>
  );
}

const ICONS: Partial<Record<string, IconName>> = {
  job: 'jobs',
  run: 'runs',
  apiKey: 'key',
  signingSecret: 'key',
  calendar: 'calendar',
  project: 'system',
};

const ACTORS: Record<string, string> = {
  rootKey: 'the root key',
  anyone: 'anyone (open service)',
  service: 'the service itself',
};

function Actor({ entry, filter }: { entry: Entry; filter: (part: { actorId?: string }) => void }): ReactNode {
  const { type, id, name } = entry.actor;
  if (id === null) return <span className="text-ink-soft">{ACTORS[type] ?? type}</span>;
  return (
    <button
      type="button"
      className="line block max-w-full text-left hover:underline"
      title={`Only what they did\n${id}`}
      onClick={() => filter({ actorId: id })}
    >
      {name ?? id}
    </button>
  );
}
