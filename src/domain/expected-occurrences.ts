import type { Job } from './job.js';
import { recurrenceOf } from './job-change.js';
import { dueOf, isOccurrence } from './planning/agenda.js';
import type { JobRevision } from './job-revision.js';
import type { Recurrence } from './recurrence/recurrence.js';
import type { Instant, OnExcluded } from './recurrence/schedule.js';

/** An occurrence that the versions of a job had. */
export interface Expectation {
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  /** The version in force when it was due. */
  readonly version: number;
  /**
   * From when on it must be in the ledger: when it was due, or when the pause ended that held it back. Infinity where the
   * versions alone don't say: in a pause that lasts, under `maxRuns`, which counts runs, and where calendars leave days out,
   * which may have been others then.
   */
  readonly settledAt: Instant;
}

export interface Expected {
  /** In the order of their instants. */
  readonly occurrences: readonly Expectation[];
  /** All are there up to this instant; `limit` was reached there, or it is the end of the span. */
  readonly upTo: Instant;
  /** Spans, their beginning exclusive, in which occurrences may stand anywhere: calendars moved them there. */
  readonly open: readonly { readonly from: Instant; readonly until: Instant }[];
}

/** Versions in a row whose schedules are one rule: an edit of anything else moves no occurrence. */
interface Era {
  /** By the rule alone, without what calendars leave out. */
  readonly recurrence: Recurrence;
  /** Equal for versions whose occurrences are the same. */
  readonly key: string;
  /** What becomes of occurrences that calendars leave out; null: no calendar does. */
  readonly onExcluded: OnExcluded | null;
  /** Occurrences come after it. */
  readonly from: Instant;
  /** What is due by then is of this era; Infinity for the last one. */
  readonly until: Instant;
  readonly revisions: readonly JobRevision[];
}

/**
 * What should be in the ledger of a job for [from, to], worked out from its versions alone (ascending, the one in force at
 * `from` first), apart from the planner. Every occurrence enters the ledger, as a run or with the reason why it was skipped;
 * an edit of the rule takes what is due by its instant to the old rule and what comes after it to the new one.
 */
export function expectedOccurrences(
  job: Pick<Job, 'id'>,
  revisions: readonly JobRevision[],
  { from, to, limit }: { readonly from: Instant; readonly to: Instant; readonly limit: number },
): Expected {
  const occurrences: Expectation[] = [];
  const open: { from: Instant; until: Instant }[] = [];
  for (const era of erasOf(job, revisions)) {
    if (era.onExcluded !== null && era.onExcluded !== 'skip') {
      open.push({ from: era.from, until: era.until });
      continue;
    }
    const edited = editedOf(era);
    const inEra: Expectation[] = [];
    let at = era.recurrence.next(Math.max(era.from, from - 1));
    let upTo: Instant | null = null;
    for (; at !== null && at <= to; at = era.recurrence.next(at)) {
      if (edited.has(at)) continue;
      const dueAt = era.recurrence.dueAt(at);
      if (dueAt > era.until) break;
      if (occurrences.length + inEra.length >= limit) {
        upTo = inEra.at(-1)?.scheduledFor ?? occurrences.at(-1)?.scheduledFor ?? from;
        break;
      }
      inEra.push(expectationOf(era, at, dueAt));
    }
    for (const scheduledFor of edited) {
      const isAsked = scheduledFor >= from && scheduledFor <= (upTo ?? to);
      if (isAsked) inEra.push(...editedExpectation(era, scheduledFor));
    }
    occurrences.push(...inEra.sort((one, other) => one.scheduledFor - other.scheduledFor));
    if (upTo !== null) return { occurrences, upTo, open };
  }
  return { occurrences, upTo: to, open };
}

/** The instants of occurrences that some version had edited. */
function editedOf({ revisions }: Era): ReadonlySet<Instant> {
  return new Set(revisions.flatMap(({ occurrenceEdits }) => occurrenceEdits?.map((edit) => edit.scheduledFor) ?? []));
}

/** It is planned by the first version by whose end it is due; by none when it was moved beyond the end of the rule. */
function editedExpectation(era: Era, scheduledFor: Instant): Expectation[] {
  const { recurrence, revisions, until } = era;
  if (!isOccurrence(recurrence, scheduledFor)) return [];
  for (const [index, { occurrenceEdits }] of revisions.entries()) {
    const edit = occurrenceEdits?.find((one) => one.scheduledFor === scheduledFor);
    const dueAt = edit === undefined ? recurrence.dueAt(scheduledFor) : dueOf(edit, recurrence);
    if (dueAt <= (revisions[index + 1]?.at ?? until)) return [expectationAt(era, index, scheduledFor, dueAt)];
  }
  return [];
}

/** A schedule that can't be read here any more ends nothing: it is left out, with what it had. */
function erasOf(job: Pick<Job, 'id'>, revisions: readonly JobRevision[]): Era[] {
  const eras: (Omit<Era, 'recurrence' | 'until' | 'revisions'> & {
    recurrence: Recurrence;
    until: Instant;
    revisions: JobRevision[];
  })[] = [];
  for (const revision of revisions) {
    const { exclude = [], onExcluded = 'skip', ...schedule } = revision.definition.schedule;
    const recurrence = recurrenceOf({ id: job.id, schedule });
    const key = JSON.stringify([recurrence?.key, exclude, exclude.length === 0 ? null : onExcluded]);
    const last = eras.at(-1);
    if (recurrence !== null && last?.key === key && last.until === Infinity) {
      // Jitter alone may differ: the due instants are those of the later one.
      last.recurrence = recurrence;
      last.revisions.push(revision);
      continue;
    }
    if (last !== undefined) last.until = Math.min(last.until, revision.at);
    if (recurrence === null) continue;
    eras.push({
      ...{ recurrence, key, from: revision.at, until: Infinity, revisions: [revision] },
      onExcluded: exclude.length === 0 ? null : onExcluded,
    });
  }
  return eras;
}

function expectationOf(era: Era, scheduledFor: Instant, dueAt: Instant): Expectation {
  const index = Math.max(
    0,
    era.revisions.findLastIndex(({ at }) => at < dueAt),
  );
  return expectationAt(era, index, scheduledFor, dueAt);
}

function expectationAt(
  { revisions, until, onExcluded }: Era,
  index: number,
  scheduledFor: Instant,
  dueAt: Instant,
): Expectation {
  const revision = revisions[index] ?? revisions[0];
  if (revision === undefined) throw new Error('an era without a version');
  const isUnsaid = onExcluded !== null || revision.definition.schedule.maxRuns !== undefined;
  const settledAt = isUnsaid ? Infinity : settlementOf(revisions.slice(index), dueAt, until);
  return { scheduledFor, dueAt, version: revision.version, settledAt };
}

/**
 * What a pause holds back enters the ledger when the job goes on under the same rule; with another one it is gone.
 * `revisions`: from the one in force on, up to the end of the rule.
 */
function settlementOf(revisions: readonly JobRevision[], dueAt: Instant, until: Instant): Instant {
  let heldSince = dueAt;
  for (const [index, { state, pausedUntil, at }] of revisions.entries()) {
    if (state === 'active') return Math.max(heldSince, index === 0 ? dueAt : at);
    if (state === 'completed') return Infinity;
    const nextAt = revisions[index + 1]?.at ?? until;
    if (pausedUntil !== null && pausedUntil < nextAt) return Math.max(dueAt, pausedUntil);
    heldSince = nextAt;
  }
  return Infinity;
}
