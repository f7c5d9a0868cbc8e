import type { Instant } from './recurrence/schedule.js';

export const EDIT_ACTIONS = ['skip', 'move', 'run'] as const;
export type EditAction = (typeof EDIT_ACTIONS)[number];

/** What a user decided of one occurrence that is still to come. As it is stored. */
export interface OccurrenceEdit {
  /** The occurrence's own instant, which names it whatever becomes of it. */
  readonly scheduledFor: Instant;
  /** `run`: at its own instant, with another body. */
  readonly action: EditAction;
  /** When it is due in place of its own instant; null unless it is moved. */
  readonly to: Instant | null;
  /** JSON text of the body in place of the job's; null: the job's. */
  readonly body: string | null;
  /** Why, for people. */
  readonly note: string | null;
  /** It was moved ahead and is in the ledger: it only keeps the schedule from bringing it again. */
  readonly isPlanned: boolean;
}

export type OccurrenceEdits = readonly OccurrenceEdit[];

/** Why an occurrence can't be edited as asked. */
export type EditRefusal =
  'noOccurrence' | 'inLedger' | 'past' | 'notEdited' | 'toPast' | 'toItself' | 'toTooLate' | 'duplicate' | 'tooMany';
