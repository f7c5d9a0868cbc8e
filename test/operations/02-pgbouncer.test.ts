import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { callsOf, doubled } from './support/calls.js';
import { PgBouncer } from './support/pgbouncer.js';
import { PostgresServer } from './support/postgres.js';
import { auditOf, call } from './support/service.js';

/** Far fewer than the replicas hold: they share. */
const SERVER_CONNECTIONS = 6;
const JOBS = 20;

let postgres: PostgresServer;
let bouncer: PgBouncer;
let receiver: Receiver;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  [postgres, receiver] = await Promise.all([PostgresServer.create(), startReceiver()]);
  bouncer = await PgBouncer.create(postgres.port, SERVER_CONNECTIONS);
}, 30_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await receiver.close();
  await bouncer.dispose();
  await postgres.dispose();
});

describe('PgBouncer in transaction mode', () => {
  let api: ServiceProcess;
  let ids: string[];
  const startedAt = new Date().toISOString();

  it('carries replicas of every role, whose connections share a few to Postgres', async () => {
    const env = {
      ...{ DATABASE_URL: bouncer.url, DATABASE_DIRECT_URL: postgres.url(), DATABASE_PREPARE: 'off', RATE_LIMIT: 'off' },
      ...{ LEASE: '3s' },
    };
    const start = async (role: string): Promise<ServiceProcess> => {
      const service = await startService({ env: { ...env, ROLE: role } });
      services.push(service);
      return service;
    };
    api = await start('api'); // migrates, over the direct connection
    await Promise.all(['scheduler', 'worker', 'worker'].map(start));
    ids = await Promise.all(Array.from({ length: JOBS }, (_, n) => create(`job-${n}`)));
    await receiver.waitFor('calls of each job', (all) => all.length >= JOBS * 3, 15_000);
    expect(await serverConnections()).toBeLessThanOrEqual(SERVER_CONNECTIONS);
  }, 60_000);

  it('lets messages through past it: a job that is due at once is called at once', async () => {
    // The horizon looks each minute; only a message tells the leader sooner.
    const at = new Date(Date.now() + 1_500).toISOString();
    const target = `${receiver.url}/soon`;
    await call(api, 'POST', '/jobs', { name: 'soon', schedule: { type: 'once', at }, target });
    await receiver.waitFor('the call', () => receiver.requestsTo('/soon').length === 1, 6_000);
  }, 10_000);

  it('carries what is one transaction: many jobs, keys that repeat, locks of a quota', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'once-only' };
    const jobs = Array.from({ length: 50 }, (_, n) => ({ name: `bulk-${n}`, schedule: 'PT1H', target: receiver.url }));
    const body = JSON.stringify({ action: 'create', jobs });
    const post = (): Promise<Response> => fetch(`${api.url}/jobs/bulk`, { method: 'POST', headers, body });
    const first = await post();
    expect(first.status).toBe(200);
    const again = await post();
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    const [{ count } = { count: -1 }] = await postgres.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM jobs WHERE name LIKE 'bulk-%'`,
    );
    expect(count).toBe(50);
  }, 15_000);

  it('is killed and started again, and nothing is lost or doubled', async () => {
    await bouncer.kill();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await bouncer.start();
    const seen = receiver.requests.length;
    await receiver.waitFor('calls after it', (all) => all.length >= seen + JOBS * 3, 20_000);
    for (const [n, id] of ids.entries()) {
      const audit = (): ReturnType<typeof auditOf> => auditOf(api, id, startedAt);
      const found = await waitFor('an audit', audit, ({ missing }) => missing.length === 0);
      expect({ ...found, unexpected: [] }).toMatchObject({ missing: [], doubled: [], early: [] });
      expect(doubled(callsOf(receiver, `job-${n}`))).toEqual([]);
    }
  }, 40_000);
});

async function create(name: string): Promise<string> {
  const [api] = services;
  if (api === undefined) throw new Error('no service');
  const body = { name, schedule: 'PT1S', target: `${receiver.url}/tick` };
  return (await call<{ id: string }>(api, 'POST', '/jobs', body)).id;
}

async function serverConnections(): Promise<number> {
  const pools = await bouncer.admin('SHOW POOLS');
  return pools
    .filter(({ database }) => database === 'carillon')
    .reduce((sum, pool) => sum + Number(pool['sv_active']) + Number(pool['sv_idle']) + Number(pool['sv_used']), 0);
}
