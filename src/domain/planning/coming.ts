import type { Job } from '../job.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';
import { Agenda } from './agenda.js';
import type { Due } from './agenda.js';

type ComingJob = Pick<
  Job,
  'schedule' | 'state' | 'pausedUntil' | 'nextOccurrenceAt' | 'scheduledRunCount' | 'occurrenceEdits'
>;

export interface Coming {
  /** In the order in which they are due, those to be skipped too. */
  readonly occurrences: readonly Due[];
  /** There are more in the span. */
  readonly truncated: boolean;
}

const NONE: Coming = { occurrences: [], truncated: false };

/**
 * What the planner will take from a job's agenda in [from, to) and is not in the ledger yet, each where it is due, `most` at most;
 * of a paused job what comes after its pause. What is to be skipped takes none of `maxRuns`, and what lies before `from` is not
 * counted against it.
 */
export function comingOccurrences(
  job: ComingJob,
  recurrence: Recurrence,
  { from, to, most }: { readonly from: Instant; readonly to: Instant; readonly most: number },
): Coming {
  if (job.state === 'completed' || (job.state === 'paused' && job.pausedUntil === null)) return NONE;
  const begin = job.state === 'paused' ? Math.max(from, job.pausedUntil ?? from) : from;
  if (begin >= to) return NONE;
  const { nextOccurrenceAt } = job;
  const isBehind = nextOccurrenceAt !== null && nextOccurrenceAt < begin;
  const agenda = new Agenda(isBehind ? recurrence.next(begin - 1) : nextOccurrenceAt, job.occurrenceEdits, recurrence);
  const occurrences: Due[] = [];
  let runsLeft = job.schedule.maxRuns === undefined ? Infinity : job.schedule.maxRuns - job.scheduledRunCount;
  for (let due = agenda.first(); due !== null && due.dueAt < to && runsLeft > 0; due = agenda.first()) {
    agenda.take(due);
    if (due.dueAt < begin) continue;
    if (occurrences.length >= most) return { occurrences, truncated: true };
    if (due.edit?.action !== 'skip') runsLeft -= 1;
    occurrences.push(due);
  }
  return { occurrences, truncated: false };
}
