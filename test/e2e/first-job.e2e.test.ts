import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { JobView } from '../../src/jobs/job.schemas.js';
import type { BackfillView, RunView } from '../../src/runs/run.schemas.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { startReceiver } from '../support/receiver.js';
import type { ReceivedRequest, Receiver } from '../support/receiver.js';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { ApiClient, gaplessOccurrences, hasEnded } from './api-client.js';

jest.setTimeout(40_000);

const EVERY_SECOND = 'PT1S';
/** Twice a day and far from the hours at which a test of a few seconds could meet it. */
const RARELY = { type: 'cron', expression: '30 3,15 1 1 *' } as const;
/** So long that a lease that lapses makes up for nothing within a test. */
const PATIENT = { LEASE: '10m' };
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

describe.each([
  { name: 'on the embedded Postgres alone', withRedis: false },
  { name: 'with Redis', withRedis: true },
])('a newcomer $name', ({ withRedis }) => {
  let receiver: Receiver;
  let redis: RedisServer | null = null;
  let service: ServiceProcess;
  let api: ApiClient;

  beforeAll(async () => {
    redis = withRedis ? await startRedis() : null;
    receiver = await startReceiver();
    service = await startService({
      env: { ...PATIENT, SHUTDOWN_TIMEOUT: '0s', ...(redis !== null && { REDIS_URL: redis.url }) },
    });
    api = new ApiClient(service.url);
  });

  afterAll(async () => {
    await service.stop();
    await receiver.close();
    await redis?.dispose();
  });

  const target = (path: string): string => receiver.url + path;

  /** Calls by path that must not grow any more; looked at when other jobs have gone on for a while. */
  const final = new Map<string, number>();

  async function callsTo(path: string, count: number): Promise<ReceivedRequest[]> {
    await receiver.waitFor(`${count} calls of ${path}`, () => receiver.requestsTo(path).length >= count, 15_000);
    return receiver.requestsTo(path);
  }

  it('registers a job of every second, sees it called with all that is promised, and finds it in the ledger', async () => {
    const created = await api.post<JobView>('/jobs', {
      name: 'Grüße',
      schedule: EVERY_SECOND,
      target: target('/first'),
    });
    expect(created).toMatchObject({
      status: 201,
      body: { name: 'Grüße', state: 'active', version: 1, runCount: 0, schedule: { type: 'interval', every: 'PT1S' } },
    });
    const job = created.body;
    expect(created.headers.get('location')).toBe(`/jobs/${job.id}`);

    const calls = await callsTo('/first', 3);
    for (const { method, headers, body } of calls) {
      const runId = String(headers['webhook-id']);
      const scheduledFor = String(headers['carillon-scheduled-for']);
      expect(method).toBe('POST');
      expect(scheduledFor).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(headers).toMatchObject({
        'webhook-id': expect.stringMatching(/^[\da-f-]{36}$/),
        'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
        'carillon-job-id': job.id,
        'carillon-attempt': '1',
        'user-agent': expect.stringMatching(/^Carillon\/\d+\.\d+\.\d+/),
        traceparent: expect.stringMatching(new RegExp(`^00-${runId.replaceAll('-', '')}-[\\da-f]{16}-01$`)),
        'content-type': 'application/json',
      });
      expect(decodeURIComponent(String(headers['carillon-job-name']))).toBe('Grüße');
      expect(JSON.parse(body)).toEqual({ jobId: job.id, jobName: 'Grüße', runId, scheduledFor, attempt: 1 });
    }

    const ids = calls.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
    const runs = await api.waitForRuns('three successes', job.id, (all) => all.slice(0, 3).every(hasEnded));
    expect(runs.slice(0, 3).map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(gaplessOccurrences(runs, SECOND_MS)[0]).toBe(Date.parse(job.nextRunAt ?? ''));
    const run = await api.run(String(ids[0]));
    expect(run).toMatchObject({
      jobId: job.id,
      jobName: 'Grüße',
      trigger: 'schedule',
      state: 'succeeded',
      reason: null,
      attempt: 1,
      response: { status: 200, bodyExcerpt: 'ok' },
      error: null,
      attempts: [{ number: 1, outcome: 'succeeded', status: 200, error: null }],
    });
    expect(run.latenessMs).toBeGreaterThanOrEqual(0);
    expect(await api.job(job.id)).toMatchObject({ lastRunState: 'succeeded', failureStreak: 0 });
  });

  it('can look at how the service is', async () => {
    for (const probe of ['live', 'ready', 'startup']) {
      expect(await api.get(`/health/${probe}`)).toMatchObject({ status: 200, body: { status: 'ok' } });
    }
    expect(await api.get('/system')).toMatchObject({
      status: 200,
      body: { role: 'all', leader: { self: true }, degraded: [], slots: { count: expect.any(Number) } },
    });
    expect((await api.get('/metrics')).body).toMatch(/^carillon_runs_total\{state="succeeded",reason=""\} [1-9]/m);
    expect((await api.get('/docs')).body).toContain('swagger-ui');
    const written: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8'));
    expect((await api.get('/openapi.json')).body).toEqual(written);
  });

  it('shapes the request with method, headers, body and placeholders', async () => {
    await api.createJob({
      name: 'shaped',
      schedule: { type: 'interval', every: EVERY_SECOND, maxRuns: 1 },
      target: {
        type: 'http',
        method: 'PUT',
        url: target('/shaped?at={{scheduledFor}}'),
        headers: { 'x-attempt': 'no {{attempt}}', authorization: { value: 'Bearer s3cret', secret: true } },
        body: { say: '{{jobName}} {{runId}}', deep: [{ at: '{{scheduledFor}}' }] },
      },
    });
    const [call] = await callsTo('/shaped', 1);
    const { method, url, headers, body } = call as ReceivedRequest;
    const at = String(headers['carillon-scheduled-for']);
    expect({ method, url }).toEqual({ method: 'PUT', url: `/shaped?at=${encodeURIComponent(at)}` });
    expect(headers).toMatchObject({ 'x-attempt': 'no 1', authorization: 'Bearer s3cret' });
    expect(JSON.parse(body)).toEqual({ say: `shaped ${String(headers['webhook-id'])}`, deep: [{ at }] });
    expect(JSON.stringify((await api.get('/jobs?q=shaped')).body)).not.toContain('s3cret');
  });

  it('gives a job another schedule, and it goes by that from now on', async () => {
    const job = await api.createJob({ name: 'changed', schedule: RARELY, target: target('/changed') });
    const patched = await api.must<JobView>(200, 'PATCH', `/jobs/${job.id}`, { schedule: EVERY_SECOND });
    expect(patched).toMatchObject({ version: 2, schedule: { type: 'interval', every: 'PT1S' } });
    await callsTo('/changed', 2);
    await api.must(200, 'PATCH', `/jobs/${job.id}`, { schedule: RARELY });
    // What was due before the change was acknowledged may still be on its way.
    await api.waitForRuns('open runs to end', job.id, (runs) => runs.every(hasEnded));
    final.set('/changed', receiver.requestsTo('/changed').length);
  });

  it('pauses a job, and what it missed is decided at its resumption', async () => {
    const job = await api.createJob({
      name: 'paused',
      schedule: EVERY_SECOND,
      target: target('/paused'),
      misfire: { policy: 'runLast', grace: 'PT0.5S' },
    });
    await callsTo('/paused', 1);
    const paused = await api.must<JobView>(200, 'POST', `/jobs/${job.id}/pause`, { note: 'a break' });
    expect(paused).toMatchObject({ state: 'paused', pauseNote: 'a break', nextRunAt: null });
    await api.waitForRuns('open runs to end', job.id, (runs) => runs.every(hasEnded));
    const before = receiver.requestsTo('/paused').length;
    const threeMissedAt = new Date(Date.parse(paused.updatedAt) + 3 * SECOND_MS).toISOString();
    await receiver.waitFor('the first job to go on', () =>
      receiver.requestsTo('/first').some(({ headers }) => String(headers['carillon-scheduled-for']) > threeMissedAt),
    );
    expect(receiver.requestsTo('/paused')).toHaveLength(before);

    const resumed = await api.must<JobView>(200, 'POST', `/jobs/${job.id}/resume`);
    const runs = await api.waitForRuns('the missed ones and one on time', job.id, (all) =>
      all.some(({ scheduledFor, state }) => scheduledFor > resumed.updatedAt && state === 'succeeded'),
    );
    gaplessOccurrences(runs, SECOND_MS);
    const missed = runs.filter(
      ({ scheduledFor, trigger }) =>
        scheduledFor > paused.updatedAt && scheduledFor < resumed.updatedAt && trigger === 'misfire',
    );
    const last = missed.pop();
    expect(last).toMatchObject({ state: 'succeeded', reason: null });
    expect(missed.length).toBeGreaterThan(0);
    for (const run of missed) expect(run).toMatchObject({ state: 'skipped', reason: 'paused', attempt: 0 });
    await api.must(204, 'DELETE', `/jobs/${job.id}`);
  });

  it('runs a job now, with another body', async () => {
    const job = await api.createJob({
      name: 'triggered',
      schedule: RARELY,
      target: { url: target('/triggered'), body: 1 },
    });
    const { status, headers, body: run } = await api.post<RunView>(`/jobs/${job.id}/trigger`, { body: { again: 7 } });
    expect([status, headers.get('location'), run.trigger]).toEqual([202, `/runs/${run.id}`, 'manual']);
    const [call] = await callsTo('/triggered', 1);
    expect(call).toMatchObject({ body: '{"again":7}', headers: { 'webhook-id': run.id } });
    await api.waitForRun('it to succeed', run.id, hasEnded);

    const replayed = await api.must<RunView>(202, 'POST', `/runs/${run.id}/replay`);
    expect(replayed).toMatchObject({ trigger: 'replay', jobId: job.id });
    const [, repeat] = await callsTo('/triggered', 2);
    expect(repeat).toMatchObject({ body: '{"again":7}', headers: { 'webhook-id': replayed.id } });
    expect(replayed.id).not.toBe(run.id);
  });

  it('skips the next occurrence, and only that one', async () => {
    const job = await api.createJob({ name: 'skipping', schedule: 'PT1H', target: target('/skipping') });
    const skipped = await api.must<JobView>(200, 'POST', `/jobs/${job.id}/skip-next`);
    expect(Date.parse(skipped.nextRunAt ?? '') - Date.parse(job.nextRunAt ?? '')).toBe(HOUR_MS);
    const { data: runs } = await api.must<{ data: RunView[] }>(200, 'GET', `/jobs/${job.id}/runs`);
    expect(runs).toEqual([
      expect.objectContaining({ scheduledFor: job.nextRunAt, state: 'skipped', reason: 'skipNext' }),
    ]);
  });

  it('runs occurrences of the past, each once, after a look at which they would be', async () => {
    const job = await api.createJob({ name: 'backfilled', schedule: '@hourly', target: target('/backfilled') });
    const lastHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
    const hours = [3, 2, 1, 0].map((ago) => new Date(lastHour - ago * HOUR_MS).toISOString());
    const range = { from: hours[0], to: hours[3] };
    const backfill = (more: object): Promise<BackfillView> =>
      api.must<BackfillView>(202, 'POST', `/jobs/${job.id}/backfill`, { ...range, ...more });
    const occurrences = hours.map((scheduledFor) => expect.objectContaining({ scheduledFor }));

    expect(await backfill({ dryRun: true })).toEqual({ planned: 4, occurrences, truncated: false });
    expect(await api.runsOf(job.id)).toEqual([]);
    expect(await backfill({})).toEqual({ planned: 4, occurrences, truncated: false });
    const calls = await callsTo('/backfilled', 4);
    expect(calls.map(({ headers }) => headers['carillon-scheduled-for']).sort()).toEqual(hours);
    expect(await backfill({})).toEqual({ planned: 0, occurrences: [], truncated: false });
    const runs = await api.waitForRuns('the runs to end', job.id, (all) => all.every(hasEnded));
    expect(runs.map(({ trigger, state }) => `${trigger} ${state}`)).toEqual(hours.map(() => 'backfill succeeded'));
  });

  it('cancels a call under way: the target sees it break off, and no attempt follows', async () => {
    const hanging = createServer();
    hanging.listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    hanging.unref();
    const { port } = hanging.address() as AddressInfo;
    const job = await api.createJob({ name: 'cancelled', schedule: RARELY, target: `http://127.0.0.1:${port}/` });
    const called = once(hanging, 'request') as Promise<[IncomingMessage]>;
    const run = await api.trigger(job.id);
    const [request] = await called;
    const brokenOff = once(request.socket, 'close');
    await api.waitForRun('it to run', run.id, ({ state }) => state === 'running');

    expect(await api.must(202, 'POST', `/runs/${run.id}/cancel`)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelledByUser',
    });
    await brokenOff;
    const ended = await api.waitForRun('its attempt', run.id, ({ attempts }) => attempts.length > 0);
    expect(ended).toMatchObject({ state: 'cancelled', attempts: [{ number: 1, outcome: 'cancelled' }] });
    expect(await api.post(`/runs/${run.id}/cancel`)).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
    hanging.close();
  });

  it('deletes a job: nothing of it is left to come', async () => {
    const job = await api.createJob({
      name: 'deleted',
      schedule: EVERY_SECOND,
      target: target('/deleted'),
      overlap: 'queueAll',
    });
    receiver.answer('/deleted', { hang: true });
    const runs = await api.waitForRuns('a call and a run behind it', job.id, (all) =>
      ['running', 'held'].every((wanted) => all.some(({ state }) => state === wanted)),
    );
    await api.must(204, 'DELETE', `/jobs/${job.id}`);
    expect(await api.get(`/jobs/${job.id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    for (const { id, state } of runs) {
      if (state !== 'held') continue;
      expect(await api.run(id)).toMatchObject({ state: 'cancelled', reason: 'jobDeleted', attempt: 0 });
    }
    final.set('/deleted', receiver.requestsTo('/deleted').length);
    await api.createJob({ name: 'deleted', schedule: RARELY, target: target('/again') });
  });

  it('loses no occurrence of the first job meanwhile, and has none twice', async () => {
    await callsTo('/first', receiver.requestsTo('/first').length + 2);
    expect(Object.fromEntries([...final.keys()].map((path) => [path, receiver.requestsTo(path).length]))).toEqual(
      Object.fromEntries(final),
    );
    const { data } = await api.must<{ data: JobView[] }>(200, 'GET', '/jobs?sort=createdAt');
    const job = data.find(({ name }) => name === 'Grüße') as JobView;
    await api.must(200, 'POST', `/jobs/${job.id}/pause`);
    const runs = await api.waitForRuns('its runs to end', job.id, (all) => all.every(hasEnded));
    expect(gaplessOccurrences(runs, SECOND_MS)[0]).toBe(Date.parse(job.createdAt) + SECOND_MS);
    expect(runs.every(({ state }) => state === 'succeeded')).toBe(true);
    const delivered = receiver.requestsTo('/first').map(({ headers }) => headers['webhook-id']);
    await waitFor('every run to be delivered', () => delivered.length === runs.length);
    expect([...delivered].sort()).toEqual(runs.map(({ id }) => id).sort());
  });
});
