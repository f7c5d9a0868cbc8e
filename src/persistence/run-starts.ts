import { randomInt } from 'node:crypto';
import type { Job } from '../domain/job.js';
import { afterDecision, decideOverlap } from '../domain/planning/overlap.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RunTrigger } from '../domain/run.js';
import { OPEN_STATES } from '../domain/run-state.js';
import type { Sql } from './database.js';
import { cancelOpenRuns, countOpenRuns, insertRuns } from './ledger-writes.js';
import type { NewRun } from './ledger-writes.js';
import { newRunOf } from './new-run.js';
import { plainArray } from './plain-array.js';

const LARGEST_NONCE = 2 ** 31 - 1;

const COUNT = {
  name: 'run-starts-count',
  text: `
    UPDATE job_states SET run_count = run_count + n.runs
    FROM unnest($1::uuid[], $2::int[]) AS n (job_id, runs)
    WHERE job_states.job_id = n.job_id AND job_states.job_id = ANY ($1::uuid[])`,
};

export interface Start {
  readonly trigger: Extract<RunTrigger, 'manual' | 'replay'>;
  /** JSON text in place of the job's body, or null. */
  readonly body: string | null;
}

export interface Started {
  /** In the order in which they were asked for: queued, held or skipped as the overlap policy has it. */
  readonly runs: readonly NewRun[];
  readonly cancelled: readonly string[];
}

/** One run to be started of a job. */
export interface JobStart {
  readonly job: Job;
  readonly start: Start;
}

/** `startEach`, of all these jobs alike. */
export function startRuns(sql: Sql, jobs: readonly Job[], start: Start, now: Instant): Promise<Started> {
  return startEach(
    sql,
    jobs.map((job) => ({ job, start })),
    now,
  );
}

/**
 * Starts runs of these jobs beside their schedules, by their overlap policies. The caller holds the jobs' row locks. They are
 * counted, but change nothing that a client set: no new version. Of a job may come several, each after those before it; of one
 * whose runs replace each other only one.
 */
export async function startEach(sql: Sql, starts: readonly JobStart[], now: Instant): Promise<Started> {
  const limited = starts.filter(({ job }) => job.overlap !== 'allow').map(({ job }) => job.id);
  const open = await countOpenRuns(sql, [...new Set(limited)]);
  const decided = starts.map(({ job, start }) => {
    const before = open.get(job.id) ?? { active: 0, held: 0 };
    const decision = decideOverlap(job.overlap, before);
    open.set(job.id, afterDecision(before, decision));
    return { job, start, decision };
  });
  const replaced = decided.filter(({ decision }) => decision.cancelOpen).map(({ job }) => job.id);
  const cancelled = await cancelOpenRuns(sql, replaced, OPEN_STATES, 'replacedByNewerRun', now);
  const runs = decided.map(({ job, start, decision: { state, reason } }) =>
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
  const counts = new Map<string, number>();
  for (const { jobId, state } of runs) if (state !== 'skipped') counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
  if (counts.size > 0) await sql.rows(COUNT, [plainArray([...counts.keys()]), plainArray([...counts.values()])]);
  return { runs, cancelled };
}
