import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field, TextArea, TextInput } from '../../design/fields';
import { MomentField } from '../../design/moment';
import { Instant } from '../../design/time';
import { toast, toastError } from '../../design/toast';
import { now } from '../../time/clock';
import { useZone } from '../../time/zone';
import { instantOf, localOf } from '../../time/wall';
import { jsonProblem } from './json-problem';
import { editOccurrence, restoreOccurrence } from './edit-occurrence';
import { useRefresh } from './use-refresh';
import type { JobDialogProps } from './job-types';

export function SkipDialog({ job, onClose }: JobDialogProps): ReactNode {
  const refresh = useRefresh(job);
  return (
    <ActionDialog
      title="Skip the next fire"
      action="Skip it"
      onClose={onClose}
      run={async () => {
        await api().skipNextOccurrence({ id: job.id });
        await refresh();
        toast('The next fire will be skipped.');
      }}
    >
      <p className="text-sm">
        <Instant at={job.nextRunAt} jobZone={job.schedule.timeZone} offset /> will be recorded as skipped. Those after
        it stay.
      </p>
    </ActionDialog>
  );
}

export function MoveDialog({ job, scheduledFor, onClose }: JobDialogProps & { scheduledFor: string }): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [to, setTo] = useState(() => localOf(Date.parse(scheduledFor), zone));
  const [note, setNote] = useState('');
  const refresh = useRefresh(job);
  const at = instantOf(to, zone);
  const past = at !== null && at <= now();
  return (
    <ActionDialog
      title="Move one fire"
      action="Move it"
      disabled={at === null || past}
      onClose={onClose}
      run={async () => {
        await editOccurrence(job.id, scheduledFor, {
          action: 'move',
          to: new Date(at ?? 0).toISOString(),
          ...(note.trim() !== '' && { note: note.trim() }),
        });
        await refresh();
        toast('Moved.', { undo: () => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError) });
      }}
    >
      <p className="text-sm text-ink-soft">
        Only the one of <Instant at={scheduledFor} jobZone={job.schedule.timeZone} offset />; the schedule stays.
      </p>
      <MomentField
        label="To"
        required
        zone={zone}
        value={to}
        onChange={setTo}
        error={past ? 'That has passed.' : undefined}
      />
      <Field label="Why">
        {(ids) => <TextInput {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />}
      </Field>
    </ActionDialog>
  );
}

export function OccurrenceBodyDialog({
  job,
  scheduledFor,
  onClose,
}: JobDialogProps & { scheduledFor: string }): ReactNode {
  const [body, setBody] = useState('');
  const refresh = useRefresh(job);
  const problem = body.trim() === '' ? null : jsonProblem(body);
  return (
    <ActionDialog
      title="Another body for one fire"
      action="Use it"
      disabled={body.trim() === '' || problem !== null}
      onClose={onClose}
      run={async () => {
        await editOccurrence(job.id, scheduledFor, { action: 'run', body: JSON.parse(body) as unknown });
        await refresh();
        toast('It will run with this body.', {
          undo: () => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError),
        });
      }}
    >
      <Field label="Body" hint="JSON, in the place of the job’s body, once" error={problem ?? undefined}>
        {(ids) => (
          <TextArea
            {...ids}
            rows={6}
            className="font-mono text-xs!"
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        )}
      </Field>
    </ActionDialog>
  );
}
