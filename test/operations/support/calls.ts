import type { Receiver } from '../../support/receiver.js';

/** Of one job: which runs (`webhook-id`) each of its occurrences was called for, and how often. */
export type Calls = ReadonlyMap<string, readonly string[]>;

/** By the instants of the occurrences, as they came. `from`: how many requests to leave out. */
export function callsOf(receiver: Receiver, jobName: string, from = 0): Calls {
  const calls = new Map<string, string[]>();
  for (const { headers } of receiver.requests.slice(from)) {
    if (headers['carillon-job-name'] !== jobName) continue;
    const at = String(headers['carillon-scheduled-for']);
    calls.set(at, [...(calls.get(at) ?? []), String(headers['webhook-id'])]);
  }
  return calls;
}

/** Occurrences that had more than one run: a receiver that goes by `webhook-id` alone can't tell. */
export function doubled(calls: Calls): string[] {
  return [...calls].filter(([, ids]) => new Set(ids).size > 1).map(([at]) => at);
}

/** In both, but by other runs. */
export function runAnew(before: Calls, after: Calls): string[] {
  return [...after].filter(([at, ids]) => ids.some((id) => before.get(at)?.includes(id) === false)).map(([at]) => at);
}

/** In both, by the same run: what a receiver drops. */
export function repeated(before: Calls, after: Calls): string[] {
  return [...after].filter(([at, ids]) => ids.some((id) => before.get(at)?.includes(id) === true)).map(([at]) => at);
}
