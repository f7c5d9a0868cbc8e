import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { OccurrenceEdit } from '../../../src/domain/occurrence-edit.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';
import { ForecastBuilder } from '../../../src/domain/statistics/forecast.js';

const START = Date.UTC(2026, 2, 2, 8);
const cron = (expression: string): Schedule => ({ type: 'cron', expression, timeZone: 'UTC' });

function forecastOf(...groups: [Schedule, number][]) {
  const builder = new ForecastBuilder(START);
  groups.forEach(([schedule, jobs], index) => builder.add({ schedule, jobs, ids: [`job ${index}`] }));
  return builder.build();
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('a forecast', () => {
  it.each(['* * * * *', '*/7 * * * *', '0 9 * * MON-FRI', '30 3 * * *'])(
    'counts what the rule itself says: %s',
    (text) => {
      const schedule = cron(text);
      const recurrence = compileSchedule(schedule, 'job 0');
      let expected = 0;
      for (let at = recurrence.next(START - 1); at !== null && at < START + 7 * 86_400_000; at = recurrence.next(at))
        expected += 1;
      expect(sum(forecastOf([schedule, 3]).hours)).toBe(3 * expected);
    },
  );

  it('puts each fire where it belongs', () => {
    const { minutes, hours } = forecastOf([cron('5 9 * * *'), 40]);
    expect(minutes.flatMap((fires, minute) => (fires > 0 ? [[minute, fires]] : []))).toEqual([[65, 40]]);
    expect(hours[1]).toBe(40);
    expect(hours[25]).toBe(40);
  });

  it('finds crowds, and says what spreading would make of them', () => {
    const { crowded } = forecastOf([cron('0 * * * *'), 600], [cron('0 9 * * *'), 60], [cron('* * * * *'), 5]);
    expect(crowded[0]).toMatchObject({
      at: START + 3_600_000,
      fires: 665,
      afterSpreading: 16,
      jobIds: ['job 0', 'job 1', 'job 2'],
    });
    expect(crowded.every(({ fires }) => fires >= 605)).toBe(true);
  });

  it('spreads jobs with H, which makes no crowd', () => {
    const { minutes, crowded, estimated } = forecastOf([cron('H * * * *'), 6_000]);
    expect(Math.max(...minutes)).toBeLessThan(1_500);
    expect(sum(minutes)).toBe(24 * 6_000);
    expect(crowded).toEqual([]);
    expect(estimated).toBe(true);
  });

  it('spreads jitter', () => {
    const { minutes } = forecastOf([{ ...cron('0 9 * * *'), jitter: 'PT10M' }, 100]);
    expect(minutes.slice(60, 70)).toEqual(Array(10).fill(10));
  });

  it('counts what was edited where it is due, and what is to be skipped nowhere', () => {
    const edited = (minute: number, more: Partial<OccurrenceEdit>): OccurrenceEdit => ({
      ...{ scheduledFor: START + minute * 60_000, action: 'skip', to: null, body: null, note: null, isPlanned: false },
      ...more,
    });
    const builder = new ForecastBuilder(START);
    const schedule = cron('0 * * * *');
    builder.add({ schedule, jobs: 2, ids: ['one', 'other'] });
    const edits = [
      edited(60, {}),
      edited(120, { action: 'move', to: START + 125 * 60_000 }),
      edited(180, { action: 'run', body: '1' }),
      edited(240, { action: 'move', to: START - 60_000, isPlanned: true }),
      edited(-60, { action: 'move', to: START + 7 * 60_000 }),
      edited(50, { action: 'move', to: START + 55 * 60_000 }), // no occurrence of it
    ];
    builder.edit({ id: 'one', schedule, edits });
    const { minutes, hours } = builder.build();
    const fires = minutes.slice(0, 301).flatMap((count, minute) => (count === 0 ? [] : [[minute, count]]));
    expect(fires).toEqual([
      [0, 2],
      [7, 1],
      [60, 1],
      [120, 1],
      [125, 1],
      [180, 2],
      [240, 1],
      [300, 2],
    ]);
    expect(hours.slice(0, 5)).toEqual([3, 1, 2, 2, 1]);
  });

  it('goes on evenly where a rule fires too often to follow', () => {
    const { hours, minutes, estimated } = forecastOf([{ type: 'cron', expression: '* * * * * *', timeZone: 'UTC' }, 2]);
    expect(estimated).toBe(true);
    expect(hours[100]).toBe(7_200);
    expect(minutes[1_000]).toBe(120);
  });

  it('leaves out what can not be read here', () => {
    expect(sum(forecastOf([{ type: 'cron', expression: '* * * * *', timeZone: 'Mars/Olympus' }, 1]).hours)).toBe(0);
  });
});
