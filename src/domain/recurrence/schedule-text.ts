import { MAX_EXPRESSION_LENGTH, tidyExpression } from './cron-expression.js';
import { type ProblemList, quote } from './problems.js';
import { looksLikeRrule } from './rrule-text.js';

const ANY_CRON_FIRST_FIELD = /^[0-9*?,/()#LWH-]+$/i;

/**
 * Turns a schedule that was given as text into the members of a schedule: a cron expression or macro, an ISO 8601 or
 * short duration, an RFC 5545 rule or an RFC 3339 instant. Decides by shape only; whether the text holds is for the type to say. Null
 * when it is of no known shape, with a problem added: words are refused, never guessed.
 */
export function readScheduleText(text: string, problems: ProblemList): Record<string, unknown> | null {
  // A rule is read with its lines, and may be longer than the others.
  if (looksLikeRrule(text)) return { type: 'rrule', rule: text };
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
  // Only cron separates by spaces; a duration or instant goes on as it came, and spaces around it are refused there.
  if (/^\d{4}-\d\d-\d\d/.test(tidy)) return readDateText(text, problems);
  if (/^(P[\dT]|-?\d+[a-z]+$)/i.test(tidy)) return { type: 'interval', every: text };
  if (looksLikeCron(tidy)) return { type: 'cron', expression: text };
  const known =
    'a cron expression (0 9 * * 1), a macro (@daily), a duration (PT15M), a rule (FREQ=DAILY) or an instant (2026-12-24T18:00:00Z)';
  problems.add('', 'unsupported_schedule', `${quote(tidy)} is not understood; allowed are ${known}`);
  return null;
}

function looksLikeCron(tidy: string): boolean {
  if (tidy.startsWith('@') || /^(CRON_)?TZ=/i.test(tidy)) return true;
  const fields = tidy.split(' ');
  // "15 minutes" starts like cron and is words all the same.
  const isLongOrBare = fields.length >= 4 || !/[a-z]/i.test(tidy);
  return fields.length > 1 && isLongOrBare && ANY_CRON_FIRST_FIELD.test(fields[0] ?? '');
}

/** A text has no place for a zone, so a date-time without an offset would be a guess. */
function readDateText(text: string, problems: ProblemList): Record<string, unknown> | null {
  if (/(Z|[+-]\d\d:\d\d)\s*$/.test(text)) return { type: 'once', at: text };
  const detail = `${quote(text)} has no offset; allowed are 2026-12-24T18:00:00Z or a once schedule with at and timeZone`;
  problems.add('', 'invalid_instant', detail);
  return null;
}
