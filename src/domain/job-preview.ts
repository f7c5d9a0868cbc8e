import type { OccurrenceEdit, OccurrenceEdits } from './occurrence-edit.js';
import { isPlain } from './occurrence-editing.js';
import { dueOf, isOccurrence } from './planning/agenda.js';
import { formatInstant, localIso, parseInstant } from './recurrence/instants.js';
import { previewSchedule } from './recurrence/preview.js';
import type { PreviewedOccurrence, PreviewOptions, SchedulePreview } from './recurrence/preview.js';
import { compileSchedule } from './recurrence/recurrence.js';
import type { Recurrence } from './recurrence/recurrence.js';
import type { Instant, Schedule } from './recurrence/schedule.js';

export interface JobPreviewOptions extends PreviewOptions {
  readonly edits: OccurrenceEdits;
  /** Of `maxRuns`; what is to be skipped takes none. */
  readonly runsLeft: number;
}

export interface PreviewedOfJob extends PreviewedOccurrence {
  readonly edit?: OccurrenceEdit;
}

export interface JobPreview extends SchedulePreview {
  readonly occurrences: PreviewedOfJob[];
}

/**
 * What a job will do from `from` on, as if it had not run yet: its schedule and what was edited of single occurrences, those
 * to be skipped too, each where it is due. What was moved ahead and is in the ledger has its place there.
 */
export function previewJob(schedule: Schedule, { edits, runsLeft, ...options }: JobPreviewOptions): JobPreview {
  const { from, until = Infinity } = options;
  const mostShown = edits.length + Math.min(options.count, runsLeft);
  const preview = previewSchedule(schedule, { ...options, count: mostShown, isOfJob: true });
  if (edits.length === 0) return preview;
  const recurrence = compileSchedule(schedule, options.seed, options.calendars);
  const live = edits.filter((edit) => isOccurrence(recurrence, edit.scheduledFor));
  const edited = new Set(live.map((edit) => formatInstant(edit.scheduledFor)));
  const own = preview.occurrences.filter(({ scheduledFor }) => !edited.has(scheduledFor));
  const isCut = preview.occurrences.length === mostShown;
  const lastAt = isCut ? instantOf(preview.occurrences.at(-1)?.scheduledFor) : Infinity;
  const shownEdits = live
    .filter((edit) => !edit.isPlanned)
    .map((edit) => ({ at: placeOf(edit), shown: previewEdited(edit, schedule, recurrence) }))
    .filter(({ at }) => at > from && at <= Math.min(until, lastAt));
  const all: { at: Instant; shown: PreviewedOfJob }[] = [
    ...own.map((shown) => ({ at: instantOf(shown.scheduledFor), shown })),
    ...shownEdits,
  ];
  const occurrences: PreviewedOfJob[] = [];
  let runs = 0;
  for (const { shown } of all.sort((one, other) => one.at - other.at)) {
    if (occurrences.length >= options.count || runs >= runsLeft) break;
    if (shown.edit?.action !== 'skip') runs += 1;
    occurrences.push(shown);
  }
  return { ...preview, occurrences };
}

/** One occurrence as it was edited. */
export function previewEdited(edit: OccurrenceEdit, schedule: Schedule, recurrence: Recurrence): PreviewedOfJob {
  const { scheduledFor } = edit;
  const dueAt = dueOf(edit, recurrence);
  const notes = [recurrence.note(scheduledFor), noteOf(edit, schedule.timeZone)].filter((note) => note !== null);
  return {
    scheduledFor: formatInstant(scheduledFor),
    local: localIso(scheduledFor, schedule.timeZone),
    ...(notes.length > 0 && { note: notes.join('; ') }),
    ...(dueAt !== scheduledFor && { dueAt: formatInstant(dueAt) }),
    ...(!isPlain(edit) && { edit }),
  };
}

function placeOf({ scheduledFor, to }: OccurrenceEdit): Instant {
  return to ?? scheduledFor;
}

function noteOf(edit: OccurrenceEdit, timeZone: string): string | null {
  if (isPlain(edit)) return null;
  const { action, to, note } = edit;
  const what =
    action === 'skip' ? 'to be skipped' : to === null ? 'with another body' : `moved to ${localIso(to, timeZone)}`;
  return note === null ? what : `${what} (${note})`;
}

function instantOf(text: string | undefined): Instant {
  return (text === undefined ? null : parseInstant(text)) ?? Infinity;
}
