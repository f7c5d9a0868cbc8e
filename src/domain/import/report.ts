import type { Fault } from '../errors.js';

/** Where in what was given: a JSON pointer (RFC 6901), or a line of a text, counted from 1. */
export type Place = { readonly pointer: string } | { readonly line: number };

export type LossCode =
  /** It is no job, or not of a kind that could be one. */
  | 'not_a_job'
  /** It isn't what the format says: a wrong type, something that is missing. */
  | 'malformed'
  /** When it is to run can't be said here. */
  | 'unsupported_schedule'
  /** The setting has no counterpart. */
  | 'no_equivalent'
  /** It is carried over as something close to it. */
  | 'approximated'
  /** An identity of the other system, which calls from here do not have. */
  | 'credentials'
  /** No URL is known for it; name one with `target`. */
  | 'no_target'
  /** The zone of the machine or cluster is not in the file. */
  | 'assumed_time_zone';

/** One thing that an import leaves behind or changes. */
export interface Loss {
  /** What is affected: the whole job, which is then not there at all, one of its settings, or the document. */
  readonly scope: 'document' | 'job' | 'setting';
  readonly job: string | null;
  readonly place: Place;
  /** A `LossCode`, or the code of the fault for which a job was refused. */
  readonly code: string;
  readonly detail: string;
}

/** More than anyone reads; a text of junk must not become an answer many times its size. */
const MAX_LOSSES = 10_000;
const MAX_NAME = 200;

export class TooManyLossesError extends RangeError {}

/** All that could not be carried over. */
export class ImportReport {
  readonly losses: Loss[] = [];

  document(place: Place, code: LossCode, detail: string): void {
    this.add({ scope: 'document', job: null, place, code, detail });
  }

  job(job: string | null, place: Place, code: LossCode, detail: string): void {
    this.add({ scope: 'job', job, place, code, detail });
  }

  setting(job: string | null, place: Place, code: LossCode, detail: string): void {
    this.add({ scope: 'setting', job, place, code, detail });
  }

  /** A job that was refused as any client's would be. */
  refused(job: string, place: Place, faults: readonly Fault[]): void {
    for (const { pointer, code, detail } of faults) {
      this.add({ scope: 'job', job, place, code, detail: `${pointer === '' ? 'it' : pointer} ${detail}` });
    }
  }

  private add(loss: Loss): void {
    if (this.losses.length >= MAX_LOSSES)
      throw new TooManyLossesError(`more than ${MAX_LOSSES} things don't carry over`);
    // It may be as long as the whole source, and stand in each line of the report.
    this.losses.push({ ...loss, job: loss.job?.slice(0, MAX_NAME) ?? null });
  }
}
