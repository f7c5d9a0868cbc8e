import type { ScheduleProblemCode } from '../schedule.js';
import type { Span } from './tokenizer.js';

/** Why a phrase is not taken, with the words at fault and phrases that may have been meant. */
export interface Refusal {
  readonly code: ScheduleProblemCode;
  readonly span: Span;
  /** Follows the quoted words: "is not a time of day". */
  readonly detail: string;
  /** Whole phrases; not yet known to be understood. */
  readonly candidates: readonly string[];
}

/** Thrown inside this folder only: `readWords` turns it into a problem. */
export class WordsRefusal extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

/** Words that nothing here knows, or that stand where they make no sense. */
export function unknown(span: Span, detail = 'is not understood here', candidates: readonly string[] = []): never {
  throw new WordsRefusal({ code: 'unknown_words', span, detail, candidates });
}

/** Words that people read in two ways, or that leave open what they need to say. */
export function ambiguous(span: Span, detail: string, candidates: readonly string[]): never {
  throw new WordsRefusal({ code: 'ambiguous_words', span, detail, candidates });
}
