import fc from 'fast-check';
import type { CalendarDays } from '../../../src/domain/calendar.js';
import { compileCalendar } from '../../../src/domain/recurrence/compile-calendar.js';
import type { Calendars } from '../../../src/domain/recurrence/exclusion.js';
import { formatInstant, localIso } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule, type Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import { leastCpuMs } from './fastest.js';

const DAY_MS = 86_400_000;
const EMPTY: CalendarDays = { timeZone: null, dates: [], ranges: [], windows: [], rules: [], events: [] };

/** RUNS=5000 for a long run. */
const RUNS = Number(process.env.RUNS ?? 60);

let made = 0;
function calendars(...days: Partial<CalendarDays>[]): Calendars {
  return new Map(
    days.map((members, index) => {
      const name = 'abc'[index] ?? '';
      return [name, compileCalendar(name, `test-${(made += 1)}`, { ...EMPTY, ...members })];
    }),
  );
}

function compile(input: object, known: Calendars): Recurrence {
  const parsed = parseSchedule({ exclude: [...known.keys()], ...input }, { now: Date.UTC(2026, 0, 1) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return compileSchedule(parsed.schedule, 'job', known);
}

function nexts(recurrence: Recurrence, after: string, count: number): string[] {
  const found: string[] = [];
  let at: number | null = Date.parse(after);
  while (found.length < count && (at = recurrence.next(at)) !== null) found.push(formatInstant(at).slice(0, 16));
  return found;
}

const WEEKEND = { windows: [{ from: 'SAT 00:00', to: 'MON 00:00' }] };
const daily = (time: string, timeZone = 'UTC') => {
  const [hour = '', minute = ''] = time.split(':');
  return { type: 'cron', expression: `${Number(minute)} ${Number(hour)} * * *`, timeZone };
};

describe('what calendars leave out', () => {
  it.each<[string, Partial<CalendarDays>, object, string, string[]]>([
    ['dates', { dates: ['2026-12-25', '2026-12-26'] }, daily('09:00'), '2026-12-24T10:00Z', ['2026-12-27T09:00']],
    [
      'ranges, their last day too',
      { ranges: [{ from: '2026-12-24', to: '2027-01-01' }] },
      daily('23:59'),
      '2026-12-23T00:00Z',
      ['2026-12-23T23:59', '2027-01-02T23:59'],
    ],
    ['weekends', WEEKEND, daily('00:00'), '2026-11-26T12:00Z', ['2026-11-27T00:00', '2026-11-30T00:00']],
    [
      'a window over the end of the week',
      { windows: [{ from: 'SUN 12:00', to: 'MON 12:00' }] },
      { type: 'cron', expression: '0 11,12 * * *' },
      '2026-11-28T12:00Z',
      ['2026-11-29T11:00', '2026-11-30T12:00'],
    ],
    [
      'a window over midnight, its end not',
      { windows: [{ from: '22:00', to: '06:00' }] },
      { type: 'cron', expression: '0 */2 * * *' },
      '2026-11-28T19:00Z',
      ['2026-11-28T20:00', '2026-11-29T06:00'],
    ],
    [
      'a whole day by its window',
      { windows: [{ from: 'WED 00:00', to: 'WED 24:00' }] },
      daily('12:00'),
      '2026-11-24T00:00Z',
      ['2026-11-24T12:00', '2026-11-26T12:00'],
    ],
    [
      "days of the schedule's zone",
      { dates: ['2026-12-25'] },
      daily('08:00', 'Asia/Tokyo'),
      '2026-12-23T23:30Z',
      ['2026-12-25T23:00'],
    ],
    [
      'days of its own zone',
      { dates: ['2026-12-25'], timeZone: 'America/New_York' },
      daily('08:00', 'Asia/Tokyo'),
      '2026-12-23T23:30Z',
      ['2026-12-24T23:00', '2026-12-26T23:00'],
    ],
    [
      'events of a zone, of UTC and of nowhere',
      {
        events: [
          { summary: '', start: '2026-12-01T08:00', end: '2026-12-01T10:00', timeZone: 'America/New_York' },
          { summary: '', start: '2026-12-02T13:00:00.000Z', end: '2026-12-02T13:00:00.001Z' },
          { summary: '', start: '2026-12-03', end: '2026-12-05' },
        ],
      },
      daily('14:00', 'Europe/Paris'),
      '2026-11-30T20:00Z',
      ['2026-12-05T13:00'],
    ],
    [
      'days by a rule',
      {
        rules: [
          { rule: 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25,26', startAt: '2000-01-01' },
          { rule: 'FREQ=DAILY;INTERVAL=2;UNTIL=20261231', startAt: '2026-12-27' },
        ],
      },
      daily('23:59'),
      '2026-12-24T12:00Z',
      ['2026-12-24T23:59', '2026-12-28T23:59', '2026-12-30T23:59', '2027-01-01T23:59', '2027-01-02T23:59'],
    ],
    [
      "days by a rule, in the calendar's zone",
      { rules: [{ rule: 'RRULE:FREQ=WEEKLY;BYDAY=MO', startAt: '2026-01-05' }], timeZone: 'America/New_York' },
      daily('03:00'),
      '2026-11-28T12:00Z',
      ['2026-11-29T03:00', '2026-11-30T03:00', '2026-12-02T03:00'],
    ],
    [
      'repeated events, on the clock of their zone, but those that are taken out, up to their end in UTC',
      {
        events: [
          {
            summary: 'break',
            start: '2026-10-22T08:00',
            end: '2026-10-22T10:00',
            timeZone: 'America/New_York',
            rule: 'FREQ=DAILY;UNTIL=20261103T130000Z',
            exdates: ['2026-11-01T08:00'],
          },
        ],
      },
      // Paris has left summer time, New York has not yet.
      daily('14:00', 'Europe/Paris'),
      '2026-10-20T20:00Z',
      ['2026-10-21T12:00', '2026-11-01T13:00', '2026-11-04T13:00'],
    ],
  ])('%s', (_name, days, schedule, after, expected) => {
    expect(nexts(compile(schedule, calendars(days)), after, expected.length)).toEqual(expected);
  });

  it('goes by the clocks when they are set back: what they show again is left out again', () => {
    const known = calendars({ windows: [{ from: '02:15', to: '02:45' }] });
    const quarters = { type: 'interval', every: 'PT15M', anchorAt: '2026-10-24T00:00:00Z', timeZone: 'Europe/Paris' };
    expect(nexts(compile(quarters, known), '2026-10-24T23:50Z', 6)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T00:45',
      '2026-10-25T01:00',
      '2026-10-25T01:45',
      '2026-10-25T02:00',
      '2026-10-25T02:15',
    ]);
    // Begun in the first pass, over in the second: 02:00 to 02:30 is shown between.
    const late = calendars({ windows: [{ from: '02:30', to: '03:15' }] });
    expect(nexts(compile(quarters, late), '2026-10-25T00:20Z', 4)).toEqual([
      '2026-10-25T01:00',
      '2026-10-25T01:15',
      '2026-10-25T02:15',
      '2026-10-25T02:30',
    ]);
  });

  it('ends a repeated event at its instant, and passes days that are taken out', () => {
    const event = { summary: '', start: '2026-10-30T08:00', end: '2026-10-30T10:00', timeZone: 'America/New_York' };
    const repeated = { ...event, rule: 'FREQ=DAILY;UNTIL=20261102T130000Z', exdates: ['2026-11-01T08:00'] };
    // 08:30 there: in UTC an hour later from 1 November on.
    expect(
      nexts(compile(daily('08:30', 'America/New_York'), calendars({ events: [repeated] })), '2026-10-29T14:00Z', 3),
    ).toEqual(['2026-11-01T13:30', '2026-11-03T13:30', '2026-11-04T13:30']);
  });

  it('ends it there too where the day in UTC is another one', () => {
    const event = { summary: '', start: '2026-11-01T08:00', end: '2026-11-01T10:00', timeZone: 'Asia/Tokyo' };
    const known = calendars({ events: [{ ...event, rule: 'FREQ=DAILY;UNTIL=20261102T230000Z' }] });
    expect(nexts(compile(daily('08:30', 'Asia/Tokyo'), known), '2026-10-31T00:00Z', 1)).toEqual(['2026-11-03T23:30']);
  });

  it('says who leaves an instant out', () => {
    const known = calendars({ dates: ['2026-12-26'] }, WEEKEND, { dates: ['2026-12-27'] });
    const recurrence = compile(daily('09:00'), known);
    expect(recurrence.excludedBy(Date.parse('2026-12-26T09:00Z'))).toEqual(['a', 'b']);
    expect(recurrence.excludedBy(Date.parse('2026-12-28T09:00Z'))).toEqual([]);
  });

  it('is at its end when all is left out, and soon', () => {
    const always = {
      windows: [
        { from: 'MON 00:00', to: 'WED 00:00' },
        { from: 'TUE 00:00', to: 'MON 00:00' },
      ],
    };
    expect(compile(daily('09:00'), calendars(always)).next(0)).toBeNull();
    const nights = calendars({ windows: [{ from: '22:00', to: '06:00' }] });
    const night = compile(daily('23:00'), nights);
    expect(night.next(0)).toBeNull();
    const everyNight = {
      anyOf: Array.from({ length: 20 }, (_, minute) => `${minute} 23 * * *`),
      timeZone: 'Europe/Paris',
    };
    expect(
      leastCpuMs(() => compile(everyNight, calendars({ windows: [{ from: '22:00', to: '06:00' }] })).next(0)),
    ).toBeLessThan(50);
    const ages = calendars({ ranges: [{ from: '1970-01-01', to: '2290-12-31' }] });
    expect(
      leastCpuMs(() => compile({ type: 'interval', every: '1s', anchorAt: '1990-01-01T00:00:00Z' }, ages).next(0)),
    ).toBeLessThan(50);
  });

  it('is never left away: a schedule whose calendar is not known is not compiled', () => {
    const parsed = parseSchedule({ ...daily('09:00'), exclude: ['gone'] }, { now: 0 });
    expect(() => parsed.ok && compileSchedule(parsed.schedule, 'job')).toThrow(RangeError);
  });

  it('makes other keys of other calendars, so that no answer is shared by mistake', () => {
    const one = calendars({ dates: ['2026-12-25'] });
    const two = calendars({ dates: ['2026-12-26'] });
    const interval = (timeZone: string) => ({
      type: 'interval',
      every: 'PT6H',
      anchorAt: '2026-01-01T00:00:00Z',
      timeZone,
    });
    const keys = [
      compile(interval('UTC'), one).key,
      compile(interval('UTC'), two).key,
      compile(interval('Europe/Paris'), one).key,
      compile({ ...interval('UTC'), onExcluded: 'nextBusinessDay' }, one).key,
    ];
    expect(new Set(keys).size).toBe(4);
    expect(compile(interval('UTC'), one).key).toBe(keys[0]);
  });
});

describe('what is left out and moved', () => {
  const moved = (input: object, known: Calendars, direction: 'next' | 'previous'): Recurrence =>
    compile({ ...input, onExcluded: `${direction}BusinessDay` }, known);

  it.each<[string, 'next' | 'previous', Partial<CalendarDays>[], object, string, string[]]>([
    [
      'to the next free day',
      'next',
      [WEEKEND, { dates: ['2026-11-30'] }],
      { type: 'cron', expression: '30 10 28 * *', timeZone: 'Europe/Paris' },
      '2026-11-27T00:00Z',
      ['2026-12-01T09:30', '2026-12-28T09:30'],
    ],
    [
      'to the free day before',
      'previous',
      [WEEKEND],
      { type: 'cron', expression: '30 10 28-29 * *' },
      '2026-11-27T00:00Z',
      ['2026-11-27T10:30', '2026-12-28T10:30', '2026-12-29T10:30'],
    ],
    [
      'not to before the instant that is asked for',
      'previous',
      [WEEKEND],
      { type: 'cron', expression: '30 10 28-29 * *' },
      '2026-11-27T10:30Z',
      ['2026-12-28T10:30'],
    ],
    [
      'onto one that is there: they are one',
      'next',
      [WEEKEND],
      daily('09:00'),
      '2026-11-27T09:00Z',
      ['2026-11-30T09:00', '2026-12-01T09:00'],
    ],
    [
      'past each other',
      'next',
      [WEEKEND],
      { anyOf: ['0 20 * * SAT', '0 8 * * SUN', '0 12 * * MON'] },
      '2026-11-27T09:00Z',
      ['2026-11-30T08:00', '2026-11-30T12:00', '2026-11-30T20:00'],
    ],
    [
      'to a day on which the time is shown',
      'next',
      [{ dates: ['2026-03-28'] }],
      { type: 'cron', expression: '30 2 28 * *', timeZone: 'Europe/Paris', dst: { gap: 'skip' } },
      '2026-03-27T12:00Z',
      ['2026-03-30T00:30'],
    ],
    [
      'nowhere when no day is near',
      'next',
      [{ ranges: [{ from: '2026-07-01', to: '2026-08-31' }] }],
      { type: 'cron', expression: '0 9 15 * *' },
      '2026-06-30T00:00Z',
      ['2026-09-01T09:00', '2026-09-15T09:00'],
    ],
    [
      'nowhere beyond the end',
      'next',
      [WEEKEND],
      { ...daily('09:00'), endAt: '2026-11-29T12:00' },
      '2026-11-27T00:00Z',
      ['2026-11-27T09:00'],
    ],
  ])('%s', (_name, direction, days, schedule, after, expected) => {
    const found = nexts(moved(schedule, calendars(...days), direction), after, expected.length + 1);
    expect(found.slice(0, expected.length)).toEqual(expected);
  });

  it('says from where, and by whom', () => {
    const recurrence = moved(daily('09:00'), calendars(WEEKEND, { dates: ['2026-11-30'] }), 'next');
    const note = recurrence.note(Date.parse('2026-12-01T09:00Z'));
    expect(note).toBe(
      'moved from 2026-11-28, which a leaves out; 2026-11-29, which a leaves out; 2026-11-30, which b leaves out',
    );
    expect(recurrence.note(Date.parse('2026-12-02T09:00Z'))).toBeNull();
  });

  it('is refused for what fires all day long', () => {
    const parsed = parseSchedule(
      { type: 'interval', every: 'PT30M', exclude: ['a'], onExcluded: 'nextBusinessDay' },
      { now: 0 },
    );
    expect(parsed).toMatchObject({ ok: false, problems: [{ pointer: '/onExcluded', code: 'too_frequent' }] });
  });

  it('takes no long time in long stretches', () => {
    const known = calendars({ ranges: [{ from: '2026-01-01', to: '2029-12-31' }] });
    for (const direction of ['next', 'previous'] as const) {
      const find = (): number | null =>
        moved(
          { type: 'cron', expression: '0 * * * *', timeZone: 'Europe/Paris' },
          calendars(...[{ ranges: [{ from: '2026-01-01', to: '2029-12-31' }] }]),
          direction,
        ).next(Date.UTC(2026, 5, 1));
      expect(leastCpuMs(find)).toBeLessThan(50);
    }
    expect(known.size).toBe(1);
  });
});

describe('an exclusion against a walk that takes every occurrence one by one', () => {
  const RULES: Readonly<Record<string, (date: Date) => boolean>> = {
    'FREQ=WEEKLY;BYDAY=WE,SA': (date) => [3, 6].includes(date.getUTCDay()),
    'FREQ=MONTHLY;BYMONTHDAY=1,25,-1': (date) =>
      [1, 25].includes(date.getUTCDate()) || new Date(date.getTime() + DAY_MS).getUTCDate() === 1,
    'FREQ=DAILY;INTERVAL=3;UNTIL=20261101': (date) =>
      date <= new Date('2026-11-01') && (date.getTime() - Date.UTC(2026, 0, 1)) % (3 * DAY_MS) === 0,
  };
  const date = fc
    .integer({ min: 0, max: 40 })
    .map((day) => formatInstant(Date.UTC(2026, 9, 10) + day * DAY_MS).slice(0, 10));
  const day = fc.constantFrom('MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN');
  const time = fc.constantFrom('00:00', '01:30', '02:30', '09:00', '22:00');
  const days = fc
    .record({
      timeZone: fc.constantFrom(null, null, 'Europe/Paris', 'America/New_York'),
      dates: fc.array(date, { maxLength: 5 }),
      ranges: fc.array(
        fc.tuple(date, date).map(([a, b]) => ({ from: a < b ? a : b, to: a < b ? b : a })),
        { maxLength: 1 },
      ),
      windows: fc.array(
        fc
          .tuple(day, time, day, time)
          .map(([a, b, c, d]) => ({ from: `${a} ${b}`, to: `${c} ${d}` }))
          .filter(({ from, to }) => from !== to),
        { maxLength: 2 },
      ),
      rules: fc.array(
        fc.constantFrom(...Object.keys(RULES)).map((rule) => ({ rule, startAt: '2026-01-01' })),
        {
          maxLength: 2,
        },
      ),
    })
    .map((members) => ({ ...EMPTY, ...members }));
  const rule = fc.oneof(
    fc
      .constantFrom('30 2 * * *', '0 9,22 * * *', '30 1 * * MON,SAT', '0 */3 * * *', '15 9 1,15 * *')
      .map((expression) => ({ type: 'cron', expression })),
    fc.constantFrom('P1D', 'PT7H').map((every) => ({ type: 'interval', every, anchorAt: '2026-10-01T00:30:00Z' })),
  );
  const zone = fc.constantFrom('UTC', 'Europe/Paris', 'Australia/Lord_Howe', 'America/New_York', 'Asia/Beirut');
  const from = Date.UTC(2026, 9, 16);
  const until = Date.UTC(2026, 10, 10);

  /** By the text of the wall clock that Intl shows: none of the arithmetic that is tested. */
  const isOut = (
    instant: number,
    { timeZone, dates, ranges, windows, rules }: CalendarDays,
    jobZone: string,
  ): boolean => {
    const local = localIso(instant, timeZone ?? jobZone);
    const date = local.slice(0, 10);
    const names = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
    const minuteOf = (name: string, clock: string): number =>
      ((names.indexOf(name) + 6) % 7) * 1_440 + Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
    const now = minuteOf(names[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? '', local.slice(11, 16));
    return (
      dates.includes(date) ||
      rules.some((one) => RULES[one.rule]?.(new Date(`${date}T00:00:00Z`)) === true) ||
      ranges.some((range) => date >= range.from && date <= range.to) ||
      windows.some((window) => {
        const [a, b] = [window.from, window.to].map((edge) => minuteOf(edge.slice(0, 3), edge.slice(4)));
        return a !== undefined && b !== undefined && (a < b ? now >= a && now < b : now >= a || now < b);
      })
    );
  };
  const all = (recurrence: Recurrence, after: number, to: number): number[] => {
    const found: number[] = [];
    for (let at = recurrence.next(after); at !== null && at <= to; at = recurrence.next(at)) found.push(at);
    return found;
  };

  it('keeps what no calendar leaves out', () => {
    fc.assert(
      fc.property(rule, zone, fc.array(days, { minLength: 1, maxLength: 2 }), (schedule, timeZone, lists) => {
        const plain = all(compile({ ...schedule, timeZone, exclude: [] }, new Map()), from, until);
        const expected = plain.filter((instant) => !lists.some((list) => isOut(instant, list, timeZone)));
        expect(all(compile({ ...schedule, timeZone }, calendars(...lists)), from, until)).toEqual(expected);
      }),
      { seed: 20261124, numRuns: RUNS },
    );
  });

  it('moves the rest day by day', () => {
    const direction = fc.constantFrom<1 | -1>(1, -1);
    fc.assert(
      fc.property(
        rule,
        zone,
        fc.array(days, { minLength: 1, maxLength: 2 }),
        direction,
        (schedule, timeZone, lists, step) => {
          const out = (instant: number): boolean => lists.some((list) => isOut(instant, list, timeZone));
          const plain = all(
            compile({ ...schedule, timeZone, exclude: [] }, new Map()),
            from - 40 * DAY_MS,
            until + 40 * DAY_MS,
          );
          const landings = plain.flatMap((instant) => {
            if (!out(instant)) return [instant];
            const local = localIso(instant, timeZone).slice(0, 19);
            for (let far = 1; far <= 31; far += 1) {
              const wanted = formatInstant(Date.parse(`${local}Z`) + step * far * DAY_MS).slice(0, 19);
              // A wall time alone, read by a schedule that comes once.
              const at = compile({ type: 'once', at: wanted, timeZone, exclude: [] }, new Map()).next(0);
              if (at !== null && !out(at)) return [at];
            }
            return [];
          });
          const expected = [...new Set(landings)].filter((at) => at > from && at <= until).sort((a, b) => a - b);
          const known = calendars(...lists);
          const input = { ...schedule, timeZone, onExcluded: step === 1 ? 'nextBusinessDay' : 'previousBusinessDay' };
          expect(all(compile(input, known), from, until)).toEqual(expected);
        },
      ),
      { seed: 20261124, numRuns: RUNS },
    );
  });
});
