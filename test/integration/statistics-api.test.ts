import { SchedulerRegistry } from '@nestjs/schedule';
import { randomUUID } from 'node:crypto';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import { newRunId } from '../../src/persistence/run-id.js';
import { CalendarsRepository } from '../../src/persistence/calendars.repository.js';
import { ForecastsRepository } from '../../src/persistence/forecasts.repository.js';
import { RollupsRepository } from '../../src/persistence/rollups.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { ForecastComputer } from '../../src/statistics/forecast-computer.js';
import { ForecastLoop } from '../../src/statistics/forecast-loop.service.js';
import { RollupsService } from '../../src/statistics/rollups.service.js';
import { Api, START } from './api.js';
import type { Json } from './api.js';
import { testConfig } from './ledger-fixture.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const PROJECT_ID = '00000000-0000-7000-8000-000000000001';
const TARGET = 'https://hooks.example.com/run';

let api: Api;

beforeAll(async () => {
  api = await Api.start();
});

beforeEach(async () => {
  await api.reset();
  await api.db.query('TRUNCATE run_rollups, job_rollups, host_rollups, rollup_marks, forecasts');
  await api.db.query('UPDATE rollup_progress SET rolled_up_to = NULL, settled_to = NULL, jobs_to = NULL');
});

afterAll(() => api?.stop());

async function rollUp(): Promise<void> {
  const registry = new SchedulerRegistry();
  const repository = api.app.get(RollupsRepository);
  const service = new RollupsService(repository, registry, api.clock, testConfig({}), new Metrics());
  while (!(await service.pass(api.clock.at)));
}

interface RunDraft {
  readonly at: number;
  readonly state?: string;
  readonly reason?: string;
  readonly latenessMs?: number;
  readonly durationMs?: number;
}

async function addRuns(job: { id: string }, ...runs: RunDraft[]): Promise<string[]> {
  const rows = runs.map(({ at, state = 'succeeded', reason, latenessMs, durationMs }, index) => ({
    ...{ id: newRunId(at), at: formatInstant(at), nonce: index + 1, state, reason: reason ?? null },
    ...{ lateness: latenessMs ?? null, duration: durationMs ?? null },
  }));
  await api.db.query(
    `INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, state,
                       reason, attempt, max_attempts, available_at, created_at, finished_at, lateness_ms, duration_ms, error)
     SELECT id, at, at, '${PROJECT_ID}', $2, 'job', 1, 'schedule', nonce, state, reason, (state <> 'skipped')::int, 3, at, at,
            at, lateness, duration,
            CASE WHEN state = 'failed' THEN '{"code": "status", "message": "the target answered 500"}'::jsonb END
     FROM jsonb_to_recordset($1::jsonb) AS n (id uuid, at timestamptz, nonce int, state text, reason text, lateness bigint,
                                              duration bigint)`,
    [JSON.stringify(rows), job.id],
  );
  return rows.map(({ id }) => id);
}

const iso = (at: number): string => formatInstant(at);

async function get(path: string, query: Record<string, string | string[]> = {}): Promise<Json> {
  const { status, body } = await ask(path, query);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

function ask(path: string, query: Record<string, string | string[]>): Promise<{ status: number; body: Json }> {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat()) parameters.append(name, value);
  return api.call('GET', `${path}?${parameters.toString()}`);
}

const job = (name: string, more: Json = {}): Promise<Json & { id: string }> =>
  api.create({ name, schedule: '0 0 1 1 *', target: TARGET, ...more });

const AT = START - 2 * HOUR_MS;

describe('GET /statistics', () => {
  const zeros = { succeeded: 0, failed: 0, cancelled: 0, skipped: 0, open: 0, latenessMs: null, durationMs: null };

  async function addSome(): Promise<{ id: string }> {
    const one = await job('one');
    await addRuns(
      one,
      { at: AT, latenessMs: 4, durationMs: 30 },
      { at: AT + 1, latenessMs: 2_000, durationMs: 900 },
      { at: AT + 5 * MINUTE_MS, state: 'failed', reason: 'rejected', latenessMs: 4, durationMs: 12 },
      { at: AT + 5 * MINUTE_MS, state: 'skipped', reason: 'overlap' },
      { at: AT + 6 * MINUTE_MS, state: 'queued' },
    );
    return one;
  }

  it.each(['rolled up', 'young'])('counts runs by state, reason, lateness and duration (%s)', async (which) => {
    await addSome();
    if (which === 'rolled up') await rollUp();
    else api.clock.at = AT + 9 * MINUTE_MS;
    const found = await get('/statistics', { from: iso(AT), to: iso(AT + 10 * MINUTE_MS) });
    expect(found).toMatchObject({
      ...{ from: iso(AT), to: iso(AT + 10 * MINUTE_MS), resolution: 'PT1M' },
      totals: {
        ...{ runs: 5, succeeded: 2, failed: 1, cancelled: 0, skipped: 1, open: 1 },
        reasons: { rejected: 1, overlap: 1 },
      },
      latenessMs: { p50: 4, max: 2_000, objective: 1_000, withinObjective: 2 / 3 },
      durationMs: { max: 900 },
    });
    expect(found.buckets).toHaveLength(10);
    expect(found.buckets[0]).toMatchObject({
      at: iso(AT),
      succeeded: 2,
      latenessMs: { p50: 4, p99: 2_000, max: 2_000 },
    });
    expect(found.buckets[1]).toEqual({ at: iso(AT + MINUTE_MS), ...zeros });
    expect(found.buckets[5]).toMatchObject({ failed: 1, skipped: 1, durationMs: { p50: 12, max: 12 } });
    expect(found.rolledUpTo).toBe(which === 'young' ? null : iso(START - MINUTE_MS));
  });

  it('answers the same of one job, and nothing of the others', async () => {
    const one = await addSome();
    const other = await job('other');
    await addRuns(other, { at: AT + MINUTE_MS, durationMs: 5, latenessMs: 5 });
    for (const span of [HOUR_MS, 10 * HOUR_MS, 20 * DAY_MS]) {
      for (const isRolledUp of [false, true]) {
        if (isRolledUp) await rollUp();
        const asked = { from: iso(AT - span + HOUR_MS), to: iso(AT + HOUR_MS) };
        const all = await get('/statistics', asked);
        const ofOne = await get('/statistics', { ...asked, jobId: one.id });
        const ofOther = await get('/statistics', { ...asked, jobId: other.id });
        if (isRolledUp) expect(all.totals.runs).toBe(6);
        expect(ofOne.totals).toMatchObject({ runs: 5, open: 1 });
        expect(ofOther).toMatchObject({ totals: { runs: 1, succeeded: 1 }, durationMs: { p50: 5 } });
      }
    }
  });

  it('counts a run that is not rolled up beside those that are, each once', async () => {
    const one = await job('one');
    await addRuns(one, ...Array.from({ length: 100 }, (_, index) => ({ at: START - index * 10_000 - 1 })));
    await rollUp();
    const asked = { from: iso(START - HOUR_MS), to: iso(START) };
    expect((await get('/statistics', asked)).totals.runs).toBe(100);
    expect((await get('/statistics', { ...asked, from: iso(START - 10 * HOUR_MS) })).totals.runs).toBe(100);
    expect((await get('/statistics', { ...asked, from: iso(START - 10 * HOUR_MS), jobId: one.id })).totals.runs).toBe(
      100,
    );
  });

  it('widens the span to whole buckets, by which it is hours or days', async () => {
    const asked = { from: '2026-01-01T10:20:30Z', to: '2026-01-05T10:20:30Z' };
    expect(await get('/statistics', asked)).toMatchObject({
      ...{ from: '2026-01-01T10:00:00.000Z', to: '2026-01-05T11:00:00.000Z', resolution: 'PT1H' },
      ...{ latenessMs: null, durationMs: null },
    });
    expect(await get('/statistics', { ...asked, to: '2026-03-05T10:20:30Z' })).toMatchObject({
      ...{ from: '2026-01-01T00:00:00.000Z', to: '2026-03-06T00:00:00.000Z', resolution: 'P1D' },
    });
    expect((await get('/statistics')).buckets).toHaveLength(24);
  });

  it('refuses spans that are too long, that are none, and what is no instant', async () => {
    const faults = async (query: Record<string, string>): Promise<Json[]> => {
      const { status, body } = await ask('/statistics', query);
      expect(status).toBe(400);
      return body.errors;
    };
    expect(await faults({ from: '2024-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' })).toEqual([
      { pointer: '/to', code: 'out_of_range', detail: 'is more than P366D after the beginning of the span' },
    ]);
    expect(await faults({ from: iso(AT), to: iso(AT) })).toMatchObject([{ pointer: '/to', code: 'out_of_range' }]);
    expect(await faults({ from: 'yesterday' })).toMatchObject([{ pointer: '/from', code: 'invalid_instant' }]);
    expect(await faults({ jobId: 'x' })).toMatchObject([{ pointer: '/jobId' }]);
    expect(await faults({ step: '1m' })).toMatchObject([{ pointer: '/step', code: 'unknown_parameter' }]);
  });

  it('knows no job of another project', async () => {
    expect((await ask('/statistics', { jobId: randomUUID() })).status).toBe(404);
  });
});

describe('GET /jobs/strips', () => {
  interface Strip {
    readonly jobId: string;
    readonly runs: readonly { readonly id: string }[];
  }

  const getStrips = async (query: Record<string, string | string[]>): Promise<{ data: Strip[] }> =>
    (await get('/jobs/strips', query)) as { data: Strip[] };

  it('answers the last runs of each job, the newest last, in the order asked', async () => {
    const [one, other, idle] = [await job('one'), await job('other'), await job('idle')];
    const ids = await addRuns(
      one,
      ...Array.from({ length: 60 }, (_, index) => ({ at: START - (60 - index) * 7 * HOUR_MS, durationMs: index })),
    );
    await addRuns(other, { at: AT, state: 'skipped', reason: 'misfire' });
    const { data } = await getStrips({ jobId: [other.id, idle.id, one.id, randomUUID()] });
    expect(data.map(({ jobId }) => jobId)).toEqual([other.id, idle.id, one.id]);
    expect(data[0]?.runs).toEqual([
      expect.objectContaining({ state: 'skipped', reason: 'misfire', scheduledFor: iso(AT), latenessMs: null }),
    ]);
    expect(data[1]?.runs).toEqual([]);
    expect(data[2]?.runs.map(({ id }) => id)).toEqual(ids.slice(-50));
  });

  it('takes a count, and tells of nothing that is still to come', async () => {
    const one = await job('one');
    const ids = await addRuns(one, ...[3, 2, 1, -1].map((hours) => ({ at: START - hours * HOUR_MS })));
    const { data } = await getStrips({ jobId: one.id, count: '2' });
    expect(data[0]?.runs.map(({ id }) => id)).toEqual(ids.slice(1, 3));
  });

  it('refuses what is no job id, and too many', async () => {
    const tooMany = Array.from({ length: 201 }, (): string => randomUUID());
    const refused: Record<string, string | string[]>[] = [{ jobId: 'x' }, { jobId: tooMany }];
    for (const query of refused)
      expect(await ask('/jobs/strips', query)).toMatchObject({ status: 400, body: { code: 'invalid_parameter' } });
  });
});

describe('GET /timeline', () => {
  it('draws runs when they are few, what will be, pauses and clock changes', async () => {
    api.clock.at = Date.parse('2026-03-29T00:50:00Z');
    const paris = await job('paris', { schedule: { type: 'cron', expression: '0 * * * *', timeZone: 'Europe/Paris' } });
    const paused = await job('paused', { schedule: '* * * * *' });
    api.clock.at = Date.parse('2026-03-29T00:50:30Z');
    await api.call('POST', `/jobs/${paused.id}/pause`, { note: 'moving', until: '2026-03-29T01:10:00Z' });
    api.clock.at = Date.parse('2026-03-29T00:55:00Z');
    const [id] = await addRuns(paris, { at: Date.parse('2026-03-29T00:00:00Z'), latenessMs: 3, durationMs: 8 });
    const found = await get('/timeline', { from: '2026-03-29T00:00:00Z', to: '2026-03-29T02:00:00Z' });
    expect(found).toMatchObject({ resolution: 'PT1M', now: '2026-03-29T00:55:00.000Z', page: { nextCursor: null } });
    expect(found.lanes[0]).toEqual({
      ...{ jobId: paris.id, jobName: 'paris', timeZone: 'Europe/Paris', state: 'active', bands: null, pauses: [] },
      runs: [
        {
          ...{ id, scheduledFor: '2026-03-29T00:00:00.000Z', state: 'succeeded', reason: null },
          ...{ durationMs: 8, latenessMs: 3 },
        },
      ],
      occurrences: [{ scheduledFor: '2026-03-29T01:00:00.000Z' }],
      occurrencesTruncated: false,
      clockChanges: [{ at: '2026-03-29T01:00:00.000Z', before: '+01:00', after: '+02:00' }],
    });
    expect(found.lanes[1]).toMatchObject({
      ...{ jobName: 'paused', state: 'paused', runs: [], clockChanges: [], occurrencesTruncated: false },
      pauses: [{ from: '2026-03-29T00:50:30.000Z', to: '2026-03-29T01:10:00.000Z', note: 'moving' }],
    });
    expect(found.lanes[1].occurrences[0]).toEqual({ scheduledFor: '2026-03-29T01:10:00.000Z' });
    expect(found.lanes[1].occurrences).toHaveLength(50);
  });

  it('draws what was decided of single occurrences, and the forecast counts by it', async () => {
    const hourly = await job('hourly', { schedule: '0 * * * *' });
    const at = (hours: number): string => iso(START + hours * HOUR_MS);
    const span = { from: iso(START), to: at(5) };
    expect(await get('/forecast', { ...span, resolution: 'PT1M' })).toMatchObject({ total: 5 });
    api.clock.at += 1_000;
    await api.call('PUT', `/jobs/${hourly.id}/occurrences/${at(1)}`, { action: 'skip' });
    await api.call('PUT', `/jobs/${hourly.id}/occurrences/${at(2)}`, { action: 'move', to: at(3.5) });
    expect((await get('/timeline', span)).lanes[0].occurrences).toEqual([
      { scheduledFor: at(1), action: 'skip' },
      { scheduledFor: at(3) },
      { scheduledFor: at(2), dueAt: at(3.5), action: 'move' },
      { scheduledFor: at(4) },
    ]);
    const fires = async () => ((await get('/forecast', span)).cells as Json[]).map((cell) => cell['at'] as string);
    expect(await fires()).toEqual([at(0), at(3), at(3.5), at(4)]);
    api.clock.at += 1_000;
    await api.call('DELETE', `/jobs/${hourly.id}/occurrences/${at(1)}`);
    expect(await fires()).toEqual([at(0), at(1), at(3), at(3.5), at(4)]);
  });

  it.each([
    [HOUR_MS, 'PT1M'],
    [5 * DAY_MS, 'PT1H'],
    [20 * DAY_MS, 'PT6H'],
  ])('counts in bands when there are many, rolled up or not (%i ms by %s)', async (span, resolution) => {
    const one = await job('one');
    const runs = Array.from({ length: 90 }, (_, index) => ({
      at: START - 1 - index * 30_000,
      ...(index % 3 === 0 && { state: 'failed' }),
    }));
    await addRuns(one, ...runs);
    const counted: unknown[] = [];
    for (const isRolledUp of [false, true]) {
      if (isRolledUp) await rollUp();
      const found = await get('/timeline', { from: iso(START - span), to: iso(START), jobId: one.id });
      expect(found.resolution).toBe(resolution);
      expect(found.lanes[0].runs).toBeNull();
      counted.push(found.lanes[0].bands);
    }
    expect(counted[0]).toEqual(counted[1]);
    const sums = (counted[0] as { succeeded: number; failed: number }[]).reduce<[number, number]>(
      ([succeeded, failed], band) => [succeeded + band.succeeded, failed + band.failed],
      [0, 0],
    );
    expect(sums).toEqual([60, 30]);
  });

  it('goes through the jobs by name, a page at a time', async () => {
    for (const name of ['c', 'a', 'b']) await job(name);
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Json = await get('/timeline', { limit: '2', ...(cursor !== null && { cursor }) });
      names.push(...(page['lanes'] as { jobName: string }[]).map(({ jobName }) => jobName));
      cursor = page['page'].nextCursor as string | null;
    } while (cursor !== null);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('refuses more than 31 days', async () => {
    expect(await ask('/timeline', { from: iso(START), to: iso(START + 32 * DAY_MS) })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/to', detail: 'is more than P31D after the beginning of the span' }] },
    });
  });
});

describe('GET /forecast', () => {
  it('says when jobs will fire, and which minutes are crowded', async () => {
    for (let index = 0; index < 12; index += 1) await job(`hourly ${index}`, { schedule: '0 * * * *' });
    await job('spread', { schedule: 'H * * * *' });
    const found = await get('/forecast', { from: iso(START), to: iso(START + 2 * HOUR_MS) });
    expect(found).toMatchObject({ resolution: 'PT1M', computedAt: iso(START), total: 26, peak: 12 });
    expect(found.cells.length).toBe(4);
    expect(found.crowded[0]).toMatchObject({ fires: 12, afterSpreading: 1, jobs: [{ name: 'hourly 0' }, {}] });
    const hours = await get('/forecast', { resolution: 'PT1H', from: iso(START), to: iso(START + 7 * DAY_MS) });
    expect(hours).toMatchObject({ total: 168 * 13, peak: 13 });
  });

  it('is computed in the background where there are many jobs', async () => {
    for (let index = 0; index < 101; index += 1) await job(`daily ${index}`, { schedule: '0 9 * * *' });
    expect(await get('/forecast')).toMatchObject({ computedAt: null, total: 0, cells: [] });
    const forecasts = api.app.get(ForecastsRepository);
    const computer = new ForecastComputer(forecasts, api.app.get(CalendarsRepository));
    await new ForecastLoop(forecasts, computer, new SchedulerRegistry(), api.clock).pass(api.clock.at);
    expect(await get('/forecast')).toMatchObject({
      ...{ computedAt: iso(START), total: 101, peak: 101, estimated: false },
      crowded: [{ at: '2026-03-02T09:00:00.000Z', fires: 101, afterSpreading: 2 }],
    });
  });

  it('refuses more than it reaches', async () => {
    const fault = async (query: Record<string, string>): Promise<unknown> =>
      (await ask('/forecast', query)).body.errors;
    expect(await fault({ from: iso(START), to: iso(START - 1) })).toMatchObject([{ pointer: '/to' }]);
    expect(await fault({ from: iso(START), to: iso(START + 3 * DAY_MS) })).toMatchObject([
      { pointer: '/to', code: 'out_of_range' },
    ]);
    expect(await fault({ resolution: 'PT5M' })).toMatchObject([{ pointer: '/resolution' }]);
  });
});

describe('GET /targets and /attention', () => {
  it('say how hosts do, and what needs somebody', async () => {
    const [good, bad] = [await job('good'), await job('bad', { target: 'https://broken.example:8443/x' })];
    await addRuns(good, { at: START - 30 * MINUTE_MS, durationMs: 20, latenessMs: 1 });
    await addRuns(
      bad,
      ...[20, 19, 18].map((minutes) => ({
        at: START - minutes * MINUTE_MS,
        state: 'failed',
        durationMs: 10,
        latenessMs: 1,
      })),
    );
    await api.db.query(
      `INSERT INTO job_stats (job_id, last_run_at, last_run_state, failure_streak) VALUES ($1, $2, 'failed', 3)`,
      [bad.id, iso(START - 18 * MINUTE_MS)],
    );
    await rollUp();
    expect((await get('/targets')).data).toEqual([
      {
        ...{ host: 'broken.example:8443', state: 'failing', runs: 3, failed: 3, attempts: 3 },
        ...{ durationMs: { p50: 10, p95: 10 }, lastFailureAt: iso(START - 18 * MINUTE_MS) },
        lastError: { code: 'status', message: 'the target answered 500' },
      },
      {
        ...{ host: 'hooks.example.com', state: 'healthy', runs: 1, failed: 0, attempts: 1 },
        ...{ durationMs: { p50: 20, p95: 20 }, lastFailureAt: null, lastError: null },
      },
    ]);
    const found = await get('/attention');
    expect(found).toMatchObject({
      onTime: true,
      sentence: 'Everything is on time: 4 runs in the last hour, 3 of them failed.',
      items: [
        { kind: 'targetFailing', severity: 'critical', host: 'broken.example:8443', jobId: null },
        { kind: 'jobFailing', severity: 'warning', jobId: bad.id, detail: 'bad has failed 3 times in a row' },
      ],
    });
  });

  it('tell of jobs that are overdue, parked or whose pause ends', async () => {
    const [overdue, parked, paused] = [await job('overdue'), await job('parked'), await job('paused')];
    await api.db.query(`UPDATE job_states SET next_run_at = $2 WHERE job_id = $1`, [overdue.id, iso(START - HOUR_MS)]);
    await api.db.query(
      `UPDATE job_states SET state = 'paused', next_run_at = NULL, pause_note = 'parked: bad zone', paused_at = $2 WHERE job_id = $1`,
      [parked.id, iso(START - HOUR_MS)],
    );
    await api.call('POST', `/jobs/${paused.id}/pause`, { until: iso(START + HOUR_MS) });
    const { onTime, sentence, items } = await get('/attention');
    expect({ onTime, sentence }).toEqual({
      onTime: false,
      sentence: '1 job is overdue; 0 runs in the last hour, none of them failed.',
    });
    expect(items).toMatchObject([
      { kind: 'jobOverdue', jobId: overdue.id, since: iso(START - HOUR_MS) },
      { kind: 'jobParked', jobId: parked.id, detail: 'parked is parked: bad zone' },
      { kind: 'pauseEnds', jobId: paused.id, severity: 'info' },
    ]);
  });

  it('tell what is degraded', async () => {
    api.degradation.lines = ['Redis is away: runs are delivered from the ledger'];
    expect((await get('/attention')).items).toEqual([
      {
        ...{ kind: 'degraded', severity: 'warning', jobId: null, host: null, since: null },
        detail: 'Redis is away: runs are delivered from the ledger',
      },
    ]);
  });

  it('tell what audits found, until one finds it no more', async () => {
    const hourly = await job('hourly', { schedule: '0 * * * *' });
    api.clock.at += 3 * HOUR_MS;
    await api.plan();
    api.clock.at += HOUR_MS / 2;
    const findings = async (): Promise<Json[]> =>
      ((await get('/attention')).items as Json[]).filter(({ kind }) => kind === 'auditFinding');
    const audit = (from: number, to: number) =>
      api.call('POST', `/jobs/${hourly.id}/audit`, { from: iso(from), to: iso(to) });
    await audit(START, api.clock.at);
    expect(await findings()).toEqual([]);
    await api.rows('DELETE FROM runs WHERE scheduled_for = $1', [iso(START + 2 * HOUR_MS)]);
    await api.rows(`UPDATE runs SET started_at = due_at - interval '1 s' WHERE scheduled_for = $1`, [
      iso(START + HOUR_MS),
    ]);
    await audit(START, api.clock.at);
    const told = [
      {
        ...{ severity: 'critical', jobId: hourly.id, since: iso(START + 2 * HOUR_MS) },
        detail: 'an audit of the ledger of hourly found 1 missing',
      },
      {
        ...{ severity: 'critical', jobId: hourly.id, since: iso(START + HOUR_MS) },
        detail: 'an audit of the ledger of hourly found 1 early',
      },
    ];
    expect(await findings()).toMatchObject(told);
    // That another span is clean says nothing of this one.
    await audit(START + 2.5 * HOUR_MS, api.clock.at);
    expect(await findings()).toMatchObject(told);
    await api.call('POST', `/jobs/${hourly.id}/backfill`, {
      from: iso(START + 2 * HOUR_MS),
      to: iso(START + 2 * HOUR_MS),
    });
    await audit(START + 1.5 * HOUR_MS, START + 2 * HOUR_MS);
    expect(await findings()).toMatchObject(told.slice(1));
    await api.call('DELETE', `/jobs/${hourly.id}`);
    expect(await findings()).toEqual([]);
  });

  it('say so when all is on time, and when runs start late', async () => {
    expect(await get('/attention')).toEqual({
      ...{ onTime: true, sentence: 'Everything is on time: nothing was due in the last hour.', items: [] },
    });
    await addRuns(await job('late'), { at: START - MINUTE_MS, latenessMs: 5_000 });
    expect(await get('/attention')).toMatchObject({
      onTime: false,
      sentence: expect.stringMatching(/^Runs start late: about 1 of 1 run in the last hour by more than a second/),
    });
  });
});
