import fc from 'fast-check';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule, ScheduleProblem } from '../../../src/domain/recurrence/schedule.js';
import { leastCpuMs } from './fastest.js';

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0, 250);
const MOST_MS = 50;

function accepted(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: NOW });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

function refused(input: unknown): ScheduleProblem[] {
  const parsed = parseSchedule(input, { now: NOW });
  if (parsed.ok) throw new Error(`accepted as ${JSON.stringify(parsed.schedule)}`);
  return parsed.problems;
}

describe('a schedule is normalised', () => {
  const anchorAt = '2026-11-23T10:00:00.250Z';
  it.each<[unknown, Schedule]>([
    ['0 9 * * 1', { type: 'cron', expression: '0 9 * * 1', timeZone: 'UTC' }],
    [' 0  9\t* * 1 ', { type: 'cron', expression: '0 9 * * 1', timeZone: 'UTC' }],
    ['@daily', { type: 'cron', expression: '@daily', timeZone: 'UTC' }],
    ['H H(0-7) * * *', { type: 'cron', expression: 'H H(0-7) * * *', timeZone: 'UTC' }],
    ['0 0 L-3 * *', { type: 'cron', expression: '0 0 L-3 * *', timeZone: 'UTC' }],
    ['PT15M', { type: 'interval', every: 'PT15M', anchorAt, timeZone: 'UTC' }],
    ['15m', { type: 'interval', every: 'PT15M', anchorAt, timeZone: 'UTC' }],
    ['1d', { type: 'interval', every: 'P1D', anchorAt, timeZone: 'UTC' }],
    ['90s', { type: 'interval', every: 'PT90S', anchorAt, timeZone: 'UTC' }],
    ['P0Y1M', { type: 'interval', every: 'P1M', anchorAt, timeZone: 'UTC' }],
    ['2026-12-24T18:00:00Z', { type: 'once', at: '2026-12-24T18:00:00.000Z', timeZone: 'UTC' }],
    ['2026-12-24T18:00:00.5+01:00', { type: 'once', at: '2026-12-24T17:00:00.500Z', timeZone: 'UTC' }],
    [
      { type: 'once', at: '2026-12-24T18:00', timeZone: 'Europe/Paris' },
      { type: 'once', at: '2026-12-24T18:00', timeZone: 'Europe/Paris' },
    ],
    [
      { type: 'interval', every: '2h', anchorAt: '2026-03-29T02:30', timeZone: 'Europe/Paris' },
      { type: 'interval', every: 'PT2H', anchorAt: '2026-03-29T01:00:00.000Z', timeZone: 'Europe/Paris' },
    ],
    [
      {
        type: 'cron',
        expression: '0 9 * * MON-FRI',
        timeZone: 'europe/paris',
        startAt: '2026-01-01T00:00:00+01:00',
        endAt: '2027-01-01T00:00',
        maxRuns: 3,
        jitter: '30s',
        exclude: [],
        dst: { gap: 'skip' },
      },
      {
        type: 'cron',
        expression: '0 9 * * MON-FRI',
        timeZone: 'europe/paris',
        startAt: '2025-12-31T23:00:00.000Z',
        endAt: '2027-01-01T00:00',
        maxRuns: 3,
        jitter: 'PT30S',
        dst: { gap: 'skip' },
      },
    ],
    [
      { type: 'cron', expression: '0 9 * * *', dst: {} },
      { type: 'cron', expression: '0 9 * * *', timeZone: 'UTC' },
    ],
  ])('%j', (input, expected) => {
    const schedule = accepted(input);
    expect(schedule).toEqual(expected);
    // What was answered can be sent back and stays the same.
    expect(accepted(JSON.parse(JSON.stringify(schedule)))).toEqual(expected);
  });
});

describe('a schedule is refused, with the place and the text at fault', () => {
  const cron = (expression: unknown, rest: object = {}): object => ({ type: 'cron', expression, ...rest });
  const daily = (rest: object): object => cron('0 9 * * *', rest);
  const every = (text: unknown): object => ({ type: 'interval', every: text });
  it.each<[unknown, string, string, string]>([
    [null, '', 'invalid_type', 'null'],
    [5, '', 'invalid_type', '5'],
    [[], '', 'invalid_type', 'a list'],
    ['', '', 'required', 'empty'],
    [' \t', '', 'required', 'empty'],
    ['* * *', '', 'invalid_cron', '3 fields'],
    ['P1D ', '', 'invalid_duration', '"P1D "'],
    [' 2026-12-24T18:00:00Z', '', 'invalid_instant', 'RFC 3339'],
    ['FREQ=HOURLY', '', 'invalid_rrule', 'DAILY'],
    ['2026-12-24T18:00:00', '', 'invalid_instant', 'no offset'],
    ['2026-12-24', '', 'invalid_instant', 'no offset'],
    ['2026-02-30T00:00:00Z', '', 'invalid_instant', '2026-02-30'],
    ['60 * * * *', '', 'invalid_cron', '"60" is not a minute'],
    ['@every 5m', '', 'invalid_cron', '@yearly'],
    ['15M', '', 'invalid_duration', '15m'],
    ['-15m', '', 'invalid_duration', '"-15m"'],
    ['PT0S', '', 'invalid_duration', 'above zero'],
    ['TZ=UTC 0 0 * * *', '', 'invalid_cron', 'timeZone'],
    ['CRON_TZ=UTC 0 0 * * *', '', 'invalid_cron', 'timeZone'],
    [{}, '/type', 'required', 'cron, interval, once, rrule'],
    [{ type: 5 }, '/type', 'invalid_type', '5'],
    [{ type: 'toString' }, '/type', 'invalid_value', 'toString'],
    [{ type: '__proto__' }, '/type', 'invalid_value', '__proto__'],
    [daily({ foo: 1 }), '/foo', 'unknown_member', '"foo"'],
    [daily({ 'a/b~c': 1 }), '/a~1b~0c', 'unknown_member', '"a/b~c"'],
    [
      JSON.parse('{"type":"cron","expression":"0 9 * * *","__proto__":{}}'),
      '/__proto__',
      'unknown_member',
      '__proto__',
    ],
    [daily({ every: 'PT1H' }), '/every', 'unknown_member', 'every'],
    [cron(undefined), '/expression', 'required', 'expression'],
    [cron(5), '/expression', 'invalid_type', '5'],
    [cron(null), '/expression', 'invalid_type', 'null'],
    [cron('0 0 * *'), '/expression', 'invalid_cron', '4 fields'],
    [cron('0 0 * * * * * *'), '/expression', 'invalid_cron', '8 fields'],
    [cron('0 0 0 * *'), '/expression', 'invalid_cron', 'day-of-month'],
    [cron('0 0 * 13 *'), '/expression', 'invalid_cron', '1–12'],
    [cron('0 24 * * *'), '/expression', 'invalid_cron', '0–23'],
    [cron('? * * * *'), '/expression', 'invalid_cron', 'only as day-of-month'],
    [cron('0 0 ?/2 * *'), '/expression', 'invalid_cron', '"?/2"'],
    [cron('*/0 * * * *'), '/expression', 'invalid_cron', 'step'],
    [cron('*/61 * * * *'), '/expression', 'invalid_cron', '1 to 60'],
    [cron('*/1.5 * * * *'), '/expression', 'invalid_cron', 'step'],
    [cron('1//2 * * * *'), '/expression', 'invalid_cron', 'one "/"'],
    [cron('1-2-3 * * * *'), '/expression', 'invalid_cron', 'two ends'],
    [cron('-5 * * * *'), '/expression', 'invalid_cron', '"-5"'],
    [cron('+5 * * * *'), '/expression', 'invalid_cron', '"+5"'],
    [cron('1,,2 * * * *'), '/expression', 'invalid_cron', '""'],
    [cron('0 0 * * SAT-MON'), '/expression', 'invalid_cron', 'range'],
    [cron('0 0 * * MONDAY'), '/expression', 'invalid_cron', 'MONDAY'],
    [cron('0 0 * MON *'), '/expression', 'invalid_cron', 'month'],
    [cron('0 0 * * L'), '/expression', 'invalid_cron', 'day-of-week'],
    [cron('0 0 * * 5#6'), '/expression', 'invalid_cron', '1 to 5'],
    [cron('0 0 * * 5#0'), '/expression', 'invalid_cron', '1 to 5'],
    [cron('0 0 * * 1-5#2'), '/expression', 'invalid_cron', '1-5'],
    [cron('0 0 0W * *'), '/expression', 'invalid_cron', '0W'],
    [cron('0 0 1-5W * *'), '/expression', 'invalid_cron', '1-5W'],
    [cron('0 0 WL * *'), '/expression', 'invalid_cron', 'WL'],
    [cron('0 L * * *'), '/expression', 'invalid_cron', 'hour'],
    [cron('H(0-60) * * * *'), '/expression', 'invalid_cron', '0–59'],
    [cron('H(9-3) * * * *'), '/expression', 'invalid_cron', 'range'],
    [cron('H5 * * * *'), '/expression', 'invalid_cron', 'H(a-b)'],
    [cron('0 0 0 1 1 * H'), '/expression', 'invalid_cron', '"H" is not allowed'],
    [cron('0 0 0 1 1 * 1969'), '/expression', 'invalid_cron', '1970'],
    [cron('0 0 * * *\n0 1 * * *'), '/expression', 'invalid_cron', '\\u000a'],
    [daily({ timeZone: '+02:00' }), '/timeZone', 'invalid_time_zone', 'an offset is not'],
    [daily({ timeZone: '' }), '/timeZone', 'invalid_time_zone', '""'],
    [daily({ timeZone: 'Europe/Paris\u0000' }), '/timeZone', 'invalid_time_zone', '\\u0000'],
    [daily({ timeZone: 7 }), '/timeZone', 'invalid_type', '7'],
    [daily({ timeZone: null }), '/timeZone', 'invalid_type', 'null'],
    [daily({ timeZone: 'A'.repeat(65) }), '/timeZone', 'too_long', '64'],
    [daily({ startAt: 'tomorrow' }), '/startAt', 'invalid_instant', 'tomorrow'],
    [daily({ startAt: '1899-12-31T00:00:00Z' }), '/startAt', 'out_of_range', '1900'],
    [daily({ startAt: '2026-01-02T00:00:00Z', endAt: '2026-01-01T00:00:00Z' }), '/endAt', 'out_of_range', 'startAt'],
    [daily({ maxRuns: 0 }), '/maxRuns', 'out_of_range', '0'],
    [daily({ maxRuns: 1.5 }), '/maxRuns', 'out_of_range', '1.5'],
    [daily({ maxRuns: '3' }), '/maxRuns', 'invalid_type', '"3"'],
    [daily({ jitter: 'P1M' }), '/jitter', 'out_of_range', 'P1M'],
    [daily({ jitter: 'P8D' }), '/jitter', 'out_of_range', 'P8D'],
    [daily({ jitter: 'soon' }), '/jitter', 'invalid_duration', 'soon'],
    [daily({ exclude: ['holidays', 7] }), '/exclude/1', 'invalid_type', '7'],
    [daily({ exclude: [''] }), '/exclude/0', 'required', 'name'],
    [daily({ onExcluded: 'move' }), '/onExcluded', 'invalid_value', 'move'],
    [daily({ exclude: 'holidays' }), '/exclude', 'invalid_type', 'holidays'],
    [daily({ dst: { gap: 'before' } }), '/dst/gap', 'invalid_value', 'after, skip'],
    [daily({ dst: { overlap: 1 } }), '/dst/overlap', 'invalid_value', 'both'],
    [daily({ dst: { gaps: 'skip' } }), '/dst/gaps', 'unknown_member', 'gaps'],
    [daily({ dst: 'skip' }), '/dst', 'invalid_type', 'skip'],
    [every(undefined), '/every', 'required', 'every'],
    [every('PT0.5S'), '/every', 'out_of_range', '1 second'],
    [every('P101Y'), '/every', 'out_of_range', '100 years'],
    [every('PT1.5H'), '/every', 'invalid_duration', 'PT1.5H'],
    [every('P1H'), '/every', 'invalid_duration', 'P1H'],
    [every('P1DT'), '/every', 'invalid_duration', 'P1DT'],
    [every('P'), '/every', 'invalid_duration', '"P"'],
    [every('pt15m'), '/every', 'invalid_duration', 'pt15m'],
    [every('P1D2W'), '/every', 'invalid_duration', 'P1D2W'],
    [every('-PT1H'), '/every', 'invalid_duration', '-PT1H'],
    [every('PT99999999999S'), '/every', 'invalid_duration', 'PT9999'],
    [every(15), '/every', 'invalid_type', '15'],
    [{ type: 'once' }, '/at', 'required', 'at'],
    [{ type: 'once', at: '2026-02-29T00:00' }, '/at', 'invalid_instant', '2026-02-29'],
    [{ type: 'once', at: '2026-02-28 00:00' }, '/at', 'invalid_instant', '2026-02-28 00:00'],
    [{ type: 'once', at: '2026-10-25T02:30', dst: { overlap: 'both' } }, '/dst/overlap', 'invalid_value', 'twice'],
  ])('%j', (input, pointer, code, words) => {
    const problems = refused(input);
    expect(problems).toEqual([{ pointer, code, detail: expect.stringContaining(words) as string }]);
  });

  it('names every fault of a schedule at once', () => {
    const pointers = refused(daily({ timeZone: 'Nowhere', maxRuns: -1, foo: 1, expression: '0 9 * *' })).map(
      (p) => p.pointer,
    );
    expect(pointers.sort()).toEqual(['/expression', '/foo', '/maxRuns', '/timeZone']);
  });
});

describe('hostile input', () => {
  const long = 'x'.repeat(1_000_000);
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`m${index}`, index]));
  it.each<[string, unknown]>([
    ['1 MB of letters', long],
    ['1 MB of spaces', ' '.repeat(1_000_000)],
    ['1 MB of digits', '1'.repeat(1_000_000)],
    ['50,000 list items', `${'1,'.repeat(50_000)}1 * * * *`],
    ['the longest expression of lists', { type: 'cron', expression: `${'*,'.repeat(251)}* * * * *` }],
    ['nested H ranges', { type: 'cron', expression: `${'H('.repeat(200)} * * * *` }],
    ['a long type', { type: long }],
    ['a long zone', { type: 'cron', expression: '0 9 * * *', timeZone: `Europe/${long}` }],
    ['a zone of traversal', { type: 'cron', expression: '0 9 * * *', timeZone: '../../etc/passwd' }],
    ['a long duration', { type: 'interval', every: `PT${'9'.repeat(1_000_000)}S` }],
    ['a long instant', { type: 'once', at: `2026-12-24T18:00:00.${'0'.repeat(1_000_000)}Z` }],
    ['50,000 members', { type: 'cron', expression: '0 9 * * *', ...many }],
    ['50,000 dst members', { type: 'cron', expression: '0 9 * * *', dst: many }],
    ['50,000 calendars', { type: 'cron', expression: '0 9 * * *', exclude: Object.keys(many) }],
    ['a long member name', { type: 'cron', expression: '0 9 * * *', [long]: 1 }],
    ['Arabic digits', '٠ ٠ * * *'],
    ['NUL', '0 0 * * *\u0000'],
    ['a lone surrogate', '\ud800 0 * * *'],
    ['escape sequences', { type: 'once', at: '\u001b[31mred' }],
  ])('%s is answered fast, in short printable text', (_name, input) => {
    expect(leastCpuMs(() => parseSchedule(input, { now: NOW }))).toBeLessThan(MOST_MS);
    const parsed = parseSchedule(input, { now: NOW });
    const text = parsed.ok ? '' : parsed.problems.map((problem) => problem.pointer + problem.detail).join('');
    expect(text).toMatch(/^[\x20-\x7e–…]*$/);
    expect(text.length).toBeLessThan(10_000);
  });

  it('junk is refused or is a schedule that compiles and answers', () => {
    const token = fc.constantFrom(
      '*',
      '/',
      '-',
      ',',
      'L',
      'W',
      '#',
      '?',
      'H',
      '(',
      ')',
      ' ',
      'MON',
      'JAN',
      '@daily',
      'PT',
      'FREQ=',
      'DAILY',
      'MONTHLY',
      ';BYDAY=',
      ';COUNT=',
      '-1FR',
      '\n',
      'EXDATE:',
      'P',
      'T',
      'Z',
      ':',
      '.',
      '0',
      '1',
      '5',
      '31',
      '59',
      '2026',
      '\u0000',
      '٣',
      'é',
    );
    const soup = fc.array(token, { maxLength: 24 }).map((tokens) => tokens.join(''));
    const cronLike = fc
      .array(
        fc.array(token, { minLength: 1, maxLength: 3 }).map((t) => t.join('')),
        { minLength: 5, maxLength: 7 },
      )
      .map((f) => f.join(' '));
    const ruleLike = soup.map((text) => `FREQ=${text}`);
    const text = fc.oneof(soup, cronLike, ruleLike, fc.string());
    const member = fc.constantFrom(
      'expression',
      'every',
      'anchorAt',
      'at',
      'rule',
      'timeZone',
      'startAt',
      'endAt',
      'maxRuns',
      'jitter',
      'dst',
      'exclude',
      'x',
    );
    const object = fc
      .tuple(
        fc.constantFrom('cron', 'interval', 'once', 'rrule'),
        fc.dictionary(member, fc.oneof(text, fc.jsonValue()), { maxKeys: 4 }),
      )
      .map(([type, members]) => ({ type, ...members }));
    fc.assert(
      fc.property(fc.oneof(text, object, fc.jsonValue()), (input) => {
        const parsed = parseSchedule(input, { now: NOW });
        if (!parsed.ok) return expect(parsed.problems.length).toBeGreaterThan(0);
        const next = compileSchedule(parsed.schedule, 'seed').next(NOW);
        expect(next === null || next > NOW).toBe(true);
      }),
      { numRuns: Number(process.env.RULES ?? 400) * 5, seed: 20261123 },
    );
  });
});
