import { findFreePort } from '../support/free-port.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { Door } from '../support/restartable-postgres.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { callsOf, doubled } from './support/calls.js';
import { PostgresServer, program } from './support/postgres.js';
import { auditOf, call } from './support/service.js';

const JOBS = 10;
const STANDBY = 'standby1';
/** What the standby had not got when it was cut off may have been planned a moment before. */
const IN_FLIGHT_MS = 2_000;
/** How far the standby is behind when the primary is lost. */
const LAG_SECONDS = 2;

interface Stage {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  /** The name that leads to whichever is the primary. */
  readonly door: Door;
  readonly receiver: Receiver;
  readonly services: ServiceProcess[];
  readonly ids: string[];
  readonly startedAt: string;
}

let stage: Stage | null = null;

afterEach(async () => {
  if (stage === null) return;
  await Promise.all(stage.services.map((service) => service.stop()));
  stage.door.shut();
  await stage.receiver.close();
  await stage.primary.dispose();
  await stage.standby.dispose();
  stage = null;
}, 30_000);

describe('the primary is lost and a standby promoted', () => {
  it('synchronous: nothing is lost, and no occurrence has two runs', async () => {
    stage = await open({ synchronous: true });
    const acknowledged = await loseThePrimary(stage);
    await goesOn(stage);
    const names = await jobNames(stage);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(await accountOf(stage)).toEqual({ missing: 0, doubledInLedger: 0, twoRuns: 0 });
  }, 90_000);

  it('asynchronous: what the standby had not got is planned again, and no occurrence is missing', async () => {
    stage = await open({ synchronous: false });
    const cutAt = await fallBehind(stage);
    await loseThePrimary(stage);
    await goesOn(stage);
    const { missing, doubledInLedger, twoRuns } = await accountOf(stage);
    expect({ missing, doubledInLedger }).toEqual({ missing: 0, doubledInLedger: 0 });
    // Called twice, under two ids: this is the cost, and a test without it would not have tried anything.
    expect(twoRuns).toBeGreaterThan(0);
    expect(twiceCalled(stage).filter((at) => at < cutAt)).toEqual([]);
  }, 90_000);
});

async function open({ synchronous }: { synchronous: boolean }): Promise<Stage> {
  const settings: Record<string, string> = synchronous ? { synchronous_standby_names: STANDBY } : {};
  const [primary, receiver] = await Promise.all([PostgresServer.create(), startReceiver()]);
  const standby = await PostgresServer.place();
  const from = `host=127.0.0.1 port=${primary.port} user=carillon application_name=${STANDBY}`;
  const slot = ['--create-slot', '--slot=standby1', '--checkpoint=fast'];
  await program(
    'pg_basebackup',
    `--dbname=${from}`,
    `--pgdata=${standby.data}`,
    '--write-recovery-conf',
    ...slot,
    '--no-sync',
  );
  await standby.start();
  const streams = (): Promise<{ sync_state: string }[]> => primary.query('SELECT sync_state FROM pg_stat_replication');
  await waitFor('the standby to stream', streams, (rows) => rows.length === 1);
  if (synchronous) {
    await primary.execute(`ALTER SYSTEM SET synchronous_standby_names = '${settings['synchronous_standby_names']}'`);
    await primary.execute('SELECT pg_reload_conf()');
    await waitFor('it to be synchronous', streams, ([row]) => row?.sync_state === 'sync');
  }
  const door = new Door(await findFreePort());
  await door.openTo(primary.port);
  const url = `postgres://carillon@127.0.0.1:${door.port}/carillon`;
  const env = { DATABASE_URL: url, LEASE: '2s', RATE_LIMIT: 'off' };
  const services = [await startService({ env }), await startService({ env })];
  const startedAt = new Date().toISOString();
  const [first] = services as [ServiceProcess, ServiceProcess];
  const body = (n: number): object => ({ name: `job-${n}`, schedule: 'PT1S', target: `${receiver.url}/tick` });
  const ids = await Promise.all(
    Array.from({ length: JOBS }, async (_, n) => (await call<{ id: string }>(first, 'POST', '/jobs', body(n))).id),
  );
  await receiver.waitFor('calls of each job', (all) => all.length >= JOBS * 2, 15_000);
  return { primary, standby, door, receiver, services, ids, startedAt };
}

/** As a standby does behind a slow line: it gets nothing for a while. Answers from when on. */
async function fallBehind({ primary, standby, receiver }: Stage): Promise<string> {
  const cutAt = new Date(Date.now() - IN_FLIGHT_MS).toISOString();
  await standby.execute(`ALTER SYSTEM SET primary_conninfo = ''`, 'postgres');
  await standby.execute('SELECT pg_reload_conf()', 'postgres');
  const senders = (): Promise<unknown[]> => primary.query('SELECT 1 FROM pg_stat_replication');
  await waitFor('the standby to be cut off', senders, (rows) => rows.length === 0);
  const seen = receiver.requests.length;
  await receiver.waitFor('calls meanwhile', (all) => all.length >= seen + JOBS * LAG_SECONDS, 15_000);
  return cutAt;
}

/** In the middle of writes; then the standby is promoted, and the name leads to it. Answers the writes that were acknowledged. */
async function loseThePrimary({ primary, standby, door, services }: Stage): Promise<string[]> {
  const acknowledged: string[] = [];
  let going = true;
  const writer = (async () => {
    for (let n = 0; going; n += 1) {
      const body = { name: `written-${n}`, schedule: 'PT1H', target: 'http://127.0.0.1:1/never' };
      await call(services[0] as ServiceProcess, 'POST', '/jobs', body).then(
        () => acknowledged.push(body.name),
        () => (going = false),
      );
    }
  })();
  await waitFor(
    'writes',
    () => acknowledged.length,
    (count) => count >= 5,
  );
  await primary.crash();
  door.shut();
  await writer;
  await program('pg_ctl', 'promote', '--pgdata', standby.data, '--wait');
  await door.openTo(standby.port);
  return acknowledged;
}

async function goesOn({ receiver, standby }: Stage): Promise<void> {
  const since = new Date().toISOString();
  const fresh = (): number =>
    receiver.requests.filter(({ headers }) => String(headers['carillon-scheduled-for']) > since).length;
  await receiver.waitFor('calls of what is due after it', () => fresh() >= JOBS * 2, 30_000);
  const open = (): Promise<unknown[]> =>
    standby.query(
      `SELECT 1 FROM runs WHERE state IN ('queued', 'running', 'retrying') AND scheduled_for < $1`,
      undefined,
      [since],
    );
  await waitFor('what was open to end', open, (rows) => rows.length === 0, { timeoutMs: 15_000 });
}

/** Occurrences of any job that were called under two ids. */
function twiceCalled({ receiver }: Stage): string[] {
  return Array.from({ length: JOBS }, (_, n) => doubled(callsOf(receiver, `job-${n}`))).flat();
}

async function accountOf(stageOf: Stage): Promise<Record<string, number>> {
  const { services, ids, startedAt } = stageOf;
  const sums = { missing: 0, doubledInLedger: 0, twoRuns: twiceCalled(stageOf).length };
  const [service] = services as [ServiceProcess];
  for (const id of ids) {
    const { missing, doubled: doubledInLedger } = await auditOf(service, id, startedAt);
    sums.missing += missing.length;
    sums.doubledInLedger += doubledInLedger.length;
  }
  return sums;
}

async function jobNames({ standby }: Stage): Promise<ReadonlySet<string>> {
  return new Set((await standby.query<{ name: string }>('SELECT name FROM jobs')).map(({ name }) => name));
}
