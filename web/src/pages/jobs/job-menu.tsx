import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { IconButton } from '../../design/button';
import { Menu, MenuItem, MenuLine } from '../../design/menu';
import { toastError } from '../../design/toast';
import { bulkDelete, bulkPause, bulkResume, bulkTrigger } from './bulk-actions';
import type { Job } from './use-job-pages';

/** What can be done with one job of the list. */
export function JobMenu({ job, hide }: { job: Job; hide: (ids: ReadonlySet<string>) => void }): ReactNode {
  const navigate = useNavigate();
  const act = (done: Promise<void>) => void done.catch(toastError);
  return (
    <Menu trigger={<IconButton icon="more" label={`Actions for ${job.name}`} />}>
      <MenuItem icon="play" onSelect={() => act(bulkTrigger([job]))}>
        Run now
      </MenuItem>
      {job.state === 'paused' ? (
        <MenuItem icon="play" onSelect={() => act(bulkResume([job]))}>
          Resume
        </MenuItem>
      ) : (
        <MenuItem icon="pause" disabled={job.state !== 'active'} onSelect={() => act(bulkPause([job], ''))}>
          Pause
        </MenuItem>
      )}
      <MenuItem icon="edit" onSelect={() => void navigate({ to: '/jobs/$jobId/edit', params: { jobId: job.id } })}>
        Edit
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => void navigate({ to: '/jobs/new', search: { from: job.id } })}>
        Duplicate
      </MenuItem>
      <MenuLine />
      <MenuItem icon="trash" danger onSelect={() => bulkDelete([job], hide)}>
        Delete
      </MenuItem>
    </Menu>
  );
}
