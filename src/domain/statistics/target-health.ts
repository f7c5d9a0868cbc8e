import type { Instant } from '../recurrence/schedule.js';
import type { RunError } from '../run.js';
import { addPacked, percentilesOf } from './histogram.js';
import type { Histogram } from './histogram.js';

export type TargetState = 'healthy' | 'failing' | 'slow' | 'quiet';

/** What was called at a host in some stretch of time. */
export interface HostCounts {
  readonly host: string;
  readonly runs: number;
  readonly failed: number;
  readonly attempts: number;
  readonly duration: string | null;
}

export interface HostFailure {
  readonly host: string;
  readonly at: Instant;
  readonly error: RunError | null;
}

export interface TargetHealth {
  readonly host: string;
  readonly state: TargetState;
  readonly runs: number;
  readonly failed: number;
  readonly attempts: number;
  readonly durationMs: { readonly p50: number; readonly p95: number } | null;
  readonly lastFailureAt: Instant | null;
  readonly lastError: RunError | null;
}

/** A tenth of the runs. */
const FAILING_SHARE = 0.1;
const SLOW_P95_MS = 5_000;
const ORDER: readonly TargetState[] = ['failing', 'slow', 'healthy', 'quiet'];

/** Hosts with what they did, the worst first. `failures`: the newest first. */
export function targetHealthOf(
  hosts: readonly HostCounts[],
  failures: readonly HostFailure[],
  most: number,
): TargetHealth[] {
  const last = new Map<string, HostFailure>();
  for (const failure of failures) if (!last.has(failure.host)) last.set(failure.host, failure);
  const all = new Map(hosts.map((counts) => [counts.host, healthOf(counts, last.get(counts.host) ?? null)]));
  for (const failure of last.values()) {
    const counts = { host: failure.host, runs: 0, failed: 0, attempts: 0, duration: null };
    if (!all.has(failure.host)) all.set(failure.host, healthOf(counts, failure));
  }
  const weight = ({ state }: TargetHealth): number => ORDER.indexOf(state);
  return [...all.values()]
    .sort((left, right) => weight(left) - weight(right) || right.failed - left.failed || right.runs - left.runs)
    .slice(0, most);
}

function healthOf({ host, runs, failed, attempts, duration }: HostCounts, last: HostFailure | null): TargetHealth {
  const histogram: Histogram = new Map();
  addPacked(histogram, duration);
  const found = percentilesOf(histogram, null);
  const durationMs = found === null ? null : { p50: found.p50, p95: found.p95 };
  return {
    ...{ host, state: stateOf(runs, failed, durationMs?.p95 ?? 0), runs, failed, attempts, durationMs },
    ...{ lastFailureAt: last?.at ?? null, lastError: last?.error ?? null },
  };
}

function stateOf(runs: number, failed: number, p95: number): TargetState {
  if (runs === 0) return 'quiet';
  if (failed / runs >= FAILING_SHARE) return 'failing';
  return p95 >= SLOW_P95_MS ? 'slow' : 'healthy';
}
