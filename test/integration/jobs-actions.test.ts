import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());
beforeEach(() => api.reset());

const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);
const HOURLY = { name: 'hourly', schedule: '0 * * * *', target: 'https://example.com/hook' };

const runs = async (): Promise<[string, string, string | null][]> =>
  (await api.rows('SELECT scheduled_for, state, reason FROM runs ORDER BY scheduled_for, id')).map((row) => [
    (row['scheduled_for'] as Date).toISOString().slice(11, 19),
    row['state'],
    row['reason'],
  ]);

describe('pausing', () => {
  test('keeps the job from firing until it is resumed, and what it missed goes by its policy', async () => {
    const { id } = await api.create({ ...HOURLY, misfire: { within: '1d' } });
    const paused = await api.call('POST', `/jobs/${id}/pause`, { note: 'maintenance' });
    expect([paused.status, paused.body]).toMatchObject([
      200,
      { state: 'paused', pauseNote: 'maintenance', pausedUntil: null, nextRunAt: null, version: 2 },
    ]);
    api.clock.at = at('11:30:00.000');
    expect(await api.plan()).toBe(0);
    const resumed = await api.call('POST', `/jobs/${id}/resume`);
    expect(resumed.body).toMatchObject({ state: 'active', pauseNote: null, nextRunAt: '2026-03-02T09:00:00.000Z' });
    await api.plan();
    expect(await runs()).toEqual([
      ['09:00:00', 'skipped', 'paused'],
      ['10:00:00', 'skipped', 'paused'],
      ['11:00:00', 'queued', null],
    ]);
    expect((await api.call('GET', `/jobs/${id}`)).body['nextRunAt']).toBe('2026-03-02T12:00:00.000Z');
  });

  test('with an end is over by itself', async () => {
    const { id } = await api.create(HOURLY);
    const { body } = await api.call('POST', `/jobs/${id}/pause`, { until: '2026-03-02T10:30:00+00:00' });
    expect(body).toMatchObject({ state: 'paused', pausedUntil: '2026-03-02T10:30:00.000Z', nextRunAt: null });
    expect(api.messages.sent.at(-1)).toEqual({ type: 'jobDue', at: at('10:30:00.000') });
    api.clock.at = at('10:30:00.000');
    await api.plan();
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({
      state: 'active',
      pausedUntil: null,
      nextRunAt: '2026-03-02T11:00:00.000Z',
    });
  });

  test('again changes note and end only', async () => {
    const { id } = await api.create(HOURLY);
    await api.call('POST', `/jobs/${id}/pause`, { note: 'a', until: '2026-03-02T12:00:00Z' });
    api.clock.at += 60_000;
    expect((await api.call('POST', `/jobs/${id}/pause`, { note: 'b' })).body).toMatchObject({
      pauseNote: 'b',
      pausedUntil: null,
    });
    const [row] = await api.rows('SELECT paused_at FROM job_states');
    expect((row?.['paused_at'] as Date).toISOString()).toBe('2026-03-02T08:00:00.000Z');
  });

  test('what was due a moment before still runs, and nothing twice', async () => {
    const { id } = await api.create(HOURLY);
    api.clock.at = at('09:00:00.005');
    await api.call('POST', `/jobs/${id}/pause`);
    expect(await runs()).toEqual([['09:00:00', 'queued', null]]);
    expect(api.queue.queued).toHaveLength(1);
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({ state: 'paused', runCount: 1 });
    expect(await api.plan()).toBe(0);
  });

  test.each([
    [{ until: '2026-03-02T08:00:00Z' }, '/until', 'out_of_range'],
    [{ until: 'tomorrow' }, '/until', 'invalid_instant'],
    [{ note: 'x'.repeat(501) }, '/note', 'too_long'],
    [{ reason: 'x' }, '/reason', 'unknown_member'],
  ])('refuses %j', async (body, pointer, code) => {
    const { id } = await api.create(HOURLY);
    const answer = await api.call('POST', `/jobs/${id}/pause`, body);
    expect([answer.status, answer.body['errors'][0]]).toMatchObject([422, { pointer, code }]);
  });

  test.each(['pause', 'resume', 'skip-next'])('a completed job takes no %s', async (action) => {
    const { id } = await api.create({ ...HOURLY, schedule: '2026-03-02T09:00:00Z' });
    api.clock.at = at('09:00:01.000');
    await api.plan();
    const answer = await api.call('POST', `/jobs/${id}/${action}`);
    expect([answer.status, answer.body['code']]).toEqual([409, 'wrong_state']);
  });

  test('resuming an active job changes nothing', async () => {
    const job = await api.create(HOURLY);
    expect((await api.call('POST', `/jobs/${job.id}/resume`, {})).body).toEqual(job);
  });

  test.each(['resume', 'skip-next'])('%s takes no content', async (action) => {
    const { id } = await api.create(HOURLY);
    const answer = await api.call('POST', `/jobs/${id}/${action}`, { force: true });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([422, '/force']);
  });
});

describe('skipping the next occurrence', () => {
  test('records it, goes on with the one after it, and can be done again', async () => {
    const { id } = await api.create(HOURLY);
    expect((await api.call('POST', `/jobs/${id}/skip-next`)).body).toMatchObject({
      nextRunAt: '2026-03-02T10:00:00.000Z',
      runCount: 0,
      version: 2,
    });
    expect((await api.call('POST', `/jobs/${id}/skip-next`)).body['nextRunAt']).toBe('2026-03-02T11:00:00.000Z');
    expect(await runs()).toEqual([
      ['09:00:00', 'skipped', 'skipNext'],
      ['10:00:00', 'skipped', 'skipNext'],
    ]);
    api.clock.at = at('11:00:00.000');
    await api.plan();
    expect((await runs()).at(-1)).toEqual(['11:00:00', 'queued', null]);
  });

  test('means the one to come, not the one that is due already', async () => {
    const { id } = await api.create(HOURLY);
    api.clock.at = at('09:00:00.005');
    await api.call('POST', `/jobs/${id}/skip-next`);
    expect(await runs()).toEqual([
      ['09:00:00', 'queued', null],
      ['10:00:00', 'skipped', 'skipNext'],
    ]);
  });

  test('the last one completes the job', async () => {
    const { id } = await api.create({ ...HOURLY, schedule: '2026-03-02T09:00:00Z' });
    expect((await api.call('POST', `/jobs/${id}/skip-next`)).body).toMatchObject({
      state: 'completed',
      nextRunAt: null,
    });
  });

  test('is not possible while paused', async () => {
    const { id } = await api.create(HOURLY);
    await api.call('POST', `/jobs/${id}/pause`);
    expect((await api.call('POST', `/jobs/${id}/skip-next`)).status).toBe(409);
  });
});

describe('an edit of the schedule', () => {
  test('does not lose what was due before it', async () => {
    const { id } = await api.create({ ...HOURLY, overlap: 'skip' });
    api.clock.at = at('09:00:00.005');
    const { body } = await api.call('PATCH', `/jobs/${id}`, { schedule: '30 * * * *' });
    expect(body).toMatchObject({ nextRunAt: '2026-03-02T09:30:00.000Z', runCount: 1, version: 2 });
    expect(await runs()).toEqual([['09:00:00', 'queued', null]]);
    expect((await api.rows('SELECT job_version FROM runs'))[0]?.['job_version']).toBe(1);
  });

  test('settles what was missed by the old misfire policy', async () => {
    const { id } = await api.create({ ...HOURLY, misfire: { policy: 'skip' } });
    api.clock.at = at('10:30:00.000');
    await api.call('PATCH', `/jobs/${id}`, { schedule: '45 * * * *' });
    expect(await runs()).toEqual([
      ['09:00:00', 'skipped', 'misfire'],
      ['10:00:00', 'skipped', 'misfire'],
    ]);
  });

  test('waits for the planner when the backlog is too long for a request', async () => {
    const { id } = await api.create({ ...HOURLY, schedule: '* * * * * *' });
    api.clock.at += 6 * 3_600_000;
    const refused = await api.call('PATCH', `/jobs/${id}`, { schedule: '@daily' });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(await runs()).toEqual([]);
    await api.plan();
    expect((await api.call('PATCH', `/jobs/${id}`, { schedule: '@daily' })).status).toBe(200);
  });
});

test('a deletion leaves no occurrence undecided that was due before it', async () => {
  const { id } = await api.create(HOURLY);
  api.clock.at = at('09:00:00.005');
  expect((await api.call('DELETE', `/jobs/${id}`)).status).toBe(204);
  expect(await runs()).toEqual([['09:00:00', 'cancelled', 'jobDeleted']]);
  expect(api.queue.queued).toEqual([]);
});

describe('beside planners that plan all the time', () => {
  jest.setTimeout(30_000);

  const SECOND = { ...HOURLY, schedule: '* * * * * *', misfire: { policy: 'runAll', within: '1d', limit: 1_000 } };

  /** Moves the clock on by steps of 100 ms with two planners at work, while `act` runs. */
  async function whilePlanning<T>(act: () => Promise<T>): Promise<T> {
    let done = false;
    const planners = [0, 1].map(async () => {
      while (!done) {
        api.clock.at += 100;
        await api.plan();
      }
    });
    try {
      return await act();
    } finally {
      done = true;
      await Promise.all(planners);
    }
  }

  const seconds = async (): Promise<number[]> =>
    (await api.rows('SELECT scheduled_for FROM runs ORDER BY 1')).map((row) =>
      (row['scheduled_for'] as Date).getTime(),
    );

  const gaps = (instants: readonly number[]): number[] =>
    instants.slice(1).map((instant, index) => instant - (instants[index] ?? 0));

  test('nothing is planned after a pause was acknowledged, and nothing is lost before', async () => {
    for (let round = 0; round < 3; round += 1) {
      await api.reset();
      const { id } = await api.create(SECOND);
      const acknowledgedAt = await whilePlanning(async () => {
        for (let step = 0; step < 10; step += 1) await api.plan();
        await api.call('POST', `/jobs/${id}/pause`);
        const acknowledged = api.clock.at;
        for (let step = 0; step < 5; step += 1) await api.plan();
        return acknowledged;
      });
      const planned = await seconds();
      expect(planned.length).toBeGreaterThan(0);
      expect(new Set(gaps(planned))).toEqual(new Set(planned.length > 1 ? [1_000] : []));
      expect(planned.at(-1)).toBeLessThanOrEqual(acknowledgedAt);
    }
  });

  test('after an edit only the new schedule fires, and every second of the old one has its run', async () => {
    for (let round = 0; round < 3; round += 1) {
      await api.reset();
      const { id } = await api.create(SECOND);
      const [before, after] = await whilePlanning(async () => {
        for (let step = 0; step < 10; step += 1) await api.plan();
        const sent = api.clock.at;
        await api.call('PATCH', `/jobs/${id}`, { schedule: '*/3 * * * * *' });
        const acknowledged = api.clock.at;
        while (api.clock.at < acknowledged + 10_000) await api.plan();
        return [sent, acknowledged];
      });
      await api.plan();
      const planned = await seconds();
      const old = planned.filter((instant) => instant <= (before ?? 0));
      expect(new Set(gaps(old))).toEqual(new Set(old.length > 1 ? [1_000] : []));
      expect(old.at(-1)).toBe(Math.floor((before ?? 0) / 1_000) * 1_000);
      expect(planned.filter((instant) => instant > (after ?? 0) && new Date(instant).getSeconds() % 3 !== 0)).toEqual(
        [],
      );
      expect(planned.filter((instant) => instant > (after ?? 0)).length).toBeGreaterThan(2);
    }
  });

  test('nothing is planned after a deletion was acknowledged', async () => {
    const { id } = await api.create(SECOND);
    await whilePlanning(async () => {
      for (let step = 0; step < 10; step += 1) await api.plan();
      await api.call('DELETE', `/jobs/${id}`);
      const [count] = await api.rows('SELECT count(*)::int AS n FROM runs');
      for (let step = 0; step < 10; step += 1) await api.plan();
      expect(await api.rows('SELECT count(*)::int AS n FROM runs')).toEqual([count]);
    });
    expect(await api.rows(`SELECT 1 FROM runs WHERE state IN ('queued', 'held', 'retrying')`)).toEqual([]);
  });

  test('changes of all kinds at once neither deadlock nor lose a version', async () => {
    const { id } = await api.create({ ...SECOND, overlap: 'cancelRunning' });
    const actions: [string, string, Json?][] = [
      ['PATCH', '', { description: 'x' }],
      ['POST', '/trigger'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['PATCH', '', { schedule: '*/2 * * * * *' }],
      ['POST', '/trigger', { body: 1 }],
      ['PATCH', '', { labels: { a: 'b' } }],
      ['PATCH', '', { schedule: '* * * * * *' }],
    ];
    const statuses = await whilePlanning(() =>
      Promise.all(
        Array.from({ length: 48 }, async (_, index) => {
          const [method, path, body] = actions[index % actions.length] ?? ['GET', ''];
          return (await api.call(method, `/jobs/${id}${path}`, body)).status;
        }),
      ),
    );
    expect(statuses.filter((status) => status >= 400)).toEqual([]);
  });
});
