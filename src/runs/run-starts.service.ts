import { Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { Problem } from '../domain/errors.js';
import { decideOverlap } from '../domain/planning/overlap.js';
import { NO_PRECONDITIONS, refuseUnmet } from '../domain/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import type { RunTrigger } from '../domain/run.js';
import { OPEN_STATES } from '../domain/run-state.js';
import type { Sql } from '../persistence/database.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { cancelOpenRuns, countOpenRuns, insertRuns } from '../persistence/ledger-writes.js';
import { newRunOf } from '../persistence/new-run.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import type { RunWithBody } from '../persistence/runs.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../queue/after-commit.js';
import { RunsService } from './runs.service.js';

const LARGEST_NONCE = 2 ** 31 - 1;

interface Start {
  readonly trigger: Extract<RunTrigger, 'manual' | 'replay'>;
  /** JSON text in place of the job's body, or null. */
  readonly body: string | null;
  /** What the job must be like. */
  readonly conditions: Preconditions;
}

/** Starts runs beside the schedule: for jobs in any state, by the job's overlap policy. */
@Injectable()
export class RunStartsService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly runs: RunsRepository,
    private readonly ledger: RunsService,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  trigger(projectId: string, jobId: string, body: unknown, conditions: Preconditions): Promise<RunWithBody> {
    const given = body === undefined || body === null ? null : JSON.stringify(body);
    return this.start(projectId, jobId, { trigger: 'manual', body: given, conditions }, () => {
      throw new Problem('not_found', 'there is no such job');
    });
  }

  async replay(projectId: string, runId: string): Promise<RunWithBody> {
    const run = await this.ledger.ended(projectId, runId);
    return this.start(projectId, run.jobId, { trigger: 'replay', body: run.body, conditions: NO_PRECONDITIONS }, () => {
      throw new Problem('wrong_state', 'the job of this run was deleted; there is nothing to call');
    });
  }

  private async start(projectId: string, jobId: string, start: Start, noJob: () => never): Promise<RunWithBody> {
    const { run, cancelled } = await this.writes.run(async (sql) => {
      const job = (isUuid(jobId) ? await this.jobs.lock(projectId, jobId, sql) : null) ?? noJob();
      refuseUnmet(start.conditions, job);
      refuseBodyWithout(job, start);
      return this.enter(job, start, sql);
    });
    await this.afterCommit.announce({ cancelled, queued: run.state === 'queued' ? [run.id] : [] });
    return run;
  }

  private async enter(job: StoredJob, start: Start, sql: Sql): Promise<{ run: RunWithBody; cancelled: string[] }> {
    const now = this.clock.now();
    const open = (await countOpenRuns(sql, [job.id])).get(job.id) ?? { active: 0, held: 0 };
    const { state, reason, cancelOpen } = decideOverlap(job.overlap, open);
    const cancelled = cancelOpen ? await cancelOpenRuns(sql, [job.id], OPEN_STATES, 'replacedByNewerRun', now) : [];
    const run = newRunOf(job, {
      ...start,
      scheduledFor: now,
      dueAt: now,
      triggerNonce: randomInt(1, LARGEST_NONCE),
      state,
      reason,
    });
    const inserted = await insertRuns(sql, [run], now);
    if (!inserted.has(run.id)) throw new Error('two runs of a job drew the same nonce in the same millisecond');
    await this.jobs.countRuns(job.projectId, job.id, state === 'skipped' ? 0 : 1, sql);
    const stored = await this.runs.find(job.projectId, run.id, sql);
    if (stored === null) throw new Error(`run ${run.id} is not in the ledger that it was just written to`);
    return { run: stored, cancelled };
  }
}

function refuseBodyWithout(job: StoredJob, { trigger, body }: Start): void {
  const { method } = job.target;
  if (trigger !== 'manual' || body === null || (method !== 'GET' && method !== 'HEAD')) return;
  throw refuseBody([{ pointer: '/body', code: 'not_allowed', detail: `is not possible with ${method}` }]);
}
