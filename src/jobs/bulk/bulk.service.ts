import { Injectable } from '@nestjs/common';
import { Problem } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import type { Sql } from '../../persistence/database.js';
import { CalendarsRepository } from '../../persistence/calendars.repository.js';
import { JobBatchesRepository } from '../../persistence/job-batches.repository.js';
import { JobListRepository } from '../../persistence/job-list.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { Writes } from '../../persistence/writes.js';
import type { Written } from '../../persistence/writes.js';
import { Clock } from '../../platform/clock.js';
import { newBreath } from '../../platform/breath.js';
import { isUuid } from '../../platform/contract/values.schema.js';
import { faultsOfIssues } from '../../platform/validation/faults.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../../queue/after-commit.js';
import { noteCreated } from '../job-audit.js';
import { refusePastEnd } from '../job-decisions.js';
import { labelsOf } from '../job-list.js';
import { JobSecrets } from '../job-secrets.js';
import type { SecretWrite } from '../job-secrets.js';
import { JobInput } from '../job.schemas.js';
import type { ResolvedSettings } from '../job-settings.js';
import { JobsService, nameTaken, newJob } from '../jobs.service.js';
import { changeAll } from './bulk-changes.js';
import type { Changed } from './bulk-changes.js';
import { orProblem, refused, succeeded } from './bulk-result.js';
import { MAX_BULK } from './bulk.schemas.js';
import type { BulkChange, BulkCreate, BulkInput, BulkResult, BulkView } from './bulk.schemas.js';

const STATUS = { update: 200, pause: 200, resume: 200, delete: 204, trigger: 202 } as const;

interface Target {
  /** As it was given. */
  readonly id: string;
  /** Where it stands in the request; null for one that the filter found. */
  readonly pointer: string | null;
}

/**
 * One action on many jobs, in one transaction: a crash leaves all of it or nothing, and one that is repeated under the same
 * idempotency key is done once. An item that is refused keeps no other from being carried out.
 */
@Injectable()
export class BulkService {
  constructor(
    private readonly jobs: JobsService,
    private readonly batches: JobBatchesRepository,
    private readonly calendars: CalendarsRepository,
    private readonly secrets: JobSecrets,
    private readonly lists: JobListRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  async run(projectId: string, input: BulkInput): Promise<BulkView> {
    const results =
      input.action === 'create' ? await this.create(projectId, input) : await this.change(projectId, input);
    const failed = results.filter(({ problem }) => problem !== null).length;
    const { action, dryRun } = input;
    return { action, dryRun, succeeded: results.length - failed, failed, results };
  }

  private async create(projectId: string, { jobs, dryRun }: BulkCreate): Promise<BulkResult[]> {
    const now = this.clock.now();
    const made: (Job | Problem)[] = [];
    const secretWrites: SecretWrite[] = [];
    const breath = newBreath();
    const settled: (ResolvedSettings | Problem)[] = [];
    for (const given of jobs) {
      settled.push(orProblem(() => this.jobs.settle(checked(given), null, now)));
      await breath();
    }
    const named = settled.flatMap((one) => (one instanceof Problem ? [] : (one.settings.schedule.exclude ?? [])));
    const { wanted, entered } = await this.write(dryRun, async (sql) => {
      const calendars = await this.calendars.share(projectId, [...new Set(named)], sql);
      for (const one of settled) {
        const job = one instanceof Problem ? one : orProblem(() => newJob(projectId, one.settings, now, calendars));
        made.push(job);
        if (!(one instanceof Problem) && !(job instanceof Problem)) {
          secretWrites.push({ jobId: job.id, secrets: one.secrets });
        }
        await breath();
      }
      const wanted = made.flatMap((job) => (job instanceof Problem ? [] : [job]));
      const ids = await this.batches.insert(projectId, wanted, sql);
      await this.secrets.write(
        secretWrites.filter(({ jobId }) => ids.has(jobId)),
        sql,
      );
      return { result: { wanted, entered: ids }, notes: wanted.filter(({ id }) => ids.has(id)).map(noteCreated) };
    });
    if (!dryRun) await this.announceDue(wanted.filter(({ id }) => entered.has(id)).map(({ nextRunAt }) => nextRunAt));
    return made.map((job, index) => {
      const pointer = `/jobs/${index}`;
      if (job instanceof Problem) return refused(job, { id: null, name: null }, pointer);
      if (!entered.has(job.id)) return refused(nameTaken(job.name), { id: null, name: job.name }, pointer);
      return succeeded({ id: dryRun ? null : job.id, name: job.name, status: 201, runId: null });
    });
  }

  private async change(projectId: string, input: BulkChange): Promise<BulkResult[]> {
    if (input.action === 'pause') refusePastEnd(input, this.clock.now());
    const targets = await this.targetsOf(projectId, input);
    const ids = [...new Set(targets.map(({ id }) => id.toLowerCase()).filter(isUuid))];
    const { found, changed } = await this.write(input.dryRun, async (sql) => {
      const locked = await this.batches.lock(projectId, ids, sql);
      const found = locked.filter((job) => stillMatches(job, input));
      const now = this.clock.now();
      const context = {
        projectId,
        now,
        sql,
        batches: this.batches,
        settings: this.jobs,
        secrets: this.secrets,
        calendars: this.calendars,
      };
      const changed = await changeAll(input, found, context);
      return { result: { found, changed }, notes: changed.notes };
    });
    if (!input.dryRun) {
      await this.announceDue(changed.dueAts);
      await this.afterCommit.announce({ queued: changed.queued, cancelled: changed.cancelled });
    }
    return resultsOf(input, targets, new Map(found.map((job) => [job.id, job])), changed);
  }

  private write<Result>(dryRun: boolean, work: (sql: Sql) => Promise<Written<Result>>): Promise<Result> {
    return dryRun ? this.writes.dryRun(work) : this.writes.run(work);
  }

  /** Each instant once: a herd of jobs is due at one. */
  private async announceDue(instants: readonly (Instant | null)[]): Promise<void> {
    for (const dueAt of new Set(instants)) await this.afterCommit.announce({ dueAt });
  }

  private async targetsOf(projectId: string, { ids, filter }: BulkChange): Promise<Target[]> {
    if (filter === undefined) return (ids ?? []).map((id, index) => ({ id, pointer: `/ids/${index}` }));
    const labels = labelsOf(filter.label);
    if (labels === 'contradiction') return [];
    const asked = { state: filter.state ?? null, labels, text: filter.q ?? null };
    const found = await this.lists.allIds(projectId, asked, MAX_BULK);
    if (Array.isArray(found)) return found.map((id) => ({ id, pointer: null }));
    const detail =
      found === 'tooMany'
        ? `matches more than ${MAX_BULK} jobs; narrow it, or list them and send their ids in parts`
        : 'looks for too few letters to find all matches; narrow it, or list them and send their ids';
    throw refuseBody([{ pointer: '/filter', code: 'too_many', detail }]);
  }
}

function checked(given: unknown): JobInput {
  const parsed = JobInput.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refuseBody(faultsOfIssues(parsed.error.issues, given));
}

/** What the filter found may have changed until it was locked. */
function stillMatches(job: StoredJob, { filter }: BulkChange): boolean {
  if (filter === undefined) return true;
  const labels = filter.label.map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)]);
  return (
    (filter.state === undefined || filter.state === job.state) &&
    labels.every(([name = '', value]) => Object.hasOwn(job.labels, name) && job.labels[name] === value)
  );
}

function resultsOf(
  input: BulkChange,
  targets: readonly Target[],
  found: ReadonlyMap<string, StoredJob>,
  { outcomes }: Changed,
): BulkResult[] {
  const seen = new Set<string>();
  return targets.flatMap(({ id, pointer }) => {
    const key = id.toLowerCase();
    const job = found.get(key);
    if (job === undefined) {
      // Gone since the filter found it, or no match any more.
      if (pointer === null) return [];
      return [refused(new Problem('not_found', 'there is no such job'), { id, name: null }, pointer)];
    }
    const { name } = job;
    if (seen.has(key)) return [refused(twice(), { id, name }, pointer)];
    seen.add(key);
    const outcome = outcomes.get(key) ?? null;
    if (outcome instanceof Problem) {
      return [refused(outcome, { id, name }, pointer, input.action === 'update' ? '/patch' : '')];
    }
    return [succeeded({ id, name, status: STATUS[input.action], runId: input.dryRun ? null : outcome })];
  });
}

function twice(): Problem {
  return new Problem('invalid', 'this id was given before; it is done once');
}
