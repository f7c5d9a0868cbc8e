import { Injectable } from '@nestjs/common';
import type { AuditNote } from '../../domain/audit.js';
import { Problem } from '../../domain/errors.js';
import type { RunState } from '../../domain/run.js';
import { isEnd } from '../../domain/run-state.js';
import type { Sql } from '../../persistence/database.js';
import { JobBatchesRepository } from '../../persistence/job-batches.repository.js';
import { lockJobs, promoteHeldRuns } from '../../persistence/ledger-writes.js';
import { RunListRepository } from '../../persistence/run-list.repository.js';
import type { RunPosition } from '../../persistence/run-list.repository.js';
import { startEach } from '../../persistence/run-starts.js';
import type { JobStart } from '../../persistence/run-starts.js';
import { RunsRepository } from '../../persistence/runs.repository.js';
import type { FoundRun } from '../../persistence/runs.repository.js';
import { Writes } from '../../persistence/writes.js';
import type { Written } from '../../persistence/writes.js';
import { Clock } from '../../platform/clock.js';
import { itemProblem } from '../../platform/contract/item-problem.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../../queue/after-commit.js';
import { MAX_BULK_RUNS } from './run-bulk.schemas.js';
import type { RunBulkInput, RunBulkResult, RunBulkView } from './run-bulk.schemas.js';

/** Pages that one filter may take: of a state that no index holds each looks through 20,000 runs. */
const MAX_PAGES = 10;

interface Target {
  /** As it was given. */
  readonly id: string;
  /** Where it stands in the request; null for one that the filter found. */
  readonly pointer: string | null;
}

/** What became of one run: of the new one, or of itself. */
interface Became {
  readonly runId: string | null;
  readonly state: RunState;
}

interface Changed {
  readonly found: ReadonlyMap<string, FoundRun>;
  readonly outcomes: ReadonlyMap<string, Became | Problem>;
  readonly queued: readonly string[];
  readonly cancelled: readonly string[];
}

/** One action on many runs, in one transaction: a crash leaves all of it or nothing. One that is refused keeps no other from it. */
@Injectable()
export class RunBulkService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly lists: RunListRepository,
    private readonly jobs: JobBatchesRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  async run(projectId: string, input: RunBulkInput): Promise<RunBulkView> {
    const { action, dryRun } = input;
    const targets = await this.targetsOf(projectId, input);
    const ids = [...new Set(targets.map(({ id }) => id.toLowerCase()))];
    const work = (sql: Sql): Promise<Written<Changed>> =>
      action === 'cancel' ? this.cancelAll(projectId, ids, sql) : this.replayAll(projectId, ids, sql);
    const changed = await (dryRun ? this.writes.dryRun(work) : this.writes.run(work));
    const { queued, cancelled, found } = changed;
    if (!dryRun) await this.afterCommit.announce({ queued, cancelled });
    const results = resultsOf(targets, changed, dryRun);
    const failed = results.filter(({ problem }) => problem !== null).length;
    return { action, dryRun, matched: found.size, succeeded: results.length - failed, failed, results };
  }

  private async cancelAll(projectId: string, ids: readonly string[], sql: Sql): Promise<Written<Changed>> {
    const found = byId(await this.runs.findMany(projectId, ids, sql));
    const jobIds = jobsOf(found);
    // The jobs' rows first, as everyone does.
    await lockJobs(sql, jobIds);
    const now = this.clock.now();
    const cancelled = await this.runs.cancelMany(projectId, [...found.values()], now, sql);
    const current = byId(await this.runs.findMany(projectId, [...found.keys()], sql));
    const queued = cancelled.size === 0 ? [] : await promoteHeldRuns(sql, jobIds, now);
    const outcomes = new Map<string, Became | Problem>();
    const notes: AuditNote[] = [];
    for (const [id, before] of found) {
      const { state, reason } = current.get(id) ?? before;
      if (!cancelled.has(id)) outcomes.set(id, wrongState(`the run has ended already: it is ${state}`));
      else {
        outcomes.set(id, { runId: null, state });
        notes.push({
          ...{ projectId, action: 'run.cancel', thingId: id, thingName: before.jobName },
          before: { state: before.state, reason: before.reason },
          after: { state, reason },
        });
      }
    }
    return { result: { found, outcomes, queued, cancelled: [...cancelled] }, notes };
  }

  private async replayAll(projectId: string, ids: readonly string[], sql: Sql): Promise<Written<Changed>> {
    const found = byId(await this.runs.findMany(projectId, ids, sql));
    const jobs = byId(await this.jobs.lock(projectId, jobsOf(found).sort(), sql));
    const now = this.clock.now();
    const outcomes = new Map<string, Became | Problem>();
    const wanted: (JobStart & { readonly replayed: FoundRun })[] = [];
    for (const id of ids) {
      const run = found.get(id);
      const job = run && jobs.get(run.jobId);
      if (run === undefined) continue;
      if (!isEnd(run.state)) outcomes.set(id, wrongState(`the run has not ended: it is ${run.state}`));
      else if (job === undefined) {
        outcomes.set(id, wrongState('the job of this run was deleted; there is nothing to call'));
      } else wanted.push({ job, start: { trigger: 'replay', body: run.body }, replayed: run });
    }
    const queued: string[] = [];
    const cancelled = new Set<string>();
    const notes: AuditNote[] = [];
    for (const round of roundsOf(wanted)) {
      const started = await startEach(sql, round, now);
      for (const [index, { id: runId, state, jobName }] of started.runs.entries()) {
        const replayed = round[index]?.replayed.id ?? '';
        outcomes.set(replayed, { runId, state });
        if (state === 'queued') queued.push(runId);
        const note = { projectId, action: 'run.replay' as const, thingId: replayed, thingName: jobName };
        notes.push({ ...note, before: null, after: { runId, state } });
      }
      for (const id of started.cancelled) cancelled.add(id);
    }
    const alive = queued.filter((id) => !cancelled.has(id));
    return { result: { found, outcomes, queued: alive, cancelled: [...cancelled] }, notes };
  }

  private async targetsOf(projectId: string, { ids, filter }: RunBulkInput): Promise<Target[]> {
    if (filter === undefined) return (ids ?? []).map((id, index) => ({ id, pointer: `/ids/${index}` }));
    const { state, jobId = null, from = null, to = null } = filter;
    const found: Target[] = [];
    let after: RunPosition | null = null;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const wanted = { filter: { state, jobId, from, to }, after, limit: MAX_BULK_RUNS + 1 - found.length };
      const { runs, next } = await this.lists.page(projectId, wanted);
      found.push(...runs.map(({ id }) => ({ id, pointer: null })));
      if (found.length > MAX_BULK_RUNS) throw tooMany(`matches more than ${MAX_BULK_RUNS} runs`);
      if (next === null) return found;
      after = next;
    }
    throw tooMany('looks through too many runs to find all matches');
  }
}

/** Runs that replace each other can't begin together: of such a job each round has one. */
function roundsOf<Start extends JobStart>(starts: readonly Start[]): Start[][] {
  const rounds: Start[][] = [];
  const before = new Map<string, number>();
  for (const start of starts) {
    const { id, overlap } = start.job;
    const place = overlap === 'cancelRunning' ? (before.get(id) ?? 0) : 0;
    before.set(id, place + 1);
    (rounds[place] ??= []).push(start);
  }
  return rounds;
}

function resultsOf(targets: readonly Target[], { found, outcomes }: Changed, dryRun: boolean): RunBulkResult[] {
  const seen = new Set<string>();
  return targets.flatMap(({ id, pointer }): RunBulkResult[] => {
    const key = id.toLowerCase();
    const run = found.get(key);
    const of = { id, jobId: run?.jobId ?? null, jobName: run?.jobName ?? null };
    const refused = (problem: Problem): RunBulkResult[] => {
      // What a filter found may have ended, or gone, until it was locked.
      if (pointer === null) return [];
      const told = itemProblem(problem, pointer);
      return [{ ...of, status: told.status, runId: null, state: null, problem: told }];
    };
    if (run === undefined) return refused(new Problem('not_found', 'there is no such run'));
    if (seen.has(key)) return refused(new Problem('invalid', 'this id was given before; it is done once'));
    seen.add(key);
    const outcome = outcomes.get(key);
    if (outcome === undefined || outcome instanceof Problem)
      return refused(outcome ?? wrongState('nothing became of it'));
    const { runId, state } = outcome;
    return [{ ...of, status: 202, runId: dryRun ? null : runId, state, problem: null }];
  });
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

function jobsOf(runs: ReadonlyMap<string, FoundRun>): string[] {
  return [...new Set([...runs.values()].map(({ jobId }) => jobId))];
}

function wrongState(detail: string): Problem {
  return new Problem('wrong_state', detail);
}

function tooMany(what: string): Problem {
  const detail = `${what}; narrow it by from and to, or list them and send their ids in parts`;
  return refuseBody([{ pointer: '/filter', code: 'too_many', detail }]);
}
