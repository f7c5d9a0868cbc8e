import fc from 'fast-check';
import { loadOf } from '../../../src/domain/quotas.js';
import { describeSchedule } from '../../../src/domain/recurrence/describe.js';
import { formatInstant } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../../src/domain/recurrence/preview.js';
import { compileSchedule, type Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule, ScheduleProblem } from '../../../src/domain/recurrence/schedule.js';
import { leastCpuMs } from './fastest.js';

const NOW = Date.UTC(2026, 10, 23, 10);
const SEED = 'job';
const MANY_ZONES = [
  ...['Asia/Gaza', 'Africa/Cairo', 'America/Sao_Paulo', 'Europe/Paris', 'America/Santiago', 'Africa/El_Aaiun'],
  ...['Asia/Hebron', 'Pacific/Easter', 'America/Havana', 'Asia/Jerusalem', 'Europe/Chisinau', 'Antarctica/Troll'],
  ...['America/Nuuk', 'Australia/Lord_Howe', 'Pacific/Auckland', 'Asia/Beirut', 'America/Asuncion', 'Europe/London'],
  ...['America/New_York', 'Pacific/Norfolk'],
];

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

function nexts(input: unknown, after: string, count: number): string[] {
  const recurrence = compileSchedule(accepted(input), SEED);
  const found: string[] = [];
  let at: number | null = Date.parse(after);
  while (found.length < count && (at = recurrence.next(at)) !== null) found.push(formatInstant(at).slice(0, 16));
  return found;
}

describe('a union of rules', () => {
  const zone = { timeZone: 'Europe/Paris' };

  it('is normalised: each rule by its own type, without what it takes from the union', () => {
    expect(
      accepted({ anyOf: ['0 9 * * 1', { type: 'interval', every: '2h', timeZone: 'Asia/Tokyo' }], ...zone }),
    ).toEqual({
      type: 'anyOf',
      anyOf: [
        { type: 'cron', expression: '0 9 * * 1' },
        { type: 'interval', every: 'PT2H', anchorAt: formatInstant(NOW), timeZone: 'Asia/Tokyo' },
      ],
      ...zone,
    });
    expect(accepted({ type: 'anyOf', anyOf: ['@daily', '@hourly'] })).toMatchObject({ type: 'anyOf', timeZone: 'UTC' });
  });

  it('comes back as itself when it is read again', () => {
    const once = accepted({
      anyOf: ['0 9 * * 1', 'PT2H', { type: 'once', at: '2026-12-24T18:00' }],
      jitter: '5m',
      ...zone,
    });
    expect(parseSchedule(once, { now: NOW + 5 })).toEqual({ ok: true, schedule: once });
  });

  it.each<[string, object, string[]]>([
    [
      'takes turns, and an instant that two share is one',
      { anyOf: ['0 9 * * *', '0 9,17 * * *', '2026-11-23T12:00:00Z'] },
      ['2026-11-23T12:00', '2026-11-23T17:00', '2026-11-24T09:00', '2026-11-24T17:00'],
    ],
    [
      "has rules in the union's zone and in their own",
      { anyOf: ['0 9 * * *', { type: 'cron', expression: '0 9 * * *', timeZone: 'America/New_York' }], ...zone },
      ['2026-11-23T14:00', '2026-11-24T08:00', '2026-11-24T14:00', '2026-11-25T08:00'],
    ],
    [
      'bounds a rule, and all of them',
      {
        anyOf: ['0 9 * * *', { type: 'cron', expression: '0 10 * * *', startAt: '2026-11-25T00:00' }],
        endAt: '2026-11-26T00:00',
        ...zone,
      },
      ['2026-11-24T08:00', '2026-11-25T08:00', '2026-11-25T09:00'],
    ],
    [
      'ends with its last rule',
      { anyOf: ['2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z'] },
      ['2026-11-24T00:00', '2026-11-25T00:00'],
    ],
  ])('%s', (_name, input, expected) => {
    expect(nexts(input, '2026-11-23T10:00Z', 4)).toEqual(expected);
  });

  it('gives its choice for clock changes to rules that make none', () => {
    const rules = ['30 2 * * *', { type: 'cron', expression: '45 2 * * *', dst: { gap: 'after' } }];
    const input = { anyOf: rules, ...zone, dst: { gap: 'skip' } };
    expect(nexts(input, '2026-03-28T12:00Z', 2)).toEqual(['2026-03-29T01:00', '2026-03-30T00:30']);
    const [first] = previewSchedule(accepted(input), {
      seed: SEED,
      from: Date.UTC(2026, 2, 28, 12),
      count: 1,
    }).occurrences;
    expect(first?.note).toBe('moved: 02:45 does not exist');
  });

  it('has recurrence rules, from now on by the clock of the union or of their own', () => {
    const anyOf = [
      'FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0',
      { type: 'rrule', rule: 'FREQ=DAILY;COUNT=2', startAt: '2026-11-24T07:00' },
      'DTSTART;TZID=Asia/Tokyo:20261201T090000\nRRULE:FREQ=YEARLY',
      'DTSTART:20261202T090000\nRRULE:FREQ=YEARLY',
    ];
    const union = accepted({ anyOf, ...zone });
    expect(union).toMatchObject({
      anyOf: [
        { type: 'rrule', startAt: '2026-11-23T11:00:00' },
        { type: 'rrule', startAt: '2026-11-24T07:00' },
        { rule: 'FREQ=YEARLY', startAt: '2026-12-01T09:00:00', timeZone: 'Asia/Tokyo' },
        { rule: 'FREQ=YEARLY', startAt: '2026-12-02T09:00:00' },
      ],
    });
    expect(union.type === 'anyOf' && union.anyOf.map(({ timeZone }) => timeZone)).toEqual([
      ...[undefined, undefined, 'Asia/Tokyo', undefined],
    ]);
    expect(nexts(union, '2026-11-23T10:00Z', 5)).toEqual([
      '2026-11-24T06:00',
      '2026-11-25T06:00',
      '2026-11-30T08:00',
      '2026-12-01T00:00',
      '2026-12-02T08:00',
    ]);
    expect(parseSchedule(union, { now: NOW + 5_000 })).toEqual({ ok: true, schedule: union });
  });

  it('has words, meant by the clock of the union where they name none', () => {
    const anyOf = [
      'every Monday at 9am',
      { type: 'words', text: 'tomorrow at 5pm' },
      'every day at noon Asia/Tokyo',
      { type: 'words', text: 'every other Tuesday at 10:00', startAt: '2026-12-03T00:00' },
    ];
    const union = accepted({ anyOf, timeZone: 'Pacific/Auckland' });
    expect(union).toMatchObject({
      anyOf: [
        { type: 'cron' },
        // It is 23:00 there.
        { type: 'once', at: '2026-11-24T17:00' },
        { type: 'cron', expression: '0 12 * * *', timeZone: 'Asia/Tokyo' },
        { type: 'rrule', startAt: '2026-12-08T10:00' },
      ],
    });
    expect(union.type === 'anyOf' && union.anyOf.map(({ timeZone }) => timeZone)).toEqual([
      ...[undefined, undefined, 'Asia/Tokyo', undefined],
    ]);
  });

  it('answers refused words with what is understood', () => {
    expect(refused({ anyOf: ['@daily', 'every Mondey at 9am'] })).toMatchObject([
      { pointer: '/anyOf/1', words: { text: 'Mondey' }, suggestions: [expect.any(String), expect.any(String)] },
    ]);
  });

  it.each<[string, unknown, string, string]>([
    ['none', { anyOf: [] }, '/anyOf', 'out_of_range'],
    ['one', { anyOf: ['@daily'] }, '/anyOf', 'out_of_range'],
    ['too many', { anyOf: Array(21).fill('@daily') }, '/anyOf', 'out_of_range'],
    ['no list', { anyOf: '@daily' }, '/anyOf', 'invalid_type'],
    ['no rules at all', { type: 'anyOf' }, '/anyOf', 'required'],
    ['a text at fault', { anyOf: ['@daily', 'at noon sharp'] }, '/anyOf/1', 'unknown_words'],
    ['words at fault', { anyOf: ['@daily', { type: 'words', text: 'flurb' }] }, '/anyOf/1/text', 'unknown_words'],
    [
      'a zone beside another in the words',
      { anyOf: ['@daily', { type: 'words', text: 'every day at noon UTC', timeZone: 'Europe/Paris' }] },
      '/anyOf/1/text',
      'invalid_time_zone',
    ],
    [
      "what is the union's beside words",
      { anyOf: ['@daily', { type: 'words', text: 'every day at noon', jitter: '5m' }] },
      '/anyOf/1/jitter',
      'unknown_member',
    ],
    ['a recurrence rule at fault', { anyOf: ['@daily', 'FREQ=HOURLY'] }, '/anyOf/1', 'invalid_rrule'],
    [
      'a start in another zone than the one beside it',
      {
        anyOf: [
          '@daily',
          {
            type: 'rrule',
            rule: 'DTSTART;TZID=Asia/Tokyo:20261201T090000\nRRULE:FREQ=DAILY',
            timeZone: 'Europe/Paris',
          },
        ],
      },
      '/anyOf/1/rule',
      'invalid_rrule',
    ],
    [
      'a rule at fault',
      { anyOf: ['@daily', { type: 'cron', expression: '61 * * * *' }] },
      '/anyOf/1/expression',
      'invalid_cron',
    ],
    ['a rule without a type', { anyOf: ['@daily', {}] }, '/anyOf/1/type', 'required'],
    ['no rule', { anyOf: ['@daily', null] }, '/anyOf/1', 'invalid_type'],
    ['a union in a union', { anyOf: ['@daily', { anyOf: ['@daily', '@hourly'] }] }, '/anyOf/1/type', 'required'],
    ['a union by its type', { anyOf: ['@daily', { type: 'anyOf', anyOf: [] }] }, '/anyOf/1/type', 'invalid_value'],
    [
      "what is the union's",
      { anyOf: ['@daily', { type: 'cron', expression: '@daily', maxRuns: 1 }] },
      '/anyOf/1/maxRuns',
      'unknown_member',
    ],
    [
      'a zone of a rule',
      { anyOf: ['@daily', { type: 'cron', expression: '@daily', timeZone: 'X' }] },
      '/anyOf/1/timeZone',
      'invalid_time_zone',
    ],
    [
      'another type beside it',
      { type: 'cron', expression: '@daily', anyOf: ['@daily', '@hourly'] },
      '/anyOf',
      'unknown_member',
    ],
  ])('refuses %s', (_name, input, pointer, code) => {
    expect(refused(input)).toContainEqual(expect.objectContaining({ pointer, code }));
  });

  it('refuses hostile lists with few faults', () => {
    const worst = { anyOf: Array.from({ length: 20 }, () => ({ type: 'cron', a: 1, b: 2, c: 3, d: 4 })) };
    expect(refused(worst)).toHaveLength(20);
  });

  it('is said in words', () => {
    expect(describeSchedule(accepted({ anyOf: ['0 9 * * *', 'PT15M', '0 9 * * *'], ...zone }))).toBe(
      'At 09:00 (Europe/Paris); Every 15 minutes',
    );
  });

  it('counts as all of its rules, and as close as two of them come', () => {
    const load = loadOf({ id: SEED, schedule: accepted({ anyOf: ['0 9 * * *', '5 9 * * *'] }) });
    expect(load).toEqual({ firesPerMillionMinutes: 1_389, shortestGapMs: 300_000 });
    expect(
      loadOf({ id: SEED, schedule: accepted({ anyOf: ['2026-12-24T18:00:00Z', '2026-12-24T18:00:01Z'] }) }),
    ).toEqual({
      firesPerMillionMinutes: 0,
      shortestGapMs: 1_000,
    });
  });

  it('warns of what all of them together do, and of each', () => {
    const { warnings } = previewSchedule(accepted({ anyOf: ['* * * * *', '30 * 31 * *'] }), {
      seed: SEED,
      from: NOW,
      count: 1,
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^fires 1,\d\d\d times a day$/),
      expect.stringMatching(/^rule 2: does not fire/),
    ]);
  });

  it.each<[string, object]>([
    [
      'rules of weeks and months in a zone of many clock changes',
      {
        anyOf: [
          { type: 'interval', every: 'P4M', anchorAt: '2017-03-03T02:30:00Z' },
          { type: 'interval', every: 'P2W', anchorAt: '2018-03-03T02:30:00Z' },
        ],
        timeZone: 'Asia/Gaza',
        dst: { gap: 'skip' },
      },
    ],
    [
      'twenty rules of years in as many zones',
      {
        anyOf: MANY_ZONES.map((timeZone, index) => {
          return { type: 'interval', every: `P${40 + index}M`, anchorAt: '2017-03-03T02:30:00Z', timeZone };
        }),
      },
    ],
  ])('is previewed quickly: %s', (_name, input) => {
    let tries = 0;
    const preview = (from: number): number => {
      // Never seen before, so that nothing is remembered of it.
      const fresh = accepted({ ...input, endAt: formatInstant(Date.UTC(2299, 0) + ++tries * 1_000) });
      return previewSchedule(fresh, { seed: SEED, from, count: 1_000 }).occurrences.length;
    };
    // A service has compiled this code long before.
    for (let from = 0; from < 10; from += 1) expect(preview(from)).toBe(1_000);
    expect(leastCpuMs(() => preview(NOW))).toBeLessThan(50);
  });

  it('notes an occurrence whatever was asked before', () => {
    const at = Date.UTC(2026, 9, 25, 0, 30);
    const input = {
      anyOf: ['30 2 * * *', { type: 'interval', every: 'P1D', anchorAt: '2026-10-20T00:30:00Z' }, '0 12 * * *'],
      ...zone,
    };
    const asked: ((rule: Recurrence) => unknown)[] = [
      () => null,
      (rule) => rule.next(at - 1),
      (rule) => rule.next(at),
      (rule) => rule.next(rule.next(at) ?? at),
      (rule) => [rule.next(at - 90_000_000), rule.next(at + 90_000_000)],
      (rule) => rule.next(0),
    ];
    const notes = asked.map((ask, index) => {
      // Bounds of its own: a rule that nobody asked yet.
      const rule = compileSchedule(accepted({ ...input, endAt: `2099-01-0${index + 1}T00:00` }), SEED);
      ask(rule);
      return [rule.note(at), rule.note(at + 1), rule.note(at + 3_600_000)];
    });
    expect(notes).toEqual(asked.map(() => ['first of two: 02:30 occurs twice', null, null]));
  });

  it('fires at the sorted set of what its rules fire at', () => {
    const rule = fc.oneof(
      fc
        .tuple(
          fc.integer({ min: 0, max: 59 }),
          fc.constantFrom('*', '0', '2', '*/3', '9-17'),
          fc.constantFrom('*', 'MON-FRI', '0'),
        )
        .map(([minute, hour, day]) => ({ type: 'cron', expression: `${minute} ${hour} * * ${day}` })),
      fc
        .constantFrom('PT1H', 'PT90M', 'P1D', 'P1M')
        .map((every) => ({ type: 'interval', every, anchorAt: '2026-10-23T02:30:00Z' })),
      fc.constantFrom('2026-10-25T02:30', '2026-10-26T09:00').map((at) => ({ type: 'once', at })),
    );
    const dst = fc.record({ overlap: fc.constantFrom('first', 'second') });
    const timeZone = fc.constantFrom('UTC', 'Europe/Paris', 'Australia/Lord_Howe', 'America/New_York');
    fc.assert(
      fc.property(fc.array(rule, { minLength: 2, maxLength: 5 }), timeZone, dst, (anyOf, timeZone, dst) => {
        const from = Date.UTC(2026, 9, 20);
        const until = from + 8 * 86_400_000;
        const all = (input: unknown): number[] => {
          const recurrence = compileSchedule(accepted(input), SEED);
          const found: number[] = [];
          for (let at = recurrence.next(from); at !== null && at <= until; at = recurrence.next(at)) found.push(at);
          return found;
        };
        const apart = anyOf.flatMap((one) => all({ ...one, timeZone, dst }));
        expect(all({ anyOf, timeZone, dst })).toEqual([...new Set(apart)].sort((a, b) => a - b));
      }),
      { seed: 20261124, numRuns: 300 },
    );
  });
});
