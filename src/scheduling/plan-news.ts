import type { Changes } from '../messaging/changes.js';
import type { NewRun } from '../persistence/ledger-writes.js';
import type { DueJob } from '../persistence/planning.repository.js';

interface Planned {
  readonly job: DueJob;
  readonly plan: { readonly nextRunAt: number | null } | null;
}

/** Tells those who listen what a committed plan made of jobs and runs. */
export function tellOfPlan(changes: Changes, entered: readonly NewRun[], planned: readonly Planned[]): void {
  if (changes.quiet) return;
  changes.runsOf(entered);
  for (const { job, plan } of planned) {
    const { projectId, id, name, state } = job;
    if (plan === null) changes.job(projectId, id, name, 'paused');
    else if (plan.nextRunAt === null) changes.job(projectId, id, name, 'completed');
    else if (state === 'paused') changes.job(projectId, id, name, 'resumed');
  }
}
