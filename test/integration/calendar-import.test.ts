import { Api } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());

const FILE = [
  'BEGIN:VCALENDAR',
  'BEGIN:VEVENT',
  'SUMMARY:A feast',
  'DTSTART;VALUE=DATE:20260302',
  'DTEND;VALUE=DATE:20260304',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'DTSTART;TZID=Mars/Base:20260302T100000',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');
const TYPE = { 'content-type': 'text/calendar; charset=utf-8' };

test('a file is imported, moves jobs, and what could not be carried over is said', async () => {
  const { body: made } = await api.call('POST', '/calendars', { name: 'feasts', dates: ['2026-03-04'] });
  const schedule = { type: 'cron', expression: '0 9 * * *', exclude: ['feasts'] };
  const job = await api.create({ name: 'daily', schedule, target: 'https://example.com/hook' });
  const path = `/calendars/${made['id']}/import`;
  const dry = await api.call('POST', `${path}?dryRun=true`, FILE, TYPE);
  const answer = await api.call('POST', path, FILE, TYPE);
  const expected = {
    moved: 1,
    moves: [{ jobId: job.id, before: '2026-03-02T09:00:00.000Z', after: '2026-03-05T09:00:00.000Z' }],
    dates: ['2026-03-04'],
    eventCount: 1,
    events: [{ summary: 'A feast', start: '2026-03-02', end: '2026-03-04' }],
    notCarriedOver: [{ line: 7, code: 'unknown_zone' }],
  };
  expect([dry.status, dry.body, answer.body]).toMatchObject([200, { ...expected, dryRun: true }, expected]);
  expect((await api.call('GET', `/jobs/${job.id}`)).body['nextRunAt']).toBe('2026-03-05T09:00:00.000Z');
  const logged = await api.rows(`SELECT action FROM audit_log WHERE thing_id = $1 ORDER BY id DESC`, [made['id']]);
  expect(logged.map(({ action }) => String(action))).toEqual(['calendar.update', 'calendar.create']);
  // Other members are changed without them.
  const patched = await api.call('PATCH', `/calendars/${made['id']}`, { dates: [] });
  expect(patched.body).toMatchObject({ eventCount: 1, moved: 1 });
});

test('repeated events of a file leave out what they fall on', async () => {
  const file = [
    'BEGIN:VCALENDAR',
    'BEGIN:VEVENT',
    'DTSTART;VALUE=DATE:20200303',
    'RRULE:FREQ=YEARLY;UNTIL=20270303',
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n');
  const rules = [{ rule: 'FREQ=MONTHLY;BYDAY=1MO' }];
  const { status, body: made } = await api.call('POST', '/calendars', { name: 'yearly', rules });
  expect([status, made['rules']]).toEqual([201, [{ rule: 'FREQ=MONTHLY;BYDAY=1MO', startAt: '2000-01-01' }]]);
  const imported = await api.call('POST', `/calendars/${made['id']}/import`, file, TYPE);
  expect(imported.body).toMatchObject({ eventCount: 1, notCarriedOver: [] });
  const schedule = { type: 'cron', expression: '0 9 * * *', exclude: ['yearly'] };
  const job = await api.create({ name: 'not on its day', schedule, target: 'https://example.com/hook' });
  expect((await api.call('GET', `/jobs/${job.id}`)).body['nextRunAt']).toBe('2026-03-04T09:00:00.000Z');
  const bad = [{ rule: 'FREQ=DAILY;BYHOUR=9' }, { rule: 'FREQ=NEVER' }];
  const refused = await api.call('POST', '/calendars', { name: 'bad', rules: bad });
  expect([refused.status, refused.body['errors']]).toMatchObject([
    422,
    [{ pointer: '/rules/0/rule' }, { pointer: '/rules/1/rule' }],
  ]);
});

test.each<[string, string, Record<string, string>, number]>([
  ['another file', 'BEGIN:VCARD', TYPE, 422],
  ['JSON', '"BEGIN:VCALENDAR"', {}, 422],
  ['YAML', 'a: b', { 'content-type': 'application/yaml' }, 415],
])('refuses %s', async (_name, text, headers, status) => {
  const { body: made } = await api.call('POST', '/calendars', { name: `for ${status} ${text}` });
  expect((await api.call('POST', `/calendars/${made['id']}/import`, text, headers)).status).toBe(status);
});
