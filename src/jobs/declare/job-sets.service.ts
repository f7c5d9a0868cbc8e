import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Fault } from '../../domain/errors.js';
import type { AuditNote } from '../../domain/audit.js';
import { Problem } from '../../domain/errors.js';
import { pause, recurrenceOf, resume } from '../../domain/job-change.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import { secretsOf } from '../../domain/target-secrets.js';
import type { Sql } from '../../persistence/database.js';
import { CalendarsRepository } from '../../persistence/calendars.repository.js';
import { JobBatchesRepository } from '../../persistence/job-batches.repository.js';
import { JobSetsRepository, SetIsBusyError } from '../../persistence/job-sets.repository.js';
import type { NamedJob } from '../../persistence/job-sets.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { cancelOpenRuns } from '../../persistence/ledger-writes.js';
import { newBreath } from '../../platform/breath.js';
import { Writes } from '../../persistence/writes.js';
import { Clock } from '../../platform/clock.js';
import { MAX_FAULTS } from '../../platform/validation/faults.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../../queue/after-commit.js';
import { noteChanged, noteCreated, noteDeleted } from '../job-audit.js';
import { calendarsIn } from '../job-settings.js';
import { JobSecrets } from '../job-secrets.js';
import type { SecretWrite } from '../job-secrets.js';
import { JobsService } from '../jobs.service.js';
import { isOverdue, settleOverdue } from '../settle-overdue.js';
import { MAX_SET } from './job-set.schemas.js';
import type { DeclaredJob } from './job-set.schemas.js';
import { faultsOf, planEntry } from './set-plan.js';
import type { SetContext, Step } from './set-plan.js';

export interface SetOptions {
  readonly dryRun: boolean;
  /** Jobs that the set does not name are deleted. */
  readonly prune: boolean;
  /** What becomes of entries that may not be: all are refused with them, or they alone are left out. */
  readonly refused: 'refuseAll' | 'leaveOut';
}

export interface SetOutcome {
  readonly steps: readonly Step[];
  readonly deleted: readonly NamedJob[];
}

interface Effects {
  readonly queued: string[];
  readonly cancelled: string[];
  readonly dueAts: Set<Instant>;
}

type Change = Extract<Step, { action: 'change' }>;

/** How long a set waits for another one of its project, and how often it asks. */
const BUSY_MS = 10_000;
const ASK_AGAIN_MS = 40;
const NAME_TRIES = 5;

/** Somebody else was faster with a name of the set. */
class NameTakenError extends Error {}

/** Makes the jobs of a project those of a set: what is there already stays as it is. */
@Injectable()
export class JobSetsService {
  constructor(
    private readonly sets: JobSetsRepository,
    private readonly batches: JobBatchesRepository,
    private readonly calendars: CalendarsRepository,
    private readonly writes: Writes,
    private readonly jobs: JobsService,
    private readonly secrets: JobSecrets,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  /**
   * All in one transaction, or nothing. Two sets of one project come one after the other; a job that is changed or created
   * by its own request meanwhile comes before or after, as with two such requests.
   */
  async apply(projectId: string, entries: readonly DeclaredJob[], options: SetOptions): Promise<SetOutcome> {
    if (options.dryRun) return this.plan(projectId, entries, options);
    const giveUpAt = performance.now() + BUSY_MS;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.applyOnce(projectId, entries, options);
      } catch (error) {
        if (error instanceof SetIsBusyError) {
          if (performance.now() > giveUpAt) throw busy();
          await sleep(ASK_AGAIN_MS);
        } else if (!(error instanceof NameTakenError) || tries >= NAME_TRIES) {
          // Somebody creates a job of a name in the set: the next try finds it there.
          throw error instanceof NameTakenError ? busy() : error;
        }
      }
    }
  }

  private async applyOnce(
    projectId: string,
    entries: readonly DeclaredJob[],
    options: SetOptions,
  ): Promise<SetOutcome> {
    const effects: Effects = { queued: [], cancelled: [], dueAts: new Set() };
    const outcome = await this.writes.attempt(async (sql) => {
      const notes: AuditNote[] = [];
      if (!(await this.sets.lockProject(projectId, sql))) throw new Problem('not_found', 'there is no such project');
      const first = await this.plan(projectId, entries, options, sql);
      const { steps, changes } = await this.lockChanges(projectId, entries, first.steps, sql);
      refuseIfAny(steps, options);
      // What goes makes room in the quotas for what comes.
      notes.push(...(await this.delete(projectId, first.deleted, effects, sql)));
      notes.push(...(await this.write(projectId, steps, changes, effects, sql)));
      return { result: { steps, deleted: first.deleted }, notes };
    });
    await this.announce(effects);
    return outcome;
  }

  /** Decides from what is stored right now, without a lock. */
  private async plan(
    projectId: string,
    entries: readonly DeclaredJob[],
    options: SetOptions,
    sql?: Sql,
  ): Promise<SetOutcome> {
    const names = entries.map(({ name }) => name);
    const stored = new Map((await this.sets.findNamed(projectId, names, sql)).map((job) => [job.name, job]));
    const calendars = await this.calendars.named(projectId, calendarsOf(entries), sql);
    const context = { ...(await this.context(projectId, [...stored.values()], sql)), calendars };
    const steps: Step[] = [];
    const breath = newBreath();
    for (const [index, entry] of entries.entries()) {
      steps.push(planEntry(index, entry, stored.get(entry.name) ?? null, context));
      await breath();
    }
    refuseIfAny(steps, options);
    return { steps, deleted: options.prune ? await this.others(projectId, names, sql) : [] };
  }

  private async context(
    projectId: string,
    stored: readonly StoredJob[],
    sql?: Sql,
  ): Promise<Omit<SetContext, 'calendars'>> {
    const withSecrets = stored.filter(({ target }) => secretsOf(target).length > 0).map(({ id }) => id);
    const sealed = await this.secrets.find(withSecrets, sql);
    const settle: SetContext['settle'] = (input, job, now) => {
      const resolved = this.jobs.settle(input, job, now);
      return job === null ? resolved : { ...resolved, secrets: this.secrets.without(job.id, resolved.secrets, sealed) };
    };
    return { projectId, now: this.clock.now(), settle };
  }

  private async others(projectId: string, names: readonly string[], sql?: Sql): Promise<NamedJob[]> {
    const others = await this.sets.findOthers(projectId, names, MAX_SET + 1, sql);
    if (others.length <= MAX_SET) return others;
    const detail = `the project has more than ${MAX_SET} jobs beside the set: too many to delete at once`;
    throw refuseBody([{ pointer: '/jobs', code: 'too_many', detail }]);
  }

  /**
   * Jobs that are to change are locked and decided once more: until here they could still change otherwise. So are new ones
   * that go by calendars, for those could.
   */
  private async lockChanges(
    projectId: string,
    entries: readonly DeclaredJob[],
    planned: readonly Step[],
    sql: Sql,
  ): Promise<{ steps: Step[]; changes: Change[] }> {
    const ids = planned.flatMap((step) => (step.action === 'change' ? [step.stored.id] : []));
    const locked = new Map((await this.batches.lock(projectId, ids, sql)).map((job) => [job.id, job]));
    // After the jobs, as everyone does; from here on they stay as they are.
    const calendars = await this.calendars.share(projectId, calendarsOf(entries), sql);
    const context = { ...(await this.context(projectId, [...locked.values()], sql)), calendars };
    const again = (step: Step): Step => {
      const entry = entries[step.index];
      if (entry === undefined) return step;
      if (step.action === 'create' && calendarsIn(entry.schedule).length > 0) {
        return planEntry(step.index, entry, null, context);
      }
      if (step.action !== 'change') return step;
      const stored = locked.get(step.stored.id);
      // Renamed meanwhile, it is another job's business, and the name is free.
      return planEntry(step.index, entry, stored?.name === entry.name ? stored : null, context);
    };
    const steps: Step[] = [];
    const breath = newBreath();
    for (const step of planned) {
      steps.push(again(step));
      await breath();
    }
    return { steps, changes: steps.filter((step) => step.action === 'change') };
  }

  private async write(
    projectId: string,
    steps: readonly Step[],
    changes: readonly Change[],
    effects: Effects,
    sql: Sql,
  ): Promise<AuditNote[]> {
    const created = steps.flatMap((step) => (step.action === 'create' ? [step.job] : []));
    // Under the locks, so that it is later than all that was planned before.
    const now = this.clock.now();
    const changed: StoredJob[] = [];
    const notes: AuditNote[] = created.map(noteCreated);
    const breath = newBreath();
    for (const change of changes) {
      const next = await this.change(change, now, effects, sql);
      changed.push(next);
      notes.push(noteChanged('job.update', change.stored, next, change.resolved.secrets));
      await breath();
    }
    await this.batches.update(projectId, changed, sql);
    const entered = await this.batches.insert(projectId, created, sql);
    if (entered.size < created.length) throw new NameTakenError();
    await this.secrets.write(secretWritesOf(steps), sql);
    for (const { nextRunAt } of [...created, ...changed]) if (nextRunAt !== null) effects.dueAts.add(nextRunAt);
    return notes;
  }

  /** The job's next version; not written yet. */
  private async change(
    { stored, resolved, paused }: Change,
    now: Instant,
    effects: Effects,
    sql: Sql,
  ): Promise<StoredJob> {
    const edited = await this.jobs.edit(stored, resolved, now, sql);
    let job = edited?.job ?? stored;
    let settled = edited;
    if (paused === true) {
      note(effects, settled);
      settled = await settleOverdue(job, now, sql);
      job = settled.job;
      // What was due may have been its last.
      if (job.state !== 'completed') job = { ...job, ...pause(job, null, null, now) };
    } else if (paused === false && job.state === 'paused') {
      const recurrence = recurrenceOf(job);
      if (recurrence === null) throw new Problem('wrong_state', `the schedule of "${job.name}" can't be read here`);
      job = { ...job, ...resume(job, recurrence, now) };
    }
    note(effects, settled);
    return { ...job, version: stored.version + 1, updatedAt: now };
  }

  /** As one job is deleted: its waiting runs are cancelled, those too that are due and not planned yet. */
  private async delete(projectId: string, jobs: readonly NamedJob[], effects: Effects, sql: Sql): Promise<AuditNote[]> {
    const locked = await this.batches.lock(
      projectId,
      jobs.map(({ id }) => id),
      sql,
    );
    const now = this.clock.now();
    for (const job of locked) {
      if (isOverdue(job, now)) effects.cancelled.push(...(await settleOverdue(job, now, sql)).cancelled);
    }
    const ids = locked.map(({ id }) => id);
    effects.cancelled.push(...(await cancelOpenRuns(sql, ids, ['queued', 'retrying', 'held'], 'jobDeleted', now)));
    await this.batches.delete(projectId, ids, sql);
    return locked.map(noteDeleted);
  }

  private async announce({ queued, cancelled, dueAts }: Effects): Promise<void> {
    for (const dueAt of [...dueAts].sort((one, other) => one - other)) await this.afterCommit.announce({ dueAt });
    await this.afterCommit.announce({ queued, cancelled });
  }
}

/** What the entries name, of which no more than are used by jobs at all can be there. */
function calendarsOf(entries: readonly DeclaredJob[]): string[] {
  return [...new Set(entries.flatMap(({ schedule }) => calendarsIn(schedule)))];
}

function secretWritesOf(steps: readonly Step[]): SecretWrite[] {
  return steps.flatMap((step): SecretWrite[] => {
    if (step.action === 'create') return [{ jobId: step.job.id, secrets: step.secrets }];
    return step.action === 'change' ? [{ jobId: step.stored.id, secrets: step.resolved.secrets }] : [];
  });
}

function note(effects: Effects, settled: { queued: readonly string[]; cancelled: readonly string[] } | null): void {
  effects.queued.push(...(settled?.queued ?? []));
  effects.cancelled.push(...(settled?.cancelled ?? []));
}

function refuseIfAny(steps: readonly Step[], { refused }: SetOptions): void {
  if (refused === 'leaveOut') return;
  const faults: Fault[] = [];
  for (const step of steps) {
    if (step.action === 'refuse' && faults.length < MAX_FAULTS) faults.push(...faultsOf(step.index, step.problem));
  }
  if (faults.length > 0) throw refuseBody(faults.slice(0, MAX_FAULTS));
}

function busy(): Problem {
  return new Problem('unavailable', "other requests change the project's jobs right now; try again", [], 1);
}
