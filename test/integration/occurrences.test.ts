import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Planner } from '../../src/scheduling/planner.js';
import { Random } from '../faults/support/seed.js';
import { Api, type Answer, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
}, 60_000);
afterAll(() => api?.stop());
beforeEach(() => api.reset());

const START = Date.parse('2026-03-02T08:00:00.000Z');
const HOUR = 3_600_000;
const at = (hours: number): string => new Date(START + hours * HOUR).toISOString();
const HOURLY = { name: 'hourly', schedule: '0 * * * *', target: 'https://example.com/hook' };

const edit = (id: string, hours: number, body: Json, headers = {}): Promise<Answer> =>
  api.call('PUT', `/jobs/${id}/occurrences/${at(hours)}`, body, headers);
const restore = (id: string, hours: number, headers = {}): Promise<Answer> =>
  api.call('DELETE', `/jobs/${id}/occurrences/${at(hours)}`, undefined, headers);
async function must(status: number, answer: Promise<Answer>): Promise<Json> {
  const { status: got, body } = await answer;
  expect([got, body['detail'] ?? '']).toEqual([status, body['detail'] ?? '']);
  return body;
}

/** Lets time pass, a planner looking in at every quarter of an hour; answers `hour[@due] state` of what is in the ledger. */
async function live(hours: number): Promise<string[]> {
  for (const end = START + hours * HOUR; api.clock.at < end;) {
    api.clock.at = Math.min(end, api.clock.at + HOUR / 4);
    await api.plan();
  }
  return ledger();
}

async function ledger(): Promise<string[]> {
  const rows = await api.rows(
    'SELECT scheduled_for, due_at, state, reason, body FROM runs ORDER BY due_at, scheduled_for',
  );
  const hour = (time: Date): number => (time.getTime() - START) / HOUR;
  return rows.map((row) => {
    const [own, due] = [hour(row['scheduled_for'] as Date), hour(row['due_at'] as Date)];
    const body = row['body'] === null ? '' : ` ${JSON.stringify(row['body'])}`;
    return `${own}${own === due ? '' : `@${due}`} ${row['reason'] ?? row['state']}${body}`;
  });
}

async function audited(id: string): Promise<Json> {
  const { missing, doubled, early, unexpected } = await must(
    200,
    api.call('POST', `/jobs/${id}/audit`, { from: at(-1), to: new Date(api.clock.at).toISOString() }),
  );
  return { missing, doubled, early, unexpected };
}
const NOTHING = { missing: [], doubled: [], early: [], unexpected: [] };

describe('an edited occurrence', () => {
  test('is listed, runs as it was edited, once, and is explained and audited', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 1, { action: 'skip', note: 'holiday' }));
    const moved = await must(200, edit(id, 2, { action: 'move', to: at(3.5), note: 'late' }));
    expect(moved).toEqual({
      scheduledFor: at(2),
      local: '2026-03-02T10:00:00+00:00',
      note: 'moved to 2026-03-02T11:30:00+00:00 (late)',
      dueAt: at(3.5),
      edit: { action: 'move', to: at(3.5), note: 'late' },
    });
    await must(200, edit(id, 4, { action: 'run', body: { only: 'this' } }));
    await must(200, edit(id, 6, { action: 'move', to: at(0.5) }));
    const { occurrences } = await must(200, api.call('GET', `/jobs/${id}/occurrences?count=6`));
    expect((occurrences as Json[]).map((one) => [one['scheduledFor'], one['edit']?.action ?? null])).toEqual([
      [at(6), 'move'],
      [at(1), 'skip'],
      [at(3), null],
      [at(2), 'move'],
      [at(4), 'run'],
      [at(5), null],
    ]);
    expect((await api.call('GET', `/jobs/${id}`)).body).toMatchObject({ nextRunAt: at(0.5), version: 5 });
    const explain = async (hours: number) => must(200, api.call('GET', `/jobs/${id}/explain?at=${at(hours)}`));
    expect(await explain(1)).toMatchObject({ verdict: 'willSkip', text: expect.stringMatching(/holiday/) });
    expect(await explain(2)).toMatchObject({ verdict: 'moved', text: expect.stringMatching(/T11:30.*late/) });
    expect(await explain(3.5)).toMatchObject({ verdict: 'moved', text: expect.stringMatching(/T10:00/) });
    expect(await explain(4)).toMatchObject({ verdict: 'willRun', text: expect.stringMatching(/another body/) });

    expect(await live(1)).toEqual(['6@0.5 queued', '1 skippedByUser']);
    // Once it ran nothing of it can be edited.
    expect((await edit(id, 6, { action: 'skip' })).status).toBe(409);
    expect((await restore(id, 6)).status).toBe(409);
    expect(await live(7)).toEqual([
      ...[
        '6@0.5 queued',
        '1 skippedByUser',
        '3 queued',
        '2@3.5 queued',
        '4 queued {"only":"this"}',
        '5 queued',
        '7 queued',
      ],
    ]);
    expect(await explain(2)).toMatchObject({ verdict: 'recorded', runId: expect.any(String) });
    expect(await explain(3.5)).toMatchObject({ verdict: 'moved', runId: expect.any(String) });
    expect(await explain(6)).toMatchObject({ verdict: 'recorded' });
    expect(await audited(id)).toEqual(NOTHING);
    const [row] = await api.rows('SELECT occurrence_edits FROM job_states');
    expect(row).toEqual({ occurrence_edits: null });
  });

  test('is in the audit log and in the versions, and the same again is no version', async () => {
    const { id } = await api.create(HOURLY);
    const first = await edit(id, 1, { action: 'skip', note: 'a' });
    expect(first.headers['etag']).toMatch(/^"2-/);
    expect((await edit(id, 1, { action: 'skip', note: 'a' })).headers['etag']).toBe(first.headers['etag']);
    await must(200, edit(id, 1, { action: 'move', to: at(1.5) }));
    expect((await restore(id, 1)).status).toBe(204);
    const { data } = await must(200, api.call('GET', `/jobs/${id}/revisions`));
    expect(
      (data as Json[]).map(({ change }) => [
        change.action,
        change.before?.occurrenceEdits,
        change.after?.occurrenceEdits,
      ]),
    ).toEqual([
      ['job.restoreOccurrence', [{ scheduledFor: at(1), action: 'move', to: at(1.5), note: null }], undefined],
      [
        'job.editOccurrence',
        [{ scheduledFor: at(1), action: 'skip', to: null, note: 'a' }],
        [{ scheduledFor: at(1), action: 'move', to: at(1.5), note: null }],
      ],
      ['job.editOccurrence', undefined, [{ scheduledFor: at(1), action: 'skip', to: null, note: 'a' }]],
      ['job.create', undefined, undefined],
    ]);
    expect(await live(2)).toEqual(['1 queued', '2 queued']);
    expect(await audited(id)).toEqual(NOTHING);
  });

  test('is edited only as the caller saw the job', async () => {
    const { id } = await api.create(HOURLY);
    const { headers } = await api.call('GET', `/jobs/${id}`);
    const ifMatch = { 'if-match': String(headers['etag']) };
    await must(200, edit(id, 1, { action: 'skip' }, ifMatch));
    expect((await edit(id, 2, { action: 'skip' }, ifMatch)).status).toBe(412);
    expect((await restore(id, 1, ifMatch)).status).toBe(412);
  });

  test.each<[string, number, Json, number, string | null]>([
    ['no occurrence', 1.5, { action: 'skip' }, 404, null],
    ['a past one', 0, { action: 'skip' }, 409, null],
    ['an unknown action', 1, { action: 'cancel' }, 422, '/action'],
    ['a move to nowhere', 1, { action: 'move' }, 422, '/to'],
    ['a move into the past', 1, { action: 'move', to: at(0) }, 422, '/to'],
    ['a move onto another', 1, { action: 'move', to: at(2) }, 422, '/to'],
    ['a move beyond retention', 1, { action: 'move', to: at(29 * 24) }, 422, '/to'],
    ['a run without a body', 1, { action: 'run' }, 422, '/body'],
    ['a skip with a body', 1, { action: 'skip', body: 1 }, 422, '/body'],
    ['a skip to somewhere', 1, { action: 'skip', to: at(2) }, 422, '/to'],
    ['unknown members', 1, { action: 'skip', when: 'now' }, 422, '/when'],
    ['a long note', 1, { action: 'skip', note: 'x'.repeat(501) }, 422, '/note'],
    ['a long body', 1, { action: 'run', body: 'x'.repeat(262_144) }, 422, '/body'],
  ])('refuses %s', async (_name, hours, body, status, pointer) => {
    const { id } = await api.create(HOURLY);
    const answer = await edit(id, hours, body);
    expect([answer.status, answer.body['errors']?.[0]?.pointer ?? null]).toEqual([status, pointer]);
    expect((await api.call('GET', `/jobs/${id}`)).body['version']).toBe(1);
  });

  test('refuses what names no instant, no job, and a body for a GET', async () => {
    const { id } = await api.create({ ...HOURLY, target: { url: 'https://example.com/', method: 'GET' } });
    expect((await api.call('PUT', `/jobs/${id}/occurrences/tomorrow`, { action: 'skip' })).status).toBe(400);
    expect((await restore(id, 1)).status).toBe(404);
    expect((await edit(id, 1, { action: 'run', body: {} })).status).toBe(422);
    expect((await edit('01a20b40-4653-719a-b858-faec122132c5', 1, { action: 'skip' })).status).toBe(404);
    // An offset names the same instant.
    const offset = encodeURIComponent('2026-03-02T10:00:00+01:00');
    const { body } = await api.call('PUT', `/jobs/${id}/occurrences/${offset}`, { action: 'skip' });
    expect(body).toMatchObject({ scheduledFor: at(1) });
  });
});

describe('beside what else is done to a job', () => {
  test('it stays through a pause, and what was due in it goes by the policy', async () => {
    const { id } = await api.create({ ...HOURLY, misfire: { policy: 'runAll', within: '1d' } });
    await must(200, edit(id, 1, { action: 'move', to: at(2.5) }));
    await must(200, edit(id, 3, { action: 'skip' }));
    await must(200, api.call('POST', `/jobs/${id}/pause`, { until: at(3.25) }));
    await must(200, edit(id, 4, { action: 'skip' }));
    expect(await live(5)).toEqual(['2 queued', '1@2.5 queued', '3 skippedByUser', '4 skippedByUser', '5 queued']);
    expect(await audited(id)).toEqual(NOTHING);
  });

  test('skip-next takes the next that is to run', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 1, { action: 'skip' }));
    await must(200, edit(id, 5, { action: 'move', to: at(0.5) }));
    await must(200, api.call('POST', `/jobs/${id}/skip-next`));
    expect(await live(2)).toEqual(['5@0.5 skipNext', '1 skippedByUser', '2 queued']);
  });

  test('another rule keeps it where it has the occurrence, and says which it dropped', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 2, { action: 'skip' }));
    await must(200, edit(id, 3, { action: 'skip' }));
    await must(200, api.call('PATCH', `/jobs/${id}`, { schedule: '0 */2 * * *' }));
    const { data } = await must(200, api.call('GET', `/jobs/${id}/revisions`));
    expect((data as Json[])[0]?.['change'].after.occurrenceEdits).toMatchObject([{ scheduledFor: at(2) }]);
    expect(await live(4)).toEqual(['2 skippedByUser', '4 queued']);
    expect(await audited(id)).toEqual(NOTHING);
  });

  test('backfill leaves alone what is to come later', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 1, { action: 'move', to: at(2.5) }));
    await live(2);
    const span = { from: at(0.5), to: at(2) };
    expect((await api.call('POST', `/jobs/${id}/backfill`, span)).body).toMatchObject({ planned: 0 });
    expect(await live(3)).toEqual(['2 queued', '1@2.5 queued', '3 queued']);
  });

  test('a calendar that leaves it out since puts it to sleep, and one that gives it back wakes it', async () => {
    const { id: calendarId } = await must(201, api.call('POST', '/calendars', { name: 'closed', dates: [] }));
    const { id } = await api.create({ ...HOURLY, schedule: { ...hourly, exclude: ['closed'] } });
    await must(200, edit(id, 25, { action: 'move', to: at(2.5) }));
    expect((await api.nextOf(id))[1]).toBe(START + HOUR);
    await must(200, api.call('PATCH', `/calendars/${calendarId}`, { dates: ['2026-03-03'] }));
    await live(2);
    await must(200, api.call('PATCH', `/calendars/${calendarId}`, { dates: [] }));
    expect((await api.nextOf(id))[1]).toBe(START + 2.5 * HOUR);
    expect(await live(3)).toEqual(['1 queued', '2 queued', '25@2.5 queued', '3 queued']);
  });

  test('it goes with the job', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 1, { action: 'move', to: at(0.5) }));
    expect((await api.call('DELETE', `/jobs/${id}`)).status).toBe(204);
    expect(await live(1)).toEqual([]);
  });

  test('bulk requests and sets leave it as it is', async () => {
    const { id } = await api.create(HOURLY);
    await must(200, edit(id, 1, { action: 'skip' }));
    await must(200, api.call('POST', '/jobs/bulk', { action: 'update', ids: [id], patch: { description: 'x' } }));
    await must(200, api.call('PUT', '/projects/default/jobs', { jobs: [{ ...HOURLY, description: 'y' }] }));
    expect(await live(2)).toEqual(['1 skippedByUser', '2 queued']);
  });
});

const hourly = { type: 'cron', expression: '0 * * * *' };

/**
 * Users edit at the very instant at which occurrences are due, while two planners plan: what was acknowledged is what the
 * ledger has, whoever was faster.
 */
test('an edit that was acknowledged holds, however near the planner is', async () => {
  const ids = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => (await api.create({ ...HOURLY, name: `job ${n}` })).id),
  );
  const planners = [1, 2].map(
    () => new Planner(api.app.get(PlanningRepository), api.queue, api.messages, new Metrics(), NO_TRACING),
  );
  const acknowledged = new Map<string, string>();
  let refused = 0;
  for (let hour = 1; hour <= 6; hour += 1) {
    api.clock.at = START + hour * HOUR - 1;
    const actionOf = (n: number) => (['skip', 'move', 'run', 'restore'] as const)[(n + hour) % 4];
    for (const [n, id] of ids.entries()) {
      if (actionOf(n) === 'restore') await must(200, edit(id, hour, { action: 'skip' }));
    }
    let answered = 0;
    let reached = (): void => undefined;
    const planned = new Promise<void>((resolve) => (reached = resolve)).then(() => {
      api.clock.at = START + hour * HOUR;
      return Promise.all(planners.map((planner) => planner.tick(START + hour * HOUR, 1)));
    });
    const edits = ids.map(async (id, n) => {
      const action = actionOf(n);
      const answer =
        action === 'restore'
          ? await restore(id, hour)
          : await edit(id, hour, {
              ...{ action, ...(action === 'move' && { to: at(hour + 0.5) }) },
              ...(action === 'run' && { body: { n } }),
            });
      answered += 1;
      // Between the edits of the jobs the clock reaches the instant, and planners plan.
      if (answered === 3) reached();
      if (answer.status >= 400) {
        expect([answer.status, answer.body['detail']]).toEqual([409, answer.body['detail']]);
        refused += 1;
        if (action === 'restore') acknowledged.set(`${id} ${hour}`, `${hour} skippedByUser`);
        return;
      }
      const what = {
        skip: `${hour} skippedByUser`,
        move: `${hour}@${hour + 0.5} queued`,
        run: `${hour} queued {"n":${n}}`,
        restore: `${hour} queued`,
      };
      acknowledged.set(`${id} ${hour}`, what[action ?? 'skip']);
    });
    await Promise.all([...edits, planned]);
    await api.plan();
    api.clock.at = START + (hour + 0.5) * HOUR;
    await api.plan();
  }
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(72);
  const rows = await api.rows(
    `SELECT job_id, scheduled_for, due_at, state, reason, body, count(*) OVER (PARTITION BY job_id, scheduled_for) AS n
     FROM runs ORDER BY job_id, scheduled_for`,
  );
  expect(rows).toHaveLength(72);
  for (const row of rows) {
    const hour = ((row['scheduled_for'] as Date).getTime() - START) / HOUR;
    const due = ((row['due_at'] as Date).getTime() - START) / HOUR;
    const body = row['body'] === null ? '' : ` ${JSON.stringify(row['body'])}`;
    const line = `${hour}${hour === due ? '' : `@${due}`} ${row['reason'] ?? row['state']}${body}`;
    const expected = acknowledged.get(`${row['job_id']} ${hour}`) ?? `${hour} queued`;
    expect([row['job_id'], line, row['n']]).toEqual([row['job_id'], expected, '1']);
  }
  for (const id of ids) expect(await audited(id)).toEqual(NOTHING);
}, 60_000);

test.each([1, 2, 3, 4])(
  'the audit finds nothing amiss whatever is edited, by seed %i',
  async (seed) => {
    const random = new Random(seed);
    const schedules = ['*/20 * * * *', '0 * * * *', { type: 'cron', expression: '*/30 * * * *', jitter: 'PT3M' }];
    const { id } = await api.create({ ...HOURLY, schedule: random.pick(schedules) });
    const soon = (): string => new Date(api.clock.at + random.below(3 * HOUR)).toISOString();
    const shown = async (): Promise<string> => {
      const { body } = await api.call('GET', `/jobs/${id}/occurrences?count=6`);
      return String(random.pick((body['occurrences'] as Json[] | undefined) ?? [])['scheduledFor']);
    };
    const put = async (body: () => Json) => api.call('PUT', `/jobs/${id}/occurrences/${await shown()}`, body());
    const acts: (() => Promise<unknown>)[] = [
      () => put(() => ({ action: 'skip' })),
      () => put(() => ({ action: 'move', to: soon() })),
      () => put(() => ({ action: 'move', to: soon() })),
      () => put(() => ({ action: 'run', body: { n: random.below(9) } })),
      async () => api.call('DELETE', `/jobs/${id}/occurrences/${await shown()}`),
      () => api.call('PATCH', `/jobs/${id}`, { schedule: random.pick(schedules) }),
      () => api.call('POST', `/jobs/${id}/pause`, random.pick([{}, { until: soon() }])),
      () => api.call('POST', `/jobs/${id}/resume`, {}),
      () => api.call('POST', `/jobs/${id}/skip-next`, {}),
      async () => (api.clock.at += random.below(HOUR)),
    ];
    for (let step = 0; step < 40; step += 1) {
      api.clock.at += random.below(HOUR / 3);
      await api.plan();
      await random.pick(acts)();
    }
    await api.plan();
    api.clock.at += 61_000;
    await api.plan();
    expect(await audited(id)).toEqual(NOTHING);
  },
  60_000,
);
