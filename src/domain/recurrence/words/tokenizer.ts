import { isDayOrMonthName } from './lexicon.js';
import { unknown } from './refusal.js';

/** Offsets into the phrase, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

type Meaning =
  | { readonly kind: 'word' }
  | { readonly kind: 'number'; readonly value: number; readonly isOrdinal: boolean }
  /** `18:30`, `18.30`, `18:30:15`; not yet checked. */
  | { readonly kind: 'clock'; readonly hour: number; readonly minute: number; readonly second: number }
  /** `:15`. */
  | { readonly kind: 'pastHour'; readonly value: number }
  | { readonly kind: 'isoDate'; readonly year: number; readonly month: number; readonly day: number }
  | { readonly kind: 'slashDate'; readonly first: number; readonly second: number; readonly year: number | null }
  | { readonly kind: 'zone'; readonly name: string }
  | { readonly kind: 'symbol' };

/** `text` is in lower case. */
export type Token = Span & Meaning & { readonly text: string };

/** More than any sensible phrase has; checked while reading, so that no later step sees more. */
const MAX_TOKENS = 60;

// Each pattern is tried at one offset and reads on without going back: the cost of a phrase follows its length.
const SPACE = /[ \t]+/y;
const MERIDIEM = /([ap])\.?m(?:\.(?![A-Za-z])|(?![A-Za-z]))/iy;
const RUN = /[A-Za-z][A-Za-z0-9_+/'-]*/y;
const WORD = /[A-Za-z']+/y;
const ISO_DATE = /(\d{4})-(\d\d)-(\d\d)(?:T(?=\d)|(?![\d-]))/y;
const SLASH_DATE = /(\d{1,2})\/(\d{1,2})(?:\/(\d{4}))?(?![\d/])/y;
const CLOCK = /(\d{1,2})[:.](\d\d)(?::(\d\d))?(?![\d:])/y;
const NUMBER = /(\d+)(st(?![a-z])|nd(?![a-z])|rd(?![a-z])|th(?![a-z]))?/iy;
const PAST_HOUR = /:(\d\d)(?!\d)/y;
const PARENTHESIS = /\(([A-Za-z][A-Za-z0-9_+/-]*)\)/y;

/** Reads a phrase as tokens; refuses what is not printable ASCII and what is too long. A full stop at the end is none. */
export function tokenize(source: string): Token[] {
  const strange = /[^\x20-\x7e\t]/.exec(source);
  if (strange !== null) {
    const span = { start: strange.index, end: strange.index + 1 };
    unknown(span, 'is not a letter, digit or sign of plain English', [toPlainText(source)]);
  }
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < source.length) {
    const space = matchAt(SPACE, source, offset);
    if (space !== null) offset += space[0].length;
    else {
      const token = readToken(source, offset);
      if (tokens.length >= MAX_TOKENS) unknown(token, `is word ${MAX_TOKENS + 1}: a schedule has fewer`);
      tokens.push(token);
      offset = token.end;
    }
  }
  return tokens.at(-1)?.text === '.' ? tokens.slice(0, -1) : tokens;
}

function readToken(source: string, start: number): Token {
  const code = source.charCodeAt(start);
  const isDigit = code >= 0x30 && code <= 0x39;
  const read = isDigit ? readNumeric(source, start) : (readLetters(source, start) ?? readPunctuation(source, start));
  const end = start + read.length;
  return { ...read.meaning, start, end, text: read.text ?? source.slice(start, end).toLowerCase() };
}

interface Read {
  readonly meaning: Meaning;
  readonly length: number;
  /** Where it differs from what is written. */
  readonly text?: string;
}

function readNumeric(source: string, start: number): Read {
  const iso = matchAt(ISO_DATE, source, start);
  if (iso !== null) {
    const meaning: Meaning = { kind: 'isoDate', year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) };
    return { meaning, length: iso[0].length };
  }
  const slash = matchAt(SLASH_DATE, source, start);
  if (slash !== null) {
    const year = slash[3] === undefined ? null : Number(slash[3]);
    const meaning: Meaning = { kind: 'slashDate', first: Number(slash[1]), second: Number(slash[2]), year };
    return { meaning, length: slash[0].length };
  }
  const clock = matchAt(CLOCK, source, start);
  if (clock !== null) {
    const [hour, minute, second] = [Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)];
    return { meaning: { kind: 'clock', hour, minute, second }, length: clock[0].length };
  }
  const number = matchAt(NUMBER, source, start);
  const text = number?.[0] ?? '';
  const meaning: Meaning = { kind: 'number', value: Number(number?.[1]), isOrdinal: number?.[2] !== undefined };
  return { meaning, length: text.length };
}

function readLetters(source: string, start: number): Read | null {
  const meridiem = matchAt(MERIDIEM, source, start);
  if (meridiem !== null) {
    return { meaning: { kind: 'word' }, length: meridiem[0].length, text: `${(meridiem[1] ?? '').toLowerCase()}m` };
  }
  const run = matchAt(RUN, source, start)?.[0];
  if (run !== undefined && isZoneLike(run)) {
    const name = run.includes('/') ? run : run.toUpperCase();
    return { meaning: { kind: 'zone', name }, length: run.length };
  }
  const word = matchAt(WORD, source, start)?.[0];
  return word === undefined ? null : { meaning: { kind: 'word' }, length: word.length };
}

/** Short names such as EST are left out: the tz database has some of them, with other rules than people think of. */
function isZoneLike(run: string): boolean {
  if (/^(utc|gmt)/i.test(run)) return true;
  if (!run.includes('/')) return false;
  // Whether there is such a zone is asked once for a phrase, not for each word: an unknown one costs most of all.
  return !run.split('/').every((part) => isDayOrMonthName(part.toLowerCase()));
}

function readPunctuation(source: string, start: number): Read {
  const pastHour = matchAt(PAST_HOUR, source, start);
  if (pastHour !== null) return { meaning: { kind: 'pastHour', value: Number(pastHour[1]) }, length: 3 };
  const zone = matchAt(PARENTHESIS, source, start);
  if (zone?.[1] !== undefined && isZoneLike(zone[1])) {
    return { meaning: { kind: 'zone', name: zone[1] }, length: zone[0].length };
  }
  if (source[start] === '&') return { meaning: { kind: 'word' }, length: 1, text: 'and' };
  return { meaning: { kind: 'symbol' }, length: 1 };
}

function matchAt(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}

/** What word processors make of plain signs. */
function toPlainText(source: string): string {
  return source
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '')
    .replace(/[\u00a0\u2009\u202f\r\n]/g, ' ');
}
