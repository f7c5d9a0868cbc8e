import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, isRefused, type Schemas } from '../../api/client';
import { mayEdit, useShown, useWhoAmI } from '../../api/queries';
import { Button, buttonLook } from '../../design/button';
import { ActionDialog } from '../../design/dialog';
import { EmptyState, ErrorNote, Page, Panel, Waiting } from '../../design/panel';
import { Instant } from '../../design/time';
import { toast } from '../../design/toast';
import { CalendarForm } from './calendar-form';
import { contentsText, draftOf, readDraft, type CalendarDraft } from './calendar-text';
import { ImportDialog } from './import-dialog';
import { Moves } from './moves';
import { YearView } from './year-view';

type Calendar = Schemas['Calendar'];

/** One calendar: what it holds, and what a change of it would do to the jobs. */
export function CalendarPage(): ReactNode {
  const { calendarId } = useParams({ from: '/calendars/$calendarId' });
  const editor = mayEdit(useWhoAmI().data);
  const [asking, setAsking] = useState<'import' | 'delete' | null>(null);
  const found = useShown(
    ['calendars', calendarId],
    async (signal) => {
      const { body, headers } = await api().request('getCalendar', { id: calendarId }, { signal });
      return { calendar: body as Calendar, tag: headers.get('etag') };
    },
    { pollMs: false },
  );
  if (found.data === undefined) return <NoCalendar error={found.error} retry={() => void found.refetch()} />;
  const { calendar, tag } = found.data;
  return (
    <Page
      above={
        <Link to="/calendars" className="text-xs text-ink-soft hover:text-ink">
          Calendars
        </Link>
      }
      title={calendar.name}
      subtitle={
        <>
          {contentsText(calendar)} · version {calendar.version}, <Instant at={calendar.updatedAt} />
        </>
      }
      actions={
        editor && (
          <>
            <Button icon="calendar" onClick={() => setAsking('import')}>
              Import ICS
            </Button>
            <Button tone="danger" icon="trash" onClick={() => setAsking('delete')}>
              Delete
            </Button>
          </>
        )
      }
    >
      <YearView calendar={calendar} />
      {calendar.events.length > 0 && <Events calendar={calendar} />}
      <Editor key={calendar.version} calendar={calendar} tag={tag} editor={editor} />
      {asking === 'import' && <ImportDialog calendar={calendar} onClose={() => setAsking(null)} />}
      {asking === 'delete' && <DeleteDialog calendar={calendar} onClose={() => setAsking(null)} />}
    </Page>
  );
}

/** Nothing is saved before it was shown which jobs move. */
function Editor({
  calendar,
  tag,
  editor,
}: {
  calendar: Calendar;
  /** Of what is shown: whoever changed it meanwhile is not overwritten. */
  tag: string | null;
  editor: boolean;
}): ReactNode {
  const cache = useQueryClient();
  const [draft, setDraft] = useState<CalendarDraft>(() => draftOf(calendar));
  const [plan, setPlan] = useState<Schemas['CalendarChanged'] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { rules, faults } = readDraft(draft);
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(calendar));
  const send = async (dryRun: boolean) => {
    setBusy(true);
    setError(null);
    try {
      const answer = await api().updateCalendar(
        { id: calendar.id, ...(dryRun && { dryRun: true }), body: rules },
        tag === null ? {} : { ifMatch: tag },
      );
      setPlan(answer);
      if (!dryRun) {
        await cache.invalidateQueries({ queryKey: ['calendars'] });
        void cache.invalidateQueries({ queryKey: ['jobs'] });
        toast(answer.moved === 0 ? 'Saved.' : `Saved; ${movedText(answer.moved)} at another time.`);
      }
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <Panel title="What it holds">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send(plan === null);
        }}
      >
        <fieldset disabled={!editor} className="min-w-0">
          <CalendarForm
            draft={draft}
            faults={faults}
            onChange={(next) => {
              setDraft(next);
              setPlan(null);
            }}
          />
        </fieldset>
        {error !== null && <ErrorNote error={error} />}
        {plan !== null && <Moves changed={plan} />}
        {editor && (
          <div className="flex items-center justify-end gap-2">
            <Button
              tone="quiet"
              disabled={!changed}
              onClick={() => {
                setDraft(draftOf(calendar));
                setPlan(null);
              }}
            >
              Take back
            </Button>
            <Button
              type="submit"
              tone="primary"
              className="w-44"
              busy={busy}
              disabled={!changed || Object.keys(faults).length > 0 || rules.name === ''}
            >
              {plan === null ? 'See what moves' : 'Save'}
            </Button>
          </div>
        )}
      </form>
    </Panel>
  );
}

function movedText(count: number): string {
  return count === 1 ? '1 job fires' : `${count} jobs fire`;
}

function Events({ calendar }: { calendar: Calendar }): ReactNode {
  return (
    <Panel title="Imported events" note={String(calendar.events.length)}>
      <ul className="max-h-56 overflow-y-auto text-sm">
        {calendar.events.slice(0, 200).map((event, index) => (
          <li key={index} className="flex gap-4 py-0.5">
            <span className="w-44 shrink-0 font-mono text-xs text-ink-soft">{event.start}</span>
            <span className="line">{event.summary}</span>
            {event.rule !== undefined && <span className="line font-mono text-xs text-ink-faint">{event.rule}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function DeleteDialog({ calendar, onClose }: { calendar: Calendar; onClose: () => void }): ReactNode {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return (
    <ActionDialog
      title={`Delete ${calendar.name}`}
      action="Delete"
      tone="danger"
      onClose={onClose}
      run={async () => {
        await api().deleteCalendar({ id: calendar.id });
        void cache.invalidateQueries({ queryKey: ['calendars', 'list'] });
        toast('Deleted.');
        await navigate({ to: '/calendars' });
      }}
    >
      <p className="text-sm text-ink-soft">This is refused as long as a job names it.</p>
    </ActionDialog>
  );
}

function NoCalendar({ error, retry }: { error: unknown; retry: () => void }): ReactNode {
  const gone = isRefused(error, 404) || isRefused(error, 400);
  return (
    <Page title={gone ? 'No such calendar' : 'Calendar'}>
      {gone ? (
        <EmptyState
          title="This calendar is not there"
          action={
            <Link to="/calendars" className={buttonLook('primary')}>
              All calendars
            </Link>
          }
        />
      ) : error !== null ? (
        <ErrorNote error={error} retry={retry} />
      ) : (
        <Panel>
          <Waiting rows={8} />
        </Panel>
      )}
    </Page>
  );
}
