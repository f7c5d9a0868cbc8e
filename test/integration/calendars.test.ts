import { CalendarView } from '../../src/jobs/calendars/calendar.schemas.js';
import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.reset();
  await api.rows('DELETE FROM calendars');
});

const HOLIDAYS = { name: 'holidays', dates: ['2026-03-03'], windows: [{ from: 'SAT 00:00', to: 'MON 00:00' }] };
const DAILY = {
  name: 'daily',
  schedule: { type: 'cron', expression: '0 9 * * *', exclude: ['holidays'] },
  target: 'https://example.com/hook',
};
const LATER = '2026-03-02T10:00:00.000Z';

async function calendar(members: object = {}): Promise<Json> {
  const { status, body } = await api.call('POST', '/calendars', { ...HOLIDAYS, ...members });
  expect([status, body]).toMatchObject([201, {}]);
  return body;
}

/** Days of the month. */
function daysOf(listed: unknown): string {
  return (listed as { scheduledFor: string }[]).map(({ scheduledFor }) => scheduledFor.slice(8, 10)).join(' ');
}

async function nextOf(id: string): Promise<string | null> {
  return (await api.call('GET', `/jobs/${id}`)).body['nextRunAt'];
}

describe('calendars', () => {
  test('are created, read, listed and known again by their tag', async () => {
    const created = await api.call('POST', '/calendars', HOLIDAYS);
    expect([created.status, created.headers['location']]).toEqual([201, `/calendars/${created.body['id']}`]);
    expect(CalendarView.parse(created.body)).toMatchObject({
      ...HOLIDAYS,
      timeZone: null,
      ranges: [],
      rules: [],
      version: 1,
    });
    const path = `/calendars/${created.body['id']}`;
    const read = await api.call('GET', path);
    expect([read.body, read.headers['etag']]).toEqual([created.body, created.headers['etag']]);
    const known = await api.call('GET', path, undefined, { 'if-none-match': String(read.headers['etag']) });
    expect(known.status).toBe(304);
    await calendar({ name: 'other' });
    const first = await api.call('GET', '/calendars?limit=1');
    expect(first.body['data']).toMatchObject([{ name: 'other', eventCount: 0 }]);
    const second = await api.call('GET', `/calendars?limit=1&cursor=${first.body['page'].nextCursor}`);
    expect([second.body['data'][0].name, second.body['page'].nextCursor]).toEqual(['holidays', null]);
  });

  test('of a taken name, and what is none, are refused', async () => {
    await calendar();
    expect((await api.call('POST', '/calendars', HOLIDAYS)).body).toMatchObject({ status: 409, code: 'name_taken' });
    const bad = {
      name: 'bad',
      timeZone: 'Mars/Base',
      dates: ['2026-02-30'],
      ranges: [{ from: '2026-01-02', to: '2026-01-01' }],
      windows: [
        { from: 'SAT 00:00', to: '06:00' },
        { from: '06:00', to: '06:00' },
      ],
      events: [{ start: '2026-01-01', end: '2026-01-01' }],
      more: 1,
    };
    const { status, body } = await api.call('POST', '/calendars', bad);
    const pointers = (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect([status, pointers.sort()]).toEqual([
      422,
      ['/dates/0', '/events/0/end', '/more', '/ranges/0/to', '/timeZone', '/windows/0', '/windows/1'],
    ]);
  });

  test("are nobody else's", async () => {
    const { id } = await calendar();
    for (const [method, path] of [
      ['GET', '/calendars/0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11'],
      ['DELETE', '/calendars/nonsense'],
    ] as const) {
      expect((await api.call(method, path)).body).toMatchObject({ status: 404, code: 'not_found' });
    }
    expect((await api.call('GET', `/calendars/${id}`)).status).toBe(200);
  });
});

describe('jobs that leave out what calendars do', () => {
  test('fire on the other days', async () => {
    await calendar();
    const { body } = await api.call('POST', '/jobs', DAILY);
    expect(body).toMatchObject({
      nextRunAt: '2026-03-02T09:00:00.000Z',
      scheduleText: 'At 09:00 (UTC), but not on holidays',
    });
    const { body: shown } = await api.call('GET', `/jobs/${body['id']}/occurrences?count=5`);
    expect(daysOf(shown['occurrences'])).toBe('02 04 05 06 09');
    expect(shown['warnings']).toEqual([
      'left out: 2026-03-03T09:00 by holidays, 2026-03-07T09:00 by holidays, 2026-03-08T09:00 by holidays',
    ]);
  });

  test.each([
    ['POST', '/jobs', DAILY, '/schedule/exclude/0'],
    [
      'PUT',
      '/jobs/by-name/daily',
      { ...DAILY, schedule: { ...DAILY.schedule, exclude: ['nope', 'x'] } },
      '/schedule/exclude/0',
    ],
    ['POST', '/schedules/preview', { schedule: DAILY.schedule }, '/schedule/exclude/0'],
    ['PUT', '/projects/default/jobs', { jobs: [DAILY] }, '/jobs/0/schedule/exclude/0'],
  ])('%s %s is refused when there is no such calendar', async (method, path, body, pointer) => {
    const answer = await api.call(method, path, body);
    expect([answer.status, answer.body['errors'][0]]).toMatchObject([422, { pointer, code: 'unknown_calendar' }]);
  });

  test('are refused one by one in bulk, and changed there', async () => {
    await calendar();
    const none = { ...DAILY, name: 'none', schedule: { ...DAILY.schedule, exclude: ['nope'] } };
    const made = await api.call('POST', '/jobs/bulk', { action: 'create', jobs: [DAILY, none] });
    expect(made.body['results']).toMatchObject([
      { status: 201 },
      { problem: { errors: [{ code: 'unknown_calendar' }] } },
    ]);
    const id = String(made.body['results'][0].id);
    const patch = { schedule: { expression: '0 7 * * *' } };
    await api.call('POST', '/jobs/bulk', { action: 'update', ids: [id], patch });
    expect(await nextOf(id)).toBe('2026-03-04T07:00:00.000Z');
    const bad = { schedule: { exclude: ['holidays', 'nope'] } };
    const refused = await api.call('POST', '/jobs/bulk', { action: 'update', ids: [id], patch: bad });
    expect(refused.body['results'][0].problem.errors).toMatchObject([{ pointer: '/patch/schedule/exclude/1' }]);
  });

  test('never fire when all is left out', async () => {
    await calendar({ windows: [{ from: '08:00', to: '10:00' }] });
    expect((await api.call('POST', '/jobs', DAILY)).body).toMatchObject({ status: 422, code: 'schedule_never_fires' });
  });

  test('are declared as a set, and again without a change', async () => {
    await calendar();
    const first = await api.call('PUT', '/projects/default/jobs', { jobs: [DAILY] });
    expect(first.status).toBe(200);
    const exported = await api.call('GET', '/projects/default/jobs?format=json');
    expect(exported.body['jobs'][0].schedule.exclude).toEqual(['holidays']);
    const [row] = await api.rows(`SELECT next_run_at FROM job_states`);
    expect(row?.['next_run_at']).toEqual(new Date('2026-03-02T09:00:00Z'));
    api.clock.at = Date.parse(LATER);
    const other = { ...DAILY, schedule: { ...DAILY.schedule, expression: '30 9 * * *' } };
    await api.call('PUT', '/projects/default/jobs', { jobs: [other] });
    const [moved] = await api.rows(`SELECT next_run_at FROM job_states`);
    expect(moved?.['next_run_at']).toEqual(new Date('2026-03-04T09:30:00Z'));
  });

  test('skip ahead, pause and resume by their calendars', async () => {
    await calendar();
    const { id } = await api.create(DAILY);
    expect((await api.call('POST', `/jobs/${id}/skip-next`)).body['nextRunAt']).toBe('2026-03-04T09:00:00.000Z');
    await api.call('POST', `/jobs/${id}/pause`);
    api.clock.at = Date.parse('2026-03-09T08:00:00Z');
    await api.call('POST', `/jobs/${id}/resume`);
    await api.call('PATCH', `/jobs/${id}`, { schedule: '0 12 * * *' });
    const { body } = await api.call('GET', `/jobs/${id}/runs`);
    expect(daysOf(body['data'])).toBe('06 05 04 02');
  });
});

describe('a change of a calendar', () => {
  test('moves the jobs that use it, and says which; a dry run only says so', async () => {
    const { id } = await calendar();
    const job = await api.create(DAILY);
    const other = await api.create({ ...DAILY, name: 'other', schedule: '0 9 * * *' });
    const path = `/calendars/${id}`;
    const patch = { dates: ['2026-03-02', '2026-03-04'] };
    const dry = await api.call('PATCH', `${path}?dryRun=true`, patch);
    const moves = [
      { jobId: job.id, jobName: 'daily', before: '2026-03-02T09:00:00.000Z', after: '2026-03-03T09:00:00.000Z' },
    ];
    expect(dry.body).toMatchObject({ dryRun: true, moved: 1, moves, version: 2, dates: patch.dates });
    expect([await nextOf(job.id), (await api.call('GET', path)).body['version']]).toEqual([
      '2026-03-02T09:00:00.000Z',
      1,
    ]);
    api.messages.sent.length = 0;
    const changed = await api.call('PATCH', path, patch);
    expect(changed.body).toMatchObject({ dryRun: false, moved: 1, moves, version: 2 });
    expect([await nextOf(job.id), await nextOf(other.id)]).toEqual([
      '2026-03-03T09:00:00.000Z',
      '2026-03-02T09:00:00.000Z',
    ]);
    expect(api.messages.sent).toEqual([{ type: 'jobDue', at: Date.parse('2026-03-03T09:00:00Z') }]);
    const read = await api.call('GET', `/jobs/${job.id}`);
    // Nobody changed the job.
    expect(read.body).toMatchObject({ version: 1 });
    expect((await api.call('GET', path)).headers['etag']).toBe(changed.headers['etag']);
    // A dry run that was followed by another change leaves nothing of itself behind.
    await api.call('PATCH', path, { dates: ['2026-03-02', '2026-03-03'] });
    expect(await nextOf(job.id)).toBe('2026-03-04T09:00:00.000Z');
  });

  test('that changes nothing is no new version', async () => {
    const { id, version } = await calendar();
    const { body } = await api.call('PUT', `/calendars/${id}`, HOLIDAYS);
    expect(body).toMatchObject({ version, moved: 0 });
  });

  test('is refused on another state than the client saw', async () => {
    const { id } = await calendar();
    const { headers } = await api.call('GET', `/calendars/${id}`);
    const etag = { 'if-match': String(headers['etag']) };
    expect((await api.call('PATCH', `/calendars/${id}`, { description: 'new' }, etag)).status).toBe(200);
    expect((await api.call('PUT', `/calendars/${id}`, HOLIDAYS, etag)).body).toMatchObject({
      code: 'precondition_failed',
    });
    expect((await api.call('DELETE', `/calendars/${id}`, undefined, etag)).status).toBe(412);
  });

  test('lets what was due before run by the calendar as it was', async () => {
    const { id } = await calendar();
    const job = await api.create(DAILY);
    api.clock.at = Date.parse('2026-03-02T09:00:00Z');
    await api.call('PATCH', `/calendars/${id}`, { dates: ['2026-03-02', '2026-03-03'] });
    const { body } = await api.call('GET', `/jobs/${job.id}/runs`);
    expect(body['data']).toMatchObject([{ scheduledFor: '2026-03-02T09:00:00.000Z', state: 'queued' }]);
    expect(api.queue.queued).toHaveLength(1);
    expect(await nextOf(job.id)).toBe('2026-03-04T09:00:00.000Z');
  });

  test('completes a job of which nothing is left, and wakes it again', async () => {
    const { id } = await calendar();
    const once = await api.create({
      ...DAILY,
      schedule: { type: 'once', at: '2026-03-05T09:00', exclude: ['holidays'] },
    });
    const skipped = await api.create({
      ...DAILY,
      name: 'skipped',
      schedule: { type: 'once', at: '2026-03-06T09:00', exclude: ['holidays'] },
    });
    await api.call('POST', `/jobs/${skipped.id}/skip-next`);
    await api.call('PATCH', `/calendars/${id}`, { dates: ['2026-03-05'] });
    expect((await api.call('GET', `/jobs/${once.id}`)).body).toMatchObject({ state: 'completed', nextRunAt: null });
    await api.call('PATCH', `/calendars/${id}`, { dates: [] });
    expect((await api.call('GET', `/jobs/${once.id}`)).body).toMatchObject({
      state: 'active',
      nextRunAt: '2026-03-05T09:00:00.000Z',
    });
    // What was skipped by hand stays skipped.
    expect((await api.call('GET', `/jobs/${skipped.id}`)).body).toMatchObject({ state: 'completed' });
  });

  test('that would take the name or the calendar from jobs is refused, and says from which', async () => {
    const { id } = await calendar();
    const job = await api.create(DAILY);
    for (const answer of [
      await api.call('PATCH', `/calendars/${id}`, { name: 'feasts' }),
      await api.call('DELETE', `/calendars/${id}`),
    ]) {
      expect(answer.body).toMatchObject({
        status: 409,
        code: 'calendar_in_use',
        errors: [{ code: 'calendar_in_use' }],
      });
      expect(JSON.stringify(answer.body)).toContain(job.id);
    }
    await api.call('DELETE', `/jobs/${job.id}`);
    expect((await api.call('PATCH', `/calendars/${id}`, { name: 'feasts' })).body).toMatchObject({ name: 'feasts' });
    expect((await api.call('DELETE', `/calendars/${id}`)).status).toBe(204);
  });

  test('moves a thousand jobs', async () => {
    const { id } = await calendar();
    const jobs = Array.from({ length: 1_000 }, (_, index) => ({ ...DAILY, name: `job ${index}` }));
    await api.call('POST', '/jobs/bulk', { action: 'create', jobs });
    const { body } = await api.call('PATCH', `/calendars/${id}`, { dates: ['2026-03-02'] });
    expect([body['moved'], body['moves'].length]).toEqual([1_000, 1_000]);
    const rows = await api.rows(`SELECT DISTINCT next_run_at FROM job_states`);
    expect(rows).toEqual([{ next_run_at: new Date('2026-03-03T09:00:00Z') }]);
  });
});

describe('occurrences that are moved', () => {
  test('are planned, shown and noted where they come to stand', async () => {
    await calendar();
    const schedule = { ...DAILY.schedule, expression: '30 9 7 * *', onExcluded: 'nextBusinessDay' };
    const { body: created } = await api.call('POST', '/jobs', { ...DAILY, schedule });
    expect(created).toMatchObject({
      nextRunAt: '2026-03-09T09:30:00.000Z',
      scheduleText: 'At 09:30, on day 7 of the month (UTC), on the next free day instead of holidays',
    });
    const preview = await api.call('POST', '/schedules/preview', { schedule, count: 1 });
    expect(preview.body['occurrences']).toMatchObject([{ note: 'moved from 2026-03-07, which holidays leaves out' }]);
    const often = await api.call('POST', '/jobs', {
      ...DAILY,
      name: 'often',
      schedule: { ...schedule, expression: '* * * * *' },
    });
    expect(often.body['errors']).toMatchObject([{ pointer: '/schedule/onExcluded', code: 'too_frequent' }]);
  });
});
