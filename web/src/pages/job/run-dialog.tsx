import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field, TextArea } from '../../design/fields';
import { toast } from '../../design/toast';
import { jsonProblem } from './json-problem';
import { useRefresh } from './use-refresh';
import type { JobDialogProps } from './job-types';

export function RunDialog({ job, onClose }: JobDialogProps): ReactNode {
  const [body, setBody] = useState('');
  const navigate = useNavigate();
  const refresh = useRefresh(job);
  const problem = jsonProblem(body);
  return (
    <ActionDialog
      title={`Run ${job.name} now`}
      action="Run now"
      disabled={problem !== null}
      onClose={onClose}
      run={async () => {
        const run = await api().triggerJob({
          id: job.id,
          body: body.trim() === '' ? {} : { body: JSON.parse(body) as never },
        });
        await refresh();
        toast('Started.');
        await navigate({ to: '/runs/$runId', params: { runId: run.id } });
      }}
    >
      <p className="text-sm text-ink-soft">Beside its schedule: the next fire stays as it is.</p>
      <Field label="Another body, for this run" hint="JSON. Empty: the body of the job." error={problem ?? undefined}>
        {(ids) => (
          <TextArea
            {...ids}
            rows={6}
            className="font-mono text-xs!"
            placeholder={
              job.target.body === undefined ? '{ "reason": "by hand" }' : JSON.stringify(job.target.body, null, 2)
            }
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        )}
      </Field>
    </ActionDialog>
  );
}
