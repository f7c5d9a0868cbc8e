import type { Instant } from '../domain/recurrence/schedule.js';
import type { NewRun } from '../persistence/ledger-writes.js';
import { placeOfRun, runAttributes } from '../platform/tracing/run-attributes.js';
import type { Tracing } from '../platform/tracing/tracing.js';

interface PlannedBatch {
  readonly jobs: number;
  readonly runs: readonly NewRun[];
  readonly epoch: number;
  readonly startAt: Instant;
  readonly endAt: Instant;
}

/** A trace of the batch, and in the trace of each of its runs how it was planned. What is skipped has ended with that. */
export function tracePlanning(tracing: Tracing, { jobs, runs, epoch, startAt, endAt }: PlannedBatch): void {
  const batch = tracing.place(null);
  tracing.write(batch, null, {
    name: 'plan batch',
    startAt,
    endAt,
    attributes: { 'carillon.jobs': jobs, 'carillon.runs': runs.length, 'carillon.epoch': epoch },
  });
  for (const run of runs) {
    const whole = placeOfRun(run.id, null, tracing);
    if (!whole.sampled) continue;
    const attributes = { ...runAttributes(run), 'carillon.epoch': epoch, 'carillon.decision': run.reason ?? run.state };
    tracing.write(tracing.place(whole), whole, { name: 'plan', startAt, endAt, attributes, links: [batch] });
    if (run.state === 'skipped') tracing.write(whole, null, { name: 'run', startAt: run.dueAt, endAt, attributes });
  }
}
