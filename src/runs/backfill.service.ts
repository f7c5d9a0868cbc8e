import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../domain/errors.js';
import { recurrenceOf } from '../domain/job-change.js';
import { sameJson } from '../domain/json.js';
import { formatInstant, localIso } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { insertRuns, promoteHeldRuns } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../queue/after-commit.js';
import type { BackfillInput, BackfillView } from './run.schemas.js';

/** Occurrences computed for one request at most; between chunks other requests get their turn. */
const MAX_LOOKED_AT = 20_000;
const CHUNK = 500;

interface Missing {
  readonly occurrences: readonly Instant[];
  readonly truncated: boolean;
}

/** Runs occurrences of the past that have no run. */
@Injectable()
export class BackfillService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly runs: RunsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly afterCommit: AfterCommit,
  ) {}

  async backfill(projectId: string, jobId: string, input: BackfillInput): Promise<BackfillView> {
    const job = (isUuid(jobId) ? await this.jobs.find(projectId, jobId) : null) ?? noSuchJob();
    this.refuseRange(input);
    const missing = await this.missingOccurrences(job, input);
    const planned = input.dryRun ? missing.occurrences : await this.plan(job, input, missing.occurrences);
    const { timeZone } = job.schedule;
    return {
      planned: planned.length,
      occurrences: planned.map((at) => ({ scheduledFor: formatInstant(at), local: localIso(at, timeZone) })),
      truncated: missing.truncated,
    };
  }

  private refuseRange({ from, to }: BackfillInput): void {
    const now = this.clock.now();
    const faults = [];
    if (from < now - this.config.runRetentionMs) {
      faults.push({ pointer: '/from', code: 'out_of_range', detail: 'is before the time for which runs are kept' });
    }
    if (to > now) faults.push({ pointer: '/to', code: 'out_of_range', detail: 'is in the future' });
    if (faults.length > 0) throw refuseBody(faults);
  }

  /** The earliest `limit` without a run, before any lock: the range can hold many that have one. */
  private async missingOccurrences(job: StoredJob, { from, to, limit }: BackfillInput): Promise<Missing> {
    const recurrence = recurrenceOf(job);
    if (recurrence === null) {
      throw new Problem(
        'wrong_state',
        `the schedule can't be read here, for want of the time zone ${job.schedule.timeZone}`,
      );
    }
    const missing: Instant[] = [];
    let lookedAt = 0;
    let next = recurrence.next(from - 1);
    while (next !== null && next <= to && missing.length <= limit) {
      if (lookedAt >= MAX_LOOKED_AT) return { occurrences: missing, truncated: true };
      const chunk: Instant[] = [];
      for (; next !== null && next <= to && chunk.length < CHUNK; next = recurrence.next(next)) chunk.push(next);
      lookedAt += chunk.length;
      const known = await this.runs.occurrencesWithRun(job.id, chunk[0] ?? from, chunk.at(-1) ?? to);
      missing.push(...chunk.filter((occurrence) => !known.has(occurrence)));
      await setImmediate();
    }
    return { occurrences: missing.slice(0, limit), truncated: missing.length > limit };
  }

  /** Answers those that entered the ledger: what the planner or another request was faster with keeps its run. */
  private async plan(found: StoredJob, input: BackfillInput, occurrences: readonly Instant[]): Promise<Instant[]> {
    if (occurrences.length === 0) return [];
    const { planned, queued, changed } = await this.writes.run(async (sql) => {
      const job = (await this.jobs.lock(found.projectId, found.id, sql)) ?? noSuchJob();
      if (!sameJson(job.schedule, found.schedule)) {
        throw new Problem('wrong_state', 'the schedule was changed meanwhile; try again');
      }
      const now = this.clock.now();
      const runs = occurrences.map((scheduledFor) =>
        // Its lateness counts from now: that it is of the past is no delay of ours.
        newRunOf(job, { scheduledFor, dueAt: now, trigger: 'backfill', state: birthState(job), reason: null }),
      );
      const inserted = await insertRuns(sql, runs, now);
      const entered = runs.filter((run) => inserted.has(run.id));
      const promoted = await promoteHeldRuns(sql, [job.id], now);
      await this.jobs.countRuns(job.projectId, job.id, entered.length, sql);
      const startable = entered.filter((run) => run.state === 'queued').map((run) => run.id);
      const planned = entered.map((run) => run.scheduledFor);
      const note = {
        ...{ projectId: job.projectId, action: 'job.backfill' as const, thingId: job.id, thingName: job.name },
        before: null,
        after: { from: formatInstant(input.from), to: formatInstant(input.to), planned: planned.length },
      };
      const changed = entered.map((run) => run.id);
      return {
        result: { planned, queued: [...startable, ...promoted], changed },
        notes: planned.length > 0 ? [note] : [],
      };
    });
    await this.afterCommit.announce({ queued, changed });
    return planned;
  }
}

/** Where runs may not overlap they wait for each other, in order: a backfill that skips them would be none. */
function birthState(job: StoredJob): 'queued' | 'held' {
  return job.overlap === 'allow' ? 'queued' : 'held';
}

function noSuchJob(): never {
  throw new Problem('not_found', 'there is no such job');
}
