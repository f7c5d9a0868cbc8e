import type { Problem } from '../../domain/errors.js';
import type { ImportReport } from '../../domain/import/report.js';
import { describeSchedule } from '../../domain/recurrence/describe.js';
import { newBreath } from '../../platform/breath.js';
import type { Readable } from './import-jobs.js';
import type { ImportView, PlanView, StepView } from './job-set.schemas.js';
import type { SetOutcome } from './job-sets.service.js';
import type { Step } from './set-plan.js';

export async function viewOfPlan({ steps, deleted }: SetOutcome, dryRun: boolean): Promise<PlanView> {
  const plan: StepView[] = [];
  const breath = newBreath();
  for (const step of steps) {
    plan.push(...viewOfStep(step, dryRun));
    await breath();
  }
  plan.push(...deleted.map(({ id, name }): StepView => ({ action: 'delete', name, id })));
  const summary = { create: 0, change: 0, delete: 0, keep: 0 };
  for (const { action } of plan) summary[action] += 1;
  return { dryRun, summary, plan };
}

/** Jobs that the service refused as it would refuse any client's are in the report like those that could not be read. */
export async function viewOfImport(
  outcome: SetOutcome,
  dryRun: boolean,
  readable: readonly Readable[],
  report: ImportReport,
): Promise<ImportView> {
  for (const step of outcome.steps) {
    const imported = readable[step.index]?.imported;
    if (step.action === 'refuse' && imported !== undefined) {
      report.refused(imported.name, imported.place, faultsOf(step.problem));
    }
  }
  const notCarriedOver = report.losses.map(({ scope, job, place, code, detail }) => ({
    ...{ scope, job },
    pointer: 'pointer' in place ? place.pointer : null,
    line: 'line' in place ? place.line : null,
    ...{ code, detail },
  }));
  return { ...(await viewOfPlan(outcome, dryRun)), notCarriedOver };
}

function faultsOf({ faults, code, message }: Problem) {
  return faults.length > 0 ? faults : [{ pointer: '', code, detail: message }];
}

function viewOfStep(step: Step, dryRun: boolean): StepView[] {
  switch (step.action) {
    case 'create': {
      const { id, name, schedule } = step.job;
      return [{ action: 'create', name, id: dryRun ? null : id, scheduleText: describeSchedule(schedule) }];
    }
    case 'change': {
      const { id, name } = step.stored;
      const scheduleText = describeSchedule(step.resolved.settings.schedule);
      return [{ action: 'change', name, id, changes: [...step.changes], scheduleText }];
    }
    case 'keep':
      return [{ action: 'keep', name: step.stored.name, id: step.stored.id }];
    case 'refuse':
      return [];
  }
}
