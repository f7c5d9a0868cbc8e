import { canCrowd, crowdWarnings } from '../../src/domain/crowd-warning.js';
import { parseSchedule } from '../../src/domain/recurrence/parse-schedule.js';
import type { Schedule } from '../../src/domain/recurrence/schedule.js';

function schedule(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: Date.UTC(2026, 10, 23) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

it.each<[unknown, number, string[]]>([
  ['0 9 * * *', 412, ['same instant as 412 other jobs: consider H']],
  ['0 9 * * *', 20, ['same instant as 20 other jobs: consider H']],
  ['0 9 * * *', 19, []],
  ['0 9 * * *', 999, ['same instant as 999 other jobs: consider H']],
  ['0 9 * * *', 1_000, ['same instant as 1,000 or more other jobs: consider H']],
  ['PT15M', 30, ['same instant as 30 other jobs: consider jitter']],
  [{ anyOf: ['0 9 * * *', '@hourly'] }, 30, ['same instant as 30 other jobs: consider jitter']],
])('%j beside %s other jobs warns %j', (input, others, warnings) => {
  expect(crowdWarnings(schedule(input), others)).toEqual(warnings);
});

it.each<[unknown, boolean]>([
  ['0 9 * * MON,THU', true],
  ['H 9 * * *', false],
  ['h 9 * * *', false],
  ['H/15 * * * *', false],
  [{ type: 'cron', expression: '0 9 * * *', jitter: '5m' }, false],
  [{ type: 'interval', every: '15m', jitter: '5m' }, false],
  [{ anyOf: ['H 9 * * *', 'H 17 * * *'] }, false],
  [{ anyOf: ['H 9 * * *', '0 17 * * *'] }, true],
])('%j can be a part of a crowd: %s', (input, can) => {
  expect(canCrowd(schedule(input))).toBe(can);
  if (!can) expect(crowdWarnings(schedule(input), 412)).toEqual([]);
});
