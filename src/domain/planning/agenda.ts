import type { OccurrenceEdit, OccurrenceEdits } from '../occurrence-edit.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant } from '../recurrence/schedule.js';

/** An occurrence that is not in the ledger yet, and when it is due. */
export interface Due {
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly edit: OccurrenceEdit | null;
}

/** Where a job stands among its occurrences. */
export interface Position {
  readonly nextOccurrenceAt: Instant | null;
  /** Null: nothing is left. */
  readonly nextRunAt: Instant | null;
  readonly occurrenceEdits: OccurrenceEdits | null;
}

type Next = (recurrence: Recurrence, after: Instant) => Instant | null;

const ASK: Next = (recurrence, after) => recurrence.next(after);

/**
 * The occurrences that a job has not planned, in the order in which they are due: those of its schedule from a cursor on, and
 * those that were edited, wherever they were moved to. The cursor passes over edited ones, which are kept apart until they
 * are planned; one that was planned ahead is kept until the cursor is beyond it. An edit of an instant that is no occurrence,
 * as when a calendar leaves it out since, does nothing.
 */
export class Agenda {
  private cursor: Instant | null;
  private cursorDue: Due | null = null;
  private edits: OccurrenceEdits;
  /** Edited ones, the soonest due first. */
  private pending: readonly Due[] = [];

  constructor(
    cursor: Instant | null,
    edits: OccurrenceEdits | null | undefined,
    private readonly recurrence: Recurrence,
    private readonly next: Next = ASK,
  ) {
    this.cursor = cursor;
    this.edits = edits ?? [];
    if (this.edits.length === 0) return;
    this.passEdited();
    this.pending = this.edits
      .filter((edit) => !edit.isPlanned && isOccurrence(recurrence, edit.scheduledFor))
      .map((edit) => ({ scheduledFor: edit.scheduledFor, dueAt: dueOf(edit, recurrence), edit }))
      .sort(bySoonest);
  }

  /** The one that is due first. */
  first(): Due | null {
    const [edited] = this.pending;
    const regular = this.regular();
    if (edited === undefined) return regular;
    return regular === null || bySoonest(edited, regular) < 0 ? edited : regular;
  }

  /** As `first`, of those that are not to be skipped. */
  firstToRun(): Due | null {
    const edited = this.pending.find(({ edit }) => edit?.action !== 'skip');
    const regular = this.regular();
    if (edited === undefined) return regular;
    return regular === null || bySoonest(edited, regular) < 0 ? edited : regular;
  }

  /** It is in the ledger now. */
  take({ scheduledFor, edit }: Due): void {
    if (edit === null) {
      this.moveTo(this.next(this.recurrence, scheduledFor));
      this.passEdited();
      return;
    }
    this.pending = this.pending.filter((due) => due.edit !== edit);
    this.edits = this.edits.map((one) => (one === edit ? { ...edit, isPlanned: true } : one));
  }

  isEdited(scheduledFor: Instant): boolean {
    return this.edits.some((edit) => edit.scheduledFor === scheduledFor);
  }

  /** Edited ones to come, the soonest due first. */
  edited(): readonly Due[] {
    return this.pending;
  }

  get editCount(): number {
    return this.edits.length;
  }

  get nextRegular(): Instant | null {
    return this.cursor;
  }

  position(): Position {
    const first = this.first();
    const { cursor } = this;
    const isNeeded = (edit: OccurrenceEdit): boolean =>
      (cursor !== null && edit.scheduledFor > cursor) || this.pending.some((due) => due.edit === edit);
    const edits = first === null ? [] : this.edits.filter(isNeeded);
    return {
      nextOccurrenceAt: cursor,
      nextRunAt: first?.dueAt ?? null,
      occurrenceEdits: edits.length === 0 ? null : edits,
    };
  }

  private regular(): Due | null {
    if (this.cursor === null) return null;
    this.cursorDue ??= { scheduledFor: this.cursor, dueAt: this.recurrence.dueAt(this.cursor), edit: null };
    return this.cursorDue;
  }

  private passEdited(): void {
    while (this.cursor !== null && this.edits.length > 0 && this.isEdited(this.cursor)) {
      this.moveTo(this.next(this.recurrence, this.cursor));
    }
  }

  private moveTo(cursor: Instant | null): void {
    this.cursor = cursor;
    this.cursorDue = null;
  }
}

/** When an edited occurrence is due. */
export function dueOf(edit: OccurrenceEdit, recurrence: Recurrence): Instant {
  return edit.to ?? recurrence.dueAt(edit.scheduledFor);
}

export function isOccurrence(recurrence: Recurrence, instant: Instant): boolean {
  return recurrence.next(instant - 1) === instant;
}

function bySoonest(one: Due, other: Due): number {
  return one.dueAt - other.dueAt || one.scheduledFor - other.scheduledFor;
}
