import { firstProgress, pause, reschedule, resume, skipNext } from '../../../src/domain/job-change.js';
import { DEFAULT_MISFIRE, DEFAULT_RETRY, type Job } from '../../../src/domain/job.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import type { Schedule } from '../../../src/domain/recurrence/schedule.js';

const at = (text: string): number => Date.parse(`2026-03-02T${text}Z`);
const NOON = at('12:00:00.000');

function schedule(input: unknown): Schedule {
  const parsed = parseSchedule(input, { now: NOON });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.schedule;
}

const HOURLY = schedule('0 * * * *');
const HALF_PAST = schedule('30 * * * *');

function job(members: Partial<Job> = {}): Job {
  return {
    id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
    projectId: 'p',
    name: 'n',
    description: '',
    labels: {},
    schedule: HOURLY,
    target: {
      type: 'http',
      method: 'POST',
      url: 'https://x.y',
      headers: {},
      timeoutMs: 1,
      success: { statuses: ['2xx'] },
    },
    retry: DEFAULT_RETRY,
    overlap: 'allow',
    misfire: DEFAULT_MISFIRE,
    state: 'active',
    pauseNote: null,
    pausedAt: null,
    pausedUntil: null,
    resumedAt: null,
    nextOccurrenceAt: at('13:00:00.000'),
    nextRunAt: at('13:00:00.000'),
    runCount: 0,
    scheduledRunCount: 0,
    version: 1,
    createdAt: NOON,
    updatedAt: NOON,
    ...members,
  };
}

describe('a new job', () => {
  test('does not fire at the instant of its creation', () => {
    expect(firstProgress('x', HOURLY, NOON)).toMatchObject({ state: 'active', nextOccurrenceAt: at('13:00:00.000') });
    expect(firstProgress('x', HOURLY, NOON - 1)).toMatchObject({ nextOccurrenceAt: NOON });
  });

  test('is due later than its occurrence by its jitter only', () => {
    const jittered = schedule({ type: 'cron', expression: '0 * * * *', jitter: '10m' });
    const progress = firstProgress('x', jittered, NOON);
    expect(progress?.nextOccurrenceAt).toBe(at('13:00:00.000'));
    expect(progress?.nextRunAt).toBe(compileSchedule(jittered, 'x').dueAt(at('13:00:00.000')));
  });

  test('is none when it would never fire', () => {
    expect(firstProgress('x', schedule('2020-01-01T00:00:00Z'), NOON)).toBeNull();
  });
});

describe('another schedule', () => {
  const now = at('12:20:00.000');
  const maxRuns = (expression: string, runs: number): Schedule => schedule({ type: 'cron', expression, maxRuns: runs });

  test.each<[string, Partial<Job>, Schedule, Partial<Job> | null]>([
    [
      'starts after now',
      {},
      HALF_PAST,
      { state: 'active', nextOccurrenceAt: at('12:30:00.000'), nextRunAt: at('12:30:00.000') },
    ],
    [
      'leaves a paused job paused',
      { state: 'paused', nextRunAt: null },
      HALF_PAST,
      { state: 'paused', nextOccurrenceAt: at('12:30:00.000'), nextRunAt: null },
    ],
    [
      'leaves the end of a pause',
      { state: 'paused', pausedUntil: at('15:00:00.000'), nextRunAt: at('15:00:00.000') },
      HALF_PAST,
      { state: 'paused', nextRunAt: at('15:00:00.000') },
    ],
    [
      'wakes a completed job',
      { state: 'completed', nextOccurrenceAt: null, nextRunAt: null },
      HALF_PAST,
      { state: 'active', nextOccurrenceAt: at('12:30:00.000') },
    ],
    [
      'counts maxRuns from nothing',
      { scheduledRunCount: 5 },
      maxRuns('30 * * * *', 2),
      { state: 'active', scheduledRunCount: 0 },
    ],
    ['may never fire', {}, schedule('2020-01-01T00:00:00Z'), null],
    [
      'with the same rule keeps its place and count',
      { scheduledRunCount: 5 },
      maxRuns('0 * * * *', 9),
      { state: 'active', scheduledRunCount: 5, nextOccurrenceAt: at('13:00:00.000') },
    ],
    [
      'with the same rule and no runs left is the end',
      { scheduledRunCount: 5 },
      maxRuns('0 * * * *', 5),
      { state: 'completed', nextOccurrenceAt: null, nextRunAt: null },
    ],
    [
      'with the same rule and more runs goes on',
      {
        state: 'completed',
        schedule: maxRuns('0 * * * *', 5),
        scheduledRunCount: 5,
        nextOccurrenceAt: null,
        nextRunAt: null,
      },
      maxRuns('0 * * * *', 6),
      { state: 'active', scheduledRunCount: 5, nextOccurrenceAt: at('13:00:00.000') },
    ],
  ])('%s', (_, members, to, expected) => {
    const progress = reschedule(job(members), to, now);
    if (expected === null) expect(progress).toBeNull();
    else expect(progress).toMatchObject(expected);
  });

  test('that only adds jitter does not lose the occurrence that is still to come', () => {
    // 12:00 is nominal, jitter held it back beyond now.
    const waiting = job({ nextOccurrenceAt: NOON, nextRunAt: at('12:25:00.000') });
    const jittered = schedule({ type: 'cron', expression: '0 * * * *', jitter: '40m' });
    expect(reschedule(waiting, jittered, now)?.nextOccurrenceAt).toBe(NOON);
  });

  test('replaces one whose zone is not known here any more', () => {
    const lost = job({ schedule: { ...HOURLY, timeZone: 'Atlantis/Capital' }, scheduledRunCount: 3 });
    expect(reschedule(lost, HALF_PAST, now)).toMatchObject({
      nextOccurrenceAt: at('12:30:00.000'),
      scheduledRunCount: 0,
    });
  });
});

describe('pausing and resuming', () => {
  test('a pause holds the job back until its end', () => {
    expect(pause(job(), 'why', at('18:00:00.000'), NOON)).toMatchObject({
      state: 'paused',
      pauseNote: 'why',
      pausedAt: NOON,
      pausedUntil: at('18:00:00.000'),
      nextOccurrenceAt: at('13:00:00.000'),
      nextRunAt: at('18:00:00.000'),
    });
    expect(pause(job(), null, null, NOON).nextRunAt).toBeNull();
  });

  test('pausing again keeps the start of the pause', () => {
    const paused = job({ state: 'paused', pausedAt: at('11:00:00.000'), pauseNote: 'old' });
    expect(pause(paused, null, null, NOON)).toMatchObject({ pausedAt: at('11:00:00.000'), pauseNote: null });
  });

  test.each([
    ['not all of the last one is decided', at('09:00:00.000'), at('08:00:00.000')],
    ['the last one is decided', at('10:30:00.000'), NOON],
  ])('a pause while %s', (_, nextOccurrenceAt, pausedAt) => {
    const resumed = job({ pausedAt: at('08:00:00.000'), resumedAt: at('10:00:00.000'), nextOccurrenceAt });
    expect(pause(resumed, null, null, NOON).pausedAt).toBe(pausedAt);
  });

  test('what was missed is overdue as soon as the job is resumed', () => {
    const paused = job({
      state: 'paused',
      pausedAt: at('08:00:00.000'),
      nextOccurrenceAt: at('09:00:00.000'),
      nextRunAt: null,
    });
    expect(resume(paused, compileSchedule(HOURLY, paused.id), NOON)).toMatchObject({
      state: 'active',
      pauseNote: null,
      pausedUntil: null,
      pausedAt: at('08:00:00.000'),
      resumedAt: NOON,
      nextOccurrenceAt: at('09:00:00.000'),
      nextRunAt: at('09:00:00.000'),
    });
  });
});

test('skipping goes on with the occurrence after the next, and completes a job that has none', () => {
  expect(skipNext(job(), compileSchedule(HOURLY, 'x'))).toMatchObject({
    state: 'active',
    nextOccurrenceAt: at('14:00:00.000'),
  });
  const once = schedule('2026-03-02T13:00:00Z');
  expect(skipNext(job({ schedule: once }), compileSchedule(once, 'x'))).toMatchObject({
    state: 'completed',
    nextOccurrenceAt: null,
    nextRunAt: null,
  });
});
