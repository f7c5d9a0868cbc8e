import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, type Schemas } from '../../api/client';
import { Button } from '../../design/button';
import { ActionDialog } from '../../design/dialog';
import { ErrorNote, Panel, Waiting } from '../../design/panel';
import { Badge } from '../../design/status';
import { Instant, Relative } from '../../design/time';
import { toast } from '../../design/toast';
import type { Job } from './job-types';

type Revision = Schemas['JobRevision'];

/** What follows from other things that changed, or counts. */
const UNTOLD = new Set(['version', 'nextRunAt', 'updatedAt', 'createdAt', 'id', 'runCount', 'scheduleText']);
const WORDS: Record<string, string> = {
  'job.create': 'Created',
  'job.update': 'Changed',
  'job.revert': 'Taken back to an earlier version',
  'job.pause': 'Paused',
  'job.resume': 'Resumed',
  'job.skipNext': 'Skipped the next fire',
};

/** Every version of the job: who changed what, from what to what; and the way back. */
export function Revisions({ job, editor }: { job: Job; editor: boolean }): ReactNode {
  const [reverting, setReverting] = useState<Revision | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['job', job.id, 'revisions'],
    queryFn: ({ pageParam, signal }) =>
      api().listJobRevisions({ id: job.id, limit: 20, ...(pageParam !== '' && { cursor: pageParam }) }, { signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.page.nextCursor ?? undefined,
  });
  if (list.error !== null) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data?.pages.flatMap(({ data }) => data);
  return (
    <Panel title="Versions" flush>
      {rows === undefined ? (
        <div className="p-4">
          <Waiting rows={6} />
        </div>
      ) : (
        <ol className="flex flex-col">
          {rows.map((revision) => (
            <li
              key={`${revision.version} ${revision.at}`}
              className="flex flex-col gap-2 border-t border-line px-4 py-3"
            >
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <Badge tone={revision.version === job.version ? 'ok' : 'rest'}>
                  {revision.version === job.version ? `${revision.version}, now` : String(revision.version)}
                </Badge>
                <span className="text-sm font-medium">
                  {WORDS[revision.change?.action ?? ''] ?? 'Changed by the service'}
                </span>
                <span className="text-xs text-ink-faint">
                  {actorOf(revision)} · <Instant at={revision.at} /> · <Relative at={revision.at} />
                </span>
                {editor && revision.version !== job.version && (
                  <Button small icon="undo" className="ml-auto" onClick={() => setReverting(revision)}>
                    Back to this
                  </Button>
                )}
              </div>
              {revision.change !== null && revision.change.before !== null && (
                <Differences before={revision.change.before} after={revision.change.after ?? {}} />
              )}
            </li>
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <div className="border-t border-line p-3 text-center">
          <Button small busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Older versions
          </Button>
        </div>
      )}
      {reverting !== null && <RevertDialog job={job} revision={reverting} onClose={() => setReverting(null)} />}
    </Panel>
  );
}

function RevertDialog({ job, revision, onClose }: { job: Job; revision: Revision; onClose: () => void }): ReactNode {
  const cache = useQueryClient();
  return (
    <ActionDialog
      wide
      title={`Back to version ${revision.version}`}
      action="Take it back"
      onClose={onClose}
      run={async () => {
        await api().revertJob({ id: job.id, body: { version: revision.version } });
        await cache.invalidateQueries({ queryKey: ['job', job.id] });
        toast(`It is again as in version ${revision.version}.`);
      }}
    >
      <p className="text-sm text-ink-soft">This makes a new version; nothing is lost. What becomes of it:</p>
      <Differences before={pick(job)} after={revision.job} />
    </ActionDialog>
  );
}

function pick(job: Job): Record<string, unknown> {
  const { name, description, labels, schedule, target, retry, overlap, misfire } = job;
  return { name, description, labels, schedule, target, retry, overlap, misfire };
}

/** What was and what is, member by member. */
export function Differences({ before, after }: { before: object; after: object }): ReactNode {
  const [was, is] = [flat(before), flat(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => was.get(name) !== is.get(name) && isTold(name, before, after),
  );
  if (names.length === 0) return <p className="text-xs text-ink-faint">No setting differs.</p>;
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1 font-mono text-xs">
      {names.map((name) => (
        <div key={name} className="contents">
          <dt className="text-ink-soft">{name}</dt>
          <dd className="min-w-0 break-words">
            {was.has(name) && (
              <del className="rounded-sm bg-bad-soft px-1 text-bad decoration-1">
                <span className="sr-only">was </span>
                {was.get(name)}
              </del>
            )}{' '}
            {is.has(name) && (
              <ins className="rounded-sm bg-ok-soft px-1 text-ok no-underline">
                <span className="sr-only">is </span>
                {is.get(name)}
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A change tells only members that changed; a whole job beside another may lack what is not compared. */
function isTold(name: string, before: object, after: object): boolean {
  const top = name.split('.')[0] ?? '';
  return !UNTOLD.has(top) && (Object.hasOwn(before, top) || Object.hasOwn(after, top));
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [name, member] of Object.entries(value)) flat(member, path === '' ? name : `${path}.${name}`, into);
  } else if (path !== '') into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  return into;
}

function actorOf({ change }: Revision): string {
  if (change === null) return 'Carillon';
  const { type, name } = change.actor;
  if (name !== null) return name;
  return { apiKey: 'API key', rootKey: 'Root key', token: 'Token', anyone: 'Anyone (open)', service: 'Carillon' }[type];
}
