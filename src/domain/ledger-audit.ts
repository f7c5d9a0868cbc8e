import type { Expected } from './expected-occurrences.js';
import type { Instant } from './recurrence/schedule.js';
import type { Run } from './run.js';

/** What an audit looks at of a run. */
export type AuditedRun = Pick<Run, 'id' | 'scheduledFor' | 'dueAt' | 'startedAt' | 'trigger'> & {
  /** 0 for what the schedule planned or a backfill made up for; others were started beside it. */
  readonly nonce: number;
};

/** What may be wrong with an occurrence, as `AuditFindings` names it. */
export const FINDING_KINDS = ['missing', 'doubled', 'early', 'unexpected'] as const;
/** Of each kind, of one audit, so many are kept to be told: who sees them looks for the rest. */
export const FINDINGS_KEPT = 20;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface AuditFindings {
  readonly expected: number;
  readonly found: number;
  /** Occurrences that must be in the ledger and are not. */
  readonly missing: readonly { readonly scheduledFor: Instant; readonly version: number }[];
  /** Occurrences with more than one run of the schedule. */
  readonly doubled: readonly { readonly scheduledFor: Instant; readonly runIds: readonly string[] }[];
  /** Runs that were started before they were due. */
  readonly early: readonly { readonly scheduledFor: Instant; readonly runId: string }[];
  /** Runs of the schedule for instants at which no version of the job had an occurrence. */
  readonly unexpected: readonly { readonly scheduledFor: Instant; readonly runId: string }[];
}

/**
 * Compares what the versions of a job say with what the ledger holds of the same span. `settledBy`: what was due by then must
 * have been planned; what came due since may still be on its way.
 */
export function compareWithLedger(
  { occurrences, upTo, open }: Expected,
  runs: readonly AuditedRun[],
  settledBy: Instant,
): AuditFindings {
  const ofSchedule = runs.filter(({ nonce, scheduledFor }) => nonce === 0 && scheduledFor <= upTo);
  const byOccurrence = new Map<Instant, AuditedRun[]>();
  for (const run of ofSchedule)
    byOccurrence.set(run.scheduledFor, [...(byOccurrence.get(run.scheduledFor) ?? []), run]);
  const required = occurrences.filter(({ settledAt }) => settledAt <= settledBy);
  const known = new Set(occurrences.map(({ scheduledFor }) => scheduledFor));
  const isKnown = (at: Instant): boolean => known.has(at) || open.some(({ from, until }) => at > from && at <= until);
  return {
    expected: required.length,
    found: ofSchedule.length,
    missing: required
      .filter(({ scheduledFor }) => !byOccurrence.has(scheduledFor))
      .map(({ scheduledFor, version }) => ({ scheduledFor, version })),
    doubled: [...byOccurrence]
      .filter(([, runsOfIt]) => runsOfIt.length > 1)
      .map(([scheduledFor, runsOfIt]) => ({ scheduledFor, runIds: runsOfIt.map(({ id }) => id) })),
    early: ofSchedule
      .filter(({ startedAt, dueAt }) => startedAt !== null && startedAt < dueAt)
      .map(({ scheduledFor, id }) => ({ scheduledFor, runId: id })),
    // A backfill asks today's rule for occurrences of the past.
    unexpected: ofSchedule
      .filter(({ scheduledFor, trigger }) => trigger !== 'backfill' && !isKnown(scheduledFor))
      .map(({ scheduledFor, id }) => ({ scheduledFor, runId: id })),
  };
}
