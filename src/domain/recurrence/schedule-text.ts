import { MAX_EXPRESSION_LENGTH, tidyExpression } from './cron-expression.js';
import { type ProblemList, quote } from './problems.js';

const ANY_CRON_FIRST_FIELD = /^[0-9*?,/()#LWH-]+$/i;

/**
 * Turns a schedule that was given as text into the members of a schedule: a cron expression or macro, an ISO 8601 or
 * short duration, or an RFC 3339 instant. Decides by shape only; whether the text holds is for the type to say. Null
 * when it is of no known shape, with a problem added: words are refused, never guessed.
 */
export function readScheduleText(text: string, problems: ProblemList): Record<string, unknown> | null {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const detail = `${quote(text)} has ${text.length} characters; at most ${MAX_EXPRESSION_LENGTH} are allowed`;
    problems.add('', 'too_long', detail);
    return null;
  }
  const tidy = tidyExpression(text);
  if (tidy === '') {
    problems.add('', 'required', 'the schedule is empty');
    return null;
  }
  if (/^(RRULE:|FREQ=|DTSTART)/i.test(tidy)) {
    problems.add('', 'unsupported_schedule', `${quote(tidy)}: RRULE schedules are not supported yet`);
    return null;
  }
  if (/^\d{4}-\d\d-\d\d/.test(tidy)) return readDateText(tidy, problems);
  if (/^(P[\dT]|-?\d+[a-z]+$)/i.test(tidy)) return { type: 'interval', every: tidy };
  const fields = tidy.split(' ');
  const isCron = tidy.startsWith('@') || /^(CRON_)?TZ=/i.test(tidy);
  if (isCron || (fields.length > 1 && ANY_CRON_FIRST_FIELD.test(fields[0] ?? ''))) {
    return { type: 'cron', expression: tidy };
  }
  const known =
    'a cron expression (0 9 * * 1), a macro (@daily), a duration (PT15M) or an instant (2026-12-24T18:00:00Z)';
  problems.add('', 'unsupported_schedule', `${quote(tidy)} is not understood; allowed are ${known}`);
  return null;
}

/** A text has no place for a zone, so a date-time without an offset would be a guess. */
function readDateText(tidy: string, problems: ProblemList): Record<string, unknown> | null {
  if (/[Z]$|[+-]\d\d:\d\d$/.test(tidy)) return { type: 'once', at: tidy };
  const detail = `${quote(tidy)} has no offset; allowed are 2026-12-24T18:00:00Z or a once schedule with at and timeZone`;
  problems.add('', 'invalid_instant', detail);
  return null;
}
