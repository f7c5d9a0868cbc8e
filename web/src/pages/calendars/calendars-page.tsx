import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { mayEdit, useWhoAmI } from '../../api/queries';
import { Button } from '../../design/button';
import { ActionDialog } from '../../design/dialog';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { Table, Td, Th, Tr } from '../../design/table';
import { Instant } from '../../design/time';
import { CalendarForm } from './calendar-form';
import { contentsText, EMPTY_DRAFT, readDraft, type CalendarDraft } from './calendar-text';

/** Days and hours on which jobs that name the calendar do not fire. */
export function CalendarsPage(): ReactNode {
  const editor = mayEdit(useWhoAmI().data);
  const [creating, setCreating] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ['calendars', 'list'],
    queryFn: ({ pageParam, signal }) =>
      api().listCalendars({ limit: 100, ...(pageParam !== '' && { cursor: pageParam }) }, { signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.page.nextCursor,
  });
  const calendars = found.data?.pages.flatMap(({ data }) => data) ?? [];
  const create = editor && (
    <Button tone="primary" icon="plus" onClick={() => setCreating(true)}>
      New calendar
    </Button>
  );
  return (
    <Page
      title="Calendars"
      subtitle="Days and hours on which jobs do not fire. A schedule names them in “exclude”."
      actions={create}
    >
      {found.error !== null && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      <Panel flush>
        {found.data === undefined ? (
          found.error === null && (
            <div className="p-4">
              <Waiting rows={5} />
            </div>
          )
        ) : calendars.length === 0 ? (
          <EmptyState title="No calendars yet">
            Holidays, release freezes, nights: make one, or import the iCalendar file of those that your country
            publishes.
          </EmptyState>
        ) : (
          <Table label="Calendars" minWidth="40rem">
            <thead>
              <tr>
                <Th>Name</Th>
                <Th>Holds</Th>
                <Th>Time zone</Th>
                <Th className="text-right">Version</Th>
                <Th>Changed</Th>
              </tr>
            </thead>
            <tbody>
              {calendars.map((calendar) => (
                <Tr key={calendar.id}>
                  <Td className="max-w-72">
                    <Link
                      to="/calendars/$calendarId"
                      params={{ calendarId: calendar.id }}
                      className="line block font-medium hover:underline"
                    >
                      {calendar.name}
                    </Link>
                    {calendar.description !== '' && (
                      <span className="line block text-xs text-ink-faint">{calendar.description}</span>
                    )}
                  </Td>
                  <Td>{contentsText(calendar)}</Td>
                  <Td className="text-ink-soft">{calendar.timeZone ?? 'the schedule’s'}</Td>
                  <Td className="text-right">{calendar.version}</Td>
                  <Td>
                    <Instant at={calendar.updatedAt} seconds={false} />
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
        )}
        {found.hasNextPage && (
          <div className="flex justify-center p-3">
            <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              More calendars
            </Button>
          </div>
        )}
      </Panel>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState<CalendarDraft>(EMPTY_DRAFT);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { rules, faults } = readDraft(draft);
  return (
    <ActionDialog
      wide
      title="New calendar"
      action="Make the calendar"
      disabled={rules.name === '' || Object.keys(faults).length > 0}
      onClose={onClose}
      run={async () => {
        const made = await api().createCalendar({ body: rules });
        await cache.invalidateQueries({ queryKey: ['calendars'] });
        await navigate({ to: '/calendars/$calendarId', params: { calendarId: made.id } });
      }}
    >
      <CalendarForm draft={draft} faults={faults} onChange={setDraft} />
    </ActionDialog>
  );
}
