import fc from 'fast-check';
import { DEFAULT_MISFIRE } from '../../../src/domain/job.js';
import { simulate } from '../../../src/domain/planning/simulate.js';
import type { SimulationInput } from '../../../src/domain/planning/simulate.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const START = Date.parse('2026-03-02T08:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function scheduleOf(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: START });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

/** Minutes from the start, what became of it, and why. */
function lived(input: unknown, more: Partial<SimulationInput> = {}): string[] {
  const { runs } = simulate({
    ...{ schedule: scheduleOf(input), overlap: 'allow', misfire: DEFAULT_MISFIRE, seed: 'a', from: START },
    ...{ to: START + 4 * HOUR, runMs: 1_000, outages: [], pauses: [], limit: 1_000 },
    ...more,
  });
  const minutes = (at: number | null): string => (at === null ? '-' : String((at - START) / MINUTE));
  return runs.map(
    (run) =>
      `${minutes(run.scheduledFor)} ${run.outcome}${run.reason === null ? '' : ` ${run.reason}`} ${minutes(run.startedAt)}`,
  );
}

const span = (from: number, to: number) => ({ from: START + from * MINUTE, to: START + to * MINUTE });

describe('a job that is only imagined', () => {
  it('runs at its occurrences', () => {
    expect(lived('0 * * * *')).toEqual(['60 ran 60', '120 ran 120', '180 ran 180', '240 open 240']);
  });

  it.each([
    ['allow', ['30 ran 30', '60 ran 60', '90 open 90', '120 open 120']],
    ['skip', ['30 ran 30', '60 skipped overlap -', '90 open 90', '120 skipped overlap -']],
    ['queueOne', ['30 ran 30', '60 ran 75', '90 open 120', '120 open -']],
    [
      'cancelRunning',
      [
        '30 cancelled replacedByNewerRun 30',
        '60 cancelled replacedByNewerRun 60',
        '90 cancelled replacedByNewerRun 90',
        '120 open 120',
      ],
    ],
  ] as const)('whose calls take longer than its gaps goes by the overlap policy %s', (overlap, expected) => {
    expect(lived('*/30 * * * *', { overlap, runMs: 45 * MINUTE, to: START + 2 * HOUR })).toEqual(expected);
  });

  it('goes by its misfire policy after an outage', () => {
    const outages = [span(50, 130)];
    const expected = (policy: 'skip' | 'runLast' | 'runAll') =>
      lived('*/30 * * * *', { outages, to: START + 151 * MINUTE, misfire: { ...DEFAULT_MISFIRE, policy } });
    expect(expected('skip')).toEqual([
      ...['30 ran 30', '60 skipped misfire -', '90 skipped misfire -', '120 skipped misfire -', '150 ran 150'],
    ]);
    expect(expected('runLast')).toEqual([
      ...['30 ran 30', '60 skipped misfire -', '90 skipped misfire -', '120 ran 130', '150 ran 150'],
    ]);
    // The first is older than an hour when it is found.
    expect(expected('runAll')).toEqual([
      '30 ran 30',
      '60 skipped misfire -',
      '90 ran 130',
      '120 ran 130',
      '150 ran 150',
    ]);
  });

  it('says of what a pause held back that it was paused, also when the pause ends in an outage', () => {
    const misfire = { ...DEFAULT_MISFIRE, policy: 'skip' as const };
    expect(lived('0 * * * *', { pauses: [span(30, 190)], misfire })).toEqual([
      ...['60 skipped paused -', '120 skipped paused -', '180 skipped paused -', '240 open 240'],
    ]);
    expect(lived('0 * * * *', { pauses: [span(30, 70)], outages: [span(65, 100)], misfire })).toEqual([
      ...['60 skipped paused -', '120 ran 120', '180 ran 180', '240 open 240'],
    ]);
  });

  it('ends with its schedule, its maxRuns, or the limit', () => {
    expect(lived({ type: 'cron', expression: '*/10 * * * *', maxRuns: 2 })).toEqual(['10 ran 10', '20 ran 20']);
    expect(lived('2026-03-02T09:00:00Z')).toEqual(['60 ran 60']);
    expect(lived('2020-03-02T09:00:00Z')).toEqual([]);
    const { runs, truncated } = simulate({
      ...{ schedule: scheduleOf('PT1S'), overlap: 'allow', misfire: DEFAULT_MISFIRE, seed: 'a', from: START },
      ...{ to: START + 400 * 24 * HOUR, runMs: 0, outages: [], pauses: [], limit: 1_000 },
    });
    expect([runs.length, truncated]).toEqual([1_000, true]);
  });

  it('fires what a preview shows, whatever the rule, when nothing comes between', () => {
    const rules = fc.constantFrom('*/7 * * * *', 'PT11M', 'H H * * *', '30 2 * * *', 'PT25M', 'FREQ=DAILY;BYHOUR=2,14');
    const zones = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe');
    const starts = fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2026-12-31T00:00:00Z') });
    fc.assert(
      fc.property(rules, zones, starts, (rule, timeZone, from) => {
        const whole = rule.startsWith('PT')
          ? { type: 'interval', every: rule, timeZone }
          : rule.startsWith('FREQ')
            ? { type: 'rrule', rule, timeZone, startAt: '2026-01-01T00:00' }
            : { type: 'cron', expression: rule, timeZone };
        const parsed = parseSchedule(whole, { now: from });
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
        const to = from + 3 * 24 * HOUR;
        const { runs } = simulate({
          ...{ schedule: parsed.schedule, overlap: 'allow', misfire: DEFAULT_MISFIRE, seed: 'b', from, to },
          ...{ runMs: 5_000, outages: [], pauses: [], limit: 1_000 },
        });
        const recurrence = compileSchedule(parsed.schedule, 'b');
        const expected: number[] = [];
        for (let at = recurrence.next(from); at !== null && at <= to; at = recurrence.next(at)) expected.push(at);
        expect(runs.map(({ scheduledFor }) => scheduledFor)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});
