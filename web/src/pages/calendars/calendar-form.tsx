import type { ReactNode } from 'react';
import { Field, TextArea, TextInput } from '../../design/fields';
import type { CalendarDraft, Reading } from './calendar-text';

/** What a calendar holds, to be filled in. */
export function CalendarForm({
  draft,
  faults,
  onChange,
}: {
  draft: CalendarDraft;
  faults: Reading['faults'];
  onChange: (draft: CalendarDraft) => void;
}): ReactNode {
  const set = (part: Partial<CalendarDraft>) => onChange({ ...draft, ...part });
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <Field label="Name" hint="Schedules name it in “exclude”.">
        {(ids) => (
          <TextInput
            {...ids}
            required
            maxLength={100}
            placeholder="holidays-france"
            value={draft.name}
            onChange={({ target }) => set({ name: target.value })}
          />
        )}
      </Field>
      <Field label="Time zone" hint="Empty: that of the schedule that uses it.">
        {(ids) => (
          <TextInput
            {...ids}
            placeholder="Europe/Paris"
            value={draft.timeZone}
            onChange={({ target }) => set({ timeZone: target.value })}
          />
        )}
      </Field>
      <Field label="Description" className="sm:col-span-2">
        {(ids) => (
          <TextInput
            {...ids}
            maxLength={1000}
            value={draft.description}
            onChange={({ target }) => set({ description: target.value })}
          />
        )}
      </Field>
      <Field label="Days" hint="One a line: 2026-12-25, or 2026-12-24 to 2027-01-01." error={faults.days}>
        {(ids) => (
          <TextArea
            {...ids}
            rows={8}
            className="font-mono text-xs!"
            value={draft.days}
            onChange={({ target }) => set({ days: target.value })}
          />
        )}
      </Field>
      <div className="flex flex-col gap-4">
        <Field label="Hours" hint="Of each week or each day: SAT 00:00 to MON 00:00." error={faults.windows}>
          {(ids) => (
            <TextArea
              {...ids}
              rows={3}
              className="font-mono text-xs!"
              value={draft.windows}
              onChange={({ target }) => set({ windows: target.value })}
            />
          )}
        </Field>
        <Field label="Rules" hint="Whole days by RFC 5545: FREQ=MONTHLY;BYDAY=-1FR." error={faults.rules}>
          {(ids) => (
            <TextArea
              {...ids}
              rows={2}
              className="font-mono text-xs!"
              value={draft.rules}
              onChange={({ target }) => set({ rules: target.value })}
            />
          )}
        </Field>
      </div>
    </div>
  );
}
