import * as fc from 'fast-check';
import type { Job } from '../../../src/domain/job.js';
import { DEFAULT_MISFIRE, DEFAULT_RETRY } from '../../../src/domain/job.js';
import { firstProgress, pause, reschedule, resume, skipNext } from '../../../src/domain/job-change.js';
import { previewJob } from '../../../src/domain/job-preview.js';
import type { EditAction, OccurrenceEdit } from '../../../src/domain/occurrence-edit.js';
import { editOccurrence, MOST_EDITS, restoreOccurrence } from '../../../src/domain/occurrence-editing.js';
import type { Edited } from '../../../src/domain/occurrence-editing.js';
import { planJob } from '../../../src/domain/planning/plan.js';
import type { PlannedRun } from '../../../src/domain/planning/plan.js';
import { simulate } from '../../../src/domain/planning/simulate.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Recurrence } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const T0 = Date.UTC(2026, 5, 10, 12, 0, 0);
const MINUTE = 60_000;
const DAY = 86_400_000;
const EVERY_MINUTE: Schedule = { type: 'cron', expression: '* * * * *', timeZone: 'UTC' };
const OPEN = { active: 0, held: 0 };
const LATEST = { latestMs: 28 * DAY };
const min = (minutes: number): number => T0 + minutes * MINUTE;
const next = (rule: Recurrence, after: number): number | null => rule.next(after);

/** Made a minute before T0, so that T0 is its first occurrence. */
function jobOf(more: Partial<Job> = {}, schedule: Schedule = EVERY_MINUTE): Job {
  const progress = firstProgress('seed', schedule, T0 - MINUTE);
  if (progress === null) throw new Error('never fires');
  return {
    ...{ id: 'seed', projectId: 'p', name: 'n', description: '', labels: {}, schedule, retry: DEFAULT_RETRY },
    target: { type: 'http', method: 'POST', url: '', headers: {}, timeoutMs: 1, success: { statuses: [] } },
    ...{ overlap: 'allow', misfire: DEFAULT_MISFIRE, runCount: 0, version: 1, createdAt: T0, updatedAt: T0 },
    ...progress,
    ...more,
  };
}

const ruleOf = (job: Job): Recurrence => compileSchedule(job.schedule, job.id);

function edit(job: Job, at: number, action: EditAction, to: number | null = null, now = T0 - 1): Edited {
  const body = action === 'run' ? '{"a":1}' : null;
  return editOccurrence(job, ruleOf(job), { scheduledFor: at, action, to, body, note: null }, { now, ...LATEST });
}

function applied(job: Job, edited: Edited): Job {
  if (edited.refused !== null) throw new Error(edited.refused);
  return { ...job, ...edited.position };
}

function planned(job: Job, now: number): { job: Job; runs: readonly PlannedRun[] } {
  const plan = planJob(job, ruleOf(job), { now, open: OPEN, limit: 1_000, next });
  const { nextOccurrenceAt, nextRunAt, occurrenceEdits, runs } = plan;
  const state = nextRunAt === null ? 'completed' : 'active';
  const counted = runs.filter((run) => run.state !== 'skipped').length;
  const scheduledRunCount = job.scheduledRunCount + counted;
  return { runs, job: { ...job, state, nextOccurrenceAt, nextRunAt, occurrenceEdits, scheduledRunCount } };
}

/** Plans each minute up to one; `+1@+2 queued` for what is of minute 1 and due in minute 2. */
function live(job: Job, upTo: number, from = 0): { job: Job; lines: string[] } {
  const lines: string[] = [];
  let current = job;
  for (let minute = from; minute <= upTo; minute += 1) {
    const result = planned(current, min(minute));
    current = result.job;
    for (const { scheduledFor, dueAt, state, reason, body } of result.runs) {
      const place = dueAt === scheduledFor ? '' : `@+${(dueAt - T0) / MINUTE}`;
      lines.push(`+${(scheduledFor - T0) / MINUTE}${place} ${reason ?? state}${body === undefined ? '' : ` ${body}`}`);
    }
  }
  return { job: current, lines };
}

describe('one occurrence', () => {
  test.each<[string, EditAction, number | null, string[]]>([
    ['is skipped', 'skip', null, ['+0 queued', '+1 queued', '+2 skippedByUser', '+3 queued', '+4 queued']],
    ['has another body', 'run', null, ['+0 queued', '+1 queued', '+2 queued {"a":1}', '+3 queued', '+4 queued']],
    ['moves before its neighbour', 'move', 0.5, ['+0 queued', '+2@+0.5 queued', '+1 queued', '+3 queued', '+4 queued']],
    ['moves behind its neighbour', 'move', 3.5, ['+0 queued', '+1 queued', '+3 queued', '+2@+3.5 queued', '+4 queued']],
  ])('%s', (_name, action, to, expected) => {
    const job = applied(jobOf(), edit(jobOf(), min(2), action, to === null ? null : min(to)));
    const { job: after, lines } = live(job, 4);
    expect(lines).toEqual(expected);
    // Nothing of it is left to be read at every plan.
    expect(after).toMatchObject({ occurrenceEdits: null, nextOccurrenceAt: min(5), nextRunAt: min(5) });
  });

  test('the planner is to look when it is due', () => {
    expect(applied(jobOf(), edit(jobOf(), min(60), 'move', min(0) - 30_000, T0 - MINUTE)).nextRunAt).toBe(T0 - 30_000);
    expect(applied(jobOf(), edit(jobOf(), min(0), 'move', min(3) + 1)).nextRunAt).toBe(min(1));
    const skipped = applied(jobOf(), edit(jobOf(), min(0), 'skip'));
    expect([skipped.nextOccurrenceAt, skipped.nextRunAt]).toEqual([min(1), min(0)]);
  });

  test('that was moved ahead is not brought again by the schedule', () => {
    const job = applied(jobOf(), edit(jobOf(), min(3), 'move', min(0.5)));
    const { job: ahead } = live(job, 1);
    expect(ahead.occurrenceEdits).toMatchObject([{ scheduledFor: min(3), isPlanned: true }]);
    expect(live(ahead, 4, 2).lines).toEqual(['+2 queued', '+4 queued']);
  });

  test('the last one moved keeps the job active until it ran', () => {
    const once: Schedule = { type: 'once', at: '2026-06-10T12:00:00.000Z', timeZone: 'UTC' };
    const job = applied(jobOf({}, once), edit(jobOf({}, once), T0, 'move', min(2)));
    expect([job.state, job.nextOccurrenceAt, job.nextRunAt]).toEqual(['active', null, min(2)]);
    const { job: after, lines } = live(job, 2);
    expect(lines).toEqual(['+0@+2 queued']);
    expect(after.state).toBe('completed');
  });

  test('skipped it takes none of maxRuns', () => {
    const two: Schedule = { ...EVERY_MINUTE, maxRuns: 2 };
    const job = applied(jobOf({}, two), edit(jobOf({}, two), min(0), 'skip'));
    const { job: after, lines } = live(job, 4);
    expect(lines).toEqual(['+0 skippedByUser', '+1 queued', '+2 queued']);
    expect(after.state).toBe('completed');
  });

  test('missed goes by the misfire policy as it was due', () => {
    const daily: Schedule = { type: 'cron', expression: '0 12 * * *', timeZone: 'UTC' };
    // Of the day before yesterday's, moved to one hour ago, that one is the newest to be due.
    const job = applied(jobOf({}, daily), edit(jobOf({}, daily), T0, 'move', T0 + 2 * DAY + 30 * MINUTE));
    const { runs } = planned(job, T0 + 2 * DAY + 60 * MINUTE);
    expect(runs.map(({ scheduledFor, state, reason }) => [(scheduledFor - T0) / DAY, reason ?? state])).toEqual([
      [1, 'misfire'],
      [2, 'misfire'],
      [0, 'queued'],
    ]);
  });

  test('in a pause it waits for its end', () => {
    const edited = applied(jobOf(), edit(jobOf(), min(1), 'move', min(3.5)));
    const paused: Job = { ...edited, ...pause(edited, null, min(10), T0 - 1) };
    expect(applied(paused, edit(paused, min(2), 'skip')).nextRunAt).toBe(min(10));
    const resumed: Job = { ...paused, ...resume(paused, ruleOf(paused), min(3)) };
    expect(resumed.nextRunAt).toBe(min(0));
    const { lines } = live(resumed, 4, 3);
    expect(lines).toEqual(['+0 paused', '+2 queued', '+3 queued', '+1@+3.5 queued', '+4 queued']);
  });

  test('skip-next takes the first that is to run', () => {
    const skipped = applied(jobOf(), edit(jobOf(), min(0), 'skip'));
    const moved = applied(skipped, edit(skipped, min(5), 'move', min(0.5)));
    const after: Job = { ...moved, ...skipNext(moved, ruleOf(moved)) };
    expect(live(after, 2).lines).toEqual(['+0 skippedByUser', '+1 queued', '+2 queued']);
  });

  test('stays edited under a rule that has it too, and is nothing under another', () => {
    const moved = applied(jobOf(), edit(jobOf(), min(4), 'skip'));
    const job = applied(moved, edit(moved, min(3), 'move', min(7.5)));
    const even: Job = { ...job, ...reschedule(job, { ...EVERY_MINUTE, expression: '*/2 * * * *' }, T0 - 1) };
    expect(live({ ...even, schedule: { ...EVERY_MINUTE, expression: '*/2 * * * *' } }, 8).lines).toEqual([
      ...['+0 queued', '+2 queued', '+4 skippedByUser', '+6 queued', '+8 queued'],
    ]);
    // What came before the change of the rule and was moved behind it went with the rule.
    const { job: later } = live(job, 3);
    const changed = reschedule(later, { ...EVERY_MINUTE, expression: '*/5 * * * *' }, min(3));
    expect(changed).toMatchObject({ nextRunAt: min(5) });
    expect(changed?.occurrenceEdits ?? []).toEqual([]);
  });

  test('can be given back', () => {
    const skipped = applied(jobOf(), edit(jobOf(), min(2), 'skip'));
    const back = applied(skipped, restoreOccurrence(skipped, ruleOf(skipped), min(2), T0 - 1));
    expect(live(back, 3).lines).toEqual(['+0 queued', '+1 queued', '+2 queued', '+3 queued']);
    // The cursor is beyond it.
    const { job: first } = live(applied(jobOf(), edit(jobOf(), min(1), 'skip')), 0);
    const again = applied(first, restoreOccurrence(first, ruleOf(first), min(1), min(0)));
    expect(again.nextRunAt).toBe(min(1));
    expect(live(again, 3, 1).lines).toEqual(['+1 queued', '+2 queued', '+3 queued']);
    expect(restoreOccurrence(again, ruleOf(again), min(1), min(0))).toEqual({ refused: 'notEdited' });
  });
});

test.each<[string, (job: Job) => Edited, string]>([
  ['no occurrence', (job) => edit(job, min(1) + 1, 'skip'), 'noOccurrence'],
  ['a past one', (job) => edit(job, T0 - MINUTE, 'skip'), 'past'],
  ['one that is due right now', (job) => edit(job, T0, 'skip', null, T0), 'past'],
  [
    'one that was skipped ahead',
    (job) => edit({ ...job, ...skipNext(job, ruleOf(job)) }, T0, 'move', min(9.5)),
    'inLedger',
  ],
  ['a move into the past', (job) => edit(job, min(1), 'move', T0 - 1), 'toPast'],
  ['a move to where it is', (job) => edit(job, min(1), 'move', min(1)), 'toItself'],
  ['a move beyond what the ledger keeps', (job) => edit(job, min(1), 'move', min(1) + 28 * DAY + 1), 'toTooLate'],
  ['a move onto another occurrence', (job) => edit(job, min(1), 'move', min(2)), 'duplicate'],
  [
    'a move onto another moved one',
    (job) => edit(applied(job, edit(job, min(1), 'move', min(2.5))), min(3), 'move', min(2.5)),
    'duplicate',
  ],
  [
    'giving back where another was moved to',
    (job) => {
      const skipped = applied(job, edit(job, min(2), 'skip'));
      const moved = applied(skipped, edit(skipped, min(5), 'move', min(2)));
      return restoreOccurrence(moved, ruleOf(moved), min(2), T0 - 1);
    },
    'duplicate',
  ],
  [
    'giving back what was due meanwhile',
    (job) => {
      const moved = applied(job, edit(job, min(1), 'move', min(9.5)));
      return restoreOccurrence(moved, ruleOf(moved), min(1), min(2));
    },
    'past',
  ],
  ['giving back what is not edited', (job) => restoreOccurrence(job, ruleOf(job), min(1), T0 - 1), 'notEdited'],
])('refuses %s', (_name, act, refused) => {
  expect(act(jobOf())).toEqual({ refused });
});

test('an occurrence may take the place of one that is skipped, or was moved away', () => {
  const skipped = applied(jobOf(), edit(jobOf(), min(2), 'skip'));
  const job = applied(skipped, edit(skipped, min(4), 'move', min(2)));
  expect(live(job, 4).lines).toEqual(['+0 queued', '+1 queued', '+2 skippedByUser', '+4@+2 queued', '+3 queued']);
});

test('so many can be edited, and not one more', () => {
  let job = jobOf();
  for (let n = 0; n < MOST_EDITS; n += 1) job = applied(job, edit(job, min(2 * n), 'skip'));
  expect(edit(job, min(1), 'skip')).toEqual({ refused: 'tooMany' });
  expect(edit(job, min(2), 'move', min(2.5)).refused).toBeNull();
});

test('a preview shows each where it is due', () => {
  const rule = ruleOf(jobOf());
  const edits: OccurrenceEdit[] = [
    { scheduledFor: min(1), action: 'skip', to: null, body: null, note: 'holiday', isPlanned: false },
    { scheduledFor: min(2), action: 'move', to: min(3.5), body: null, note: null, isPlanned: false },
    { scheduledFor: min(9), action: 'move', to: min(0.5), body: null, note: null, isPlanned: false },
    { scheduledFor: min(5), action: 'move', to: T0 - MINUTE, body: null, note: null, isPlanned: true },
  ];
  const options = { seed: 'seed', from: T0 - 1, count: 6, edits, runsLeft: Infinity };
  const shown = previewJob(EVERY_MINUTE, options).occurrences.map(({ scheduledFor, note, dueAt }) => [
    (Date.parse(scheduledFor) - T0) / MINUTE,
    dueAt === undefined ? null : (Date.parse(dueAt) - T0) / MINUTE,
    note ?? null,
  ]);
  expect(shown).toEqual([
    [0, null, null],
    [9, 0.5, 'moved to 2026-06-10T12:00:30+00:00'],
    [1, null, 'to be skipped (holiday)'],
    [3, null, null],
    [2, 3.5, 'moved to 2026-06-10T12:03:30+00:00'],
    [4, null, null],
  ]);
  expect(rule.next(T0)).toBe(min(1));
});

test('a simulation lives through it by the same code', () => {
  const edits: OccurrenceEdit[] = [
    { scheduledFor: min(1), action: 'skip', to: null, body: null, note: null, isPlanned: false },
    { scheduledFor: min(2), action: 'move', to: min(3.5), body: null, note: null, isPlanned: false },
  ];
  const { runs } = simulate({
    ...{ schedule: EVERY_MINUTE, overlap: 'allow', misfire: DEFAULT_MISFIRE, seed: 'seed', from: T0 - 1, to: min(4) },
    ...{ runMs: 1, outages: [], pauses: [], limit: 100, occurrenceEdits: edits },
  });
  expect(runs.map((run) => [(run.scheduledFor - T0) / MINUTE, (run.plannedAt - T0) / MINUTE, run.reason])).toEqual([
    [0, 0, null],
    [1, 1, 'skippedByUser'],
    [3, 3, null],
    [2, 3.5, null],
    [4, 4, null],
  ]);
});

/** What users do between ticks; the oracle is a map from each occurrence to what was last acknowledged of it. */
const step = fc.record({
  minute: fc.integer({ min: 0, max: 12 }),
  kind: fc.constantFrom<EditAction | 'restore'>('skip', 'move', 'run', 'restore'),
  to: fc.integer({ min: 0, max: 30 }).map((half) => min(half / 2) + 7_000),
  tick: fc.boolean(),
});

test('whatever is edited, each occurrence enters the ledger once, as it was last acknowledged', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom<string | undefined>(undefined, 'PT30S'),
      (steps, jitter) => {
        const schedule: Schedule = { ...EVERY_MINUTE, endAt: '2026-06-10T12:12:00.000Z', ...(jitter && { jitter }) };
        let job = jobOf({ misfire: { ...DEFAULT_MISFIRE, policy: 'runAll', graceMs: 3_600_000 } }, schedule);
        const rule = ruleOf(job);
        const wanted = new Map<number, string>();
        const ledger = new Map<number, string>();
        let now = T0 - MINUTE;
        const tick = (at: number): void => {
          const { job: after, runs } = planned(job, at);
          job = after;
          for (const run of runs) {
            expect(ledger.has(run.scheduledFor)).toBe(false);
            expect(run.dueAt).toBeLessThanOrEqual(at);
            const what = run.reason === 'skippedByUser' ? 'skip' : run.body !== undefined ? 'run' : 'plain';
            ledger.set(run.scheduledFor, `${what}@${run.dueAt}`);
          }
          expect(job.nextRunAt ?? Infinity).toBeGreaterThan(at);
        };
        for (const { minute, kind, to, tick: advances } of steps) {
          if (advances) now += 31_000;
          tick(now);
          if (job.state === 'completed') break;
          const scheduledFor = min(minute);
          const result =
            kind === 'restore'
              ? restoreOccurrence(job, rule, scheduledFor, now)
              : edit(job, scheduledFor, kind, kind === 'move' ? to : null, now);
          if (result.refused !== null) continue;
          job = applied(job, result);
          const own = rule.dueAt(scheduledFor);
          if (kind === 'restore') wanted.delete(scheduledFor);
          else wanted.set(scheduledFor, kind === 'move' ? `plain@${to}` : `${kind}@${own}`);
        }
        for (; now < min(60); now += 20_000) if (job.state === 'active') tick(now);
        for (let minute = 0; minute <= 12; minute += 1) {
          const expected = wanted.get(min(minute)) ?? `plain@${rule.dueAt(min(minute))}`;
          expect([minute, ledger.get(min(minute))]).toEqual([minute, expected]);
        }
        expect(job).toMatchObject({ state: 'completed', occurrenceEdits: null });
      },
    ),
    { numRuns: 300 },
  );
});
