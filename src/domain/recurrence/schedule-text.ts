import { isWordOfSpeech } from './words/lexicon.js';
import { readWords } from './words/read-words.js';
import { MAX_EXPRESSION_LENGTH, tidyExpression } from './cron-expression.js';
import { type ProblemList, quote } from './problems.js';
import { looksLikeRrule } from './rrule-text.js';
import type { Instant } from './schedule.js';

const ANY_CRON_FIRST_FIELD = /^[0-9*?,/()#LWH-]+$/i;
/** `9am`, `15th`: not a number with a unit. */
const SHORT_WORDS = /^\d+(am|pm|st|nd|rd|th)$/i;

/**
 * Turns a schedule that was given as text into the members of a schedule: a cron expression or macro, an ISO 8601 or
 * short duration, an RFC 5545 rule, an RFC 3339 instant, or an English phrase, which is what everything else is taken
 * for. Decides by shape only; whether the text holds is for the type to say, or for the phrase's own reader. Null when it
 * was refused, with problems added.
 */
export function readScheduleText(
  text: string,
  context: { now: Instant; otherZone?: string },
  problems: ProblemList,
): Readonly<Record<string, unknown>> | null {
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
  if (/^\d{4}-\d\d-\d\d[^ ]*$/.test(tidy)) return readDateText(text, problems);
  if (/^(P[\dT]|-?\d+[a-z]+$)/i.test(tidy) && !SHORT_WORDS.test(tidy)) return { type: 'interval', every: text };
  if (looksLikeCron(tidy)) return { type: 'cron', expression: text };
  return readWords(text, context, problems);
}

function looksLikeCron(tidy: string): boolean {
  if (tidy.startsWith('@') || /^(CRON_)?TZ=/i.test(tidy)) return true;
  const fields = tidy.split(' ');
  // "15 minutes" and "24 December 2026 at 18:00" start like cron and are words all the same.
  const isSpeech =
    tidy.includes(':') || (tidy.match(/[a-z]+/gi) ?? []).some((word) => isWordOfSpeech(word.toLowerCase()));
  const isLongOrBare = !isSpeech && (fields.length >= 4 || !/[a-z]/i.test(tidy));
  return fields.length > 1 && isLongOrBare && ANY_CRON_FIRST_FIELD.test(fields[0] ?? '');
}

/** A text has no place for a zone, so a date-time without an offset would be a guess. */
function readDateText(text: string, problems: ProblemList): Record<string, unknown> | null {
  if (/(Z|[+-]\d\d:\d\d)\s*$/.test(text)) return { type: 'once', at: text };
  const detail = `${quote(text)} has no offset; allowed are 2026-12-24T18:00:00Z or a once schedule with at and timeZone`;
  problems.add('', 'invalid_instant', detail);
  return null;
}
