import { latestOccurrences } from '../../../src/domain/recurrence/latest-occurrences.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule, type Recurrence } from '../../../src/domain/recurrence/recurrence.js';

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);
const DAY_MS = 86_400_000;

function counted(input: unknown): { recurrence: Recurrence; asked: () => number } {
  const parsed = parseSchedule(input, { now: NOW });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const inner = compileSchedule(parsed.schedule, 'seed');
  let asked = 0;
  const recurrence: Recurrence = {
    key: inner.key,
    next: (after) => ((asked += 1), inner.next(after)),
    dueAt: (at) => inner.dueAt(at),
    note: (at) => inner.note(at),
    excludedBy: (at) => inner.excludedBy(at),
  };
  return { recurrence, asked: () => asked };
}

function allOccurrences(recurrence: Recurrence, after: number, until: number): number[] {
  const found: number[] = [];
  for (let at = recurrence.next(after); at !== null && at <= until; at = recurrence.next(at)) found.push(at);
  return found;
}

const cron = (expression: string, timeZone = 'Europe/Paris'): object => ({ type: 'cron', expression, timeZone });

it.each<[object, number]>([
  [cron('*/10 * * * *'), 3],
  [cron('0 9 * * 1-5'), 60],
  [cron('30 2 * * *'), 300],
  [cron('* * * * * *'), 0.1],
  [cron('* 10 1 * *'), 90],
  [cron('@yearly'), 4_000],
  [{ type: 'interval', every: 'P1M', anchorAt: '2020-01-31T10:00:00Z' }, 3_000],
  [{ type: 'once', at: '2026-11-23T10:00:00Z' }, 1],
  [cron('0 0 31 2 *'), 1_000],
])('%j over %d days: the newest are the end of all', (input, days) => {
  const { recurrence } = counted(input);
  const after = NOW - days * DAY_MS;
  const all = allOccurrences(recurrence, after, NOW);
  for (const count of [1, 2, 7, 100, 1_000]) {
    expect(latestOccurrences(recurrence, after, NOW, count)).toEqual(all.slice(-count));
  }
});

it('takes in the end of the span and leaves out its start', () => {
  const { recurrence } = counted(cron('0 * * * *', 'UTC'));
  const hour = 3_600_000;
  expect(latestOccurrences(recurrence, NOW - 2 * hour, NOW, 9)).toEqual([NOW - hour, NOW]);
  expect(latestOccurrences(recurrence, NOW, NOW, 9)).toEqual([]);
  expect(latestOccurrences(recurrence, NOW, NOW - hour, 9)).toEqual([]);
  expect(latestOccurrences(recurrence, NOW - hour, NOW, 0)).toEqual([]);
});

it.each<[object, number]>([
  [cron('* * * * * *'), 1],
  [cron('* * * * * *'), 100],
  [cron('* * * * 1 *'), 100],
  [cron('@yearly'), 100],
])('%j, newest %d of 50 years: the cost follows the count, not the span', (input, count) => {
  const { recurrence, asked } = counted(input);
  expect(latestOccurrences(recurrence, NOW - 50 * 365 * DAY_MS, NOW, count).length).toBeGreaterThan(0);
  expect(asked()).toBeLessThan(60 * (count + 2));
});
