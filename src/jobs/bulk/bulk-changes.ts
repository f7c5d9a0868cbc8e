import type { AuditAction, AuditNote } from '../../domain/audit.js';
import { sameJson } from '../../domain/json.js';
import { Problem } from '../../domain/errors.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import { takesBody } from '../../domain/target.js';
import { secretsOf } from '../../domain/target-secrets.js';
import type { SecretChanges } from '../../domain/target-secrets.js';
import type { Sql } from '../../persistence/database.js';
import type { CalendarsRepository } from '../../persistence/calendars.repository.js';
import type { JobBatchesRepository } from '../../persistence/job-batches.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { cancelOpenRuns } from '../../persistence/ledger-writes.js';
import { startRuns } from '../../persistence/run-starts.js';
import { newBreath } from '../../platform/breath.js';
import { currentTraceparent } from '../../platform/http/trace-requests.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { noteChanged, noteDeleted, noteTriggered } from '../job-audit.js';
import { backlogged, paused, rescheduled, resumed } from '../job-decisions.js';
import type { JobSecrets, SecretWrite } from '../job-secrets.js';
import { changedSettings, patchSettings } from '../job-settings.js';
import type { ResolvedSettings } from '../job-settings.js';
import type { JobsService } from '../jobs.service.js';
import { isOverdue, settleAll } from '../settle-overdue.js';
import type { BulkChange } from './bulk.schemas.js';
import { orProblem } from './bulk-result.js';

/** What became of jobs that were locked, and what is to be told of it. */
export interface Changed {
  /** By the id of the job: a run's id, null for no run, or why nothing became of it. */
  readonly outcomes: ReadonlyMap<string, string | null | Problem>;
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
  readonly dueAts: readonly Instant[];
  readonly notes: readonly AuditNote[];
}

interface Context {
  readonly projectId: string;
  /** Read under the locks, so that it is later than all that was planned before. */
  readonly now: Instant;
  readonly sql: Sql;
  readonly batches: JobBatchesRepository;
  readonly settings: Pick<JobsService, 'settle'>;
  readonly secrets: JobSecrets;
  readonly calendars: CalendarsRepository;
}

/** Carries an action out on jobs whose rows are locked, in a few statements however many they are. */
export function changeAll(input: BulkChange, jobs: readonly StoredJob[], context: Context): Promise<Changed> {
  const { now } = context;
  switch (input.action) {
    case 'pause':
      return editAll(jobs, context, {
        action: 'job.pause',
        settles: () => true,
        decide: (job) => {
          if (isOverdue(job, now)) throw backlogged();
          return paused(job, input, now);
        },
      });
    case 'resume':
      return editAll(jobs, context, { action: 'job.resume', settles: () => false, decide: (job) => resumed(job, now) });
    case 'update':
      return updateAll(input.patch, jobs, context);
    case 'delete':
      return deleteAll(jobs, context);
    case 'trigger':
      return triggerAll(input.body, jobs, context);
  }
}

interface Edit {
  readonly action: AuditAction;
  /** Whether what is due of the job must enter the ledger before it changes. */
  readonly settles: (job: StoredJob) => boolean;
  /** The changed job, null when it stays as it is; throws a Problem when it must not be changed. */
  readonly decide: (settled: StoredJob) => StoredJob | null;
  /** What became of the job's secrets with it. */
  readonly secretsOf?: (job: StoredJob) => SecretChanges | undefined;
}

async function editAll(jobs: readonly StoredJob[], context: Context, edit: Edit): Promise<Changed> {
  const { action, settles, decide, secretsOf } = edit;
  const { projectId, now, sql, batches } = context;
  const settled = await settleAll(jobs.filter(settles), now, sql);
  const outcomes = new Map<string, null | Problem>();
  const written: StoredJob[] = [];
  const notes: AuditNote[] = [];
  const breath = newBreath();
  for (const job of jobs) {
    await breath();
    const standing = settled.jobs.get(job.id) ?? job;
    const changed = orProblem(() => decide(standing));
    outcomes.set(job.id, changed instanceof Problem ? changed : null);
    if (changed !== null && !(changed instanceof Problem)) {
      const next = { ...changed, version: job.version + 1, updatedAt: now };
      written.push(next);
      notes.push(noteChanged(action, job, next, secretsOf?.(job)));
    } else if (standing !== job) written.push(standing); // what was due is in the ledger all the same
  }
  await batches.update(projectId, written, sql);
  const { queued, cancelled } = settled;
  return { outcomes, queued, cancelled, dueAts: written.flatMap(({ nextRunAt }) => nextRunAt ?? []), notes };
}

async function updateAll(
  patch: Readonly<Record<string, unknown>>,
  jobs: readonly StoredJob[],
  context: Context,
): Promise<Changed> {
  const { now, sql, settings, secrets } = context;
  const withSecrets = jobs.filter(({ target }) => secretsOf(target).length > 0).map(({ id }) => id);
  const sealed = await secrets.find(withSecrets, sql);
  const wanted = new Map<string, ResolvedSettings | Problem>();
  const breath = newBreath();
  for (const job of jobs) {
    await breath();
    wanted.set(
      job.id,
      orProblem(() => {
        const resolved = settings.settle(patchSettings(job, patch), job, now);
        return { ...resolved, secrets: secrets.without(job.id, resolved.secrets, sealed) };
      }),
    );
  }
  const movesSchedule = (job: StoredJob): boolean => {
    const next = wanted.get(job.id);
    return next !== undefined && !(next instanceof Problem) && !sameJson(job.schedule, next.settings.schedule);
  };
  const named = [...wanted.values()].flatMap((next) =>
    next instanceof Problem ? [] : (next.settings.schedule.exclude ?? []),
  );
  const known = await context.calendars.share(context.projectId, [...new Set(named)], sql);
  const secretWrites = new Map<string, SecretWrite>();
  const changed = await editAll(jobs, context, {
    action: 'job.update',
    settles: movesSchedule,
    decide: (job) => {
      const next = wanted.get(job.id);
      if (next === undefined) return null;
      if (next instanceof Problem) throw next;
      if (changedSettings(job, next).length === 0) return null;
      const edited = movesSchedule(job) ? rescheduled(job, next.settings, now, known) : { ...job, ...next.settings };
      secretWrites.set(job.id, { jobId: job.id, secrets: next.secrets });
      return edited;
    },
    secretsOf: ({ id }) => secretWrites.get(id)?.secrets,
  });
  await secrets.write([...secretWrites.values()], sql);
  return changed;
}

async function deleteAll(jobs: readonly StoredJob[], { projectId, now, sql, batches }: Context): Promise<Changed> {
  const settled = await settleAll(jobs, now, sql);
  const ids = jobs.map(({ id }) => id);
  const waiting = await cancelOpenRuns(sql, ids, ['queued', 'retrying', 'held'], 'jobDeleted', now);
  await batches.delete(projectId, ids, sql);
  const outcomes = new Map(ids.map((id) => [id, null]));
  return {
    outcomes,
    queued: [],
    cancelled: [...settled.cancelled, ...waiting],
    dueAts: [],
    notes: jobs.map(noteDeleted),
  };
}

async function triggerAll(body: unknown, jobs: readonly StoredJob[], { now, sql }: Context): Promise<Changed> {
  const text = body === undefined || body === null ? null : JSON.stringify(body);
  const outcomes = new Map<string, string | Problem>();
  const startable = jobs.filter(({ id, target }) => {
    if (text === null || takesBody(target)) return true;
    const detail = `is not possible with ${target.method}`;
    outcomes.set(id, refuseBody([{ pointer: '/body', code: 'not_allowed', detail }]));
    return false;
  });
  const { runs, cancelled } = await startRuns(
    sql,
    startable,
    { trigger: 'manual', body: text, traceparent: currentTraceparent() },
    now,
  );
  for (const { id, jobId } of runs) outcomes.set(jobId, id);
  const queued = runs.filter(({ state }) => state === 'queued').map(({ id }) => id);
  return { outcomes, queued, cancelled, dueAts: [], notes: runs.map(noteTriggered) };
}
