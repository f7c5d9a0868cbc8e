import type { Schemas } from '../../api/client';

export type Job = Schemas['Job'];
export type Asking = 'run' | 'pause' | 'skip' | 'backfill' | 'delete' | { move: string } | { edit: string } | null;

export interface JobDialogProps {
  readonly job: Job;
  readonly onClose: () => void;
}
