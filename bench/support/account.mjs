/** Occurrences are told apart by this. `scheduledForMs`: whole epoch milliseconds. */
export function occurrence(jobId, scheduledForMs) {
  return `${jobId} ${scheduledForMs}`;
}

/** Each job at each of the instants. */
export function occurrencesOf(jobIds, instantsMs) {
  return jobIds.flatMap((id) => instantsMs.map((ms) => occurrence(id, ms)));
}

/**
 * Holds what came to the sink against what had to come.
 * `missing`: occurrences without a call. `doubled`: occurrences called for by two different runs. `repeated`: calls beyond the
 * first of one run, which only a crash explains. `stray`: calls for no occurrence of these. `early`: calls before their instant.
 */
export function account(calls, expected) {
  const runsOf = new Map(expected.map((key) => [key, null]));
  const result = { missing: 0, doubled: 0, repeated: 0, stray: 0, early: 0 };
  const doubled = new Set();
  for (const { jobId, runId, scheduledFor, receivedAt } of calls) {
    const key = occurrence(jobId, scheduledFor);
    const known = runsOf.get(key);
    if (receivedAt < scheduledFor) result.early += 1;
    if (known === undefined) result.stray += 1;
    else if (known === null) runsOf.set(key, runId);
    else if (known === runId) result.repeated += 1;
    else doubled.add(key);
  }
  for (const runId of runsOf.values()) if (runId === null) result.missing += 1;
  return { ...result, doubled: doubled.size };
}

/** Milliseconds from due to arrival, ascending. */
export function latenessesOf(calls) {
  return Float64Array.from(calls, (call) => call.receivedAt - call.scheduledFor).sort();
}
