import { formatElapsed } from '../domain/recurrence/duration.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { spanOf } from '../domain/statistics/resolution.js';
import type { Resolution, Span } from '../domain/statistics/resolution.js';
import { refuseParameters } from '../platform/validation/request-validation.pipe.js';

interface Ends {
  readonly from: Instant;
  readonly to: Instant;
}

/** Beyond the year 9999 RFC 3339 has no spelling; a day for widening. */
const LAST_INSTANT = Date.UTC(9999, 11, 30);

/** The span of a request; an end that it does not name lies as far from the other one as by default. */
export function askedSpan<Name extends string>(
  asked: { readonly from?: Instant | undefined; readonly to?: Instant | undefined },
  byDefault: Ends,
  resolutions: readonly Resolution<Name>[],
): Span<Name> {
  const lengthMs = byDefault.to - byDefault.from;
  const to = asked.to ?? (asked.from === undefined ? byDefault.to : asked.from + lengthMs);
  const from = asked.from ?? (asked.to === undefined ? byDefault.from : Math.max(0, asked.to - lengthMs));
  if (to <= from) throw outOfRange('/to', 'is not after the beginning of the span');
  if (to > LAST_INSTANT) throw outOfRange('/to', 'is too far in the future');
  const span = spanOf(from, to, resolutions);
  if (span !== null) return span;
  const longestMs = Math.max(...resolutions.map((resolution) => resolution.longestMs));
  throw outOfRange('/to', `is more than ${daysOrElapsed(longestMs)} after the beginning of the span`);
}

function outOfRange(pointer: string, detail: string): Error {
  return refuseParameters([{ pointer, code: 'out_of_range', detail }]);
}

function daysOrElapsed(ms: number): string {
  return ms % 86_400_000 === 0 ? `P${ms / 86_400_000}D` : formatElapsed(ms);
}
