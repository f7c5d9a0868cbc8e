import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { OccurrenceEdit } from '../../../src/domain/occurrence-edit.js';
import { comingOccurrences } from '../../../src/domain/planning/coming.js';
import { planJob } from '../../../src/domain/planning/plan.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 2, 2, 8);
const hourly: Schedule = { type: 'cron', expression: '0 * * * *', timeZone: 'UTC' };

const edit = (hours: number, more: Partial<OccurrenceEdit> = {}): OccurrenceEdit => ({
  ...{ scheduledFor: START + hours * HOUR, action: 'skip', to: null, body: null, note: null, isPlanned: false },
  ...more,
});
const move = (hours: number, to: number): OccurrenceEdit => edit(hours, { action: 'move', to: START + to * HOUR });

interface Draft {
  readonly schedule?: Schedule;
  readonly state?: 'active' | 'paused' | 'completed';
  readonly pausedUntil?: number;
  readonly edits?: OccurrenceEdit[];
  readonly cursor?: number | null;
}

const jobOf = ({ schedule = hourly, state = 'active', pausedUntil, edits, cursor = 1 }: Draft) => ({
  ...{ schedule, state, pausedUntil: pausedUntil === undefined ? null : START + pausedUntil * HOUR },
  ...({ overlap: 'allow', misfire: { policy: 'runLast', graceMs: 10_000, withinMs: HOUR, limit: 100 } } as const),
  ...{ pausedAt: null, resumedAt: null, scheduledRunCount: 0, occurrenceEdits: edits ?? null },
  nextOccurrenceAt: cursor === null ? null : START + cursor * HOUR,
});

/** Hours from the start: when each is due, with its own in brackets where it is another, and what is skipped marked. */
function coming(draft: Draft, from = 0, to = 5, most = 60): string {
  const job = jobOf(draft);
  const span = { from: START + from * HOUR, to: START + to * HOUR, most };
  const { occurrences, truncated } = comingOccurrences(job, compileSchedule(job.schedule, 'job'), span);
  const told = occurrences.map(({ scheduledFor, dueAt, edit: edited }) => {
    const [own, due] = [(scheduledFor - START) / HOUR, (dueAt - START) / HOUR];
    return `${own === due ? due : `${due}(${own})`}${edited?.action === 'skip' ? '-' : ''}`;
  });
  return told.join(' ') + (truncated ? ' …' : '');
}

describe('what is still to come of a job', () => {
  it.each<[string, Draft, [number?, number?, number?], string]>([
    ['follows its schedule', {}, [], '1 2 3 4'],
    ['begins with the span', {}, [2.5, 5], '3 4'],
    ['ends with the span', {}, [0, 3], '1 2'],
    ['is cut where it is too much', {}, [0, 5, 2], '1 2 …'],
    ['is not cut when it is just enough', {}, [0, 3, 2], '1 2'],
    ['shows what is to be skipped', { edits: [edit(2)] }, [], '1 2- 3 4'],
    ['shows what was moved where it is due', { edits: [move(2, 3.5)] }, [], '1 3 3.5(2) 4'],
    ['shows what was moved into the span', { edits: [move(9, 1.5)] }, [], '1 1.5(9) 2 3 4'],
    ['leaves out what was moved out of it', { edits: [move(2, 9)] }, [], '1 3 4'],
    ['leaves out what was moved before it', { edits: [move(4, 0.5)] }, [1, 5], '1 2 3'],
    ['leaves out what was planned ahead', { edits: [{ ...move(3, 0.5), isPlanned: true }] }, [], '1 2 4'],
    ['shows an edited one when the schedule has no other', { edits: [move(1, 2)], cursor: null }, [], '2(1)'],
    ['forgets edits of what is no occurrence', { edits: [move(1.5, 2.5)] }, [], '1 2 3 4'],
    ['counts no skipped one as a run', { schedule: { ...hourly, maxRuns: 2 }, edits: [edit(1)] }, [], '1- 2 3'],
    ['is nothing while a pause has no end', { state: 'paused' }, [], ''],
    ['begins with the end of a pause', { state: 'paused', pausedUntil: 2.5, edits: [move(2, 3.5)] }, [], '3 3.5(2) 4'],
    ['is nothing once it is completed', { state: 'completed', cursor: null }, [], ''],
  ])('%s', (_what, draft, span, expected) => {
    expect(coming(draft, ...span)).toBe(expected);
  });

  it('is what the planner plans then', () => {
    const job = jobOf({ edits: [edit(2), move(3, 3.5), move(8, 1.5), edit(4, { action: 'run', body: '1' })] });
    const recurrence = compileSchedule(job.schedule, 'job');
    const { runs } = planJob(job, recurrence, {
      ...{ now: START + 4.5 * HOUR, open: { active: 0, held: 0 }, limit: 100 },
      next: (rule, after) => rule.next(after),
    });
    const { occurrences } = comingOccurrences(job, recurrence, { from: START, to: START + 4.5 * HOUR, most: 60 });
    expect(occurrences.map(({ scheduledFor, dueAt }) => [scheduledFor, dueAt])).toEqual(
      runs.map(({ scheduledFor, dueAt }) => [scheduledFor, dueAt]),
    );
    expect(runs).toHaveLength(5);
  });
});
