import type { DatabaseTime } from './database-time.js';
import { groupBy } from './group-by.js';
import type { LedgerRow } from './ledger.js';
import type { Delivery } from './sink.js';
import type { WatchedJob } from './watched-job.js';

/** What the ledger and the sink say, held against what each job's rhythm says. */
export interface Audit {
  /** That had to have a run. */
  readonly occurrences: number;
  readonly missing: number;
  readonly doubled: number;
  readonly early: number;
  /** First arrival at the target minus the due instant, by the database's clock; of every delivered occurrence. */
  readonly latenessMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest time in which no call arrived. */
  readonly longestGapMs: number;
  /** Reigns that planned. */
  readonly reigns: number;
  /** Calls beyond the first of a run: retries, and repeats after a worker was lost. */
  readonly repeats: number;
  /** Every promise that was broken, one line each, missing, doubled and early ones too. */
  readonly broken: readonly string[];
}

export interface AuditInput {
  readonly jobs: readonly Pick<
    WatchedJob,
    'id' | 'name' | 'misfire' | 'overlap' | 'mayFail' | 'isDeleted' | 'expected'
  >[];
  readonly rows: readonly LedgerRow[];
  readonly deliveries: readonly Delivery[];
  readonly time: DatabaseTime;
  /** Whether the ledger's instants can be compared with each other. */
  readonly ledgerTimes: boolean;
}

interface Job extends Pick<WatchedJob, 'id' | 'name' | 'misfire' | 'overlap' | 'mayFail' | 'isDeleted'> {
  readonly expected: ReadonlyMap<number, boolean>;
  /** Ascending. */
  readonly instants: readonly number[];
}

const OPEN = ['queued', 'running', 'retrying', 'held'];
/** Replicas read the time to the millisecond, rounded down. */
const CLOCK_GRAIN_MS = 1;

class Findings {
  missing = 0;
  doubled = 0;
  early = 0;
  readonly broken: string[] = [];

  add(kind: 'missing' | 'doubled' | 'early' | 'broken', text: string, count = 1): void {
    if (kind !== 'broken') this[kind] += count;
    this.broken.push(`${kind}: ${text}`);
  }
}

export function audit({ jobs, rows, deliveries, time, ledgerTimes }: AuditInput): Audit {
  const findings = new Findings();
  const rowsOf = groupBy(rows, (row) => row.jobId);
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const callsOf = groupBy(deliveries, (delivery) => delivery.runId);

  let occurrences = 0;
  for (const watched of jobs) {
    const { id, expected, misfire, overlap, mayFail, isDeleted } = watched;
    const instants = [...expected.keys()];
    const job: Job = { id, name: watched.name, misfire, overlap, mayFail, isDeleted, expected, instants };
    const planned = (rowsOf.get(job.id) ?? []).filter(({ trigger }) => isPlanned(trigger));
    occurrences += auditOccurrences(job, planned, findings);
    for (const row of planned) auditDecision(job, row, findings);
    const spanOf = ledgerTimes ? spanInLedger : (row: LedgerRow) => spanAtTarget(callsOf.get(row.id) ?? []);
    if (job.overlap !== 'allow') auditOverlap(job, planned, spanOf, findings);
    for (const row of rowsOf.get(job.id) ?? []) auditEnd(job, row, callsOf.get(row.id) ?? [], findings);
  }
  for (const [runId, calls] of callsOf) auditCalls(runId, rowOf.get(runId), calls, time, findings);

  const lateness = latenessOf(
    rows.filter(({ trigger }) => isPlanned(trigger)),
    callsOf,
    time,
  );
  return {
    occurrences,
    missing: findings.missing,
    doubled: findings.doubled,
    early: findings.early,
    latenessMs: { p50: quantile(lateness, 0.5), p99: quantile(lateness, 0.99), max: quantile(lateness, 1) },
    longestGapMs: longestGap(deliveries),
    reigns: new Set(rows.flatMap(({ epoch }) => (epoch === null ? [] : [epoch]))).size,
    repeats: deliveries.length - callsOf.size,
    broken: findings.broken,
  };
}

/** Each expected occurrence has one row, and no other instant has any. Answers how many had to have one. */
function auditOccurrences(job: Job, planned: readonly LedgerRow[], findings: Findings): number {
  const found = groupBy(planned, (row) => row.scheduledFor);
  const required = job.instants.filter((occurrence) => job.expected.get(occurrence));
  for (const occurrence of required) {
    if (!found.has(occurrence))
      findings.add(
        'missing',
        `${name(job, occurrence)} has no run${job.isDeleted ? '; the job was deleted later' : ''}`,
      );
  }
  for (const [occurrence, same] of found) {
    if (same.length > 1) findings.add('doubled', `${name(job, occurrence)} has ${same.length} runs`, same.length - 1);
    if (!job.expected.has(occurrence))
      findings.add('broken', `${name(job, occurrence)} has a run and is no occurrence`);
  }
  return required.length;
}

/** Run, coalesced or skipped as the policy says, judged from the instant at which it was planned. */
function auditDecision(job: Job, row: LedgerRow, findings: Findings): void {
  const { dueAt, createdAt } = row;
  if (createdAt < dueAt) {
    findings.add('early', `${name(job, row.scheduledFor)} was planned ${dueAt - createdAt} ms before it was due`);
  }
  const isMissed = dueAt < createdAt - job.misfire.graceMs;
  const trigger = isMissed ? 'misfire' : 'schedule';
  if (row.trigger !== trigger) {
    findings.add('broken', `${name(job, row.scheduledFor)}, planned ${createdAt - dueAt} ms late, is a ${row.trigger}`);
  }
  const wasSkipped = row.state === 'skipped' && row.reason === 'misfire';
  const mustSkip = isMissed && !isKept(job, row);
  if (wasSkipped !== mustSkip) {
    const text = `${row.state}${row.reason === null ? '' : ` (${row.reason})`} under misfire policy ${job.misfire.policy}`;
    findings.add('broken', `${name(job, row.scheduledFor)}, planned ${createdAt - dueAt} ms late, is ${text}`);
  }
}

/** `skip` keeps none, `runLast` the newest of the missed, `runAll` the newest `limit`; none older than `within`. */
function isKept({ misfire, instants }: Job, { scheduledFor, createdAt }: LedgerRow): boolean {
  const { policy, graceMs, withinMs, limit } = misfire;
  if (policy === 'skip' || scheduledFor < createdAt - withinMs) return false;
  const newer = countBelow(instants, createdAt - graceMs) - countBelow(instants, scheduledFor + 1);
  return newer < (policy === 'runLast' ? 1 : limit);
}

/** Of ascending instants those before `bound`. */
function countBelow(instants: readonly number[], bound: number): number {
  let [low, high] = [0, instants.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((instants[middle] ?? Infinity) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

function spanInLedger({ startedAt, finishedAt }: LedgerRow): Span | null {
  return startedAt === null ? null : { startMs: startedAt, endMs: finishedAt ?? Infinity };
}

/** From its first call to its last. */
function spanAtTarget(calls: readonly Delivery[]): Span | null {
  if (calls.length === 0) return null;
  const arrivals = calls.map(({ arrivedAtMs }) => arrivedAtMs);
  return { startMs: Math.min(...arrivals), endMs: Math.max(...arrivals) };
}

/** Under any policy but `allow` no run starts before the one before it has ended. */
function auditOverlap(
  job: Job,
  planned: readonly LedgerRow[],
  spanOf: (row: LedgerRow) => Span | null,
  findings: Findings,
): void {
  const ran = planned.flatMap((row) => {
    const span = spanOf(row);
    return span === null ? [] : [{ ...span, row }];
  });
  ran.sort((a, b) => a.startMs - b.startMs);
  for (const [index, { row, startMs }] of ran.entries()) {
    const aheadMs = (ran[index - 1]?.endMs ?? -Infinity) - startMs;
    if (aheadMs > CLOCK_GRAIN_MS) {
      findings.add('broken', `${name(job, row.scheduledFor)} started ${aheadMs} ms before the run before it had ended`);
    }
  }
}

/** It ended, as far as the job lets it well, once, and the target heard of it exactly when the ledger says so. */
function auditEnd(job: Job, row: LedgerRow, calls: readonly Delivery[], findings: Findings): void {
  const run = `${name(job, row.scheduledFor)} (run ${row.id})`;
  if (OPEN.includes(row.state)) findings.add('broken', `${run} is still ${row.state}`);
  const successes = row.attempts.filter(({ outcome }) => outcome === 'succeeded').length;
  if (successes > 1) findings.add('doubled', `${run} succeeded ${successes} times`, successes - 1);
  if (row.state === 'succeeded' && successes === 0) findings.add('broken', `${run} succeeded in none of its attempts`);
  if (row.state === 'succeeded' && calls.length === 0) findings.add('missing', `${run} succeeded without a call`);
  if (row.state === 'skipped' && calls.length > 0) findings.add('broken', `${run} was skipped, and called`);
  const mayEndBadly = job.mayFail || (job.isDeleted && row.reason === 'jobDeleted');
  if ((row.state === 'failed' || row.state === 'cancelled') && !mayEndBadly) {
    findings.add('broken', `${run} ${row.state} (${row.reason ?? 'no reason'})`);
  }
  for (const { number, startedAt } of row.attempts) {
    if (startedAt < row.dueAt) findings.add('early', `${run}: attempt ${number} started before it was due`);
  }
}

/** Repeats carry the same identity, and the ledger knows of each. */
function auditCalls(
  runId: string,
  row: LedgerRow | undefined,
  calls: readonly Delivery[],
  time: DatabaseTime,
  findings: Findings,
): void {
  if (row === undefined) {
    findings.add('broken', `${calls.length} calls of run ${runId}, which is not in the ledger`);
    return;
  }
  const numbers = new Set(calls.map(({ attempt }) => attempt));
  if (numbers.size < calls.length) {
    findings.add('doubled', `run ${runId} was called ${calls.length} times in ${numbers.size} attempts`);
  }
  for (const { attempt, scheduledFor, jobId, arrivedAtMs } of calls) {
    if (attempt > row.attempt) {
      findings.add('broken', `attempt ${attempt} of run ${runId} was called, and the ledger has ${row.attempt}`);
    }
    if (scheduledFor !== row.scheduledFor || jobId !== row.jobId) {
      findings.add('broken', `a call of run ${runId} names another occurrence`);
    }
    const earlyByMs = row.dueAt - time.at(arrivedAtMs).latest;
    if (earlyByMs > 0) findings.add('early', `run ${runId} was called ${earlyByMs.toFixed(1)} ms before it was due`);
  }
}

function latenessOf(
  rows: readonly LedgerRow[],
  callsOf: ReadonlyMap<string, readonly Delivery[]>,
  time: DatabaseTime,
): number[] {
  const lateness = rows.flatMap(({ id, dueAt }) => {
    const calls = callsOf.get(id) ?? [];
    if (calls.length === 0) return [];
    return [time.at(calls.reduce((first, call) => Math.min(first, call.arrivedAtMs), Infinity)).latest - dueAt];
  });
  return lateness.sort((a, b) => a - b);
}

function longestGap(deliveries: readonly Delivery[]): number {
  const arrivals = deliveries.map(({ arrivedAtMs }) => arrivedAtMs).sort((a, b) => a - b);
  return arrivals.reduce((longest, at, index) => Math.max(longest, at - (arrivals[index - 1] ?? at)), 0);
}

/** Of ascending values; 0 when there are none. */
function quantile(values: readonly number[], share: number): number {
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}

function isPlanned(trigger: string): boolean {
  return trigger === 'schedule' || trigger === 'misfire';
}

function name(job: Pick<Job, 'name'>, occurrence: number): string {
  return `${job.name} at ${new Date(occurrence).toISOString()}`;
}
