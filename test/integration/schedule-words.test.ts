import { Api } from './api.js';

const TARGET = 'https://example.com';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());

test('a phrase is previewed as the schedule that it is', async () => {
  const { status, body } = await api.call('POST', '/schedules/preview', {
    schedule: 'every weekday at 7:15 and 19:15 in America/New_York',
    from: '2026-03-06T13:00:00Z',
    count: 3,
  });
  expect([status, body]).toMatchObject([
    200,
    {
      schedule: { type: 'cron', expression: '15 7,19 * * MON-FRI', timeZone: 'America/New_York' },
      text: 'At 07:15 and 19:15, Monday through Friday (America/New_York)',
      // The clocks change in between.
      occurrences: [
        { scheduledFor: '2026-03-07T00:15:00.000Z' },
        { scheduledFor: '2026-03-09T11:15:00.000Z' },
        { scheduledFor: '2026-03-09T23:15:00.000Z' },
      ],
    },
  ]);
});

test('words that count from now do so by the clock of the service', async () => {
  const { body } = await api.call('POST', '/jobs', { name: 'soon', schedule: 'in 20 minutes', target: TARGET });
  expect(Date.parse(body.nextRunAt as string)).toBe(api.clock.at + 20 * 60_000);
  expect(body.schedule).toEqual({ type: 'once', at: body.nextRunAt, timeZone: 'UTC' });
});

test('a phrase that is refused is answered with the words at fault and two that are understood', async () => {
  const expected = {
    code: 'ambiguous_words',
    words: { position: 19, text: 'or' },
    suggestions: ['every Monday at 9 and 10', 'every Monday at 9'],
  };
  const schedule = 'every Monday at 9 or 10';
  const job = { name: 'guess', schedule, target: TARGET };
  const preview = await api.call('POST', '/schedules/preview', { schedule });
  expect([preview.status, preview.body.errors]).toMatchObject([422, [{ pointer: '/schedule', ...expected }]]);
  const created = await api.call('POST', '/jobs', { ...job, schedule: { type: 'words', text: schedule } });
  expect([created.status, created.body.errors]).toMatchObject([422, [{ pointer: '/schedule/text', ...expected }]]);
  const bulk = await api.call('POST', '/jobs/bulk', { action: 'create', jobs: [job] });
  expect(JSON.stringify(bulk.body)).toContain('"suggestions":["every Monday at 9 and 10","every Monday at 9"]');
  for (const suggestion of expected.suggestions) {
    expect((await api.call('POST', '/schedules/preview', { schedule: suggestion })).status).toBe(200);
  }
});

test('a zone that contradicts the one beside the words is refused', async () => {
  const schedule = { type: 'words', text: 'every day at 9 Europe/Paris', timeZone: 'Europe/Berlin' };
  const { status, body } = await api.call('POST', '/schedules/preview', { schedule });
  expect([status, body.errors]).toMatchObject([422, [{ pointer: '/schedule/text', code: 'invalid_time_zone' }]]);
});

test('the same words again do not move what they count from', async () => {
  const put = { schedule: 'every other Tuesday at 9', target: TARGET };
  const { body: before } = await api.call('PUT', '/jobs/by-name/fortnight', put);
  expect(before.schedule).toMatchObject({ type: 'rrule', rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU' });
  api.clock.at += 8 * 24 * 3_600_000;
  const { body: after } = await api.call('PUT', '/jobs/by-name/fortnight', put);
  expect(after.schedule).toEqual(before.schedule);
  const { body: other } = await api.call('PUT', '/jobs/by-name/another', put);
  expect(other.schedule.startAt).not.toBe(before.schedule.startAt);
});

test('a patch may say in words what the schedule becomes', async () => {
  const schedule = { type: 'cron', expression: '0 9 * * *', timeZone: 'Europe/Paris' };
  const { body: job } = await api.call('POST', '/jobs', { name: 'patched', schedule, target: TARGET });
  const patch = (members: object) => api.call('PATCH', `/jobs/${job.id}`, { schedule: members });
  const { body: kept } = await patch({ type: 'words', text: 'weekdays at 18:30' });
  expect(kept.schedule).toEqual({ type: 'cron', expression: '30 18 * * MON-FRI', timeZone: 'Europe/Paris' });
  const { body: moved } = await patch({ type: 'words', text: 'every 90 minutes', timeZone: null });
  expect(moved.schedule).toMatchObject({ type: 'interval', every: 'PT90M', timeZone: 'UTC' });
});
