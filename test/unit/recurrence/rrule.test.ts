import { loadOf } from '../../../src/domain/quotas.js';
import { describeSchedule } from '../../../src/domain/recurrence/describe.js';
import { formatInstant } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../../src/domain/recurrence/preview.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule, ScheduleProblem } from '../../../src/domain/recurrence/schedule.js';
import { leastCpuMs } from './fastest.js';

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0, 250);
const MOST_MS = 50;
const START = '2026-01-01T17:00';
const DAY_MS = 86_400_000;

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

const rrule = (rule: unknown, rest: object = {}): object => ({ type: 'rrule', rule, startAt: START, ...rest });
const paris = (rule: string, rest: object = {}): object => rrule(rule, { timeZone: 'Europe/Paris', ...rest });
const until = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index).join(',');

/** The next `count` instants, `-` for the end. */
function nexts(input: unknown, after: string, count: number): string[] {
  const recurrence = compileSchedule(accepted(input), 'seed');
  const found: string[] = [];
  let at: number | null = Date.parse(after);
  for (let index = 0; index < count && at !== null; index += 1) {
    at = recurrence.next(at);
    found.push(at === null ? '-' : formatInstant(at).replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('a recurrence rule is normalised', () => {
  const base = { type: 'rrule', startAt: START, timeZone: 'UTC' };
  it.each<[unknown, object]>([
    [rrule('FREQ=DAILY'), { ...base, rule: 'FREQ=DAILY' }],
    [rrule(' rrule:freq=weekly;byday=mo '), { ...base, rule: 'FREQ=WEEKLY;BYDAY=MO' }],
    ['FREQ=DAILY', { ...base, startAt: '2026-11-23T10:00:00', rule: 'FREQ=DAILY' }],
    ['BYDAY=MO;FREQ=WEEKLY', { ...base, startAt: '2026-11-23T10:00:00', rule: 'BYDAY=MO;FREQ=WEEKLY' }],
    [
      { type: 'rrule', rule: 'FREQ=DAILY', timeZone: 'Asia/Tokyo' },
      { type: 'rrule', rule: 'FREQ=DAILY', timeZone: 'Asia/Tokyo', startAt: '2026-11-23T19:00:00' },
    ],
    [
      'DTSTART;TZID=Europe/Paris:20260101T170000\r\nRRULE:FREQ=MONTHLY;BYD\r\n AY=-1FR\r\n',
      { type: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=-1FR', timeZone: 'Europe/Paris', startAt: '2026-01-01T17:00:00' },
    ],
    ['DTSTART:20260101T170000Z\nFREQ=DAILY', { ...base, startAt: '2026-01-01T17:00:00', rule: 'FREQ=DAILY' }],
    [
      { type: 'rrule', rule: 'DTSTART:20260101T170000\nFREQ=DAILY', timeZone: 'Europe/Paris', startAt: START },
      { ...base, rule: 'FREQ=DAILY', timeZone: 'Europe/Paris' },
    ],
    [
      paris(
        'FREQ=DAILY\nEXDATE;TZID=europe/paris:20260102T170000,20260102T170000\nRDATE;TZID=Asia/Tokyo:20260105T090000\n' +
          'EXDATE;VALUE=DATE-TIME:20260103T160000Z',
      ),
      {
        ...base,
        timeZone: 'Europe/Paris',
        rule: 'RRULE:FREQ=DAILY\nRDATE:20260105T000000Z\nEXDATE:20260102T170000,20260103T160000Z',
      },
    ],
    [
      rrule('FREQ=DAILY', {
        startAt: '2026-01-01T17:00:00+01:00',
        endAt: '2027-01-01T00:00',
        maxRuns: 3,
        jitter: '5m',
      }),
      {
        ...base,
        rule: 'FREQ=DAILY',
        startAt: '2026-01-01T16:00:00.000Z',
        endAt: '2027-01-01T00:00',
        maxRuns: 3,
        jitter: 'PT5M',
      },
    ],
  ])('%j', (input, expected) => {
    const schedule = accepted(input);
    expect(schedule).toEqual(expected);
    // What was answered can be sent back and stays the same.
    expect(accepted(JSON.parse(JSON.stringify(schedule)))).toEqual(expected);
  });
});

describe('a recurrence rule is refused, with the part at fault', () => {
  it.each<[unknown, string]>([
    ['', 'empty'],
    [' \n ', 'empty'],
    ['DAILY', '"DAILY" is not a part'],
    ['BYDAY=MO', 'FREQ is missing'],
    ['FREQ=', 'FREQ=""'],
    ['FREQ=HOURLY', 'an interval such as PT1H'],
    ['FREQ=MINUTELY', 'DAILY, WEEKLY, MONTHLY, YEARLY'],
    ['FREQ=SECONDLY', 'DAILY'],
    ['FREQ=FORTNIGHTLY', 'FORTNIGHTLY'],
    ['FREQ=DAILY;', '"" is not a part'],
    ['FREQ=DAILY;;COUNT=1', '"" is not a part'],
    ['FREQ=DAILY; COUNT=1', '" COUNT" is not a part'],
    ['FREQ=DAILY;COUNT', 'a name, "=" and its values'],
    ['FREQ=DAILY;COUNT=1=2', 'a name, "=" and its values'],
    ['FREQ=DAILY;COUNT=1;COUNT=1', 'COUNT is given twice'],
    ['FREQ=DAILY;COUNT=0', '1 to'],
    ['FREQ=DAILY;COUNT=1.5', '1.5'],
    ['FREQ=DAILY;COUNT=+1', '+1'],
    ['FREQ=DAILY;COUNT=99999999999999999999', '1000000000'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL="0"'],
    ['FREQ=DAILY;INTERVAL=1000000', '100000'],
    ['FREQ=DAILY;INTERVAL=1e3', '1e3'.toUpperCase()],
    ['FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z', 'COUNT and UNTIL'],
    ['FREQ=DAILY;UNTIL=20270101', '20270101T235959Z'],
    ['FREQ=DAILY;UNTIL=20270101T120000', '20270101T120000Z'],
    ['FREQ=DAILY;UNTIL=20270230T120000Z', 'UNTIL="20270230T120000Z"'],
    ['FREQ=DAILY;UNTIL=2027-01-01T12:00:00Z', 'UNTIL='],
    ['FREQ=DAILY;UNTIL=99991231T235959Z', 'UNTIL='],
    ['FREQ=DAILY;BYSECOND=61', '0 to 60'],
    ['FREQ=DAILY;BYMINUTE=60', '"60" is out of range, 0 to 59'],
    ['FREQ=DAILY;BYHOUR=-1', '"-1" is out of range, 0 to 23'],
    ['FREQ=DAILY;BYHOUR=9-17', '"9-17"'],
    ['FREQ=DAILY;BYHOUR=', '""'],
    ['FREQ=DAILY;BYHOUR=9,', '""'],
    ['FREQ=DAILY;BYHOUR=,', '""'],
    ['FREQ=DAILY;BYMONTH=0', '1 to 12'],
    ['FREQ=DAILY;BYMONTH=13', '1 to 12'],
    ['FREQ=DAILY;BYMONTH=5L', '5L'],
    ['FREQ=MONTHLY;BYMONTHDAY=0', '-31 to -1'],
    ['FREQ=MONTHLY;BYMONTHDAY=32', '1 to 31'],
    ['FREQ=MONTHLY;BYMONTHDAY=--1', '"--1"'],
    ['FREQ=YEARLY;BYYEARDAY=367', '366'],
    ['FREQ=YEARLY;BYWEEKNO=54', '53'],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0', '366'],
    ['FREQ=WEEKLY;BYDAY=XX', '"XX" is not a day'],
    ['FREQ=WEEKLY;BYDAY=MON', '"MON" is not a day'],
    ['FREQ=MONTHLY;BYDAY=0MO', '"0MO"'],
    ['FREQ=MONTHLY;BYDAY=-MO', '"-MO"'],
    ['FREQ=MONTHLY;BYDAY=+54MO', '"+54MO"'],
    ['FREQ=WEEKLY;WKST=1', 'WKST="1"'],
    ['FREQ=MONTHLY;BYWEEKNO=1', 'BYWEEKNO is not allowed with FREQ=MONTHLY'],
    ['FREQ=DAILY;BYYEARDAY=1', 'BYYEARDAY is not allowed with FREQ=DAILY'],
    ['FREQ=WEEKLY;BYMONTHDAY=1', 'BYMONTHDAY is not allowed with FREQ=WEEKLY'],
    ['FREQ=DAILY;BYDAY=1MO', 'BYDAY="1MO"'],
    ['FREQ=WEEKLY;BYDAY=TU,-1MO', 'BYDAY="-1MO"'],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', 'beside BYWEEKNO'],
    ['FREQ=MONTHLY;BYSETPOS=1', 'BYSETPOS is not allowed alone'],
    ['FREQ=MONTHLY;BYEASTER=0', '"BYEASTER" is not a part'],
    ['FREQ=MONTHLY;RSCALE=HEBREW', '"RSCALE" is not a part'],
    ['FREQ=DAILY\nFREQ=WEEKLY', '2 rules'],
    ['RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY', '2 rules'],
    ['RRULE:RRULE:FREQ=DAILY', '"RRULE:FREQ"'],
    ['DTSTART:20260101T000000', '0 rules'],
    ['EXDATE:20260101T000000', '0 rules'],
    ['RRULE;X=1:FREQ=DAILY', 'RRULE takes no parameters'],
    ['EXRULE:FREQ=DAILY', 'allowed lines are RRULE'],
    ['SUMMARY:x\nRRULE:FREQ=DAILY', 'allowed lines are RRULE'],
    ['DTSTART:20260101T170000\nDTSTART:20260101T170000\nFREQ=DAILY', 'DTSTART is given twice'],
    ['DTSTART:20260102T170000\nFREQ=DAILY', 'one of them is enough'],
    ['DTSTART;VALUE=DATE:20260101\nFREQ=DAILY', 'only date-times'],
    ['DTSTART:20260101\nFREQ=DAILY', '20261224T180000'],
    ['DTSTART;TZID=Mars/Base:20260101T170000\nFREQ=DAILY', 'Mars/Base'],
    ['FREQ=DAILY\nEXDATE;VALUE=DATE:20260102', 'only date-times'],
    ['FREQ=DAILY\nEXDATE:20260102', 'EXDATE:"20260102"'],
    ['FREQ=DAILY\nEXDATE:', 'EXDATE:""'],
    ['FREQ=DAILY\nRDATE;VALUE=PERIOD:20260101T170000Z/PT1H', 'only date-times'],
    ['FREQ=DAILY\nRDATE:20251231T170000', 'before the start'],
    ['FREQ=DAILY\u0000', '\\u0000'],
    ['FREQ=DAILY;BYHOUR=\u0669', '\\u0669'],
    ['FREQ=DA\u0131LY', '\\u0131'],
    ['FREQ=DAILY\u2028COUNT=2', '\\u2028'],
    ['FREQ=DAILY\rCOUNT=2', 'FREQ='],
    [`FREQ=DAILY;BYHOUR=${'1,'.repeat(50_000)}`, '4096'],
    [`FREQ=DAILY;BYHOUR=${'1'.repeat(4_000)}`, 'out of range'],
    [`FREQ=DAILY${'\n'.repeat(4_000)}x`, '2 rules'],
    [`FREQ=DAILY${'\n '.repeat(2_000)};`, '"" is not a part'],
    [';'.repeat(4_000), '"" is not a part'],
    [`FREQ=DAILY;BYDAY=${'MO,'.repeat(1_300)}1`, '"1" is not a day'],
  ])('%j', (rule, detail) => {
    const [problem] = refused(rrule(rule));
    expect(problem).toMatchObject({ pointer: '/rule', code: 'invalid_rrule' });
    expect(problem?.detail).toContain(detail);
    expect(problem?.detail).toMatch(/^[\x20-\x7e–…]{1,399}$/);
    expect(leastCpuMs(() => refused(rrule(rule)))).toBeLessThan(MOST_MS);
  });

  it.each<[object, string, string]>([
    [{ type: 'rrule', startAt: START }, '/rule', 'required'],
    [rrule(5), '/rule', 'invalid_type'],
    [rrule('FREQ=DAILY', { startAt: 'x' }), '/startAt', 'invalid_instant'],
    [rrule('FREQ=DAILY', { startAt: '2026-01-01T17:00:00.500' }), '/startAt', 'invalid_value'],
    [rrule('FREQ=DAILY', { timeZone: 'Nowhere/City' }), '/timeZone', 'invalid_time_zone'],
    [rrule('DTSTART;TZID=Asia/Tokyo:20260101T170000\nFREQ=DAILY', { timeZone: 'UTC' }), '/rule', 'invalid_rrule'],
    [
      { type: 'rrule', rule: 'DTSTART:20260101T170000\nFREQ=DAILY', endAt: '2025-01-01T00:00' },
      '/endAt',
      'out_of_range',
    ],
    [rrule('FREQ=DAILY', { expression: '* * * * *' }), '/expression', 'unknown_member'],
  ])('%j', (input, pointer, code) => expect(refused(input)[0]).toMatchObject({ pointer, code }));

  it('says how a local UNTIL is written', () => {
    expect(refused(paris('FREQ=DAILY;UNTIL=20270701T120000'))[0]?.detail).toContain('20270701T100000Z');
  });

  it('as a text, at the text', () => {
    expect(refused('FREQ=DAILY;COUNT=0')).toMatchObject([{ pointer: '', code: 'invalid_rrule' }]);
  });
});

describe('a clock change and a recurrence rule', () => {
  const at = (time: string, rest: object = {}): object =>
    paris('FREQ=DAILY', { startAt: `2026-01-01T${time}`, ...rest });
  it.each<[string, object, string, string[], (string | null)[]]>([
    [
      'gap: moved by its length',
      at('02:30'),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:30Z', '2026-03-30T00:30Z'],
      ['moved: 02:30 does not exist', null],
    ],
    ['gap, asked inside what is moved', at('02:30'), '2026-03-29T01:10:00Z', ['2026-03-29T01:30Z'], []],
    ['gap, skip', at('02:30', { dst: { gap: 'skip' } }), '2026-03-28T12:00Z', ['2026-03-30T00:30Z'], [null]],
    [
      'gap: two that fall together fire once, those between stand in their order',
      paris('FREQ=DAILY;BYHOUR=2,3;BYMINUTE=10,50', { startAt: '2026-01-01T00:00' }),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:10Z', '2026-03-29T01:50Z', '2026-03-30T00:10Z'],
      ['also for 02:10, which does not exist', 'also for 02:50, which does not exist', null],
    ],
    [
      'gap of a day',
      rrule('FREQ=DAILY', { startAt: '2011-12-01T09:00', timeZone: 'Pacific/Apia' }),
      '2011-12-29T00:00Z',
      ['2011-12-29T19:00Z', '2011-12-30T19:00Z', '2011-12-31T19:00Z'],
      [null, 'also for 2011-12-30 09:00, which does not exist', null],
    ],
    [
      'overlap, default',
      at('02:30'),
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
      ['first of two: 02:30 occurs twice', null],
    ],
    [
      'overlap, second',
      at('02:30', { dst: { overlap: 'second' } }),
      '2026-10-25T00:30Z',
      ['2026-10-25T01:30Z', '2026-10-26T01:30Z'],
      ['second of two: 02:30 occurs twice', null],
    ],
    [
      'overlap, both',
      paris('FREQ=DAILY;BYHOUR=2;BYMINUTE=5,30', { startAt: '2026-01-01T00:00', dst: { overlap: 'both' } }),
      '2026-10-24T12:00Z',
      ['2026-10-25T00:05Z', '2026-10-25T00:30Z', '2026-10-25T01:05Z', '2026-10-25T01:30Z', '2026-10-26T01:05Z'],
      [],
    ],
    [
      'a start in a gap',
      paris('FREQ=DAILY;COUNT=2', { startAt: '2026-03-29T02:30' }),
      '2026-01-01T00:00Z',
      ['2026-03-29T01:30Z', '2026-03-30T00:30Z', '-'],
      ['moved: 02:30 does not exist', null],
    ],
    [
      'a start that is an instant',
      paris('FREQ=DAILY;COUNT=2', { startAt: '2026-06-01T10:00:00Z' }),
      '2026-01-01T00:00Z',
      ['2026-06-01T10:00Z', '2026-06-02T10:00Z', '-'],
      [],
    ],
  ])('%s', (_name, input, after, expected, notes) => {
    expect(nexts(input, after, expected.length)).toEqual(expected);
    const { occurrences } = previewSchedule(accepted(input), {
      seed: '',
      from: Date.parse(after),
      count: expected.length,
    });
    for (const [index, note] of notes.entries())
      expect([index, occurrences[index]?.note ?? null]).toEqual([index, note]);
  });
});

describe('years of whole weeks', () => {
  // 1 January 2026 is a Thursday: its week has four days in 2026 from Monday on, and three from Sunday on.
  it.each<[string, string[]]>([
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=WE', ['2025-12-31', '2027-01-06', '2028-01-05']],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=WE;WKST=SU', ['2026-01-07', '2027-01-06', '2028-01-05']],
    ['FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU', ['2027-01-03', '2033-01-02', '2038-01-03']],
    ['FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU;WKST=SU', ['2025-12-28', '2031-12-28', '2036-12-28']],
    ['FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO', ['2025-12-22', '2026-12-28', '2027-12-27']],
    ['FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO,SU', ['2027-01-04', '2027-01-10', '2029-01-01']],
    ['FREQ=YEARLY;BYWEEKNO=20', ['2026-05-17', '2027-05-23', '2028-05-21']],
  ])('%s', (rule, expected) => {
    const input = rrule(rule, { startAt: '2025-06-01T00:00' });
    expect(nexts(input, '2025-01-01T00:00Z', 3)).toEqual(expected.map((day) => `${day}T00:00Z`));
  });
});

describe('dates beside a rule', () => {
  it.each<[string, object, string[]]>([
    [
      'EXDATE takes one out, and COUNT has counted it',
      paris('FREQ=DAILY;COUNT=3\nEXDATE:20260102T170000'),
      ['2026-01-01T16:00Z', '2026-01-03T16:00Z', '-'],
    ],
    [
      'EXDATE as an instant',
      paris('FREQ=DAILY;COUNT=3\nEXDATE:20260102T160000Z'),
      ['2026-01-01T16:00Z', '2026-01-03T16:00Z', '-'],
    ],
    [
      'EXDATE of another time takes nothing out',
      paris('FREQ=DAILY;COUNT=2\nEXDATE:20260102T170001'),
      ['2026-01-01T16:00Z', '2026-01-02T16:00Z', '-'],
    ],
    [
      'RDATE adds, beyond UNTIL too, and once what the rule has',
      paris('FREQ=DAILY;UNTIL=20260102T160000Z\nRDATE:20260102T170000,20260101T180000,20270101T090000'),
      ['2026-01-01T16:00Z', '2026-01-01T17:00Z', '2026-01-02T16:00Z', '2027-01-01T08:00Z', '-'],
    ],
    [
      'EXDATE takes an RDATE out',
      paris('FREQ=DAILY;COUNT=1\nRDATE:20260105T090000,20260106T090000\nEXDATE:20260105T090000'),
      ['2026-01-01T16:00Z', '2026-01-06T08:00Z', '-'],
    ],
    [
      'EXDATE in a gap takes out what is moved',
      paris('FREQ=DAILY\nEXDATE:20260329T023000', { startAt: '2026-03-28T02:30' }),
      ['2026-03-28T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'EXDATE in an overlap takes out both',
      paris('FREQ=DAILY\nEXDATE:20261025T023000', { startAt: '2026-10-24T02:30', dst: { overlap: 'both' } }),
      ['2026-10-24T00:30Z', '2026-10-26T01:30Z'],
    ],
  ])('%s', (_name, input, expected) => expect(nexts(input, '2020-01-01T00:00Z', expected.length)).toEqual(expected));

  it('all of them taken out: it never fires', () => {
    expect(nexts(paris('FREQ=DAILY;COUNT=1\nEXDATE:20260101T170000'), '2020-01-01T00:00Z', 1)).toEqual(['-']);
  });
});

describe('the same whatever instant it is asked from', () => {
  it.each([
    'FREQ=DAILY;INTERVAL=7;COUNT=40;BYHOUR=2,14',
    'FREQ=WEEKLY;INTERVAL=5;BYDAY=MO,SU;WKST=SU;COUNT=33',
    'FREQ=MONTHLY;INTERVAL=5;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2,-1;COUNT=21',
    'FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1,53;BYDAY=MO,SU;BYSETPOS=-1',
    'FREQ=YEARLY;BYDAY=-53FR,2TU;BYSETPOS=1',
  ])('%s', (rule) => {
    const recurrence = compileSchedule(accepted(paris(rule, { startAt: '1999-12-27T02:30' })), '');
    const walked: number[] = [];
    for (let at = recurrence.next(0); at !== null && walked.length < 60; at = recurrence.next(at)) walked.push(at);
    expect(walked.length).toBeGreaterThan(20);
    for (const [index, at] of walked.slice(0, -1).entries()) {
      const following = walked[index + 1] ?? 0;
      // Each asks a schedule of its own: what one search remembers must not change another.
      const fresh = compileSchedule(
        accepted(paris(rule, { startAt: '1999-12-27T02:30', dst: { overlap: 'first' } })),
        '',
      );
      for (const asked of [at, at + 1, (at + following) / 2, following - 1]) {
        expect([asked, fresh.next(asked)]).toEqual([asked, following]);
        expect([asked, recurrence.next(asked)]).toEqual([asked, following]);
      }
    }
  });
});

describe('a rule that never fires, and one that is much work, end soon', () => {
  const every = `BYHOUR=${until(0, 23)};BYMINUTE=${until(0, 59)};BYSECOND=${until(0, 59)}`;
  it.each<[string, boolean]>([
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', false],
    ['FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-30', false],
    ['FREQ=DAILY;BYMONTH=2,4,6;BYMONTHDAY=31', false],
    ['FREQ=MONTHLY;BYDAY=6MO', false],
    ['FREQ=WEEKLY;BYDAY=MO;BYSETPOS=366', false],
    ['FREQ=YEARLY;BYDAY=53MO;BYSETPOS=2', false],
    ['FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6', false],
    ['FREQ=DAILY;BYHOUR=9;BYSETPOS=2', false],
    ['FREQ=DAILY;INTERVAL=7;BYDAY=FR', false],
    ['FREQ=DAILY;INTERVAL=14;BYDAY=MO;BYMONTHDAY=29;BYMONTH=2', false],
    ['FREQ=DAILY;UNTIL=20260101T165959Z', false],
    ['FREQ=DAILY;BYMONTHDAY=29;BYMONTH=2;BYDAY=SU;COUNT=1000000000', true],
    ['FREQ=DAILY;BYMONTHDAY=31;BYDAY=MO;COUNT=1000000000', true],
    ['FREQ=DAILY;INTERVAL=36500', true],
    [`FREQ=DAILY;${every}`, true],
    [`FREQ=YEARLY;${every};BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=${until(1, 366)},${until(-366, -1)}`, true],
    [`FREQ=YEARLY;BYYEARDAY=${until(1, 366)};COUNT=1000000000`, true],
    [
      `RRULE:FREQ=DAILY\nEXDATE:${until(1, 28)
        .split(',')
        .map((day) => `202612${day.padStart(2, '0')}T170000`)
        .join(',')}`,
      true,
    ],
  ])('%s', (rule, fires) => {
    const from = Date.UTC(2026, 10, 23);
    // Another start each time: nothing is remembered from the try before.
    const startAt = (index: number): string => `2026-01-01T17:${10 + Math.floor(index / 50)}:${10 + (index % 50)}`;
    const work = (index: number): void => {
      const schedule = accepted(rrule(rule, { startAt: startAt(index) }));
      expect(compileSchedule(schedule, '').next(from) !== null).toBe(fires);
      loadOf({ id: '', schedule });
    };
    let tries = 0;
    expect(leastCpuMs(() => work(tries++))).toBeLessThan(MOST_MS);
    const preview = (index: number): unknown => {
      const schedule = accepted(rrule(rule, { startAt: startAt(index) }));
      return previewSchedule(schedule, { seed: '', from, count: 1_000 });
    };
    expect(leastCpuMs(() => preview(tries++))).toBeLessThan(MOST_MS);
  });
});

describe('what it takes up, and what is said of it', () => {
  it.each<[string, number, number | null]>([
    ['FREQ=DAILY', 1, DAY_MS],
    ['FREQ=DAILY;COUNT=1', 1, null],
    ['FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0,30', 4, 1_800_000],
    ['FREQ=DAILY;BYHOUR=0,23', 2, 3_600_000],
    ['FREQ=WEEKLY;INTERVAL=2', 1, 14 * DAY_MS],
    ['FREQ=WEEKLY;BYDAY=MO,TH', 1, 3 * DAY_MS],
    ['FREQ=MONTHLY;BYMONTHDAY=1,-1', 1, DAY_MS],
    ['FREQ=YEARLY', 1, 365 * DAY_MS],
    ['FREQ=MONTHLY;BYDAY=FR;BYHOUR=9,10,11;BYSETPOS=1,2', 2, 3_600_000],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 1, null],
  ])('%s: %d a day on a day on which it fires', (rule, timesPerDay, shortestGapMs) => {
    const load = loadOf({ id: '', schedule: accepted(rrule(rule)) });
    expect(load).toEqual({ firesPerMillionMinutes: Math.ceil((timesPerDay / 1_440) * 1e6), shortestGapMs });
  });

  it('dates close together count too', () => {
    const rule = 'RRULE:FREQ=DAILY\nRDATE:20260105T165950,20260107T120000,20260107T120030';
    expect(loadOf({ id: '', schedule: accepted(rrule(rule)) }).shortestGapMs).toBe(10_000);
  });

  it.each<[unknown, string]>([
    [rrule('FREQ=DAILY'), 'Every day at 17:00 (UTC)'],
    [paris('FREQ=MONTHLY;BYDAY=-1FR'), 'Every month on the last Friday at 17:00 (Europe/Paris)'],
    [
      rrule('FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;COUNT=4'),
      'Every 2 weeks on Tuesday and Sunday at 17:00, counted from 2026-01-01, 4 times (UTC)',
    ],
    [rrule('FREQ=WEEKLY'), 'Every week on Thursday at 17:00 (UTC)'],
    [
      rrule('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;BYMINUTE=30'),
      'Every week on Monday through Friday at 09:30 and 17:30 (UTC)',
    ],
    [rrule('FREQ=MONTHLY'), 'Every month on day 1 at 17:00 (UTC)'],
    [rrule('FREQ=MONTHLY;BYMONTHDAY=2,15,-1'), 'Every month on day 2, 15, and the last day at 17:00 (UTC)'],
    [rrule('FREQ=YEARLY'), 'Every year on January 1 at 17:00 (UTC)'],
    [rrule('FREQ=YEARLY;BYMONTH=6,7'), 'Every year on day 1 of the month in June and July at 17:00 (UTC)'],
    [rrule('FREQ=YEARLY;BYDAY=20MO'), 'Every year on the 20th Monday of the year at 17:00 (UTC)'],
    [rrule('FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU'), 'Every year on the last Sunday in March at 17:00 (UTC)'],
    [rrule('FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO'), 'Every year on Monday in week 20 and the last one at 17:00 (UTC)'],
    [
      rrule('FREQ=YEARLY;BYYEARDAY=1,100,-2'),
      'Every year on day 1, 100, and the 2nd to last day of the year at 17:00 (UTC)',
    ],
    [rrule('FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13'), 'Every month on day 13 if it is a Friday at 17:00 (UTC)'],
    [
      rrule('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'),
      'Every month on Monday through Friday at 17:00, of these the last (UTC)',
    ],
    [
      rrule('FREQ=DAILY;UNTIL=20261224T180000Z\nRDATE:20260101T180000\nEXDATE:20260102T170000,20260103T170000'),
      'Every day at 17:00, until 2026-12-24 18:00 UTC, and on 1 more date, without 2 excluded dates (UTC)',
    ],
    [rrule('FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,20,40'), 'Every day at 9 times of the day (UTC)'],
    [rrule('FREQ=DAILY;BYSECOND=0,30'), 'Every day at 17:00:00 and 17:00:30 (UTC)'],
    [rrule('FREQ=DAILY;COUNT=1'), 'Every day at 17:00, once (UTC)'],
    [
      rrule(`FREQ=YEARLY;BYYEARDAY=${until(1, 366)}`),
      'Every year on day 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and others of the year at 17:00 (UTC)',
    ],
  ])('%j', (input, text) => expect(describeSchedule(accepted(input))).toBe(text));

  it.each<[object, string[]]>([
    [rrule('FREQ=DAILY'), []],
    [
      rrule('FREQ=MONTHLY;BYDAY=-1FR'),
      ["the start, 2026-01-01T17:00, is not one of the rule's times: it does not fire then"],
    ],
    [
      rrule('FREQ=MONTHLY', { startAt: '2026-01-31T17:00' }),
      ['does not fire in months without day 31; BYMONTHDAY=-1 is the last day of each month'],
    ],
    [rrule('FREQ=MONTHLY;BYMONTHDAY=1,31'), []],
    [rrule('FREQ=YEARLY', { startAt: '2028-02-29T17:00' }), ['fires in leap years only']],
    [rrule(`FREQ=DAILY;BYHOUR=${until(0, 23)};BYMINUTE=${until(0, 59)};BYSECOND=0,30`), ['fires 2,880 times a day']],
  ])('%j warns %j', (input, warnings) => {
    const { warnings: found } = previewSchedule(accepted(input), { seed: '', from: NOW, count: 1 });
    expect(found.filter((text) => !text.startsWith('the start') || warnings.includes(text))).toEqual(warnings);
  });
});

it('tells the same rule from another, however it is written', () => {
  const key = (rule: string, rest: object = {}): string => compileSchedule(accepted(rrule(rule, rest)), '').key;
  const rule = 'FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=9';
  expect(key('BYHOUR=9;BYDAY=TU,MO,TU;INTERVAL=1;FREQ=WEEKLY;WKST=MO')).toBe(key(rule));
  const others = [
    key('FREQ=WEEKLY;BYDAY=MO;BYHOUR=9'),
    key(`${rule};WKST=SU`),
    key(`${rule};COUNT=3`),
    key(`RRULE:${rule}\nEXDATE:20260105T090000`),
    key(`RRULE:${rule}\nRDATE:20260105T090100`),
    key(rule, { startAt: '2026-01-02T17:00' }),
    key(rule, { timeZone: 'Europe/Paris' }),
    key(rule, { dst: { gap: 'skip' } }),
  ];
  expect(new Set([key(rule), ...others]).size).toBe(others.length + 1);
});
