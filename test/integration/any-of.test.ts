import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(() => api.reset());

const NOW = '2026-03-02T08:00:00.000Z';
const UNION = { anyOf: ['0 9 * * *', 'PT2H', '30 9 * * MON'], timeZone: 'Europe/Paris' };
const JOB = { name: 'several', schedule: UNION, target: 'https://example.com/hook' };
const PATH = '/jobs/by-name/several';

describe('a job of several rules', () => {
  test('is created, previewed and put again without a change', async () => {
    const { status, body } = await api.call('PUT', PATH, JOB);
    expect([status, body['nextRunAt'], body['scheduleText']]).toEqual([
      201,
      '2026-03-02T08:30:00.000Z',
      'At 09:00 (Europe/Paris); Every 2 hours; At 09:30, only on Monday (Europe/Paris)',
    ]);
    expect(body['schedule']).toEqual({
      type: 'anyOf',
      anyOf: [
        { type: 'cron', expression: '0 9 * * *' },
        { type: 'interval', every: 'PT2H', anchorAt: NOW },
        { type: 'cron', expression: '30 9 * * MON' },
      ],
      timeZone: 'Europe/Paris',
    });
    api.clock.at += 60_000;
    // Its interval keeps its anchor.
    expect((await api.call('PUT', PATH, JOB)).body).toEqual(body);
    const { body: occurrences } = await api.call('GET', `/jobs/${body['id']}/occurrences?count=2&from=${NOW}`);
    expect(occurrences['occurrences']).toMatchObject([
      { scheduledFor: '2026-03-02T08:30:00.000Z', local: '2026-03-02T09:30:00+01:00' },
      { scheduledFor: '2026-03-02T10:00:00.000Z' },
    ]);
    const preview = await api.call('POST', '/schedules/preview', { schedule: UNION, count: 3, from: NOW });
    expect(preview.status).toBe(200);
  });

  test('put again later, its rules go on from where they were counted before', async () => {
    const anyOf = [
      'FREQ=DAILY;INTERVAL=2',
      'every other Tuesday at 10:00',
      'PT7H',
      { type: 'words', text: 'every 90 minutes' },
    ];
    const job = { ...JOB, schedule: { anyOf, timeZone: 'Europe/Paris' } };
    const { schedule } = (await api.call('PUT', PATH, job)).body;
    expect(schedule.anyOf).toMatchObject([
      { type: 'rrule', startAt: '2026-03-02T09:00:00' },
      { type: 'rrule', startAt: '2026-03-03T10:00' },
      { type: 'interval', anchorAt: NOW },
      { type: 'interval', anchorAt: NOW },
    ]);
    api.clock.at += 8 * 86_400_000 + 1_234;
    expect((await api.call('PUT', PATH, job)).body['schedule']).toEqual(schedule);
    const given = [
      ...anyOf.slice(0, 2),
      { type: 'interval', every: 'PT7H', anchorAt: '2026-03-01T00:00:00.000Z' },
      'PT5H',
    ];
    const changed = await api.call('PUT', PATH, { ...job, schedule: { anyOf: given, timeZone: 'Europe/Paris' } });
    expect(changed.body['schedule'].anyOf).toMatchObject([
      ...(schedule['anyOf'] as Json[]).slice(0, 2),
      { every: 'PT7H', anchorAt: '2026-03-01T00:00:00.000Z' },
      { every: 'PT5H', anchorAt: new Date(api.clock.at).toISOString() },
    ]);
  });

  test('becomes one of one rule by a patch, and back', async () => {
    const { id } = await api.create(JOB);
    const daily = await api.call('PATCH', `/jobs/${id}`, { schedule: { type: 'cron', expression: '@daily' } });
    expect(daily.body['schedule']).toEqual({ type: 'cron', expression: '@daily', timeZone: 'Europe/Paris' });
    const both = await api.call('PATCH', `/jobs/${id}`, { schedule: { anyOf: ['@daily', '@hourly'] } });
    expect(both.body['schedule']).toMatchObject({ type: 'anyOf', timeZone: 'Europe/Paris' });
    const moved = await api.call('PATCH', `/jobs/${id}`, { schedule: { timeZone: 'Asia/Kolkata' } });
    expect(moved.body['nextRunAt']).toBe('2026-03-02T08:30:00.000Z');
  });

  test('is refused where a rule is at fault', async () => {
    const { status, body } = await api.call('POST', '/jobs', { ...JOB, schedule: { anyOf: ['@daily', '61 * * * *'] } });
    expect([status, body['errors']]).toMatchObject([422, [{ pointer: '/schedule/anyOf/1', code: 'invalid_cron' }]]);
  });

  test('fires once where two of its rules meet', async () => {
    const { id } = await api.create({ ...JOB, schedule: { anyOf: ['0 9 * * *', '0 9 * * MON', '0 10 * * *'] } });
    api.clock.at = Date.parse('2026-03-02T10:00:00Z');
    await api.call('PATCH', `/jobs/${id}`, { schedule: '@yearly', misfire: { within: '1d', policy: 'runAll' } });
    const { body } = await api.call('GET', `/jobs/${id}/runs`);
    expect(body['data']).toMatchObject([
      { scheduledFor: '2026-03-02T10:00:00.000Z' },
      { scheduledFor: '2026-03-02T09:00:00.000Z' },
    ]);
  });

  test('is exported and declared again', async () => {
    await api.create(JOB);
    const exported = await api.call('GET', '/projects/default/jobs?format=json');
    const again = await api.call('PUT', '/projects/default/jobs', exported.body);
    expect([again.status, again.body['unchanged'] ?? again.body]).toMatchObject([200, expect.anything()]);
    const crontab = await api.app.inject({ method: 'GET', url: '/projects/default/jobs?format=crontab' });
    expect(crontab.body).toMatch(/cron knows no union of 3 rules/);
  });
});
