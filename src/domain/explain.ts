import type { JobRevision } from './job-revision.js';
import { recurrenceOf } from './job-change.js';
import type { Job } from './job.js';
import type { OccurrenceEdit } from './occurrence-edit.js';
import { isPlain } from './occurrence-editing.js';
import { dueOf } from './planning/agenda.js';
import type { Calendars } from './recurrence/exclusion.js';
import { formatInstant } from './recurrence/instants.js';
import { latestOccurrences } from './recurrence/latest-occurrences.js';
import type { Recurrence } from './recurrence/recurrence.js';
import type { Instant } from './recurrence/schedule.js';
import type { Run, RunReason } from './run.js';

export const VERDICTS = [
  'recorded',
  'willRun',
  'willSkip',
  'moved',
  'paused',
  'notPlannedYet',
  'noOccurrence',
  'excluded',
  'beforeCreated',
  'completed',
  'noLongerKept',
  'unreadable',
  'missing',
] as const;
/** Whether a job had something to do at an instant, and what came of it. */
export type Verdict = (typeof VERDICTS)[number];

type ExplainedRun = Pick<Run, 'id' | 'state' | 'reason'>;

export interface Question {
  readonly job: Pick<Job, 'id' | 'createdAt' | 'nextOccurrenceAt' | 'state'>;
  readonly at: Instant;
  readonly now: Instant;
  /** The version in force at `at`, the current one for what is to come; null when none is kept that old. */
  readonly revision: JobRevision | null;
  /** Of today, those that the version's schedule names as far as they are still there. */
  readonly calendars: Calendars;
  /** The run of the schedule for `at`, if the ledger has one. */
  readonly run: ExplainedRun | null;
  /** Who paused it, of a version that is paused; null: nobody knows. */
  readonly pausedBy?: string | null;
  /** The occurrence that was moved to `at`, and its run, if there is one. */
  readonly movedHere?: { readonly edit: OccurrenceEdit; readonly run: ExplainedRun | null } | null;
  /** What was scheduled before is in the ledger no more. */
  readonly keptSince: Instant;
}

export interface Explanation {
  readonly verdict: Verdict;
  /** One sentence or two, for people. */
  readonly text: string;
  /** The occurrences around `at`, by the version in force there; null where there is none. */
  readonly previous: Instant | null;
  readonly next: Instant | null;
}

/** A planner that is well has planned what is due by then. */
const PLANNED_WITHIN_MS = 60_000;
const LOOK_BACK_MS = 400 * 86_400_000;

/** Says whether a job did, didn't or will run at an instant, and why. */
export function explain(question: Question): Explanation {
  const { job, revision, at, calendars } = question;
  const recurrence =
    revision === null ? null : recurrenceOf({ id: job.id, schedule: revision.definition.schedule, calendars });
  const around = {
    previous: recurrence === null ? null : (latestOccurrences(recurrence, at - LOOK_BACK_MS, at - 1, 1)[0] ?? null),
    next: recurrence?.next(at) ?? null,
  };
  const [verdict, text] = judge(question, recurrence);
  return { verdict, text, ...around };
}

function judge(question: Question, recurrence: Recurrence | null): [Verdict, string] {
  const { job, at, now, revision, run, keptSince } = question;
  const edit = revision?.occurrenceEdits?.find(({ scheduledFor }) => scheduledFor === at) ?? null;
  if (run !== null) return ['recorded', `${wordsOfRun(run)}${edit === null ? '' : wordsOfEdit(edit)}`];
  if (at <= job.createdAt) return ['beforeCreated', 'The job was created later.'];
  if (at < keptSince) return ['noLongerKept', 'Runs of that time are kept no longer (RUN_RETENTION).'];
  if (revision === null) return ['noLongerKept', 'How the job was at that time is kept no longer (AUDIT_RETENTION).'];
  if (recurrence === null) return ['unreadable', wordsOfUnreadable(question, revision)];
  const { state, pauseNote, pausedUntil } = revision;
  if (recurrence.next(at - 1) !== at) {
    const excluded = wordsOfExcluded(question, revision, recurrence);
    const moved = wordsOfMovedHere(question);
    if (moved !== null) return ['moved', moved];
    if (excluded !== null) return ['excluded', excluded];
    return ['noOccurrence', `Version ${revision.version} of the job has no occurrence at that instant.`];
  }
  const dueAt = edit === null ? recurrence.dueAt(at) : dueOf(edit, recurrence);
  if (state === 'paused' && (pausedUntil === null || dueAt < pausedUntil)) {
    const { pausedBy = null } = question;
    const note = `${pausedBy === null ? '' : ` by ${pausedBy}`}${pauseNote === null ? '' : ` (${pauseNote})`}`;
    return [
      'paused',
      `The job ${dueAt > now ? 'is' : 'was'} paused${note}; resumed, it decides by its misfire policy.`,
    ];
  }
  if (dueAt > now) {
    const isLeft = edit !== null || (job.nextOccurrenceAt !== null && at >= job.nextOccurrenceAt);
    if (job.state === 'completed' || !isLeft) {
      return ['completed', 'The job is completed: it has no occurrence left to run.'];
    }
    const until = revision.definition.schedule.maxRuns === undefined ? '' : ', unless maxRuns is reached before';
    if (edit?.action === 'skip') return ['willSkip', `It will be skipped.${wordsOfEdit(edit)}`];
    if (edit !== null && edit.to !== null)
      return ['moved', `It will run at another instant${until}.${wordsOfEdit(edit)}`];
    return ['willRun', `It will run then${until}.${edit === null ? '' : wordsOfEdit(edit)}`];
  }
  if (state === 'completed' || revision.definition.schedule.maxRuns !== undefined) {
    return ['completed', 'The job was completed by then: it had no run left.'];
  }
  if (dueAt > now - PLANNED_WITHIN_MS) return ['notPlannedYet', 'It is due and will enter the ledger in a moment.'];
  if (revision.definition.schedule.exclude !== undefined) {
    return [
      'unreadable',
      "By its calendars of today it should have run; whether by those of that time, can't be told here.",
    ];
  }
  return ['missing', 'It should be in the ledger and is not. This is a fault of Carillon: please report it.'];
}

function wordsOfUnreadable({ calendars }: Question, { definition: { schedule } }: JobRevision): string {
  const gone = (schedule.exclude ?? []).filter((name) => !calendars.has(name));
  if (gone.length === 0)
    return `The schedule of that time can't be read here, for want of the time zone ${schedule.timeZone}.`;
  return `It can't be told: the schedule of that time left out days of ${LIST.format(gone)}, which can't be read any more.`;
}

/** Says that calendars alone keep the rule from having an occurrence there; null when they don't. */
function wordsOfExcluded({ job, at, now }: Question, revision: JobRevision, recurrence: Recurrence): string | null {
  const { exclude, onExcluded = 'skip', ...schedule } = revision.definition.schedule;
  const names = recurrence.excludedBy(at);
  if (exclude === undefined || names.length === 0) return null;
  if (recurrenceOf({ id: job.id, schedule })?.next(at - 1) !== at) return null;
  const [calendars, are] = names.length === 1 ? ['calendar', 'it is'] : ['calendars', 'they are'];
  // What they were before stands in the audit log alone.
  const asOf = at > now ? '' : `, as ${are} today`;
  return `It is left out by the ${calendars} ${LIST.format(names)}${asOf}${MOVED[onExcluded]}.`;
}

function wordsOfEdit(edit: OccurrenceEdit): string {
  if (isPlain(edit)) return '';
  const { action, to, note } = edit;
  const what =
    action === 'skip'
      ? 'Somebody decided to leave it out'
      : `Somebody ${to === null ? 'gave it another body' : `moved it to ${formatInstant(to)}`}`;
  return ` ${what}${note === null ? '' : ` (${note})`}.`;
}

function wordsOfMovedHere({ movedHere }: Question): string | null {
  if (movedHere === undefined || movedHere === null) return null;
  const { edit, run } = movedHere;
  const note = edit.note === null ? '' : ` (${edit.note})`;
  const what = run === null ? 'It will run, or be decided by the misfire policy.' : wordsOfRun(run);
  return `The occurrence of ${formatInstant(edit.scheduledFor)} was moved to that instant${note}. ${what}`;
}

const MOVED = {
  skip: '',
  nextBusinessDay: ', and moved to the next free day',
  previousBusinessDay: ', and moved to the free day before',
} as const;

const LIST = new Intl.ListFormat('en', { type: 'conjunction' });

const WHY: Readonly<Record<RunReason, string>> = {
  overlap: 'an earlier run was still open, and the overlap policy leaves it out then',
  misfire: 'it was missed, and the misfire policy leaves it out',
  paused: 'the job was paused',
  skipNext: 'somebody skipped it beforehand',
  restored:
    'it was before a backup was restored: by the word of whoever restored it, it had run, and the record of that is lost',
  skippedByUser: 'somebody decided beforehand to leave it out',
  cancelledByUser: 'somebody cancelled it',
  replacedByNewerRun: 'a newer run took its place, as the overlap policy has it',
  jobDeleted: 'its job was deleted',
  attemptsExhausted: 'no attempt succeeded',
  maxElapsed: 'the time for attempts was over',
  rejected: 'the target refused it in a way that another attempt would not change',
  gone: 'the target is gone',
  workerLost: 'the workers that called it were lost each time',
};

function wordsOfRun({ state, reason }: NonNullable<Question['run']>): string {
  const why = reason === null ? '' : `: ${WHY[reason]}`;
  switch (state) {
    case 'succeeded':
      return 'It ran and succeeded.';
    case 'failed':
      return `It ran and failed${why}.`;
    case 'skipped':
      return `It was skipped${why}.`;
    case 'cancelled':
      return `It was cancelled${why}.`;
    case 'queued':
      return 'Its run waits for a worker.';
    case 'held':
      return 'Its run waits for an earlier one to end, as the overlap policy has it.';
    case 'running':
      return 'It is running.';
    case 'retrying':
      return 'An attempt failed; another one follows.';
  }
}
