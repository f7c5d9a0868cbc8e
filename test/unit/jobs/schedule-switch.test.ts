import { effectsOfSwitch } from '../../../src/domain/schedule-switch.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';
import { latestOccurrences } from '../../../src/domain/recurrence/latest-occurrences.js';

const cron = (expression: string): Schedule => ({ type: 'cron', expression, timeZone: 'UTC' });
const at = (text: string): number => Date.parse(`2026-03-${text}Z`);
const short = (instants: readonly number[]): string[] =>
  instants.map((one) => new Date(one).toISOString().slice(8, 16));

function next(schedule: Schedule, now: number): number[] {
  const rule = compileSchedule(schedule, 'seed');
  const found: number[] = [];
  for (let one = rule.next(now); one !== null && found.length < 20; one = rule.next(one)) found.push(one);
  return found;
}

test.each<[string, Schedule, Schedule, string, string[], string[]]>([
  ['later on the same day', cron('0 9 * * *'), cron('0 10 * * *'), '03T09:30', ['03T10:00'], []],
  ['earlier, after that time', cron('0 10 * * *'), cron('0 9 * * *'), '03T09:30', [], ['03T10:00']],
  ['later, before either', cron('0 9 * * *'), cron('0 10 * * *'), '03T08:30', [], []],
  ['earlier, before either', cron('0 10 * * *'), cron('0 9 * * *'), '03T08:30', [], []],
  ['to more often', cron('0 9 * * *'), cron('*/5 * * * *'), '03T09:30', [], []],
  ['to less often', cron('*/5 * * * *'), cron('0 9 * * *'), '03T09:30', [], []],
  ['to the same', cron('0 9 * * *'), cron('0 9 * * 0-6'), '03T09:30', [], []],
  ['to weekdays, on a Friday', cron('0 9 * * *'), cron('0 9 * * 1-5'), '06T09:30', [], []],
  ['a week later', cron('0 9 * * 2'), cron('0 9 * * 1'), '02T10:00', [], ['03T09:00']],
  ['to once', cron('0 9 * * *'), { type: 'once', at: '2026-03-03T09:45:00Z', timeZone: 'UTC' }, '03T09:30', [], []],
])('%s', (_name, before, after, now, doubled, dropped) => {
  const [previous = null] = latestOccurrences(
    compileSchedule(before, 'seed'),
    at('01T00:00') - 30 * 86_400_000,
    at(now),
    1,
  );
  const effects = effectsOfSwitch({
    now: at(now),
    previous,
    before: next(before, at(now)),
    after: next(after, at(now)),
  });
  expect([short(effects.doubled), short(effects.dropped)]).toEqual([doubled, dropped]);
});

test('where nothing ran yet, nothing is doubled and nothing dropped', () => {
  const now = at('03T09:30');
  const [before, after] = [next(cron('0 10 * * *'), now), next(cron('0 9 * * *'), now)];
  expect(effectsOfSwitch({ now, previous: null, before, after })).toEqual({ doubled: [], dropped: [] });
});
