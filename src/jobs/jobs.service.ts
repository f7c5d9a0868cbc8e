import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import { Problem } from '../domain/errors.js';
import type { HttpTarget, Job } from '../domain/job.js';
import { firstProgress } from '../domain/job-change.js';
import { sameJson } from '../domain/json.js';
import { refuseUnmet } from '../domain/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { inOrder } from '../persistence/database.js';
import type { Sql } from '../persistence/database.js';
import { CalendarsRepository } from '../persistence/calendars.repository.js';
import { isNameTaken, JobsRepository } from '../persistence/jobs.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { cancelOpenRuns } from '../persistence/ledger-writes.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { destinationOf, EgressPolicy } from '../platform/egress/egress-policy.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../queue/after-commit.js';
import type { JobInput, NamedJobInput } from './job.schemas.js';
import { noteCreated, noteDeleted } from './job-audit.js';
import { JobChanges, noSuchJob } from './job-changes.js';
import type { Changed } from './job-changes.js';
import type { TriedChange } from './job-dry-run.js';
import { rescheduled } from './job-decisions.js';
import {
  calendarsNamed,
  changedSettings,
  inputOf,
  neverFires,
  patchSettings,
  resolveSettings,
} from './job-settings.js';
import type { JobSettings, ResolvedSettings } from './job-settings.js';
import { JobSecrets } from './job-secrets.js';
import { settleOverdue } from './settle-overdue.js';
import type { Settled } from './settle-overdue.js';

const BACKLOG_RETRY_SECONDS = 1;

/** Ids carry the time of creation: in their order jobs are listed by it. */
const ids = new V7Generator();

/** Creates, edits and deletes jobs. */
@Injectable()
export class JobsService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly calendars: CalendarsRepository,
    private readonly changes: JobChanges,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
    private readonly egress: EgressPolicy,
    private readonly secrets: JobSecrets,
    private readonly revisions: JobRevisionsRepository,
  ) {}

  async create(projectId: string, input: JobInput): Promise<StoredJob> {
    const now = this.clock.now();
    const { settings, secrets } = this.settle(input, null, now);
    const job = await this.writes.run(async (sql) => {
      const calendars = await this.calendars.share(projectId, settings.schedule.exclude ?? [], sql);
      const job = newJob(projectId, settings, now, calendars);
      const rows = [this.jobs.insert(job, sql), this.secrets.write([{ jobId: job.id, secrets }], sql)];
      return { result: job, notes: [noteCreated(job)], writing: refuseTakenName(settings.name, inOrder(rows)) };
    });
    await this.afterCommit.announce({ dueAt: job.nextRunAt });
    return { ...job, stats: null };
  }

  patch(
    projectId: string,
    id: string,
    patch: Readonly<Record<string, unknown>>,
    conditions: Preconditions,
  ): Promise<StoredJob> {
    return refuseTakenName(
      undefined,
      this.changes.change('job.update', projectId, id, conditions, (job, now, sql) =>
        this.change(job, this.settle(patchSettings(job, patch), job, now), now, sql),
      ),
    );
  }

  /** What `patch` would do, refused where it would be. */
  tryPatch(
    projectId: string,
    id: string,
    patch: Readonly<Record<string, unknown>>,
    conditions: Preconditions,
  ): Promise<TriedChange> {
    return refuseTakenName(
      undefined,
      this.changes.tryOut(projectId, id, conditions, (job, now, sql) =>
        this.change(job, this.settle(patchSettings(job, patch), job, now), now, sql),
      ),
    );
  }

  /** Sets all of the job as it was in a version before; whether it is paused stays as it is. */
  revert(projectId: string, id: string, version: number, conditions: Preconditions): Promise<StoredJob> {
    return refuseTakenName(
      undefined,
      this.changes.change('job.revert', projectId, id, conditions, async (job, now, sql) => {
        const revision = await this.revisions.find(projectId, job.id, version, sql);
        if (revision === null) throw noSuchVersion();
        return this.change(job, this.settle(inputOf(revision.definition), job, now), now, sql);
      }),
    );
  }

  /** Creates the job of this name or sets all of it. `created` tells which. */
  async putNamed(
    projectId: string,
    name: string,
    input: NamedJobInput,
    conditions: Preconditions,
  ): Promise<{ job: StoredJob; created: boolean }> {
    if (input.name !== undefined && input.name !== name) {
      throw refuseBody([{ pointer: '/name', code: 'invalid_value', detail: 'is not the name in the path' }]);
    }
    const whole = { ...input, name };
    const replaced = await this.replaceNamed(projectId, whole, conditions);
    if (replaced !== null) return { job: replaced, created: false };
    refuseUnmet(conditions, null);
    try {
      return { job: await this.create(projectId, whole), created: true };
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'name_taken') throw error;
    }
    // Another request created it meanwhile.
    const found = await this.replaceNamed(projectId, whole, conditions);
    if (found !== null) return { job: found, created: false };
    throw new Problem(
      'unavailable',
      `jobs named "${name}" come and go right now; try again`,
      [],
      BACKLOG_RETRY_SECONDS,
    );
  }

  private replaceNamed(projectId: string, input: JobInput, conditions: Preconditions): Promise<StoredJob | null> {
    return this.changes.changeNamed(projectId, input.name, conditions, (job, now, sql) =>
      this.change(job, this.settle(input, job, now), now, sql),
    );
  }

  /** Its waiting runs are cancelled, those too that are due and not planned yet; a call under way goes on to its end. */
  async delete(projectId: string, id: string, conditions: Preconditions): Promise<void> {
    const cancelled = await this.writes.run(async (sql) => {
      const job = (isUuid(id) ? await this.jobs.lock(projectId, id, sql) : null) ?? noSuchJob();
      refuseUnmet(conditions, job);
      const now = this.clock.now();
      const settled = await settleOverdue(job, now, sql);
      const waiting = await cancelOpenRuns(sql, [job.id], ['queued', 'retrying', 'held'], 'jobDeleted', now);
      await this.jobs.delete(projectId, job.id, sql);
      return { result: [...settled.cancelled, ...waiting], notes: [noteDeleted(job)] };
    });
    await this.afterCommit.announce({ cancelled });
  }

  /**
   * A new URL must be one that may be called, as far as its text tells; names are resolved when they are called. One that is
   * stored already stays: what may be called can change, and must not keep a job from being edited.
   */
  settle(input: JobInput, stored: StoredJob | null, now: Instant): ResolvedSettings {
    const resolved = resolveSettings(input, stored, now);
    const known = new Set((stored === null ? [] : urlsOf(stored.target)).map(({ url }) => url));
    const faults = urlsOf(resolved.settings.target).flatMap(({ url, pointer }) => {
      const reason = known.has(url) ? null : this.egress.refuse(destinationOf(new URL(url)));
      return reason === null ? [] : [{ pointer, code: 'egress_blocked', detail: reason }];
    });
    if (faults.length > 0) throw refuseBody(faults);
    this.secrets.refuseWithoutKey(resolved.secrets);
    return resolved;
  }

  /** A locked job with other settings, and its secrets stored; null when nothing changes. The caller writes the job. */
  private async change(job: StoredJob, resolved: ResolvedSettings, now: Instant, sql: Sql): Promise<Changed | null> {
    const secrets = await this.secrets.fresh(job.id, resolved.secrets, sql);
    const settled = await this.edit(job, { ...resolved, secrets }, now, sql);
    if (settled === null) return null;
    await this.secrets.write([{ jobId: job.id, secrets }], sql);
    return { ...settled, secrets };
  }

  /**
   * Null when nothing changes: putting the same job again is no new version. Of secrets only those that are new are given;
   * the caller stores them.
   */
  async edit(job: StoredJob, resolved: ResolvedSettings, now: Instant, sql: Sql): Promise<Settled | null> {
    if (changedSettings(job, resolved).length === 0) return null;
    const { settings } = resolved;
    if (sameJson(job.schedule, settings.schedule)) {
      return { job: { ...job, ...settings }, queued: [], cancelled: [] };
    }
    const settled = await settleOverdue(job, now, sql);
    const calendars = await this.calendars.share(job.projectId, settings.schedule.exclude ?? [], sql);
    return { ...settled, job: rescheduled(settled.job, settings, now, calendars) };
  }
}

function urlsOf({ url, auth }: HttpTarget): { readonly url: string; readonly pointer: string }[] {
  const urls = [{ url, pointer: '/target/url' }];
  return auth?.type === 'oauth2' ? [...urls, { url: auth.tokenUrl, pointer: '/target/auth/tokenUrl' }] : urls;
}

/** Throws a Problem when its schedule never fires, or names a calendar that is not among these. */
export function newJob(projectId: string, settings: JobSettings, now: Instant, known: Calendars): Job {
  const id = ids.generateOrResetWithTs(now).toString();
  const calendars = calendarsNamed(settings.schedule, known);
  const progress = firstProgress(id, settings.schedule, now, calendars);
  if (progress === null) throw neverFires();
  return {
    id,
    projectId,
    ...settings,
    calendars,
    ...progress,
    runCount: 0,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

function noSuchVersion(): Problem {
  const detail = 'is no version of this job that is kept: GET /jobs/{id}/revisions lists them';
  return refuseBody([{ pointer: '/version', code: 'unknown_version', detail }]);
}

async function refuseTakenName<Result>(name: string | undefined, change: Promise<Result>): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    if (!isNameTaken(error)) throw error;
    throw nameTaken(name);
  }
}

export function nameTaken(name: string | undefined): Problem {
  const detail = name === undefined ? 'another job has this name' : `another job is named "${name}"`;
  return new Problem('name_taken', detail, [{ pointer: '/name', code: 'name_taken', detail: 'is taken' }]);
}
