import { Api } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
}, 60_000);
afterAll(() => api?.stop());
beforeEach(() => api.reset());

const at = (time: string): string => `2026-03-${time}:00.000Z`;
const DAILY = { name: 'daily', schedule: '0 9 * * *', target: 'https://example.com/hook' };
const everything = () =>
  api.rows(`
    SELECT to_jsonb(s) || to_jsonb(j) AS row FROM job_states s JOIN jobs j ON j.id = s.job_id
    UNION ALL SELECT to_jsonb(r) FROM job_revisions r UNION ALL SELECT to_jsonb(r) FROM runs r
    UNION ALL SELECT to_jsonb(a) FROM audit_log a ORDER BY 1`);

/** Made on the second at 08:00, it is the third, half past nine. */
async function job(): Promise<string> {
  const { id } = await api.create(DAILY);
  for (const time of ['02T09:00', '03T09:00']) {
    api.clock.at = Date.parse(at(time));
    await api.plan();
  }
  api.clock.at = Date.parse(at('03T09:30'));
  return id;
}

describe('a change that is tried out', () => {
  test('says what comes before and after it, and what the switch doubles', async () => {
    const id = await job();
    const before = await everything();
    const { status, body, headers } = await api.call('PATCH', `/jobs/${id}?dryRun=true`, { schedule: '0 10 * * *' });
    expect([status, headers['etag']]).toEqual([200, undefined]);
    expect(body).toMatchObject({ nextRunAt: at('03T10:00'), scheduleText: 'At 10:00 (UTC)', version: 2 });
    const { dryRun } = body;
    expect(dryRun.before.scheduleText).toBe('At 09:00 (UTC)');
    expect(dryRun.after.scheduleText).toBe('At 10:00 (UTC)');
    expect([dryRun.before.occurrences.length, dryRun.after.occurrences.length]).toEqual([20, 20]);
    expect(dryRun.before.occurrences[0]).toEqual({ scheduledFor: at('04T09:00'), local: '2026-03-04T09:00:00+00:00' });
    expect(dryRun).toMatchObject({ doubled: [at('03T10:00')], dropped: [], droppedEdits: [] });
    expect(dryRun.warnings).toEqual([expect.stringMatching(/again/)]);
    expect(await everything()).toEqual(before);
    expect(api.messages.sent.filter(({ type }) => type === 'jobDue').length).toBe(1);
    // Done, it is so.
    const done = await api.call('PATCH', `/jobs/${id}`, { schedule: '0 10 * * *' });
    const { dryRun: _, updatedAt: _at, ...tried } = body;
    expect(done.body).toMatchObject(tried);
  });

  test('says what it drops, edits of occurrences too', async () => {
    const id = await job();
    await api.call('PUT', `/jobs/${id}/occurrences/${at('05T09:00')}`, { action: 'skip' });
    const { body } = await api.call('PATCH', `/jobs/${id}?dryRun=true`, { schedule: '0 8 * * *' });
    expect(body['dryRun']).toMatchObject({ doubled: [], dropped: [], droppedEdits: [at('05T09:00')] });
    const other = await api.create({ ...DAILY, name: 'other', schedule: '0 10 * * *' });
    api.clock.at = Date.parse(at('04T09:30'));
    await api.call('PATCH', `/jobs/${other.id}`, { description: 'x' });
    const { dropped, before } = (await api.call('PATCH', `/jobs/${other.id}?dryRun=true`, { schedule: '0 9 * * *' }))
      .body['dryRun'];
    expect(before.occurrences[0].scheduledFor).toBe(at('04T10:00'));
    expect(dropped).toEqual([at('04T10:00')]);
  });

  test('of anything but the schedule doubles and drops nothing', async () => {
    const id = await job();
    const { body } = await api.call('PATCH', `/jobs/${id}?dryRun=true`, { description: 'better' });
    expect(body).toMatchObject({ description: 'better', dryRun: { doubled: [], dropped: [], warnings: [] } });
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({ description: '', version: 1 });
  });

  test('is refused where it would be', async () => {
    const id = await job();
    expect((await api.call('PATCH', `/jobs/${id}?dryRun=true`, { schedule: '61 * * * *' })).status).toBe(422);
    expect((await api.call('PATCH', `/jobs/${id}?dryRun=true`, {}, { 'if-match': '"9-x"' })).status).toBe(412);
    expect((await api.call('PATCH', `/jobs/${id}?dryRun=perhaps`, {})).status).toBe(400);
    const unknown = '01a20b40-4653-719a-b858-faec122132c5';
    expect((await api.call('PATCH', `/jobs/${unknown}?dryRun=true`, {})).status).toBe(404);
  });
});
