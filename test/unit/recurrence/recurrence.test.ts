import { Cron } from 'croner';
import { DateTime, Duration } from 'luxon';
import { formatInstant } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule, type Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';
import { SharedNext } from '../../../src/domain/recurrence/shared-next.js';

const NOW = Date.UTC(2026, 10, 23);

function compile(input: unknown, seed = 'seed'): Recurrence {
  const parsed = parseSchedule(input, { now: NOW });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return compileSchedule(parsed.schedule, seed);
}

/** The next `count` instants, `-` for the end. */
function nexts(recurrence: Recurrence, after: string, count: number): string[] {
  const found: string[] = [];
  let at: number | null = Date.parse(after);
  for (let index = 0; index < count && at !== null; index += 1) {
    at = recurrence.next(at);
    found.push(at === null ? '-' : formatInstant(at).replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('a clock change and dst', () => {
  const paris = (expression: string, dst?: object): object => ({
    type: 'cron',
    expression,
    timeZone: 'Europe/Paris',
    dst,
  });
  it.each<[string, object, string, string[], (string | null)[]]>([
    [
      'gap, default',
      paris('30 2 * * *'),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
      ['moved: 02:30 does not exist', null],
    ],
    [
      'gap, several',
      paris('15,45 2 * * *'),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:15Z'],
      ['moved: 02:15 and 02:45 do not exist', null],
    ],
    [
      'gap, many',
      paris('0-59 2 * * *'),
      '2026-03-29T00:30Z',
      ['2026-03-29T01:00Z'],
      ['moved: 02:00 and later do not exist'],
    ],
    [
      'gap, its end is due too',
      paris('0 2,3 * * *'),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z'],
      ['also for 02:00, which does not exist'],
    ],
    ['gap, skip', paris('30 2 * * *', { gap: 'skip' }), '2026-03-28T12:00Z', ['2026-03-30T00:30Z'], [null]],
    ['gap, its end is due by itself', paris('0 3 * * *'), '2026-03-28T12:00Z', ['2026-03-29T01:00Z'], [null]],
    [
      'overlap, default',
      paris('30 2 * * *'),
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
      ['first of two: 02:30 occurs twice', null],
    ],
    [
      'overlap, second',
      paris('30 2 * * *', { overlap: 'second' }),
      '2026-10-24T12:00Z',
      ['2026-10-25T01:30Z', '2026-10-26T01:30Z'],
      ['second of two: 02:30 occurs twice', null],
    ],
    [
      'overlap, both',
      paris('5,30 2 * * *', { overlap: 'both' }),
      '2026-10-24T12:00Z',
      ['2026-10-25T00:05Z', '2026-10-25T00:30Z', '2026-10-25T01:05Z', '2026-10-25T01:30Z', '2026-10-26T01:05Z'],
      [],
    ],
    [
      'overlap, second, asked in the first pass',
      paris('5 2 * * *', { overlap: 'second' }),
      '2026-10-25T00:30Z',
      ['2026-10-25T01:05Z'],
      [],
    ],
    [
      'wildcards ignore dst',
      paris('*/30 2 * * *', { gap: 'skip', overlap: 'second' }),
      '2026-10-24T12:00Z',
      ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z'],
      [null],
    ],
    [
      'a day left out',
      { type: 'cron', expression: '0 9 30 * *', timeZone: 'Pacific/Apia' },
      '2011-12-01T00:00Z',
      ['2011-12-30T10:00Z', '2012-01-29T19:00Z'],
      ['moved: 2011-12-30 09:00 does not exist', null],
    ],
    [
      'once in a gap',
      { type: 'once', at: '2026-03-29T02:30', timeZone: 'Europe/Paris' },
      '2026-01-01T00:00Z',
      ['2026-03-29T01:00Z', '-'],
      ['moved: 02:30 does not exist'],
    ],
    [
      'once in a gap, skip',
      { type: 'once', at: '2026-03-29T02:30', timeZone: 'Europe/Paris', dst: { gap: 'skip' } },
      '2026-01-01T00:00Z',
      ['-'],
      [],
    ],
    [
      'once in an overlap, second',
      { type: 'once', at: '2026-10-25T02:30', timeZone: 'Europe/Paris', dst: { overlap: 'second' } },
      '2026-01-01T00:00Z',
      ['2026-10-25T01:30Z', '-'],
      ['second of two: 02:30 occurs twice'],
    ],
    [
      'once as an instant',
      { type: 'once', at: '2026-10-25T01:30:00Z', timeZone: 'Europe/Paris' },
      '2026-01-01T00:00Z',
      ['2026-10-25T01:30Z', '-'],
      [null],
    ],
    [
      'days in a gap',
      { type: 'interval', every: 'P1D', anchorAt: '2026-03-28T02:30', timeZone: 'Europe/Paris' },
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
      ['moved: 02:30 does not exist', null],
    ],
    [
      'days in a gap, skip',
      { type: 'interval', every: 'P1D', anchorAt: '2026-03-28T02:30', timeZone: 'Europe/Paris', dst: { gap: 'skip' } },
      '2026-03-28T12:00Z',
      ['2026-03-30T00:30Z'],
      [null],
    ],
    [
      'days in an overlap, both',
      {
        type: 'interval',
        every: 'P1D',
        anchorAt: '2026-10-24T02:30',
        timeZone: 'Europe/Paris',
        dst: { overlap: 'both' },
      },
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-26T01:30Z'],
      ['first of two: 02:30 occurs twice', 'second of two: 02:30 occurs twice', null],
    ],
  ])('%s', (_name, input, after, instants, notes) => {
    const recurrence = compile(input);
    expect(nexts(recurrence, after, instants.length)).toEqual(instants);
    expect(notes.map((_note, index) => recurrence.note(Date.parse(instants[index] ?? '')))).toEqual(notes);
  });
});

describe('intervals', () => {
  const every = (text: string, anchorAt: string, timeZone = 'UTC'): Recurrence =>
    compile({ type: 'interval', every: text, anchorAt, timeZone });

  it.each<[string, Recurrence, string, string[]]>([
    [
      'month ends return to the 31st',
      every('P1M', '2026-01-31T10:00:00Z'),
      '2026-01-31T10:00Z',
      ['2026-02-28T10:00Z', '2026-03-31T10:00Z', '2026-04-30T10:00Z'],
    ],
    [
      'calendar part first, then elapsed',
      every('P1DT12H', '2026-01-01T00:00:00Z'),
      '2026-01-01T00:00Z',
      ['2026-01-02T12:00Z', '2026-01-04T00:00Z'],
    ],
    [
      'the anchor is the first',
      every('PT1H', '2027-01-01T00:30:00Z'),
      '2026-01-01T00:00Z',
      ['2027-01-01T00:30Z', '2027-01-01T01:30Z'],
    ],
    [
      'the anchor is the first, in days',
      every('P1W', '2027-01-01T00:30:00Z'),
      '2026-01-01T00:00Z',
      ['2027-01-01T00:30Z', '2027-01-08T00:30Z'],
    ],
    [
      'an anchor in the second pass',
      every('P1D', '2026-10-25T01:30:00Z', 'Europe/Paris'),
      '2026-10-25T01:00Z',
      ['2026-10-25T01:30Z', '2026-10-26T01:30Z'],
    ],
    ['years', every('P1Y', '1972-02-29T00:00:00Z'), '2027-01-01T00:00Z', ['2027-02-28T00:00Z', '2028-02-29T00:00Z']],
    ['up to the last year', every('P100Y', '2026-01-01T00:00:00Z'), '2200-01-01T00:00Z', ['2226-01-01T00:00Z', '-']],
  ])('%s', (_name, recurrence, after, instants) => {
    expect(nexts(recurrence, after, instants.length)).toEqual(instants);
  });

  it('an anchor of 1970 with one second costs nothing', () => {
    const recurrence = every('PT1S', '1970-01-01T00:00:00.750Z');
    expect(recurrence.next(Date.UTC(2026, 10, 23))).toBe(Date.UTC(2026, 10, 23, 0, 0, 0, 750));
  });

  it.each(['P1D', 'P3D', 'P1W', 'P1M', 'P5M', 'P1Y', 'P1M1D', 'P2DT7H', 'P13W'])(
    '%s agrees with luxon for years',
    (text) => {
      for (const zone of ['America/New_York', 'Australia/Sydney', 'Europe/London']) {
        // Noon: luxon moves times of a gap in another way than the contract says.
        const anchor = DateTime.fromISO('2019-08-31T12:00', { zone });
        const period = Duration.fromISO(text);
        const expected = Array.from({ length: 60 }, (_, index) => {
          const { years, months, weeks, days, hours } = period.toObject();
          const times = (amount = 0): number => amount * (index + 1);
          return anchor
            .plus({ years: times(years), months: times(months), weeks: times(weeks), days: times(days) })
            .plus({ hours: times(hours) })
            .toMillis();
        }).filter((at) => at < Date.UTC(2100, 0));
        const recurrence = every(text, anchor.toUTC().toISO() ?? '', zone);
        const found: (number | null)[] = [];
        let after: number | null = anchor.toMillis();
        for (const _at of expected) found.push((after = after === null ? null : recurrence.next(after)));
        expect(found).toEqual(expected);
      }
    },
  );
});

describe('every rule', () => {
  const inputs: object[] = [
    { type: 'cron', expression: '*/7 * * * *', timeZone: 'Australia/Lord_Howe' },
    { type: 'cron', expression: '30 1,2 * * *', timeZone: 'America/New_York', dst: { overlap: 'both' } },
    { type: 'cron', expression: 'H H 15W * *', timeZone: 'Asia/Beirut' },
    { type: 'interval', every: 'P1D', anchorAt: '2026-01-01T02:30:00Z', timeZone: 'Europe/Paris' },
    { type: 'interval', every: 'PT47M', anchorAt: '2026-01-01T02:30:00.125Z' },
    { type: 'cron', expression: '0 0 * * *', startAt: '2026-06-01T00:00:00Z', endAt: '2026-09-01T00:00:00Z' },
  ];

  it.each(inputs)('%j: next is later, and the same from each instant before it', (input) => {
    const recurrence = compile(input);
    let at = Date.UTC(2026, 2, 20);
    for (let count = 0; count < 300; count += 1) {
      const next = recurrence.next(at);
      if (next === null) break;
      expect(next).toBeGreaterThan(at);
      for (const share of [0.001, 0.5, 0.999]) expect(recurrence.next(at + Math.floor((next - at) * share))).toBe(next);
      expect(recurrence.next(next - 1)).toBe(next);
      at = next;
    }
  });

  it('stays within its bounds, both inclusive', () => {
    const bounds = { startAt: '2026-01-02T00:00:00Z', endAt: '2026-01-03T00:00:00Z' };
    const recurrence = compile({ type: 'cron', expression: '0 0 * * *', ...bounds });
    expect(nexts(recurrence, '2020-01-01T00:00Z', 3)).toEqual(['2026-01-02T00:00Z', '2026-01-03T00:00Z', '-']);
    const local = { startAt: '2026-01-02T00:00', endAt: '2026-01-03T00:00', timeZone: 'Asia/Tokyo' };
    const tokyo = compile({ type: 'cron', expression: '0 0 * * *', ...local });
    expect(nexts(tokyo, '2020-01-01T00:00Z', 3)).toEqual(['2026-01-01T15:00Z', '2026-01-02T15:00Z', '-']);
  });

  it('takes in both passes of an overlap at its bounds', () => {
    const overlap = { timeZone: 'Europe/Paris', startAt: '2026-10-25T02:30', endAt: '2026-10-25T02:30' };
    const recurrence = compile({ type: 'cron', expression: '*/30 * * * *', ...overlap });
    expect(nexts(recurrence, '2026-01-01T00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '-',
    ]);
  });

  it('has no weekday near a day that the month lacks', () => {
    // The 31st of April 2027 would be a Saturday, and the day before it is a real Friday.
    expect(nexts(compile('0 0 31W 4,5 *'), '2027-04-01T00:00Z', 1)).toEqual(['2027-05-31T00:00Z']);
  });

  it('has an answer outside the years of the engine', () => {
    const recurrence = compile('0 0 1 1 *');
    expect(nexts(recurrence, '0001-01-01T00:00Z', 1)).toEqual(['1900-01-01T00:00Z']);
    expect(nexts(recurrence, '2298-06-01T00:00Z', 2)).toEqual(['2299-01-01T00:00Z', '-']);
    expect(recurrence.next(8.64e15)).toBeNull();
    expect(recurrence.next(-8.64e15)).not.toBeNull();
  });

  it('has a key that is equal exactly for equal rules', () => {
    const key = (expression: string, rest: object = {}, seed = 'a'): string =>
      compile({ type: 'cron', expression, timeZone: 'Europe/Paris', ...rest }, seed).key;
    expect(key('0 9 * * MON-FRI')).toBe(
      key('0  9 * * 1,2,3-5', { dst: { gap: 'after' }, jitter: '5s', maxRuns: 2 }, 'b'),
    );
    expect(key('*/5 * * * *')).toBe(key('*/5 * * * *', { dst: { overlap: 'both' } }));
    expect(key('0 0 * * *', { timeZone: 'US/Eastern' })).toBe(key('@daily', { timeZone: 'America/New_York' }));
    const different = [
      key('0 9 * * *'),
      key('0 9 * * *', { timeZone: 'Europe/Berlin' }),
      key('0 9 * * *', { dst: { gap: 'skip' } }),
      key('0 9 * * *', { endAt: '2030-01-01T00:00:00Z' }),
      key('0 9 1 * *'),
      key('0 9 * * 1'),
      key('0 9 1 * 1'),
      key('0 9 L * *'),
      key('0 9 L-1 * *'),
      key('0 9 1W * *'),
      key('0 9 * * 1L'),
      key('0 9 * * 1#1'),
      key('0 9 * 1 *'),
      key('0 0 9 * * * 2030'),
      key('0/60 9 * * *'),
      key('H H * * *', {}, 'a'),
      key('H H * * *', {}, 'b'),
    ];
    expect(new Set(different).size).toBe(different.length);
  });
});

it.each<[string, object]>([
  ['type', { type: 'lunar', timeZone: 'UTC' }],
  ['expression', { type: 'cron', expression: '60 * * * *', timeZone: 'UTC' }],
  ['zone', { type: 'cron', expression: '@daily', timeZone: 'Europe/Atlantis' }],
  ['interval', { type: 'interval', every: 'often', anchorAt: '2026-01-01T00:00:00.000Z', timeZone: 'UTC' }],
  ['anchor', { type: 'interval', every: 'PT1H', anchorAt: 'then', timeZone: 'UTC' }],
  ['moment', { type: 'once', at: 'then', timeZone: 'UTC' }],
  ['rule', { type: 'rrule', rule: 'FREQ=NEVER', startAt: '2026-01-01T00:00', timeZone: 'UTC' }],
  ['start', { type: 'rrule', rule: 'FREQ=DAILY', startAt: 'then', timeZone: 'UTC' }],
])('a stored schedule with an impossible %s throws RangeError when it is compiled', (_name, schedule) => {
  expect(() => compileSchedule(schedule as Schedule, 'seed')).toThrow(RangeError);
});

describe('H', () => {
  const fields = (expression: string, seed: string): number[] => {
    const at = new Date(compile(expression, seed).next(NOW) ?? Number.NaN);
    return [at.getUTCMinutes(), at.getUTCHours()];
  };

  it('is the same for one job and spreads many', () => {
    expect(fields('H H * * *', 'job-1')).toEqual(fields('H H * * *', 'job-1'));
    const jobs = Array.from({ length: 3_000 }, (_, index) => fields('H H(0-5) * * *', `job-${index}`));
    const perMinute = Array.from({ length: 60 }, (_, minute) => jobs.filter(([m]) => m === minute).length);
    expect(Math.min(...perMinute)).toBeGreaterThan(20);
    expect(Math.max(...perMinute)).toBeLessThan(90);
    expect(new Set(jobs.map(([, hour]) => hour))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });

  it('with a step starts anywhere in the first step and keeps the step', () => {
    for (let job = 0; job < 50; job += 1) {
      const recurrence = compile('H(10-49)/15 * * * *', `job-${job}`);
      const minutes = nexts(recurrence, '2026-01-01T00:00Z', 3).map((text) => Number(text.slice(14, 16)));
      expect(minutes[0]).toBeGreaterThanOrEqual(10);
      expect(minutes[0]).toBeLessThan(25);
      expect((minutes[1] ?? 0) - (minutes[0] ?? 0)).toBe(15);
      expect(Math.max(...minutes)).toBeLessThanOrEqual(49);
    }
  });

  it('names a day that each month has', () => {
    const days = Array.from({ length: 300 }, (_, job) =>
      new Date(compile('0 0 H * *', `${job}`).next(NOW) ?? 0).getUTCDate(),
    );
    expect(Math.max(...days)).toBe(28);
    expect(Math.min(...days)).toBe(1);
  });
});

describe('jitter', () => {
  it('is the same each time, differs by job and occurrence, and stays before the next occurrence', () => {
    const input = { type: 'cron', expression: '*/5 * * * *', jitter: '1h' };
    const recurrence = compile(input, 'job-1');
    const delays = new Set<number>();
    let at = NOW;
    for (let count = 0; count < 500; count += 1) {
      const next = recurrence.next(at) ?? 0;
      expect(recurrence.dueAt(at)).toBeGreaterThanOrEqual(at);
      expect(recurrence.dueAt(at)).toBeLessThan(next);
      expect(recurrence.dueAt(at)).toBe(compile(input, 'job-1').dueAt(at));
      delays.add(recurrence.dueAt(at) - at);
      at = next;
    }
    expect(delays.size).toBeGreaterThan(450);
    expect(compile(input, 'job-2').dueAt(NOW)).not.toBe(recurrence.dueAt(NOW));
    expect(compile('*/5 * * * *').dueAt(NOW)).toBe(NOW);
  });
});

describe('SharedNext', () => {
  it('asks once for equal rules and instants, and forgets when it is full', () => {
    let asked = 0;
    const counting = (key: string): Recurrence => ({
      ...compile('@daily'),
      key,
      next: (after) => ((asked += 1), after + 1),
    });
    const shared = new SharedNext(3);
    expect([shared.next(counting('a'), 5), shared.next(counting('a'), 5), asked]).toEqual([6, 6, 1]);
    expect([shared.next(counting('b'), 5), shared.next(counting('a'), 6), asked]).toEqual([6, 7, 3]);
    expect([shared.next(counting('c'), 6), shared.next(counting('a'), 5), asked]).toEqual([7, 6, 5]);
  });

  it('remembers that there is nothing', () => {
    let asked = 0;
    const never: Recurrence = { ...compile('@daily'), key: 'never', next: () => ((asked += 1), null) };
    const shared = new SharedNext();
    expect([shared.next(never, 1), shared.next(never, 1), asked]).toEqual([null, null, 1]);
  });
});

// croner is right where no clock changes; the walk through real time covers the changes.
it.each([
  '0 9 * * MON-FRI',
  '*/7 3-9 1-7 * *',
  '0 0 L 2 *',
  '15 4 15W * *',
  '0 0 29 2 *',
  '0 12 * 1,7 5#3',
  '0 0 LW * *',
  '30 6 13 * 5',
  '0 0 * * 5L',
  '10-50/7 22 */3 * *',
  '0 0 0 1 1 ? 2030,2040',
])('%s agrees with croner in a zone without changes', (expression) => {
  const cron = new Cron(expression, { timezone: 'Asia/Tokyo', paused: true });
  const recurrence = compile({ type: 'cron', expression, timeZone: 'Asia/Tokyo' });
  let ours: number | null = NOW;
  let theirs: Date | null = new Date(NOW);
  for (let count = 0; count < 60 && ours !== null && theirs !== null; count += 1) {
    ours = recurrence.next(ours);
    theirs = cron.nextRun(theirs);
    expect(ours).toBe(theirs?.getTime() ?? null);
  }
});
