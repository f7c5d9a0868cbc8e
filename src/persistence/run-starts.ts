import { randomInt } from 'node:crypto';
import type { Job } from '../domain/job.js';
import { decideOverlap } from '../domain/planning/overlap.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunTrigger } from '../domain/run.js';
import { OPEN_STATES } from '../domain/run-state.js';
import type { Sql } from './database.js';
import { cancelOpenRuns, countOpenRuns, insertRuns } from './ledger-writes.js';
import type { NewRun } from './ledger-writes.js';
import { newRunOf } from './new-run.js';
import { keepTrace } from './run-traces.js';
import { plainArray } from './plain-array.js';

const LARGEST_NONCE = 2 ** 31 - 1;

const COUNT = {
  name: 'run-starts-count',
  text: `UPDATE job_states SET run_count = run_count + 1 WHERE job_id = ANY ($1::uuid[])`,
};

export interface Start {
  readonly trigger: Extract<RunTrigger, 'manual' | 'replay'>;
  /** JSON text in place of the job's body, or null. */
  readonly body: string | null;
  /** Of the request that starts them, where it is traced: their trace goes on with it. */
  readonly traceparent: string | null;
}

export interface Started {
  /** One of each job, in the order of the jobs: queued, held or skipped as the overlap policy has it. */
  readonly runs: readonly NewRun[];
  readonly cancelled: readonly string[];
}

/**
 * Starts a run of each of these jobs beside its schedule, by its overlap policy. The caller holds the jobs' row locks. It is
 * counted, but changes nothing that a client set: no new version.
 */
export async function startRuns(sql: Sql, jobs: readonly Job[], start: Start, now: Instant): Promise<Started> {
  const open = await countOpenRuns(
    sql,
    jobs.filter(({ overlap }) => overlap !== 'allow').map(({ id }) => id),
  );
  const decided = jobs.map((job) => {
    const decision = decideOverlap(job.overlap, open.get(job.id) ?? { active: 0, held: 0 });
    return { job, decision };
  });
  const replaced = decided.filter(({ decision }) => decision.cancelOpen).map(({ job }) => job.id);
  const cancelled = await cancelOpenRuns(sql, replaced, OPEN_STATES, 'replacedByNewerRun', now);
  const runs = decided.map(({ job, decision: { state, reason } }) =>
    newRunOf(job, {
      ...start,
      scheduledFor: now,
      dueAt: now,
      triggerNonce: randomInt(1, LARGEST_NONCE),
      state,
      reason,
    }),
  );
  const entered = await insertRuns(sql, runs, now);
  if (entered.size < runs.length) throw new Error('two runs of a job drew the same nonce in the same millisecond');
  if (start.traceparent !== null) await keepTrace(sql, runs, start.traceparent);
  const counted = runs.filter(({ state }) => state !== 'skipped').map(({ jobId }) => jobId);
  if (counted.length > 0) await sql.rows(COUNT, [plainArray(counted)]);
  return { runs, cancelled };
}
