import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field, TextInput } from '../../design/fields';
import { MomentField } from '../../design/moment';
import { toast, toastError } from '../../design/toast';
import { useZone } from '../../time/zone';
import { instantOf } from '../../time/wall';
import { useRefresh } from './use-refresh';
import type { JobDialogProps } from './job-types';

export function PauseDialog({ job, onClose }: JobDialogProps): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [note, setNote] = useState('');
  const [until, setUntil] = useState('');
  const refresh = useRefresh(job);
  const at = until === '' ? null : instantOf(until, zone);
  return (
    <ActionDialog
      title={`Pause ${job.name}`}
      action="Pause"
      onClose={onClose}
      run={async () => {
        await api().pauseJob({
          id: job.id,
          body: {
            ...(note.trim() !== '' && { note: note.trim() }),
            ...(at !== null && { until: new Date(at).toISOString() }),
          },
        });
        await refresh();
        toast('Paused.', {
          undo: () => void api().resumeJob({ id: job.id }).then(refresh).catch(toastError),
        });
      }}
    >
      <p className="text-sm text-ink-soft">
        What falls due meanwhile is recorded as skipped. Runs that are under way go on.
      </p>
      <Field label="Why" hint="Whoever finds it paused reads this. May be left empty.">
        {(ids) => <TextInput {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />}
      </Field>
      <MomentField label="Resumes by itself (may be left empty)" zone={zone} value={until} onChange={setUntil} />
    </ActionDialog>
  );
}
