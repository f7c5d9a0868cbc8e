import fc from 'fast-check';
import { parseSchedule } from '../../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../../src/domain/recurrence/recurrence.js';
import { readScheduleText } from '../../../../src/domain/recurrence/schedule-text.js';
import { ProblemList } from '../../../../src/domain/recurrence/problems.js';
import { leastCpuMs } from '../fastest.js';
import { REFUSED } from './refused.js';
import { NOW, UNDERSTOOD } from './understood.js';

const RUNS = Number(process.env.RULES ?? 400) * 2;
const MOST_MS = 10;
const WORDS_CODES = ['unknown_words', 'ambiguous_words', 'invalid_time_zone'];

const known = [...new Set([...UNDERSTOOD, ...REFUSED].flatMap(([phrase]) => phrase.split(' ')))];
const zones = ['UTC', 'Europe/Paris', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Europe/Nowhere'];
const token = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...known) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 99 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom(...zones) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(',', '-', ':', '.', '/', '(', ')', '&', '@', "'", '٣', 'é', '\u0000', '\ud800'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);
const salad = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(' '));
/** Parts of real phrases in other orders come closer to what people write. */
const mixture = fc
  .tuple(fc.constantFrom(...UNDERSTOOD), fc.constantFrom(...UNDERSTOOD), fc.nat(8), fc.nat(8))
  .map(([[one], [other], from, to]) => [...one.split(' ').slice(0, from), ...other.split(' ').slice(to)].join(' '));
const now = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2290, 0) });

describe('word salad', () => {
  it('is refused in words, with suggestions that hold, or is a schedule that holds and fires', () => {
    fc.assert(
      fc.property(fc.oneof(salad, mixture), now, (phrase, at) => {
        const parsed = parseSchedule(phrase, { now: at });
        if (parsed.ok) {
          const { schedule } = parsed;
          expect(parseSchedule(schedule, { now: at })).toEqual(parsed);
          const next = compileSchedule(schedule, 'seed').next(at);
          // "today at 9" and a date with its year may be over.
          expect(next !== null || schedule.type === 'once').toBe(true);
          return;
        }
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const { code, suggestions } of parsed.problems) {
          if (!WORDS_CODES.includes(code) || suggestions === undefined) continue;
          expect(suggestions).toHaveLength(2);
          for (const suggestion of suggestions) expect(parseSchedule(suggestion, { now: at }).ok).toBe(true);
        }
      }),
      { numRuns: RUNS, seed: 20261124 },
    );
  });

  it('that is taken for words never becomes members that a type refuses', () => {
    fc.assert(
      fc.property(fc.oneof(mixture, salad), now, (phrase, at) => {
        const problems = new ProblemList();
        const members = readScheduleText(phrase, { now: at }, problems);
        if (members === null || phrase === members.expression || phrase === members.every || phrase === members.at)
          return;
        if (members.type === 'rrule' && phrase === members.rule) return;
        expect(parseSchedule(members, { now: at })).toMatchObject({ ok: true });
      }),
      { numRuns: RUNS, seed: 20261125 },
    );
  });
});

describe('hostile words', () => {
  it.each<[string, string]>([
    ['the longest run of one word', 'every '.repeat(33)],
    ['a list without end', `every Monday${' and Monday'.repeat(17)}`],
    ['commas', `every Monday${','.repeat(180)}`],
    ['digits', `every ${'9'.repeat(190)} minutes`],
    ['digits and dots', '1.'.repeat(100)],
    ['digits and slashes', '1/'.repeat(100)],
    ['colons', ':1'.repeat(100)],
    ['letters', 'a'.repeat(200)],
    ['nearly a zone', `every day at 9 ${'A/'.repeat(90)}`],
    ['many zones', `every day at 9 ${'a/b '.repeat(45)}`],
    ['a zone that is none beside another fault', 'evry day at 25:00 or 9 Europe/Nowhere'],
    ['parentheses', `every day at 9 ${'('.repeat(180)}`],
    ['nearly words', 'evry mondey '.repeat(16)],
    ['apostrophes', "'".repeat(200)],
    ['spaces', `every${' '.repeat(194)}day`],
    ['ordinals', '1st and '.repeat(25)],
    ['nearly am', 'a.'.repeat(100)],
    ['too long', 'every day at 9 '.repeat(100_000)],
    ['other digits', 'every ٣٣٣ minutes'],
    ['full-width digits', 'every １５ minutes'],
    ['a letter from elsewhere', 'every Mоnday'],
    ['a soft hyphen', 'every Mon\u00adday'],
    ['right to left', '\u202eyadnoM yreve'],
    ['a lone surrogate', 'every \ud800 day'],
    ['an emoji', 'every day 🌞'],
  ])('%s is answered fast, in short printable text', (_name, phrase) => {
    const parsed = parseSchedule(phrase, { now: NOW });
    expect(leastCpuMs(() => parseSchedule(phrase, { now: NOW }))).toBeLessThan(MOST_MS);
    if (parsed.ok) return;
    const [problem] = parsed.problems;
    expect(problem?.detail).toMatch(/^[\x20-\x7e…]{1,500}$/);
    expect(problem?.words?.text ?? '').toMatch(/^[\x20-\x7e]{0,300}$/);
  });
});
