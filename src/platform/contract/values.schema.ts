import { z } from 'zod';
import { formatElapsed, parseElapsedMs } from '../../domain/recurrence/duration.js';
import { parseInstant } from '../../domain/recurrence/instants.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Asked before an id reaches a query: a malformed one names nothing. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** An instant in a request, as epoch milliseconds. */
export const InstantInput = z
  .string()
  .transform((text, context) => {
    const instant = parseInstant(text);
    if (instant !== null && instant >= 0) return instant;
    const message = 'is not an RFC 3339 instant from 1970 on, such as 2026-12-24T18:00:00Z';
    context.addIssue({ code: 'custom', message, params: { code: 'invalid_instant' } });
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time', example: '2026-12-24T18:00:00Z' });

/** An instant in an answer. */
export const InstantText = z.string().meta({ format: 'date-time', example: '2026-12-24T18:00:00.000Z' });

// Not `format: duration`: that is RFC 3339's, which knows no fractions of a second and no weeks beside days.
const SECONDS_AND_LONGER = 'T(?=\\d)(?:\\d{1,9}H)?(?:\\d{1,9}M)?(?:\\d{1,9}(?:\\.\\d{1,3})?S)?';
const ELAPSED_PATTERN = `^(?:\\d{1,9}[smhd]|P(?=\\d|T)(?:\\d{1,9}W)?(?:\\d{1,9}D)?(?:${SECONDS_AND_LONGER})?)$`;
/** ISO 8601 as the service spells it. */
export const DURATION_PATTERN = `^P(?=\\d|T)(?:\\d+Y)?(?:\\d+M)?(?:\\d+W)?(?:\\d+D)?(?:${SECONDS_AND_LONGER})?$`;

/** A duration in an answer. */
export const DurationText = z.string().meta({ pattern: DURATION_PATTERN, example: 'PT30S' });

export const IdText = z.string().meta({ format: 'uuid', example: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11' });

/** An elapsed duration in a request, ISO 8601 or short (`30s`), as milliseconds from `leastMs` to `mostMs`. */
export function elapsedInput(leastMs: number, mostMs: number) {
  const range = `${formatElapsed(leastMs)} to ${formatElapsed(mostMs)}`;
  return z.string().transform((text, context) => {
    const ms = /^(PT0S|0s)$/.test(text) ? 0 : parseElapsedMs(text);
    if (ms !== null && ms >= leastMs && ms <= mostMs) return ms;
    const [code, message] =
      ms === null
        ? ['invalid_duration', 'is not a duration such as PT30S, 30s or 5m']
        : ['out_of_range', `is not from ${range}`];
    context.addIssue({ code: 'custom', message, params: { code } });
    return z.NEVER;
  });
}

/** What a duration member says of itself in the API's description. */
export function durationMeta(description: string, byDefault: string) {
  return { type: 'string', pattern: ELAPSED_PATTERN, description, default: byDefault, example: byDefault };
}

/** The optional body of an action that takes nothing. */
export const NoContent = z
  .strictObject({})
  .optional()
  .meta({ id: 'NoContent', description: 'Nothing, or an empty object.' });
