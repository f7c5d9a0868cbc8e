import { type Cursor, replaced } from './cursor.js';
import { monthOf } from './lexicon.js';
import { ambiguous, unknown, WordsRefusal } from './refusal.js';
import type { Span, Token } from './tokenizer.js';

/** Words with two meanings, and a phrase for each. */
const TWO_MEANINGS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['bi', ['every other week on Monday', 'twice a week on Monday and Thursday']],
  ['biweekly', ['every other week on Monday', 'twice a week on Monday and Thursday']],
  ['bimonthly', ['every other month on the 1st', 'twice a month on the 1st and 15th']],
  ['biannually', ['every other year on 1 January', 'every year on 1 January and 1 July']],
  ['biannual', ['every other year on 1 January', 'every year on 1 January and 1 July']],
]);

/** Parts of the day, with a time in each. */
const PARTS_OF_DAY: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['morning', ['8:00', '9:00']],
  ['afternoon', ['14:00', '16:00']],
  ['evening', ['18:00', '20:00']],
  ['night', ['22:00', '0:00']],
  ['nightly', ['22:00', '0:00']],
]);

/** What people may think of; as names of the tz database they are unknown, or stand for a clock that never changes. */
const ZONE_ABBREVIATIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ...['est', 'edt', 'et'].map((name): [string, string[]] => [name, ['America/New_York']]),
  ...['cst', 'cdt', 'ct'].map((name): [string, string[]] => [name, ['America/Chicago', 'Asia/Shanghai']]),
  ...['mst', 'mdt', 'mt'].map((name): [string, string[]] => [name, ['America/Denver', 'America/Phoenix']]),
  ...['pst', 'pdt', 'pt'].map((name): [string, string[]] => [name, ['America/Los_Angeles']]),
  ['bst', ['Europe/London', 'Asia/Dhaka']],
  ['wet', ['Europe/Lisbon']],
  ...['cet', 'cest', 'met'].map((name): [string, string[]] => [name, ['Europe/Paris', 'Europe/Berlin']]),
  ...['eet', 'eest'].map((name): [string, string[]] => [name, ['Europe/Athens', 'Europe/Helsinki']]),
  ['msk', ['Europe/Moscow']],
  ['ist', ['Asia/Kolkata', 'Europe/Dublin']],
  ['jst', ['Asia/Tokyo']],
  ['kst', ['Asia/Seoul']],
  ...['aest', 'aedt'].map((name): [string, string[]] => [name, ['Australia/Sydney', 'Australia/Brisbane']]),
]);

/** Refuses the words at which no clause begins. */
export function refuseNext(cursor: Cursor): never {
  const { source, stuckAt } = cursor;
  const token = cursor.peek() ?? cursor.take();
  const at = (span: Span, words: string): string => replaced(source, span, words);
  if (token.text === 'or') refuseOr(cursor, token);
  if (token.text === 'and') {
    const detail = 'joins what does not go together: one schedule says one thing';
    unknown(token, detail, [at(token, ''), source.slice(0, token.start)]);
  }
  if (token.kind === 'number' && !token.isOrdinal) refuseNumber(cursor, token);
  if (stuckAt === undefined) {
    const rest = { start: token.start, end: source.trimEnd().length };
    const endings = ['minutes', 'days', 'day', 'hour', '9:00'].map((ending) => `${source} ${ending}`);
    unknown(rest, 'is not finished', [...endings, source.slice(0, token.start)]);
  }
  refuseKnown(source, stuckAt);
  if (token.kind === 'word' && token.start < stuckAt.start && monthOf(token.text) === undefined) unknown(stuckAt);
  refuseKnown(source, token);
  return unknown(stuckAt);
}

/** Words that are understood well enough to say what is wrong with them. */
function refuseKnown(source: string, token: Token): void {
  const at = (words: string): string => replaced(source, token, words);
  const meanings = TWO_MEANINGS.get(token.text);
  if (meanings !== undefined) {
    ambiguous(token, 'may be every two of them or twice in each', [...meanings.map(at), ...meanings]);
  }
  const times = PARTS_OF_DAY.get(token.text);
  if (times !== undefined) {
    const [one, other] = times;
    const candidates = ['day', `day at ${one}`, `day at ${other}`, `at ${one}`, `at ${other}`, `every day at ${one}`];
    ambiguous(token, 'leaves open at what time', candidates.map(at));
  }
  const zones = token.kind === 'word' ? zonesFor(token.text) : [];
  if (zones.length > 0) {
    const detail = 'is not a time zone: an IANA name such as Europe/Paris or UTC is allowed';
    const candidates = [...zones, 'UTC'].map(at);
    throw new WordsRefusal({ code: 'invalid_time_zone', span: token, detail, candidates });
  }
  if (token.kind === 'word' && monthOf(token.text) !== undefined) {
    const month = source.slice(token.start, token.end);
    ambiguous(token, 'is a month without a day', [at(`every ${month}`), at(`on 1 ${month}`)]);
  }
}

/** Zones that an abbreviation or a city may stand for. */
function zonesFor(word: string): readonly string[] {
  const abbreviated = ZONE_ABBREVIATIONS.get(word);
  if (abbreviated !== undefined) return abbreviated;
  return zonesByCity().get(word) ?? [];
}

let cities: Map<string, string[]> | null = null;

/** The zones of this tz database by their last word: `Paris`, not `New_York`. Read once: a refusal asks several times. */
function zonesByCity(): Map<string, string[]> {
  if (cities !== null) return cities;
  cities = new Map();
  for (const name of Intl.supportedValuesOf('timeZone')) {
    const city = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
    if (city.length >= 4 && name.includes('/')) cities.set(city, [...(cities.get(city) ?? []), name]);
  }
  return cities;
}

function refuseOr({ source }: Cursor, token: Token): never {
  const either = { start: token.start, end: source.length };
  ambiguous(token, 'leaves open which one: "and" takes both', [
    replaced(source, token, 'and'),
    replaced(source, either, ''),
    `at ${replaced(source, token, 'and')}`,
    `at ${replaced(source, either, '')}`,
  ]);
}

function refuseNumber(cursor: Cursor, token: Token): never {
  const { source } = cursor;
  const next = cursor.peek(1);
  if (next?.text === 'or') refuseOr(cursor, next);
  unknown(token, 'is a number of nothing that is known', [
    replaced(source, token, `at ${token.text}:00`),
    replaced(source, token, `every ${token.text} minutes`),
  ]);
}
