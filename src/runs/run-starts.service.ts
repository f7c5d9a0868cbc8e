import { Injectable } from '@nestjs/common';
import type { AuditNote, Members } from '../domain/audit.js';
import { Problem } from '../domain/errors.js';
import { NO_PRECONDITIONS, refuseUnmet } from '../domain/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import { takesBody } from '../domain/target.js';
import type { Sql } from '../persistence/database.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { startRuns } from '../persistence/run-starts.js';
import type { Start } from '../persistence/run-starts.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import type { RunWithBody } from '../persistence/runs.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { currentTraceparent } from '../platform/http/trace-requests.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../queue/after-commit.js';
import { RunsService } from './runs.service.js';

interface Words {
  readonly noJob: () => never;
  readonly noteOf: (job: StoredJob, after: Members) => Omit<AuditNote, 'projectId' | 'before'>;
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
    return this.start(
      projectId,
      jobId,
      { trigger: 'manual', body: given, traceparent: currentTraceparent() },
      conditions,
      {
        noJob: () => {
          throw new Problem('not_found', 'there is no such job');
        },
        noteOf: (job, after) => ({ action: 'job.trigger', thingId: job.id, thingName: job.name, after }),
      },
    );
  }

  async replay(projectId: string, runId: string): Promise<RunWithBody> {
    const run = await this.ledger.ended(projectId, runId);
    const start: Start = { trigger: 'replay', body: run.body, traceparent: currentTraceparent() };
    return this.start(projectId, run.jobId, start, NO_PRECONDITIONS, {
      noJob: () => {
        throw new Problem('wrong_state', 'the job of this run was deleted; there is nothing to call');
      },
      noteOf: (job, after) => ({ action: 'run.replay', thingId: run.id, thingName: job.name, after }),
    });
  }

  private async start(
    projectId: string,
    jobId: string,
    start: Start,
    conditions: Preconditions,
    { noJob, noteOf }: Words,
  ): Promise<RunWithBody> {
    const { run, cancelled } = await this.writes.run(async (sql) => {
      const job = (isUuid(jobId) ? await this.jobs.lock(projectId, jobId, sql) : null) ?? noJob();
      refuseUnmet(conditions, job);
      refuseBodyWithout(job, start);
      const entered = await this.enter(job, start, sql);
      const { id: runId, state } = entered.run;
      return { result: entered, notes: [{ projectId, before: null, ...noteOf(job, { runId, state }) }] };
    });
    await this.afterCommit.announce({ cancelled, queued: run.state === 'queued' ? [run.id] : [] });
    return run;
  }

  private async enter(
    job: StoredJob,
    start: Start,
    sql: Sql,
  ): Promise<{ run: RunWithBody; cancelled: readonly string[] }> {
    const { runs, cancelled } = await startRuns(sql, [job], start, this.clock.now());
    const id = runs[0]?.id ?? '';
    const stored = await this.runs.find(job.projectId, id, sql);
    if (stored === null) throw new Error(`run ${id} is not in the ledger that it was just written to`);
    return { run: stored, cancelled };
  }
}

function refuseBodyWithout(job: StoredJob, { trigger, body }: Start): void {
  if (trigger !== 'manual' || body === null || takesBody(job.target)) return;
  throw refuseBody([{ pointer: '/body', code: 'not_allowed', detail: `is not possible with ${job.target.method}` }]);
}
