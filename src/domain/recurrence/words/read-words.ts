import { momentOf } from '../common-members.js';
import { DAY_MS } from '../duration.js';
import { cleanText, type ProblemList, quote } from '../problems.js';
import type { Instant } from '../schedule.js';
import { findZone, getZone } from '../zone.js';
import { replaced } from './cursor.js';
import type { Draft } from './draft.js';
import { dayOf, instantOf, type Reading } from './moment.js';
import { isOnce, readOnceWords } from './once-words.js';
import { readDraft } from './phrases.js';
import { WordsRefusal, type Refusal, ambiguous, unknown } from './refusal.js';
import { readRepeatedDays } from './repeated-days.js';
import { isWithinDay, readRepeatedLength } from './repeated-lengths.js';
import { suggestionsFor } from './suggestions.js';

export interface WordsContext {
  readonly now: Instant;
  /** The member `timeZone` beside the phrase; the phrase may name the same one, or alone name one. */
  readonly timeZone?: string;
  /** Where neither names one; UTC without it. It isn't among the members then. */
  readonly otherZone?: string;
  /** The member `startAt` beside the phrase, normalised: "every other Tuesday" counts from then on. */
  readonly startAt?: string;
}

type Members = Readonly<Record<string, unknown>>;

/** Longer than any phrase that people would read. */
export const MAX_WORDS_LENGTH = 200;

/**
 * Reads an English phrase ("every Monday at 9am") as the members of a schedule of another type. Nothing is guessed: what
 * is unknown, or has two meanings, is refused with the words at fault and two phrases that are understood; null then,
 * with one problem added at `pointer`. Words such as "tomorrow" count from `context.now` in the zone. The cost follows
 * the length of the phrase, which is bounded.
 */
export function readWords(text: string, context: WordsContext, problems: ProblemList, pointer = ''): Members | null {
  if (text.length > MAX_WORDS_LENGTH) {
    const detail = `${quote(text)} has ${text.length} characters; at most ${MAX_WORDS_LENGTH} are allowed in words`;
    problems.add(pointer, 'too_long', detail);
    return null;
  }
  try {
    return understand(text, context);
  } catch (error) {
    if (!(error instanceof WordsRefusal)) throw error;
    addProblem(text, error.refusal, context, problems, pointer);
    return null;
  }
}

/** Throws WordsRefusal. */
function understand(source: string, context: WordsContext): Members {
  const draft = readDraft(source);
  const timeZone = zoneOf(draft, context, source);
  const zone = findZone(timeZone ?? context.otherZone ?? 'UTC') ?? getZone('UTC');
  const { startAt, now } = context;
  const notBefore = startAt === undefined ? now : momentOf(startAt, zone.name, 'start');
  const reading = readingFrom(draft, { source, zone, now, notBefore });
  const members = membersOf(draft, reading);
  return timeZone === undefined ? members : { ...members, timeZone };
}

function membersOf(draft: Draft, reading: Reading): Members {
  if (isOnce(draft)) return readOnceWords(draft, reading);
  if (isWithinDay(draft)) return readRepeatedLength(draft, reading);
  if (draft.window !== undefined && draft.times === undefined) {
    ambiguous(draft.window.span, 'leaves open how often', [
      `every hour ${reading.source}`,
      `every 15 minutes ${reading.source}`,
    ]);
  }
  const { every, times, weekdays, monthDays, months, date } = draft;
  if (draft.starting !== undefined && (every ?? weekdays ?? monthDays ?? months ?? date) === undefined) {
    ambiguous(draft.starting.span, 'leaves open how often', [
      `every day ${reading.source}`,
      `every Monday ${reading.source}`,
    ]);
  }
  if ((every ?? times ?? weekdays ?? monthDays ?? months ?? date) === undefined) {
    const detail = 'says neither a time nor a day';
    unknown({ start: 0, end: reading.source.length }, detail, [
      `every day ${reading.source}`,
      `every hour ${reading.source}`,
    ]);
  }
  return readRepeatedDays(draft, reading);
}

/** "starting 1 March": from the start of that day on. */
function readingFrom(draft: Draft, reading: Reading): Reading {
  const { starting } = draft;
  if (starting === undefined) return reading;
  const startDay = dayOf(reading, starting.value, 0, starting.span);
  return { ...reading, notBefore: instantOf(reading, startDay * DAY_MS) };
}

function zoneOf({ zone }: Draft, { timeZone }: WordsContext, source: string): string | undefined {
  if (zone === undefined) return timeZone;
  const found = findZone(zone.value);
  if (found === null) {
    const refusal: Refusal = {
      code: 'invalid_time_zone',
      span: zone.span,
      detail: 'is not a time zone: an IANA name such as Europe/Paris or UTC is allowed',
      candidates: [replaced(source, zone.span, 'UTC'), replaced(source, zone.span, 'Europe/Paris')],
    };
    throw new WordsRefusal(refusal);
  }
  if (timeZone === undefined || findZone(timeZone) === found || findZone(timeZone) === null)
    return timeZone ?? zone.value;
  throw new WordsRefusal({
    code: 'invalid_time_zone',
    span: zone.span,
    detail: `is not the timeZone beside it, ${quote(timeZone)}`,
    candidates: [replaced(source, zone.span, ''), replaced(source, zone.span, timeZone)],
  });
}

function addProblem(
  source: string,
  refusal: Refusal,
  context: WordsContext,
  problems: ProblemList,
  pointer: string,
): void {
  const suggestions = suggestionsFor(source, refusal, (phrase) => isUnderstood(phrase, context));
  const position = refusal.span.start + 1;
  const text = source.slice(refusal.span.start, refusal.span.end);
  const proposals = suggestions.map((suggestion) => `"${suggestion}"`).join(' or ');
  const detail = `${quote(text)} at character ${position} ${refusal.detail}; try ${proposals}`;
  problems.add(pointer, refusal.code, detail, { words: { position, text: cleanText(text) }, suggestions });
}

function isUnderstood(phrase: string, context: WordsContext): boolean {
  if (phrase.length > MAX_WORDS_LENGTH) return false;
  try {
    understand(phrase, context);
    return true;
  } catch (error) {
    if (error instanceof WordsRefusal) return false;
    throw error;
  }
}
