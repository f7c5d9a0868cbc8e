import { recurrenceOf } from '../domain/job-change.js';
import { previewJob } from '../domain/job-preview.js';
import type { JobPreview } from '../domain/job-preview.js';
import { formatInstant, parseInstant } from '../domain/recurrence/instants.js';
import { latestOccurrences } from '../domain/recurrence/latest-occurrences.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { effectsOfSwitch } from '../domain/schedule-switch.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import { viewOfOccurrence } from '../platform/contract/schedule.schema.js';
import type { JobDryRunView } from './job.schemas.js';
import { scheduleTextOf } from './job-view.js';

const SHOWN = 20;
const LOOK_BACK_MS = 400 * 86_400_000;

/** A change of a job that was tried out and taken back. */
export interface TriedChange {
  readonly before: StoredJob;
  readonly after: StoredJob;
  readonly now: Instant;
}

/** What a change would do to what a job does next. */
export function viewOfTried({ before, after, now }: TriedChange): JobDryRunView {
  const [old, next] = [previewOf(before, now), previewOf(after, now)];
  const isSwitch =
    before.state === 'active' && old.text !== null && next.text !== null && before.schedule !== after.schedule;
  const effects = isSwitch
    ? effectsOfSwitch({ now, previous: previousOf(before, now), before: dueOf(old), after: dueOf(next) })
    : { doubled: [], dropped: [] };
  const kept = new Set(after.occurrenceEdits?.map(({ scheduledFor }) => scheduledFor));
  const droppedEdits = (before.occurrenceEdits ?? [])
    .filter(({ isPlanned, scheduledFor }) => !isPlanned && !kept.has(scheduledFor))
    .map(({ scheduledFor }) => formatInstant(scheduledFor));
  const [doubled, dropped] = [effects.doubled.map(formatInstant), effects.dropped.map(formatInstant)];
  return {
    before: { scheduleText: scheduleTextOf(before), occurrences: old.occurrences.map(viewOfOccurrence) },
    after: { scheduleText: scheduleTextOf(after), occurrences: next.occurrences.map(viewOfOccurrence) },
    ...{ doubled, dropped, droppedEdits },
    warnings: [...next.warnings, ...warningsOf(doubled, dropped, droppedEdits)],
  };
}

function warningsOf(doubled: readonly string[], dropped: readonly string[], droppedEdits: readonly string[]): string[] {
  return [
    ...doubled.map((at) => `runs again at ${at}, less than half as long after the last time as either schedule leaves`),
    ...(dropped.length === 0
      ? []
      : [`does not run at ${dropped.join(', ')} any more, nor instead before its next time`]),
    ...(droppedEdits.length === 0
      ? []
      : [`the new schedule does not have what was edited: ${droppedEdits.join(', ')}`]),
  ];
}

type Shown = Omit<JobPreview, 'text'> & { readonly text: string | null };

/** None of a schedule that can't be read here. */
function previewOf(job: StoredJob, now: Instant): Shown {
  if (recurrenceOf(job) === null) return { text: null, occurrences: [], warnings: [] };
  const { maxRuns } = job.schedule;
  return previewJob(job.schedule, {
    ...{ seed: job.id, from: now, count: SHOWN, edits: job.occurrenceEdits ?? [] },
    runsLeft: maxRuns === undefined ? Infinity : Math.max(0, maxRuns - job.scheduledRunCount),
    ...(job.calendars !== undefined && { calendars: job.calendars }),
  });
}

/** Those that run, as the schedule names them. */
function dueOf({ occurrences }: Shown): Instant[] {
  return occurrences
    .filter(({ edit }) => edit?.action !== 'skip')
    .map(({ scheduledFor }) => parseInstant(scheduledFor) ?? 0)
    .sort((one, other) => one - other);
}

function previousOf(job: StoredJob, now: Instant): Instant | null {
  const recurrence = recurrenceOf(job);
  if (recurrence === null) return null;
  return latestOccurrences(recurrence, Math.max(job.createdAt, now - LOOK_BACK_MS), now, 1)[0] ?? null;
}
