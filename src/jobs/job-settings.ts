import type { Fault } from '../domain/errors.js';
import { Problem } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { RevisedDefinition } from '../domain/job-revision.js';
import { isJsonObject, mergePatch, sameJson } from '../domain/json.js';
import { momentOf, MOST_CALENDARS } from '../domain/recurrence/common-members.js';
import { NO_CALENDARS } from '../domain/recurrence/exclusion.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import { parseSchedule, WORDS_TYPE } from '../domain/recurrence/parse-schedule.js';
import { quote } from '../domain/recurrence/problems.js';
import type { AnyOfSchedule, Instant, Schedule, UnionRule } from '../domain/recurrence/schedule.js';
import { isScheduleTypeName, scheduleTypeOf } from '../domain/recurrence/schedule-types.js';
import { changeSecrets } from '../domain/target-secrets.js';
import type { SecretChanges } from '../domain/target-secrets.js';
import { faultsOfIssues, pointerOf } from '../platform/validation/faults.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { JobInput } from './job.schemas.js';
import { settingsOf } from './job-view.js';
import { AUTH_MEMBERS } from '../platform/contract/target-auth.schema.js';

/** What a client sets of a job. */
export type JobSettings = Pick<
  Job,
  'name' | 'description' | 'labels' | 'schedule' | 'target' | 'retry' | 'overlap' | 'misfire'
>;

/** What a request makes of a job: its settings, secrets masked, and what becomes of those. */
export interface ResolvedSettings {
  readonly settings: JobSettings;
  readonly secrets: SecretChanges;
}

/** Settles what a request leaves open: the schedule's anchor, and secrets that were sent back as their mask. */
export function resolveSettings(input: JobInput, stored: JobSettings | null, now: Instant): ResolvedSettings {
  const secrets = changeSecrets(input.target, stored?.target ?? null);
  if (secrets.unusable.length > 0) {
    throw refuseBody(
      secrets.unusable.map(({ path, code, detail }): Fault => {
        return { pointer: pointerOf(['target', ...path]), code, detail };
      }),
    );
  }
  const schedule = resolveSchedule(input.schedule, stored?.schedule ?? null, now);
  return { settings: { ...input, target: secrets.target, schedule }, secrets };
}

/**
 * An interval without an anchor and a recurrence rule without a start are counted from now, but from where they were
 * counted before when they are the same: a deploy that puts the same job again must not move it.
 */
function resolveSchedule(input: unknown, stored: Schedule | null, now: Instant): Schedule {
  if (stored?.type === 'anyOf') return withAnchorsOf(stored, input, normalise(input, now));
  const anchorAt = stored === null ? null : anchorOf(stored, stored.timeZone);
  if (stored !== null && anchorAt !== null) {
    const same = normalise(input, anchorAt);
    if (same.timeZone === stored.timeZone && isSameRule(same, stored)) return same;
  }
  return normalise(input, now);
}

/** Of a union's rules too: each is read again as of the instant from which the one in its place was counted before. */
function withAnchorsOf(stored: AnyOfSchedule, input: unknown, next: Schedule): Schedule {
  if (next.type !== 'anyOf' || next.timeZone !== stored.timeZone) return next;
  const anyOf = next.anyOf.map((rule, index) => {
    const before = stored.anyOf[index];
    const anchorAt = before === undefined ? null : anchorOf(before, before.timeZone ?? stored.timeZone);
    if (before === undefined || anchorAt === null) return rule;
    const then = parseSchedule(input, { now: anchorAt });
    const same = then.ok && then.schedule.type === 'anyOf' ? then.schedule.anyOf[index] : undefined;
    return same !== undefined && same.timeZone === before.timeZone && isSameRule(same, before) ? same : rule;
  });
  return { ...next, anyOf };
}

function anchorOf(schedule: Schedule | UnionRule, timeZone: string): Instant | null {
  if (schedule.type === 'interval') return Date.parse(schedule.anchorAt);
  return schedule.type === 'rrule' ? momentOf(schedule.startAt, timeZone, 'start') : null;
}

function isSameRule(one: Schedule | UnionRule, other: Schedule | UnionRule): boolean {
  if (one.type === 'interval' && other.type === 'interval') return one.every === other.every;
  return one.type === 'rrule' && other.type === 'rrule' && one.rule === other.rule;
}

function normalise(input: unknown, now: Instant): Schedule {
  const parsed = parseSchedule(input, { now });
  if (parsed.ok) return parsed.schedule;
  throw refuseBody(parsed.problems.map((problem) => ({ ...problem, pointer: `/schedule${problem.pointer}` })));
}

/** What a client would send to set all of a job as it was; refused where that is refused today. */
export function inputOf(definition: RevisedDefinition): JobInput {
  return checkedInput(settingsOf(definition));
}

/** The settings that a merge patch (RFC 7396) makes of a job's; refused as a whole job would be. */
export function patchSettings(job: Job, patch: Readonly<Record<string, unknown>>): JobInput {
  const merged = mergePatch(settingsOf(job), retypeAuth(retypeSchedule(patch, job.schedule), job.target.auth?.type));
  return checkedInput(merged);
}

function checkedInput(given: unknown): JobInput {
  const parsed = JobInput.safeParse(given);
  if (!parsed.success) throw refuseBody(faultsOfIssues(parsed.error.issues, given));
  return parsed.data;
}

/** Merged by the letter, another type would always meet members that only the old one knows, and be refused. */
function retypeSchedule(patch: Readonly<Record<string, unknown>>, stored: Schedule): Readonly<Record<string, unknown>> {
  const { schedule } = patch;
  if (!isJsonObject(schedule)) return patch;
  const { type = Object.hasOwn(schedule, 'anyOf') ? 'anyOf' : undefined } = schedule;
  if (typeof type !== 'string') return patch;
  if (type === stored.type || !(isScheduleTypeName(type) || type === WORDS_TYPE)) return patch;
  const kept: readonly string[] = type === WORDS_TYPE ? [] : scheduleTypeOf({ type }).members;
  const dropped = scheduleTypeOf(stored).members.filter(
    (name) => !kept.includes(name) && !Object.hasOwn(schedule, name),
  );
  return { ...patch, schedule: { ...Object.fromEntries(dropped.map((name) => [name, null])), ...schedule, type } };
}

/** Authentication of another type has nothing in common with the one before: it takes its place as a whole. */
function retypeAuth(
  patch: Readonly<Record<string, unknown>>,
  stored: string | undefined,
): Readonly<Record<string, unknown>> {
  const { target } = patch;
  const auth = isJsonObject(target) ? target['auth'] : undefined;
  if (!isJsonObject(auth) || stored === undefined || (auth['type'] ?? stored) === stored) return patch;
  const dropped = AUTH_MEMBERS.filter((name) => !Object.hasOwn(auth, name));
  return {
    ...patch,
    target: { ...(target as object), auth: { ...Object.fromEntries(dropped.map((name) => [name, null])), ...auth } },
  };
}

const SETTINGS = ['name', 'description', 'labels', 'schedule', 'target', 'retry', 'overlap', 'misfire'] as const;

/** Members that become others than they are stored. Of secrets only those that are new are given. */
export function changedSettings(stored: JobSettings, { settings, secrets }: ResolvedSettings): (keyof JobSettings)[] {
  const hasSecrets = secrets.given.length > 0 || secrets.dropped.length > 0;
  return SETTINGS.filter((name) => (name === 'target' && hasSecrets) || !sameJson(stored[name], settings[name]));
}

/** Of these calendars those that a schedule names; throws a Problem for a name that is not among them. */
export function calendarsNamed({ exclude = [] }: Schedule, known: Calendars): Calendars {
  const faults = exclude.flatMap((name, index): Fault[] => {
    if (known.has(name)) return [];
    const detail = `${quote(name)} is not the name of a calendar of this project`;
    return [{ pointer: `/schedule/exclude/${index}`, code: 'unknown_calendar', detail }];
  });
  if (faults.length > 0) throw refuseBody(faults);
  return exclude.length === 0 ? NO_CALENDARS : new Map([...known].filter(([name]) => exclude.includes(name)));
}

/** Names of calendars in a schedule that nobody has checked yet. */
export function calendarsIn(schedule: unknown): string[] {
  const names = isJsonObject(schedule) ? schedule['exclude'] : undefined;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string').slice(0, MOST_CALENDARS) : [];
}

export function neverFires(): Problem {
  const detail = 'has no occurrence from now on';
  return new Problem('schedule_never_fires', 'the schedule has no occurrence from now on', [
    { pointer: '/schedule', code: 'schedule_never_fires', detail },
  ]);
}
