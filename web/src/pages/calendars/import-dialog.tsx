import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, type Schemas } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field } from '../../design/fields';
import { ErrorNote } from '../../design/panel';
import { toast } from '../../design/toast';
import { Moves } from './moves';

/** Takes the events of an iCalendar file in place of those that the calendar has. What it would do is shown before. */
export function ImportDialog({ calendar, onClose }: { calendar: Schemas['Calendar']; onClose: () => void }): ReactNode {
  const cache = useQueryClient();
  const [source, setSource] = useState<string | null>(null);
  const [plan, setPlan] = useState<Schemas['CalendarImported'] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const look = async (file: File | undefined) => {
    setPlan(null);
    setError(null);
    if (file === undefined) return;
    try {
      const text = await file.text();
      setSource(text);
      setPlan(await api().importCalendar({ id: calendar.id, dryRun: true, body: text }));
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <ActionDialog
      wide
      title={`Import into ${calendar.name}`}
      action="Import"
      disabled={plan === null || source === null}
      onClose={onClose}
      run={async () => {
        const done = await api().importCalendar({ id: calendar.id, body: source ?? '' });
        await cache.invalidateQueries({ queryKey: ['calendars'] });
        toast(`${done.eventCount} events imported.`);
      }}
    >
      <Field
        label="iCalendar file"
        hint="Its events take the place of those imported before. Days, hours and rules stay."
      >
        {(ids) => (
          <input
            {...ids}
            type="file"
            accept=".ics,text/calendar"
            className="text-sm file:mr-3 file:h-8 file:rounded-md file:border file:border-line-strong file:bg-surface file:px-3 file:text-sm file:text-ink"
            onChange={({ target }) => void look(target.files?.[0])}
          />
        )}
      </Field>
      <div className="min-h-24">
        {error !== null && <ErrorNote error={error} />}
        {plan !== null && (
          <div className="flex flex-col gap-3">
            <p className="text-sm">{plan.eventCount} events are in the file and understood.</p>
            {plan.notCarriedOver.length > 0 && (
              <ul className="max-h-40 overflow-y-auto rounded-md bg-warn-soft px-3 py-2 text-sm" aria-label="Left out">
                {plan.notCarriedOver.map(({ line, summary, detail }) => (
                  <li key={line}>
                    Line {line}, {summary}: <span className="text-ink-soft">{detail}</span>
                  </li>
                ))}
              </ul>
            )}
            <Moves changed={plan} />
          </div>
        )}
      </div>
    </ActionDialog>
  );
}
