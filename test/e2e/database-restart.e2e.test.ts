import { Redis } from 'ioredis';
import type { RunSummary } from '../../src/runs/run.schemas.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { startRestartablePostgres } from '../support/restartable-postgres.js';
import type { RestartablePostgres } from '../support/restartable-postgres.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { ApiClient, gaplessOccurrences, hasEnded } from './api-client.js';

jest.setTimeout(60_000);

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

/** What it says when an error that nobody caught ends it. */
function fatalLines({ lines }: ServiceProcess): string[] {
  return lines.filter((line) => line.includes('"level":"fatal"'));
}

function dueAt(path: string): string[] {
  return receiver.requestsTo(path).map(({ headers }) => String(headers['carillon-scheduled-for']));
}

/** Waits for calls of occurrences that are due after this very moment. */
async function goesOn(path: string, count: number): Promise<void> {
  const since = new Date().toISOString();
  await receiver.waitFor(
    `${count} calls of ${path} that are due from now on`,
    () => dueAt(path).filter((at) => at > since).length >= count,
    20_000,
  );
}

/** Ends a job and answers its ledger, in which no occurrence is missing or doubled and each was called. */
async function completeLedger(api: ApiClient, id: string, path: string): Promise<RunSummary[]> {
  await api.must(200, 'POST', `/jobs/${id}/pause`);
  const runs = await api.waitForRuns('its runs to end', id, (all) => all.every(hasEnded), 30_000);
  gaplessOccurrences(runs, 1_000);
  expect(runs.map(({ state, reason }) => ({ state, reason }))).toEqual(
    runs.map(() => ({ state: 'succeeded', reason: null })),
  );
  const delivered = receiver.requestsTo(path).map(({ headers }) => String(headers['webhook-id']));
  expect([...new Set(delivered)].sort()).toEqual(runs.map((run) => run.id).sort());
  return runs;
}

describe('Postgres restarts while jobs fire', () => {
  let postgres: RestartablePostgres;
  let service: ServiceProcess;
  let api: ApiClient;
  const jobs = new Map<string, string>();

  beforeAll(async () => {
    postgres = await startRestartablePostgres();
    service = await startService({ env: { DATABASE_URL: postgres.url } });
    api = new ApiClient(service.url);
    receiver.answer('/pg-slow', { delayMs: 1_500 });
    for (const path of ['/pg', '/pg-slow']) {
      const job = await api.createJob({ name: path, schedule: 'PT1S', target: receiver.url + path });
      jobs.set(path, job.id);
    }
  });

  afterEach(() => expect(fatalLines(service)).toEqual([]));

  afterAll(async () => {
    await service.stop();
    await postgres.dispose();
  });

  it.each(['fast', 'immediate'] as const)('%s: it says so, and goes on by itself', async (mode) => {
    await goesOn('/pg-slow', 1);
    await postgres.stop(mode);
    const stoppedAt = Date.now();
    for (const [method, path] of [
      ['GET', '/jobs'],
      ['GET', '/system'],
      ['POST', `/jobs/${jobs.get('/pg')}/trigger`],
    ] as const) {
      const answer = await api.call(method, path);
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable', status: 503, instance: path } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/health/ready')).status).toBe(503);
    await waitFor('occurrences to be missed', () => Date.now() - stoppedAt > 2_500);

    await postgres.start();
    await waitFor(
      'it to be ready again',
      async () => (await api.get('/health/ready')).status,
      (status) => status === 200,
    );
    await goesOn('/pg', 2);
  });

  it('no occurrence is missing, and none has two runs', async () => {
    await completeLedger(api, jobs.get('/pg') ?? '', '/pg');
    // Called when Postgres was there and ended when it wasn't: recorded later, and not called again.
    const runs = await completeLedger(api, jobs.get('/pg-slow') ?? '', '/pg-slow');
    expect(receiver.requestsTo('/pg-slow')).toHaveLength(runs.length);
  });
});

describe('Redis vanishes while jobs fire', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let service: ServiceProcess;
  let api: ApiClient;
  const jobs = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startRedis();
    service = await startService({ env: { DATABASE_URL: database.url, REDIS_URL: redis.url } });
    api = new ApiClient(service.url);
    for (const path of ['/redis-1', '/redis-2', '/redis-3']) {
      const job = await api.createJob({ name: path, schedule: 'PT1S', target: receiver.url + path });
      jobs.set(path, job.id);
    }
  });

  afterEach(() => expect(fatalLines(service)).toEqual([]));

  afterAll(async () => {
    await service.stop();
    await redis.dispose();
    await database.drop();
  });

  async function withRedis<Result>(use: (client: Redis) => Promise<Result>): Promise<Result> {
    const client = new Redis(redis.url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  /** BullMQ numbers its jobs: the number grows for as long as Redis carries the runs. */
  async function carriedByRedis(): Promise<number> {
    return withRedis(async (client) => Number((await client.get('{carillon}:runs:id')) ?? 0));
  }

  async function waitUntilDegraded(degraded: boolean): Promise<void> {
    await waitFor(
      degraded ? 'it to miss Redis' : 'it to have Redis again',
      async () => (await api.get<{ degraded: string[] }>('/system')).body.degraded,
      (lines) => lines.some((line) => line.includes('Redis')) === degraded,
      { timeoutMs: 15_000 },
    );
  }

  it('flushed: what it held comes from the ledger', async () => {
    await goesOn('/redis-1', 1);
    expect(await carriedByRedis()).toBeGreaterThan(0);
    await withRedis((client) => client.flushall());
    await goesOn('/redis-1', 2);
    expect(await carriedByRedis()).toBeGreaterThan(0);
  });

  it('stopped: the ledger delivers, and it says so', async () => {
    await redis.stop('SIGKILL');
    await waitUntilDegraded(true);
    await goesOn('/redis-1', 2);
    expect((await api.get('/health/ready')).status).toBe(200);
  });

  it('started again, empty: it carries the runs again', async () => {
    await redis.start();
    await waitUntilDegraded(false);
    await goesOn('/redis-1', 2);
    expect(await carriedByRedis()).toBeGreaterThan(0);
  });

  it('no occurrence is missing, none has two runs, and none was called twice', async () => {
    for (const [path, id] of jobs) {
      const runs = await completeLedger(api, id, path);
      expect(receiver.requestsTo(path)).toHaveLength(runs.length);
    }
  });
});
