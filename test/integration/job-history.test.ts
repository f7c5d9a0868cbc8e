import { SchedulerRegistry } from '@nestjs/schedule';
import { LedgerAuditsService } from '../../src/history/ledger-audits.service.js';
import { SelfCheckService } from '../../src/history/self-check.service.js';
import { JobRevisionsRepository } from '../../src/persistence/job-revisions.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Random } from '../faults/support/seed.js';
import { Api, type Json } from './api.js';

let api: Api;

beforeAll(async () => {
  api = await Api.start();
}, 60_000);
beforeEach(() => api.reset());
afterAll(() => api?.stop());

const START = Date.parse('2026-03-02T08:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (ms: number): string => new Date(START + ms).toISOString();
const target = { url: 'https://example.com/hook' };

async function must(status: number, method: string, url: string, body?: unknown): Promise<Json> {
  const answer = await api.call(method, url, body);
  expect([answer.status, answer.body['detail'] ?? '']).toEqual([status, answer.body['detail'] ?? '']);
  return answer.body;
}

/** A page of a list. */
async function dataOf(url: string): Promise<Json[]> {
  return (await must(200, 'GET', url))['data'] as Json[];
}

async function hourly(more: Json = {}): Promise<string> {
  return (await api.create({ name: 'hourly', schedule: '0 * * * *', target, ...more })).id;
}

/** Lets so much time pass, with a planner that looks in often. */
async function pass(ms: number, stepMs = 10 * MINUTE): Promise<void> {
  for (const end = api.clock.at + ms; api.clock.at < end;) {
    api.clock.at = Math.min(end, api.clock.at + stepMs);
    await api.plan();
  }
}

describe('versions', () => {
  it('are kept with who made them and what that changed, and runs name theirs', async () => {
    const id = await hourly();
    await pass(HOUR);
    await must(200, 'PATCH', `/jobs/${id}`, { schedule: '30 * * * *', description: 'later' });
    await must(200, 'POST', `/jobs/${id}/pause`, { note: 'holidays', until: at(10 * HOUR) });
    await must(200, 'POST', `/jobs/${id}/resume`, {});
    await pass(HOUR);
    const { data } = await must(200, 'GET', `/jobs/${id}/revisions`);
    expect(data).toMatchObject([
      { version: 4, at: at(HOUR), job: { state: 'active', pauseNote: null }, change: { action: 'job.resume' } },
      {
        version: 3,
        change: { action: 'job.pause', before: { state: 'active' }, after: { state: 'paused', pauseNote: 'holidays' } },
        job: { state: 'paused', pauseNote: 'holidays', pausedUntil: at(10 * HOUR) },
      },
      {
        version: 2,
        change: { action: 'job.update', actor: { type: 'anyone' }, before: { description: '' } },
        job: { description: 'later', scheduleText: 'At 30 minutes past the hour (UTC)' },
      },
      { version: 1, at: at(0), change: { action: 'job.create', before: null }, job: { description: '' } },
    ]);
    const runs = await dataOf(`/jobs/${id}/runs`);
    expect(runs.map((run) => [run['scheduledFor'], run['jobVersion']])).toEqual([
      [at(1.5 * HOUR), 4],
      [at(HOUR), 1],
    ]);
    const page = await must(200, 'GET', `/jobs/${id}/revisions?limit=3`);
    const rest = await must(200, 'GET', `/jobs/${id}/revisions?limit=3&cursor=${String(page['page'].nextCursor)}`);
    expect([...page['data'], ...rest['data']]).toEqual(data);
    expect(rest['page']).toEqual({ nextCursor: null });
  });

  it('are made by every way of writing, the planner that parks a job too', async () => {
    const { results } = await must(200, 'POST', '/jobs/bulk', {
      action: 'create',
      jobs: [1, 2].map((n) => ({ name: `bulk ${n}`, schedule: 'PT1H', target })),
    });
    const [one, other] = (results as Json[]).map((result) => String(result['id'])) as [string, string];
    await must(200, 'POST', '/jobs/bulk', { action: 'pause', ids: [one, other] });
    await must(200, 'PUT', '/projects/default/jobs', { jobs: [{ name: 'bulk 1', schedule: 'PT2H', target }] });
    const versions = async (id: string) =>
      (await dataOf(`/jobs/${id}/revisions`)).map((revision) => Number(revision['version']));
    expect([await versions(one), await versions(other)]).toEqual([
      [3, 2, 1],
      [2, 1],
    ]);
    const broken = await hourly();
    await api.rows(`UPDATE jobs SET schedule = schedule || '{"timeZone":"Mars/Base"}' WHERE id = $1`, [broken]);
    await pass(HOUR);
    expect((await must(200, 'GET', `/jobs/${broken}/revisions`))['data']).toMatchObject([
      { version: 2, at: at(HOUR), change: null, job: { state: 'paused', pauseNote: expect.stringMatching(/^parked/) } },
      { version: 1 },
    ]);
  });

  it('of a job that is not there are 404', async () => {
    await must(404, 'GET', '/jobs/01a20b40-4653-719a-b858-faec122132c5/revisions');
    await must(404, 'GET', '/jobs/nonsense/revisions');
  });
});

describe('going back', () => {
  it('sets all of the job as it was, as a new version, and leaves it paused', async () => {
    const id = await hourly({ labels: { team: 'a' }, overlap: 'skip' });
    await must(200, 'PUT', '/jobs/by-name/hourly', { schedule: 'PT5M', target: { url: 'https://example.org/' } });
    await must(200, 'POST', `/jobs/${id}/pause`, {});
    const reverted = await must(200, 'POST', `/jobs/${id}/revert`, { version: 1 });
    expect(reverted).toMatchObject({
      ...{ version: 4, state: 'paused', labels: { team: 'a' }, overlap: 'skip' },
      ...{ schedule: { expression: '0 * * * *' }, target },
    });
    const [{ change }] = (await must(200, 'GET', `/jobs/${id}/revisions`))['data'];
    expect(change).toMatchObject({ action: 'job.revert', after: { overlap: 'skip', version: 4 } });
    // What is so already makes no version.
    expect(await must(200, 'POST', `/jobs/${id}/revert`, { version: 1 })).toMatchObject({ version: 4 });
  });

  it('is refused with the member at fault', async () => {
    const auth = { type: 'bearer', token: 'sup3r-s3cret' };
    const id = await hourly({ target: { ...target, auth } });
    await must(200, 'PATCH', `/jobs/${id}`, { target: { url: 'https://elsewhere.example/', auth: null } });
    expect((await must(422, 'POST', `/jobs/${id}/revert`, { version: 9 }))['errors']).toMatchObject([
      { pointer: '/version', code: 'unknown_version' },
    ]);
    // The secret was dropped with the version after: nobody has it any more.
    expect((await must(422, 'POST', `/jobs/${id}/revert`, { version: 1 }))['errors']).toMatchObject([
      { pointer: '/target/auth/token', code: 'unknown_secret' },
    ]);
    expect((await api.call('POST', `/jobs/${id}/revert`, { version: 1 }, { 'if-match': '"7"' })).status).toBe(412);
  });
});

describe('explaining an instant', () => {
  const explain = (id: string, ms: number) => must(200, 'GET', `/jobs/${id}/explain?at=${at(ms)}`);

  it('says what happened, did not, or will', async () => {
    const id = await hourly({ overlap: 'skip' });
    await pass(2 * HOUR);
    await must(200, 'POST', `/jobs/${id}/pause`, { note: 'moving house' });
    await pass(2 * HOUR);
    const [running = {}, skipped = {}] = (await dataOf(`/jobs/${id}/runs`)).reverse();
    expect(await explain(id, HOUR)).toEqual({
      ...{ at: at(HOUR), verdict: 'recorded', text: 'Its run waits for a worker.', runId: String(running['id']) },
      ...{ besideRunId: null, version: 1, previous: at(0), next: at(2 * HOUR) },
    });
    expect(await explain(id, 2 * HOUR)).toMatchObject({
      ...{ verdict: 'recorded', runId: String(skipped['id']), besideRunId: String(running['id']) },
      text: 'It was skipped: an earlier run was still open, and the overlap policy leaves it out then.',
    });
    expect(await explain(id, 3 * HOUR)).toMatchObject({
      ...{ verdict: 'paused', runId: null, version: 2 },
      text: 'The job was paused by somebody (moving house); resumed, it decides by its misfire policy.',
    });
    expect(await explain(id, 5 * HOUR)).toMatchObject({
      verdict: 'paused',
      text: expect.stringContaining('is paused'),
    });
    expect(await explain(id, 1.5 * HOUR)).toMatchObject({
      ...{ verdict: 'noOccurrence', previous: at(HOUR), next: at(2 * HOUR) },
      text: 'Version 1 of the job has no occurrence at that instant.',
    });
    expect(await explain(id, -HOUR)).toMatchObject({ verdict: 'beforeCreated' });
    await must(200, 'POST', `/jobs/${id}/resume`, {});
    await pass(MINUTE, MINUTE);
    expect(await explain(id, 3 * HOUR)).toMatchObject({
      text: 'It was skipped: the job was paused.',
      verdict: 'recorded',
    });
    expect(await explain(id, 5 * HOUR)).toMatchObject({ verdict: 'willRun', text: 'It will run then.' });
    await api.rows('DELETE FROM runs WHERE id = $1', [String(running['id'])]);
    expect(await explain(id, HOUR)).toMatchObject({ verdict: 'missing' });
    api.clock.at = START + 40 * 24 * HOUR;
    expect(await explain(id, HOUR)).toMatchObject({ verdict: 'noLongerKept' });
  });

  it('knows jobs that are completed, and what is due this moment', async () => {
    const once = (await api.create({ name: 'once', schedule: at(HOUR), target })).id;
    api.clock.at = START + HOUR + 500;
    expect(await explain(once, HOUR)).toMatchObject({ verdict: 'notPlannedYet', next: null });
    await api.plan();
    const counted = (
      await api.create({ name: 'n', schedule: { type: 'cron', expression: '0 * * * *', maxRuns: 1 }, target })
    ).id;
    expect(await explain(counted, 2 * HOUR)).toMatchObject({
      text: 'It will run then, unless maxRuns is reached before.',
    });
    await pass(2 * HOUR);
    expect(await explain(counted, 3 * HOUR)).toMatchObject({ verdict: 'completed' });
    expect(await explain(counted, 9 * HOUR)).toMatchObject({ verdict: 'completed' });
  });

  it('says which calendars leave an instant out, and does not guess at what they were', async () => {
    const { id: calendarId } = await must(201, 'POST', '/calendars', { name: 'feasts', dates: ['2026-03-03'] });
    const daily = { type: 'cron', expression: '0 9 * * *', exclude: ['feasts'] };
    const id = await hourly({ schedule: daily });
    const [on2, on3, on4] = [HOUR, 25 * HOUR, 49 * HOUR];
    expect(await explain(id, on3)).toMatchObject({
      ...{ verdict: 'excluded', text: 'It is left out by the calendar feasts.' },
      ...{ previous: at(on2), next: at(on4) },
    });
    expect(await explain(id, on3 + HOUR)).toMatchObject({ verdict: 'noOccurrence' });
    expect(await explain(id, on4)).toMatchObject({ verdict: 'willRun' });
    await pass(3 * 24 * HOUR, 6 * HOUR);
    expect(await explain(id, on4)).toMatchObject({ verdict: 'recorded' });
    expect(await explain(id, on3)).toMatchObject({ verdict: 'excluded' });
    await must(200, 'PATCH', `/calendars/${String(calendarId)}`, { dates: [] });
    expect(await explain(id, on3)).toMatchObject({ verdict: 'unreadable', text: expect.stringContaining('of today') });
    await must(200, 'PATCH', `/jobs/${id}`, { schedule: { onExcluded: 'nextBusinessDay' } });
    await must(200, 'PATCH', `/calendars/${String(calendarId)}`, { dates: ['2026-03-08'] });
    expect(await explain(id, 6 * 24 * HOUR + HOUR)).toMatchObject({
      ...{ verdict: 'excluded', text: 'It is left out by the calendar feasts, and moved to the next free day.' },
    });
    await must(200, 'PATCH', `/jobs/${id}`, { schedule: { exclude: null } });
    await must(204, 'DELETE', `/calendars/${String(calendarId)}`);
    expect(await explain(id, on3)).toMatchObject({
      ...{ verdict: 'unreadable', version: 1, previous: null, next: null },
      text: expect.stringContaining('feasts'),
    });
    expect((await must(422, 'POST', `/jobs/${id}/revert`, { version: 1 }))['errors']).toMatchObject([
      { pointer: '/schedule/exclude/0', code: 'unknown_calendar' },
    ]);
  });

  it('asks for an instant, or takes this one', async () => {
    const id = await hourly();
    expect(await must(200, 'GET', `/jobs/${id}/explain`)).toMatchObject({ at: at(0), verdict: 'beforeCreated' });
    api.clock.at += MINUTE;
    expect(await must(200, 'GET', `/jobs/${id}/explain`)).toMatchObject({ at: at(MINUTE), verdict: 'noOccurrence' });
    expect((await must(400, 'GET', `/jobs/${id}/explain?at=noon`))['errors']).toMatchObject([{ pointer: '/at' }]);
  });
});

describe('the audit of the ledger', () => {
  const CLEAN = { missing: [], doubled: [], early: [], unexpected: [] };
  const audit = (id: string, body: Json = { from: at(0) }) => must(200, 'POST', `/jobs/${id}/audit`, body);

  it.each([1, 2, 3, 4, 5, 6])('finds nothing amiss whatever users do, by seed %i', async (seed) => {
    const random = new Random(seed);
    const schedules = [
      '*/7 * * * *',
      '0 * * * *',
      'PT11M',
      'PT25M',
      { type: 'cron', expression: '*/20 * * * *', jitter: 'PT3M' },
      { type: 'cron', expression: '*/5 * * * *', startAt: '2026-03-02T10:00', endAt: '2026-03-02T13:00' },
    ];
    const policies = ['skip', 'runLast', 'runAll'].map((policy) => ({ policy }));
    const id = await hourly({ schedule: random.pick(schedules), misfire: random.pick(policies) });
    const acts: (() => Promise<unknown>)[] = [
      () => api.call('PATCH', `/jobs/${id}`, { schedule: random.pick(schedules) }),
      () => api.call('PATCH', `/jobs/${id}`, { description: `${random.below(1_000)}` }),
      () => api.call('PATCH', `/jobs/${id}`, { misfire: random.pick(policies) }),
      () =>
        api.call(
          'POST',
          `/jobs/${id}/pause`,
          random.pick([{}, { until: new Date(api.clock.at + HOUR).toISOString() }]),
        ),
      () => api.call('POST', `/jobs/${id}/resume`, {}),
      () => api.call('POST', `/jobs/${id}/skip-next`, {}),
      () => api.call('POST', `/jobs/${id}/trigger`, {}),
      // The planner is away for a while.
      async () => (api.clock.at += random.below(90) * MINUTE),
    ];
    for (let step = 0; step < 40; step += 1) {
      await pass(random.below(30 * MINUTE), 3 * MINUTE);
      // At times at the very instant at which something is due.
      if (random.chance(0.3)) api.clock.at = (await api.nextOf(id))[1] ?? api.clock.at;
      await random.pick(acts)();
    }
    await pass(5 * MINUTE, MINUTE);
    const found = await audit(id);
    expect(found).toMatchObject({ truncated: false, ...CLEAN });
    expect(found['expected']).toBeGreaterThan(10);
    expect(found['found']).toBeGreaterThanOrEqual(Number(found['expected']));
  });

  it('finds what was planted', async () => {
    const id = await hourly({ schedule: '*/10 * * * *' });
    await pass(3 * HOUR);
    const data = await dataOf(`/jobs/${id}/runs?limit=100`);
    const [hole = {}, soon = {}, other = {}] = [data[5], data[8], data[2]];
    await api.rows('DELETE FROM runs WHERE id = $1', [String(hole['id'])]);
    await api.rows(`UPDATE runs SET started_at = due_at - interval '1 second' WHERE id = $1`, [String(soon['id'])]);
    await api.rows(`UPDATE runs SET scheduled_for = scheduled_for + interval '1 minute' WHERE id = $1`, [
      String(other['id']),
    ]);
    const moved = new Date(Date.parse(String(other['scheduledFor'])) + MINUTE).toISOString();
    expect(await audit(id)).toMatchObject({
      ...{ expected: 17, found: 17, doubled: [] },
      missing: [
        { scheduledFor: String(hole['scheduledFor']), version: 1 },
        { scheduledFor: String(other['scheduledFor']), version: 1 },
      ],
      early: [{ scheduledFor: String(soon['scheduledFor']), runId: String(soon['id']) }],
      unexpected: [{ scheduledFor: moved, runId: String(other['id']) }],
    });
  });

  it('calls nothing missing where calendars leave days out, and still finds what no calendar can be the reason of', async () => {
    const calendar = await must(201, 'POST', '/calendars', {
      name: 'nights',
      windows: [{ from: '22:00', to: '06:00' }],
    });
    const id = await hourly({ schedule: { type: 'cron', expression: '*/30 * * * *', exclude: ['nights'] } });
    await pass(26 * HOUR);
    expect(await audit(id)).toMatchObject({ ...CLEAN, expected: 0, found: 36 });
    // What ran by another calendar is as it should be.
    await must(200, 'PATCH', `/calendars/${String(calendar['id'])}`, { windows: [{ from: '09:00', to: '24:00' }] });
    expect(await audit(id)).toMatchObject(CLEAN);
    const [, run = {}] = await dataOf(`/jobs/${id}/runs`);
    await api.rows(`UPDATE runs SET scheduled_for = scheduled_for + interval '1 minute' WHERE id = $1`, [
      String(run['id']),
    ]);
    expect(await audit(id)).toMatchObject({ ...CLEAN, unexpected: [{ runId: String(run['id']) }] });
    // Without the calendar it is compared as any other; what is moved may stand anywhere.
    const since = api.clock.at;
    await must(200, 'PATCH', `/jobs/${id}`, { schedule: { exclude: null } });
    await pass(2 * HOUR);
    const moving = { type: 'cron', expression: '15 9 * * *', exclude: ['nights'], onExcluded: 'nextBusinessDay' };
    await must(200, 'PATCH', `/calendars/${String(calendar['id'])}`, { dates: ['2026-03-04'], windows: [] });
    await must(200, 'PATCH', `/jobs/${id}`, { schedule: moving });
    await pass(48 * HOUR, HOUR);
    expect(await audit(id, { from: new Date(since + 1).toISOString() })).toMatchObject({
      ...CLEAN,
      expected: 4,
      found: 5,
    });
    await api.rows('DELETE FROM runs WHERE job_id = $1 AND scheduled_for = $2', [id, at(27 * HOUR)]);
    expect(await audit(id, { from: new Date(since + 1).toISOString() })).toMatchObject({
      missing: [{ scheduledFor: at(27 * HOUR), version: 2 }],
    });
  });

  it('says how far it came, and refuses spans that make no sense', async () => {
    const id = await hourly({ schedule: 'PT1S' });
    api.clock.at += 2 * HOUR;
    await api.plan();
    const first = await audit(id);
    expect(first).toMatchObject({ truncated: true, expected: 5_000, found: 5_000, ...CLEAN });
    expect(await audit(id, { from: first['to'] })).toMatchObject({ truncated: false, ...CLEAN });
    expect(await must(422, 'POST', `/jobs/${id}/audit`, { to: at(9 * HOUR) })).toMatchObject({
      errors: [{ pointer: '/to' }],
    });
    expect(await must(422, 'POST', `/jobs/${id}/audit`, { from: at(HOUR), to: at(0) })).toMatchObject({
      errors: [{ pointer: '/from' }],
    });
  }, 30_000);

  it('is made by the service itself, which counts each finding once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await hourly({ name: `job ${n}`, schedule: '*/10 * * * *' }));
    await pass(HOUR);
    await api.rows('DELETE FROM runs WHERE job_id = $1 AND scheduled_for = $2', [ids[3], at(20 * MINUTE)]);
    const metrics = new Metrics();
    const audits = api.app.get(LedgerAuditsService);
    const revisions = api.app.get(JobRevisionsRepository);
    const check = new SelfCheckService(audits, revisions, new SchedulerRegistry(), api.clock, metrics);
    const counted = async (): Promise<(number | string)[]> => {
      const text = await metrics.registry.metrics();
      return [
        /carillon_audit_findings_total\{kind="missing"\} (\d+)/.exec(text)?.[1] ?? 0,
        /^carillon_audited_jobs_total (\d+)/m.exec(text)?.[1] ?? 0,
      ];
    };
    await check.pass();
    expect(await counted()).toEqual(['1', '5']);
    await check.pass(); // nothing has come due that it has not seen
    expect(await counted()).toEqual(['1', '5']);
    await pass(HOUR);
    await api.rows('DELETE FROM runs WHERE job_id = $1 AND scheduled_for = $2', [ids[0], at(80 * MINUTE)]);
    await check.pass();
    expect(await counted()).toEqual(['2', '10']);
    const told = async (): Promise<unknown[]> =>
      ((await must(200, 'GET', '/attention'))['items'] as Json[]).map((item) => item['since'] as unknown);
    expect(await told()).toEqual([at(80 * MINUTE), at(20 * MINUTE)]);
    // It is looked at again, whoever found it.
    await must(202, 'POST', `/jobs/${ids[3]}/backfill`, { from: at(20 * MINUTE), to: at(20 * MINUTE) });
    await pass(10 * MINUTE + 1);
    await audits.recheck();
    expect(await told()).toEqual([at(80 * MINUTE)]);
    await api.rows(`UPDATE audit_findings SET scheduled_for = $1`, [at(-30 * 24 * HOUR)]);
    await audits.recheck();
    expect(await told()).toEqual([]);
  });
});
