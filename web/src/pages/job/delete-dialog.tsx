import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Segmented } from '../../design/fields';
import { toast } from '../../design/toast';
import type { JobDialogProps } from './job-types';

export function DeleteDialog({ job, onClose }: JobDialogProps): ReactNode {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [sure, setSure] = useState<'no' | 'yes'>('no');
  return (
    <ActionDialog
      title={`Delete ${job.name}`}
      action="Delete"
      tone="danger"
      disabled={sure === 'no'}
      onClose={onClose}
      run={async () => {
        await api().deleteJob({ id: job.id });
        void cache.invalidateQueries({ queryKey: ['jobs'] });
        toast(`“${job.name}” is deleted.`);
        await navigate({ to: '/jobs', search: {} });
      }}
    >
      <p className="text-sm text-ink-soft">
        It fires no more, and its queued runs are cancelled. This can’t be undone; pausing can.
      </p>
      <Segmented
        label="Are you sure?"
        value={sure}
        onChange={setSure}
        options={[
          { value: 'no', label: 'Keep it' },
          { value: 'yes', label: 'Delete it for good' },
        ]}
      />
    </ActionDialog>
  );
}
