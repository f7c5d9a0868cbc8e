import { crontabTiming } from '../../../src/domain/export/crontab-timing.js';
import { fromVixie } from '../../../src/domain/import/cron-fields.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const FROM = Date.parse('2026-01-01T00:00:00Z');

function scheduleOf(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: FROM });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

function occurrences(schedule: Schedule): number[] {
  const recurrence = compileSchedule(schedule, 'seed');
  const found: number[] = [];
  for (let at: number | null = FROM; at !== null && found.length < 40;) {
    at = recurrence.next(at);
    if (at !== null) found.push(at);
  }
  return found;
}

const every = (every: string, anchorAt: string, timeZone = 'UTC'): object => ({
  type: 'interval',
  every,
  anchorAt,
  timeZone,
});

describe('a line of a crontab fires when the job does', () => {
  it.each([
    '0 9 * * 1-5',
    '*/5 * */2 * 1',
    '0 0 1,15 * */2',
    '5/20 0-23/6 * JAN-MAR FRI-SUN',
    '0 0 ? * ?',
    '@weekly',
    '0 30 6 * * SUN',
    '0 0 12 * * 7 *',
    { type: 'cron', expression: '30 2 * * *', timeZone: 'Europe/Paris' },
    every('PT15M', '2025-12-31T23:05:00Z'),
    every('PT1M', '2025-12-31T23:05:00Z'),
    every('PT30M', '2025-12-31T23:50:00Z'),
    every('PT1H', '2025-12-31T23:50:00Z'),
    every('PT6H', '2025-12-31T23:10:00Z', 'Asia/Tokyo'),
    every('PT24H', '2025-12-31T23:10:00Z', 'Europe/Paris'),
    every('P1D', '2025-12-31T21:10:00Z', 'Europe/Paris'),
  ])('%j', (input) => {
    const schedule = scheduleOf(input);
    const timing = crontabTiming(schedule);
    if ('impossible' in timing) throw new Error(timing.impossible);
    // Read as cron would read it, where both days matter.
    const read = fromVixie(timing.fields.split(' '));
    if ('refused' in read) throw new Error(read.refused);
    expect(timing.fields.split(' ')).toHaveLength(5);
    expect(timing.fields).toMatch(/^[\d*,/ -]+$/);
    const again = scheduleOf({ type: 'cron', expression: read.expression, timeZone: timing.timeZone });
    expect(occurrences(again)).toEqual(occurrences(schedule));
  });
});

it.each([
  '30 0 9 * * *',
  '*/10 * * * * *',
  '0 0 0 1 1 * 2030',
  '0 0 L * *',
  '0 0 15W * *',
  '0 0 * * 5#3',
  'H 3 * * *',
  every('PT7M', '2026-01-01T00:00:00Z'),
  every('PT90M', '2026-01-01T00:00:00Z'),
  every('PT15M', '2026-01-01T00:00:30Z'),
  every('PT30S', '2026-01-01T00:00:00Z'),
  every('P2D', '2026-01-01T00:00:00Z'),
  every('P1M', '2026-01-01T00:00:00Z'),
  '2026-12-24T18:00:00Z',
  { type: 'rrule', rule: 'RRULE:FREQ=DAILY\nEXDATE:20260102T090000', startAt: '2026-01-01T09:00' },
  { type: 'cron', expression: '0 9 * * *', maxRuns: 3 },
  { type: 'cron', expression: '0 9 * * *', startAt: '2026-02-01T00:00' },
  { type: 'cron', expression: '0 9 * * *', exclude: ['holidays'] },
])('%j is more than cron can say', (input) => {
  expect(crontabTiming(scheduleOf(input))).toEqual({
    impossible: expect.stringMatching(/^cron (knows|can't) [^\n]*$/),
  });
});
