import { useState, type ReactNode } from 'react';
import { Button, IconButton } from '../../design/button';
import { ActionDialog } from '../../design/dialog';
import { Field, TextInput } from '../../design/fields';
import { toastError } from '../../design/toast';
import { bulkDelete, bulkLabel, bulkPause, bulkResume, bulkTrigger } from './bulk-actions';
import type { Job } from './use-job-pages';

/** What can be done with those that are chosen. It floats: the rows stay where they are. */
export function BulkBar({
  jobs,
  editor,
  hide,
  onClear,
}: {
  jobs: readonly Job[];
  editor: boolean;
  hide: (ids: ReadonlySet<string>) => void;
  onClear: () => void;
}): ReactNode {
  const [asking, setAsking] = useState<'label' | 'pause' | null>(null);
  const [busy, setBusy] = useState(false);
  const act = async (done: Promise<void>) => {
    setBusy(true);
    try {
      await done;
      onClear();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return (
    <div className="absolute inset-x-2 bottom-3 z-20 flex justify-center">
      <div
        role="toolbar"
        aria-label="Actions for the chosen jobs"
        className="flex max-w-full flex-wrap items-center gap-1 rounded-lg border border-line-strong bg-raised py-1.5 pr-1.5 pl-3 shadow-pop"
      >
        <span className="mr-2 text-sm font-medium whitespace-nowrap" role="status">
          {jobs.length} chosen
        </span>
        {editor && (
          <>
            <Button small icon="play" disabled={busy} onClick={() => void act(bulkTrigger(jobs))}>
              Run now
            </Button>
            <Button small icon="pause" disabled={busy} onClick={() => setAsking('pause')}>
              Pause
            </Button>
            <Button small icon="play" disabled={busy} onClick={() => void act(bulkResume(jobs))}>
              Resume
            </Button>
            <Button small icon="tag" disabled={busy} onClick={() => setAsking('label')}>
              Label
            </Button>
            <Button
              small
              tone="danger"
              icon="trash"
              disabled={busy}
              onClick={() => {
                bulkDelete(jobs, hide);
                onClear();
              }}
            >
              Delete
            </Button>
          </>
        )}
        <IconButton icon="close" label="Clear the selection" small onClick={onClear} />
      </div>
      {asking === 'pause' && <PauseDialog jobs={jobs} onDone={onClear} onClose={() => setAsking(null)} />}
      {asking === 'label' && <LabelDialog jobs={jobs} onDone={onClear} onClose={() => setAsking(null)} />}
    </div>
  );
}

interface DialogProps {
  readonly jobs: readonly Job[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function PauseDialog({ jobs, onDone, onClose }: DialogProps): ReactNode {
  const [note, setNote] = useState('');
  return (
    <ActionDialog
      title={`Pause ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`}
      action="Pause"
      onClose={onClose}
      run={async () => {
        await bulkPause(jobs, note.trim());
        onDone();
      }}
    >
      <Field label="Why" hint="Whoever finds them paused reads it. May be left empty.">
        {(ids) => <TextInput {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />}
      </Field>
    </ActionDialog>
  );
}

function LabelDialog({ jobs, onDone, onClose }: DialogProps): ReactNode {
  const [label, setLabel] = useState('');
  const [, name = '', value = ''] = /^([A-Za-z0-9._/-]{1,63}):(.*)$/.exec(label.trim()) ?? [];
  return (
    <ActionDialog
      title={`Label ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`}
      action={name !== '' && value === '' ? `Take “${name}” away` : 'Label'}
      disabled={name === ''}
      onClose={onClose}
      run={async () => {
        await bulkLabel(jobs, name, value === '' ? null : value);
        onDone();
      }}
    >
      <Field label="Label" hint="name:value sets it; name: with nothing behind takes it away.">
        {(ids) => (
          <TextInput
            {...ids}
            placeholder="team:billing"
            value={label}
            onChange={(event) => setLabel(event.target.value)}
          />
        )}
      </Field>
    </ActionDialog>
  );
}
