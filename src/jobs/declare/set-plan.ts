import type { Fault } from '../../domain/errors.js';
import { Problem } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { pause, reschedule } from '../../domain/job-change.js';
import type { Calendars } from '../../domain/recurrence/exclusion.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import type { SecretChanges } from '../../domain/target-secrets.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import type { JobInput } from '../job.schemas.js';
import { calendarsNamed, changedSettings, neverFires } from '../job-settings.js';
import type { ResolvedSettings } from '../job-settings.js';
import { newJob } from '../jobs.service.js';
import type { DeclaredJob } from './job-set.schemas.js';

/** What becomes of one job of a set. `index` is its place there. */
export type Step =
  | { readonly action: 'create'; readonly index: number; readonly job: Job; readonly secrets: SecretChanges }
  | {
      readonly action: 'change';
      readonly index: number;
      readonly stored: StoredJob;
      readonly resolved: ResolvedSettings;
      readonly changes: readonly string[];
      /** Null: it stays as it is. */
      readonly paused: boolean | null;
    }
  | { readonly action: 'keep'; readonly index: number; readonly stored: StoredJob }
  | { readonly action: 'refuse'; readonly index: number; readonly problem: Problem };

/**
 * Settles what an entry leaves open, as it is done for a job alone; throws a Problem for what may not be. Of secrets only those
 * that are new are given.
 */
export type Settle = (input: JobInput, stored: StoredJob | null, now: Instant) => ResolvedSettings;

export interface SetContext {
  readonly projectId: string;
  readonly now: Instant;
  readonly settle: Settle;
  /** All that the set names and that are there. */
  readonly calendars: Calendars;
}

/** Decides for one entry of a set, given the job that has its name now. Writes nothing. */
export function planEntry(
  index: number,
  { paused, ...input }: DeclaredJob,
  stored: StoredJob | null,
  { projectId, now, settle, calendars }: SetContext,
): Step {
  try {
    const resolved = settle(input, stored, now);
    const { settings, secrets } = resolved;
    if (stored === null) {
      const job = newJob(projectId, settings, now, calendars);
      const created = paused === true ? { ...job, ...pause(job, null, null, now) } : job;
      return { action: 'create', index, job: created, secrets };
    }
    const changed = changedSettings(stored, resolved);
    const reschedules = changed.includes('schedule');
    const named = calendarsNamed(settings.schedule, calendars);
    if (reschedules && reschedule(stored, settings.schedule, now, named) === null) throw neverFires();
    // A completed job has nothing to pause, unless another schedule wakes it.
    const isPausable = stored.state !== 'completed' || reschedules;
    const pauses = paused !== undefined && isPausable && paused !== (stored.state === 'paused') ? paused : null;
    if (changed.length === 0 && pauses === null) return { action: 'keep', index, stored };
    const changes = [...changed, ...(pauses === null ? [] : ['paused'])];
    return { action: 'change', index, stored, resolved, changes, paused: pauses };
  } catch (error) {
    if (error instanceof Problem) return { action: 'refuse', index, problem: error };
    throw error;
  }
}

/** The faults of an entry, as pointers into the set. */
export function faultsOf(index: number, { faults, code, message }: Problem): Fault[] {
  const at = `/jobs/${index}`;
  if (faults.length === 0) return [{ pointer: at, code, detail: message }];
  return faults.map((fault) => ({ ...fault, pointer: `${at}${fault.pointer}` }));
}
