/** The words of the grammar, in lower case. */

export type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

const WEEKDAY_NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTH_NAMES = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

export const MON_TO_FRI: readonly number[] = [1, 2, 3, 4, 5];
export const WEEKEND: readonly number[] = [6, 0];

/** 0 is Sunday, as in cron. */
const WEEKDAYS = new Map<string, number>([
  ...WEEKDAY_NAMES.flatMap((name, day): [string, number][] => [
    [name, day],
    [name.slice(0, 3), day],
  ]),
  ['tues', 2],
  ['weds', 3],
  ['thur', 4],
  ['thurs', 4],
]);
const WEEKDAY_PLURALS = new Map(WEEKDAY_NAMES.map((name, day) => [`${name}s`, day]));

const MONTHS = new Map<string, number>([
  ...MONTH_NAMES.flatMap((name, index): [string, number][] => [
    [name, index + 1],
    [name.slice(0, 3), index + 1],
  ]),
  ['sept', 9],
]);

const UNITS = new Map<string, Unit>([
  ...(['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const).flatMap(
    (unit): [string, Unit][] => [
      [unit, unit],
      [`${unit}s`, unit],
    ],
  ),
  ['sec', 'second'],
  ['secs', 'second'],
  ['min', 'minute'],
  ['mins', 'minute'],
  ['hr', 'hour'],
  ['hrs', 'hour'],
]);
/** Only right behind a number, as in `15m`. */
const SHORT_UNITS = new Map<string, Unit>([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
]);

const NUMBERS = new Map<string, number>([
  ...'zero one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, value): [string, number] => [word, value]),
  ['fifteen', 15],
  ['twenty', 20],
  ['thirty', 30],
  ['forty', 40],
  ['fifty', 50],
  ['sixty', 60],
  ['ninety', 90],
]);

export const LAST = -1;
const ORDINALS = new Map<string, number>([
  ...'first second third fourth fifth sixth seventh eighth ninth tenth'
    .split(' ')
    .map((word, index): [string, number] => [word, index + 1]),
  ['last', LAST],
]);

const ADVERBS = new Map<string, Unit>([
  ['hourly', 'hour'],
  ['daily', 'day'],
  ['weekly', 'week'],
  ['monthly', 'month'],
  ['quarterly', 'quarter'],
  ['yearly', 'year'],
  ['annually', 'year'],
]);

const OTHERS = (
  'a am an and at between clock counted day each every except fortnightly from half hour in midday midnight ' +
  'minutes next noon now of on once only other past per pm starting the through times to today tomorrow twice until ' +
  'weekday weekdays weekend weekends'
).split(' ');

export const weekdayOf = (word: string): number | undefined => WEEKDAYS.get(word);
export const pluralWeekdayOf = (word: string): number | undefined => WEEKDAY_PLURALS.get(word);
export const monthOf = (word: string): number | undefined => MONTHS.get(word);
export const unitOf = (word: string): Unit | undefined => UNITS.get(word);
export const shortUnitOf = (word: string): Unit | undefined => SHORT_UNITS.get(word);
export const numberOf = (word: string): number | undefined => NUMBERS.get(word);
export const ordinalOf = (word: string): number | undefined => ORDINALS.get(word);
export const adverbUnitOf = (word: string): Unit | undefined => ADVERBS.get(word);

export function isDayOrMonthName(word: string): boolean {
  return WEEKDAYS.has(word) || WEEKDAY_PLURALS.has(word) || MONTHS.has(word);
}

/** A word that no cron expression has: not a name of a month or day, which it may have misspelled. */
export function isWordOfSpeech(word: string): boolean {
  return word.length >= 2 && !isDayOrMonthName(word) && (UNITS.has(word) || ADVERBS.has(word) || OTHERS.includes(word));
}

export function weekdayName(weekday: number): string {
  return capitalised(WEEKDAY_NAMES[weekday] ?? '');
}

export function monthName(month: number): string {
  return capitalised(MONTH_NAMES[month - 1] ?? '');
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Every word of four letters and more, to find the one that was mistyped. */
export const KNOWN_WORDS: readonly string[] = [
  ...new Set([
    ...WEEKDAYS.keys(),
    ...WEEKDAY_PLURALS.keys(),
    ...MONTHS.keys(),
    ...UNITS.keys(),
    ...NUMBERS.keys(),
    ...ORDINALS.keys(),
    ...ADVERBS.keys(),
    ...OTHERS,
  ]),
].filter((word) => word.length >= 4);
