import type { ReactNode } from 'react';
import { BackfillDialog } from './backfill-dialog';
import { DeleteDialog } from './delete-dialog';
import { MoveDialog, OccurrenceBodyDialog, SkipDialog } from './occurrence-dialogs';
import type { Asking, JobDialogProps } from './job-types';
import { PauseDialog } from './pause-dialog';
import { RunDialog } from './run-dialog';

/** What is asked before an action of a job, and the action. */
export function JobDialogs({ job, asking, onClose }: JobDialogProps & { asking: Asking }): ReactNode {
  if (asking === null) return null;
  if (typeof asking === 'object') {
    return 'move' in asking ? (
      <MoveDialog job={job} scheduledFor={asking.move} onClose={onClose} />
    ) : (
      <OccurrenceBodyDialog job={job} scheduledFor={asking.edit} onClose={onClose} />
    );
  }
  switch (asking) {
    case 'run':
      return <RunDialog job={job} onClose={onClose} />;
    case 'pause':
      return <PauseDialog job={job} onClose={onClose} />;
    case 'skip':
      return <SkipDialog job={job} onClose={onClose} />;
    case 'backfill':
      return <BackfillDialog job={job} onClose={onClose} />;
    case 'delete':
      return <DeleteDialog job={job} onClose={onClose} />;
  }
}
