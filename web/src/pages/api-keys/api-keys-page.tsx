import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, isRefused, type Schemas } from '../../api/client';
import { useWhoAmI } from '../../api/queries';
import { Button, IconButton } from '../../design/button';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { Badge } from '../../design/status';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant, Relative } from '../../design/time';
import { useNow } from '../../time/clock';
import { CreateDialog, RevokeDialog, RotateDialog, ShownOnce } from './key-dialogs';

type Key = Schemas['ApiKey'];
type Asking = { readonly kind: 'create' } | { readonly kind: 'rotate' | 'revoke'; readonly key: Key } | null;

/** Who may call: keys are shown once, when they are made, and known by their first letters afterwards. */
export function ApiKeysPage(): ReactNode {
  const me = useWhoAmI().data;
  const cache = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const [made, setMade] = useState<Schemas['NewApiKey'] | null>(null);
  const found = useInfiniteQuery({
    queryKey: ['api-keys'],
    queryFn: ({ pageParam, signal }) =>
      api().listApiKeys({ limit: 100, ...(pageParam !== '' && { cursor: pageParam }) }, { signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.page.nextCursor,
  });
  const keys = found.data?.pages.flatMap(({ data }) => data) ?? [];
  const refused = isRefused(found.error, 403);
  const close = () => setAsking(null);
  const done = (key: Schemas['NewApiKey'] | null) => {
    setMade(key);
    void cache.invalidateQueries({ queryKey: ['api-keys'] });
  };
  return (
    <Page
      title="API keys"
      subtitle={
        me?.auth === 'open'
          ? 'This service is open: it asks nobody for a key. Keys made here count once it does.'
          : 'A viewer reads, an editor changes jobs, an admin manages keys too.'
      }
      actions={
        !refused && (
          <Button tone="primary" icon="plus" onClick={() => setAsking({ kind: 'create' })}>
            New key
          </Button>
        )
      }
    >
      {found.error !== null && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      {!refused && (
        <Panel flush>
          {found.data === undefined ? (
            found.error === null && (
              <div className="p-4">
                <Waiting rows={5} />
              </div>
            )
          ) : keys.length === 0 ? (
            <EmptyState
              title="No keys yet"
              action={
                <Button tone="primary" onClick={() => setAsking({ kind: 'create' })}>
                  Make the first key
                </Button>
              }
            >
              Give each program a key of its own: then each can be told apart in the audit log, and revoked alone.
            </EmptyState>
          ) : (
            <Keys keys={keys} mine={me?.actor.id ?? null} ask={setAsking} />
          )}
          {found.hasNextPage && (
            <div className="flex justify-center p-3">
              <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                More keys
              </Button>
            </div>
          )}
        </Panel>
      )}
      {asking?.kind === 'create' && <CreateDialog onClose={close} onDone={done} />}
      {asking?.kind === 'rotate' && <RotateDialog apiKey={asking.key} onClose={close} onDone={done} />}
      {asking?.kind === 'revoke' && <RevokeDialog apiKey={asking.key} onClose={close} onDone={done} />}
      {made !== null && <ShownOnce made={made} onClose={() => setMade(null)} />}
    </Page>
  );
}

function Keys({
  keys,
  mine,
  ask,
}: {
  keys: readonly Key[];
  mine: string | null;
  ask: (asking: Asking) => void;
}): ReactNode {
  return (
    <Table label="API keys" minWidth="48rem">
      <thead>
        <tr>
          <Th>Name</Th>
          <Th>Role</Th>
          <Th>Begins with</Th>
          <Th>Created</Th>
          <Th>Last used</Th>
          <Th>Ends</Th>
          <Th className="w-28 text-right">Actions</Th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Tr key={key.id}>
            <Td className="max-w-64">
              <span className="flex items-center gap-2">
                <span className="line font-medium">{key.name}</span>
                {key.id === mine && <Badge tone="busy">yours</Badge>}
                {key.replacedBy !== null && <Badge tone="warn">replaced</Badge>}
              </span>
            </Td>
            <Td>{key.role}</Td>
            <Td className="font-mono text-xs">{key.prefix}…</Td>
            <Td>
              <Instant at={key.createdAt} seconds={false} />
            </Td>
            <Td>
              {key.lastUsedAt === null ? (
                <span className="text-ink-faint">never</span>
              ) : (
                <Relative at={key.lastUsedAt} />
              )}
            </Td>
            <Td>
              <Ends at={key.expiresAt} />
            </Td>
            <Td className="text-right whitespace-nowrap">
              <IconButton
                icon="retry"
                label={`Rotate ${key.name}`}
                small
                disabled={key.replacedBy !== null}
                onClick={() => ask({ kind: 'rotate', key })}
              />
              <IconButton
                icon="trash"
                label={`Revoke ${key.name}`}
                small
                onClick={() => ask({ kind: 'revoke', key })}
              />
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Ends({ at }: { at: string | null }): ReactNode {
  const nowMs = useNow();
  if (at === null) return <span className="text-ink-faint">never</span>;
  const ended = Date.parse(at) <= nowMs;
  return (
    <span className={ended ? 'text-ink-faint' : ''}>
      {ended ? 'ended ' : ''}
      <Relative at={at} />
    </span>
  );
}
