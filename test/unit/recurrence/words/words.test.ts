import { describeSchedule } from '../../../../src/domain/recurrence/describe.js';
import { parseSchedule } from '../../../../src/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../../../src/domain/recurrence/preview.js';
import { compileSchedule } from '../../../../src/domain/recurrence/recurrence.js';
import type { Schedule, ScheduleProblem } from '../../../../src/domain/recurrence/schedule.js';
import { REFUSED } from './refused.js';
import { NOW, UNDERSTOOD } from './understood.js';

function accepted(input: unknown, now = NOW): Schedule {
  const parsed = parseSchedule(input, { now });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

function refused(input: unknown): ScheduleProblem {
  const parsed = parseSchedule(input, { now: NOW });
  if (parsed.ok) throw new Error(`accepted as ${JSON.stringify(parsed.schedule)}`);
  expect(parsed.problems).toHaveLength(1);
  return parsed.problems[0]!;
}

/** The notation of `UNDERSTOOD`. */
function spelled(schedule: Schedule): string {
  const zone = schedule.timeZone === 'UTC' ? '' : ` in ${schedule.timeZone}`;
  const from = (at: string | undefined): string => (at === undefined ? '' : ` from ${at}`);
  switch (schedule.type) {
    case 'cron':
      return `cron ${schedule.expression}${from(schedule.startAt)}${zone}`;
    case 'interval': {
      const isFromNow = Date.parse(schedule.anchorAt) === NOW;
      return `interval ${schedule.every}${isFromNow ? '' : from(schedule.anchorAt)}${zone}`;
    }
    case 'once':
      return `once ${schedule.at}${zone}`;
    case 'rrule':
      return `rrule ${schedule.rule}${from(schedule.startAt)}${zone}`;
    case 'anyOf':
      throw new Error('no phrase becomes a union');
  }
}

function occurrences(schedule: Schedule, count: number, from = NOW): string[] {
  return previewSchedule(schedule, { seed: 'seed', from, count }).occurrences.map(({ scheduledFor }) => scheduledFor);
}

describe('phrases that are understood', () => {
  it('are many', () => expect(UNDERSTOOD.length).toBeGreaterThanOrEqual(150));

  it.each(UNDERSTOOD)('%s', (phrase, expected) => {
    const schedule = accepted(phrase);
    expect(spelled(schedule)).toBe(expected);
    // What was answered can be sent back and stays the same, and it fires.
    expect(accepted(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
    expect(occurrences(schedule, 1)).toHaveLength(1);
  });

  it.each(UNDERSTOOD.filter(([, expected]) => expected.startsWith('rrule')))(
    '%s counts from its first time',
    (phrase) => {
      const schedule = accepted(phrase);
      const startAt = schedule.type === 'rrule' ? schedule.startAt : '';
      expect(previewSchedule(schedule, { seed: 'seed', from: NOW - 1, count: 1 }).occurrences[0]?.local).toContain(
        startAt,
      );
      expect(previewSchedule(schedule, { seed: 'seed', from: NOW - 1, count: 1 }).warnings).toEqual([]);
    },
  );

  it('are the same in any case and spacing, with any commas between clauses', () => {
    for (const [phrase, expected] of UNDERSTOOD) {
      if (/[/]|utc|gmt/i.test(phrase)) continue;
      expect(spelled(accepted(phrase.toUpperCase()))).toBe(expected);
      expect(spelled(accepted(`\t${phrase.replaceAll(' ', '  ')} `))).toBe(expected);
    }
  });
});

describe('the text of a schedule that was given in words', () => {
  // It leaves out where hours and minutes are counted from, and says BYSETPOS in other words.
  const isSaidWhole = (schedule: Schedule): boolean =>
    schedule.type === 'cron' ||
    schedule.type === 'once' ||
    /^P\d/.test(schedule.type === 'interval' ? schedule.every : '');
  const texts = [...new Set(UNDERSTOOD.map(([phrase]) => phrase))]
    .map((phrase) => accepted(phrase))
    .filter((schedule) => isSaidWhole(schedule) && schedule.startAt === undefined)
    .map((schedule) => [describeSchedule(schedule), schedule] as const);

  it.each(texts)('%s is understood and fires at the same times', (text, schedule) => {
    const again = accepted(text);
    expect(occurrences(again, 40)).toEqual(occurrences(schedule, 40));
    expect(again.timeZone).toBe(schedule.timeZone);
  });
});

describe('phrases that are refused', () => {
  it.each(REFUSED.filter(([, code]) => code !== 'required'))('%s', (phrase, code, position, words) => {
    const problem = refused(phrase);
    expect(problem).toMatchObject({ pointer: '', code, words: { position, text: words } });
    expect(problem.detail).toContain(`"${words}" at character ${position}`);
    expect(problem.detail).toMatch(/^[\x20-\x7e…]+$/);
    expect(problem.suggestions).toHaveLength(2);
    for (const suggestion of problem.suggestions ?? []) {
      expect(problem.detail).toContain(`"${suggestion}"`);
      accepted(suggestion);
    }
  });

  it.each([
    ['biweekly on Friday at 9', ['every other week on Monday on Friday at 9']],
    ['Monday at 9am', ['every Monday at 9am', 'next Monday at 9am']],
    ['on 03/04 at 9', ['on 3 April at 9', 'on 4 March at 9']],
    ['every Monday at 9 or 10', ['every Monday at 9 and 10', 'every Monday at 9']],
    ['at 8 and 10pm', ['at 8am and 10pm', 'at 8pm and 10pm']],
    ['evry Mondy at 9', ['every Monday at 9', 'every day at 9:00']],
    ['every Monday at 9 EST', ['every Monday at 9 America/New_York', 'every Monday at 9 UTC']],
    ['weekly', ['weekly on Monday', 'weekly on Sunday']],
    ['twice a day', ['twice a day at 8:00 and 20:00', 'every day']],
    ['every 5', ['every 5 minutes', 'every 5 days']],
    ['every second Tuesday', ['second Tuesday of every month', 'every other Tuesday']],
    [
      'every weekday at 25:00 Europe/Paris',
      ['every weekday at 23:00 Europe/Paris', 'every weekday at 9:00 Europe/Paris'],
    ],
  ])('%s proposes what may be meant', (phrase, suggestions) => {
    const isProposal = phrase !== 'biweekly on Friday at 9';
    if (isProposal) expect(refused(phrase).suggestions).toEqual(suggestions);
    else expect(refused(phrase).suggestions).not.toEqual(suggestions);
  });

  it('are refused whatever the time is', () => {
    for (const [phrase] of REFUSED) {
      for (const now of [0, Date.UTC(2028, 1, 29, 23, 59), Date.UTC(2299, 11, 31)]) {
        expect(parseSchedule(phrase, { now }).ok).toBe(false);
      }
    }
  });
});

describe('a time zone', () => {
  it('at the end is the schedule’s, and decides what is tomorrow', () => {
    // 2026-11-24T10:00Z is already the 25th in Kiritimati, and still the 23rd in Pago Pago.
    expect(accepted('tomorrow at 9 Pacific/Kiritimati')).toMatchObject({ at: '2026-11-26T09:00' });
    expect(accepted('tomorrow at 9 Pacific/Pago_Pago')).toMatchObject({ at: '2026-11-24T09:00' });
    expect(accepted('next Tuesday at 9 Pacific/Pago_Pago')).toMatchObject({ at: '2026-11-24T09:00' });
    expect(accepted('every other Tuesday at 23:30 Pacific/Pago_Pago')).toMatchObject({ startAt: '2026-11-24T23:30' });
  });

  it('of an object holds for its words, and may be said twice', () => {
    const words = { type: 'words', text: 'tomorrow at 9', timeZone: 'Pacific/Kiritimati' };
    expect(accepted(words)).toEqual({ type: 'once', at: '2026-11-26T09:00', timeZone: 'Pacific/Kiritimati' });
    expect(accepted({ ...words, text: 'tomorrow at 9 pacific/kiritimati' })).toEqual(accepted(words));
    expect(accepted({ ...words, text: 'daily UTC', timeZone: 'Etc/UTC' })).toMatchObject({ timeZone: 'Etc/UTC' });
  });

  it('that contradicts the object’s is refused, with ways out', () => {
    const problem = refused({ type: 'words', text: 'every day at 9 Europe/Paris', timeZone: 'Europe/Berlin' });
    expect(problem).toMatchObject({
      pointer: '/text',
      code: 'invalid_time_zone',
      words: { position: 16, text: 'Europe/Paris' },
      suggestions: ['every day at 9', 'every day at 9 Europe/Berlin'],
    });
  });
});

describe('words with other members', () => {
  it('take those that every schedule takes', () => {
    const input = { type: 'words', text: 'weekdays at 18:30', maxRuns: 3, jitter: '30s', endAt: '2027-01-01T00:00' };
    expect(accepted(input)).toEqual({
      type: 'cron',
      expression: '30 18 * * MON-FRI',
      timeZone: 'UTC',
      maxRuns: 3,
      jitter: 'PT30S',
      endAt: '2027-01-01T00:00',
    });
  });

  it('count from startAt when there is one', () => {
    const at = (text: string): Schedule => accepted({ type: 'words', text, startAt: '2027-01-01T12:00' });
    expect(at('every other Friday at 9')).toMatchObject({ type: 'rrule', startAt: '2027-01-08T09:00' });
    expect(at('every other Friday at 15')).toMatchObject({ type: 'rrule', startAt: '2027-01-01T15:00' });
    expect(at('every 2 days at 9')).toMatchObject({ type: 'interval', anchorAt: '2027-01-02T09:00:00.000Z' });
    expect(at('every Friday at 9')).toMatchObject({ type: 'cron', startAt: '2027-01-01T12:00' });
  });

  it.each([
    [{ type: 'words' }, '/text', 'required'],
    [{ type: 'words', text: 5 }, '/text', 'invalid_type'],
    [{ type: 'words', text: null }, '/text', 'invalid_type'],
    [{ type: 'words', text: 'daily', expression: '0 9 * * *' }, '/expression', 'unknown_member'],
    [{ type: 'words', text: 'daily', timeZone: 'Nowhere' }, '/timeZone', 'invalid_time_zone'],
    [{ type: 'words', text: 'sometimes', startAt: '2027-01-01T00:00' }, '/text', 'unknown_words'],
    [{ type: 'words', text: '' }, '/text', 'unknown_words'],
    [{ type: 'words', text: '0 9 * * *' }, '/text', 'unknown_words'],
    [{ type: 'words', text: 'tomorrow at 2', dst: { overlap: 'both' } }, '/dst/overlap', 'invalid_value'],
    [{ type: 'words', text: 'x'.repeat(201) }, '/text', 'too_long'],
  ])('%j is refused', (input, pointer, code) => {
    expect(refused(input)).toMatchObject({ pointer, code });
  });
});

describe('words around a clock change', () => {
  const paris = (text: string, now: string): Schedule => accepted(`${text} Europe/Paris`, Date.parse(now));

  it('take days by the calendar and hours by the clock', () => {
    const before = '2027-03-27T11:00:00Z';
    expect(paris('in 1 day', before)).toMatchObject({ at: '2027-03-28T10:00:00.000Z' });
    expect(paris('in 24 hours', before)).toMatchObject({ at: '2027-03-28T11:00:00.000Z' });
    expect(paris('tomorrow at 2:30', before)).toMatchObject({ at: '2027-03-28T02:30' });
    expect(paris('every other day at 2:30', before)).toMatchObject({ anchorAt: '2027-03-28T01:00:00.000Z' });
  });

  it('start what they count at or after now, never before', () => {
    for (const now of [
      '2026-10-25T00:15:00Z',
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:30:00Z',
      '2027-03-28T00:59:59Z',
    ]) {
      for (const text of ['every other Sunday at 2:30', 'every 2 months at 2:30', 'every 3 weeks on Sunday at 2:30']) {
        const schedule = paris(text, now);
        const first = compileSchedule(schedule, 'seed').next(Date.parse(now) - 1);
        const startAt = schedule.startAt ?? '';
        expect(
          previewSchedule(schedule, { seed: '', from: Date.parse(now) - 1, count: 1 }).occurrences[0]?.local,
        ).toContain(startAt.slice(0, 10));
        expect(first).toBeGreaterThanOrEqual(Date.parse(now));
      }
    }
  });
});
