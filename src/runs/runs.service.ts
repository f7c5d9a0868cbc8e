import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Problem } from '../domain/errors.js';
import { isEnd } from '../domain/run-state.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import { lockJobs, promoteHeldRuns } from '../persistence/ledger-writes.js';
import { RunListRepository } from '../persistence/run-list.repository.js';
import type { ListedRun } from '../persistence/run-list.repository.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import type { RunWithBody } from '../persistence/runs.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { decodeCursor, encodeCursor } from '../platform/contract/page.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { AfterCommit } from '../queue/after-commit.js';
import type { JobRunsQuery, RunsQuery } from './run.schemas.js';

const Position = z.tuple([z.int().min(0).max(253_402_300_799_999), z.guid()]).transform(([at, id]) => ({ at, id }));

/** Reads the ledger and cancels what is in it. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly lists: RunListRepository,
    private readonly jobs: JobsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  async get(projectId: string, id: string): Promise<RunWithBody> {
    return (await this.runs.find(projectId, id)) ?? noSuchRun();
  }

  async list(projectId: string, query: RunsQuery): Promise<Page<ListedRun>> {
    const { state = null, from = null, to = null, jobId = null } = query;
    const filter = { state, from, to, jobId };
    const scope = ['runs', projectId, filter];
    const after = query.cursor === undefined ? null : decodeCursor(query.cursor, scope, Position);
    const { runs, next } = await this.lists.page(projectId, { filter, after, limit: query.limit });
    return { data: runs, page: { nextCursor: next === null ? null : encodeCursor(scope, [next.at, next.id]) } };
  }

  async listOfJob(projectId: string, jobId: string, query: JobRunsQuery): Promise<Page<ListedRun>> {
    const job = isUuid(jobId) ? await this.jobs.find(projectId, jobId) : null;
    if (job === null) throw new Problem('not_found', 'there is no such job');
    return this.list(projectId, { ...query, jobId: job.id });
  }

  /** Ends an open run; the next held one of its job takes its place. A call under way is aborted. */
  async cancel(projectId: string, id: string): Promise<RunWithBody> {
    const found = await this.get(projectId, id);
    const { run, queued } = await this.writes.run(async (sql) => {
      // The job's row first, as everyone does; a deleted job has none, and its runs no order to keep.
      await lockJobs(sql, [found.jobId]);
      const now = this.clock.now();
      const isCancelled = await this.runs.cancel(projectId, found, now, sql);
      const current = (await this.runs.find(projectId, id, sql)) ?? noSuchRun();
      if (!isCancelled) throw new Problem('wrong_state', `the run has ended already: it is ${current.state}`);
      const queued = await promoteHeldRuns(sql, [found.jobId], now);
      const note = {
        ...{ projectId, action: 'run.cancel' as const, thingId: current.id, thingName: current.jobName },
        before: { state: found.state, reason: found.reason },
        after: { state: current.state, reason: current.reason },
      };
      return { result: { run: current, queued }, notes: [note] };
    });
    await this.afterCommit.announce({ cancelled: [run.id], queued });
    return run;
  }

  /** The run, when it can be replayed. */
  async ended(projectId: string, id: string): Promise<RunWithBody> {
    const run = await this.get(projectId, id);
    if (isEnd(run.state)) return run;
    throw new Problem('wrong_state', `the run is ${run.state}; only one that has ended can be replayed`);
  }
}

function noSuchRun(): never {
  throw new Problem('not_found', 'there is no such run');
}
