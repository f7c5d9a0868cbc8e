import type { Fault } from '../domain/errors.js';
import { Problem } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import { isJsonObject, mergePatch, sameJson } from '../domain/json.js';
import { parseSchedule } from '../domain/recurrence/parse-schedule.js';
import type { Instant, Schedule } from '../domain/recurrence/schedule.js';
import { isScheduleTypeName, scheduleTypeOf } from '../domain/recurrence/schedule-types.js';
import { restoreSecrets } from '../domain/target.js';
import { faultsOfIssues, pointerOf } from '../platform/validation/faults.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { JobInput } from './job.schemas.js';
import { settingsOf } from './job-view.js';

/** What a client sets of a job. */
export type JobSettings = Pick<
  Job,
  'name' | 'description' | 'labels' | 'schedule' | 'target' | 'retry' | 'overlap' | 'misfire'
>;

/** Settles what a request leaves open: the schedule's anchor, and secrets that were sent back as their mask. */
export function resolveSettings(input: JobInput, stored: JobSettings | null, now: Instant): JobSettings {
  const { target, unknownSecrets } = restoreSecrets(input.target, stored?.target ?? null);
  if (unknownSecrets.length > 0) throw refuseBody(unknownSecrets.map(unknownSecret));
  return { ...input, target, schedule: resolveSchedule(input.schedule, stored?.schedule ?? null, now) };
}

function unknownSecret(header: string): Fault {
  const detail = 'is the mask of a secret, and none is stored for this header';
  return { pointer: pointerOf(['target', 'headers', header, 'value']), code: 'unknown_secret', detail };
}

/**
 * An interval without an anchor is counted from now, but from where it was counted before when the interval is the same:
 * a deploy that puts the same job again must not move it.
 */
function resolveSchedule(input: unknown, stored: Schedule | null, now: Instant): Schedule {
  if (stored?.type === 'interval') {
    const same = normalise(input, Date.parse(stored.anchorAt));
    if (same.type === 'interval' && same.every === stored.every && same.timeZone === stored.timeZone) return same;
  }
  return normalise(input, now);
}

function normalise(input: unknown, now: Instant): Schedule {
  const parsed = parseSchedule(input, { now });
  if (parsed.ok) return parsed.schedule;
  throw refuseBody(parsed.problems.map((problem) => ({ ...problem, pointer: `/schedule${problem.pointer}` })));
}

/** The settings that a merge patch (RFC 7396) makes of a job's; refused as a whole job would be. */
export function patchSettings(job: Job, patch: Readonly<Record<string, unknown>>): JobInput {
  const merged = mergePatch(settingsOf(job), retypeSchedule(patch, job.schedule));
  const parsed = JobInput.safeParse(merged);
  if (!parsed.success) throw refuseBody(faultsOfIssues(parsed.error.issues, merged));
  return parsed.data;
}

/** Merged by the letter, another type would always meet members that only the old one knows, and be refused. */
function retypeSchedule(patch: Readonly<Record<string, unknown>>, stored: Schedule): Readonly<Record<string, unknown>> {
  const { schedule } = patch;
  if (!isJsonObject(schedule) || typeof schedule['type'] !== 'string') return patch;
  const type = schedule['type'];
  if (type === stored.type || !isScheduleTypeName(type)) return patch;
  const kept: readonly string[] = scheduleTypeOf({ type }).members;
  const dropped = scheduleTypeOf(stored).members.filter(
    (name) => !kept.includes(name) && !Object.hasOwn(schedule, name),
  );
  return { ...patch, schedule: { ...Object.fromEntries(dropped.map((name) => [name, null])), ...schedule } };
}

export function sameSettings(one: JobSettings, other: JobSettings): boolean {
  return changedSettings(one, other).length === 0;
}

const SETTINGS = ['name', 'description', 'labels', 'schedule', 'target', 'retry', 'overlap', 'misfire'] as const;

export function changedSettings(one: JobSettings, other: JobSettings): (keyof JobSettings)[] {
  return SETTINGS.filter((name) => !sameJson(one[name], other[name]));
}

export function neverFires(): Problem {
  const detail = 'has no occurrence from now on';
  return new Problem('schedule_never_fires', 'the schedule has no occurrence from now on', [
    { pointer: '/schedule', code: 'schedule_never_fires', detail },
  ]);
}
