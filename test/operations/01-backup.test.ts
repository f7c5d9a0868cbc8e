import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { callsOf, doubled, repeated, runAnew } from './support/calls.js';
import type { Calls } from './support/calls.js';
import { makeFolder, PostgresServer, program } from './support/postgres.js';
import { auditOf, call, command } from './support/service.js';

/** What is older when it is found goes by the misfire policy. */
const GRACE = 'PT1S';
/** Between the backup and the loss: longer than the grace. */
const LOST_MS = 4_000;
const DOWN_MS = 2_500;
const NAMES = ['skip', 'runLast', 'runAll', 'limited', 'once', 'open', 'bystander'] as const;
type Name = (typeof NAMES)[number];

let postgres: PostgresServer;
let receiver: Receiver;
let service: ServiceProcess | null = null;
let dumps: string;

beforeAll(async () => {
  [postgres, receiver, dumps] = await Promise.all([PostgresServer.create(), startReceiver(), makeFolder('dumps')]);
}, 30_000);

afterAll(async () => {
  await service?.stop();
  await receiver.close();
  await postgres.dispose();
  await rm(dumps, { recursive: true, force: true });
});

const serve = (url: string): Promise<ServiceProcess> => startService({ env: { DATABASE_URL: url, LEASE: '2s' } });

interface Lost {
  readonly backupAt: number;
  /** After the last occurrence that was called, before the service was gone. */
  readonly ranUntil: string;
  readonly ids: Readonly<Record<Name, string>>;
  readonly calls: Readonly<Record<Name, Calls>>;
  readonly requests: number;
}

describe('a database restored from a dump', () => {
  let lost: Lost;

  beforeAll(async () => {
    lost = await liveAndLose();
  }, 60_000);

  it('left to the misfire policies, runs what they keep once more, under new ids', async () => {
    const url = await restoreInto('plain');
    await sleep(DOWN_MS);
    service = await serve(url);
    await settled(lost.requests);
    const after = callsSince(lost);
    const anew = (name: Name): string[] => runAnew(lost.calls[name], after[name]).filter((at) => isMissedBy(at, lost));
    expect(anew('skip')).toEqual([]);
    expect(anew('runLast').length).toBeLessThanOrEqual(1);
    expect(anew('runAll').length).toBeGreaterThanOrEqual(2);
    expect(anew('once')).toHaveLength(1);
    // Its run was open in the backup: it comes again as what it is, and a receiver drops it by its id.
    expect(repeated(lost.calls.open, after.open)).toHaveLength(1);
    expect(runAnew(lost.calls.open, after.open)).toEqual([]);
    await nothingIsUnaccounted(lost);
    await service.stop();
    service = null;
  }, 60_000);

  it('taken past what the lost ledger ran, runs nothing of it anew and misses nothing since', async () => {
    const url = await restoreInto('passed');
    const dryRun = await command(url, 'after-restore', '--ran-until', lost.ranUntil, '--dry-run');
    expect(dryRun).toMatch(/[4-7] jobs have occurrences that were due by/);
    expect(await command(url, 'after-restore', '--ran-until', lost.ranUntil)).toMatch(
      /recorded as skipped \(restored\)/,
    );
    // Repeated, it finds nothing left.
    expect(await command(url, 'after-restore', '--ran-until', lost.ranUntil)).toMatch(/"0 occurrences of 0 jobs/);
    await sleep(Math.max(0, DOWN_MS - 1_000));
    const requests = receiver.requests.length;
    service = await serve(url);
    await settled(requests);
    const after = callsSince({ ...lost, requests });
    for (const name of ['skip', 'runLast', 'runAll', 'limited', 'once'] as const) {
      const beyond = [...after[name].keys()].filter((at) => at <= lost.ranUntil);
      expect({ name, beyond }).toEqual({ name, beyond: [] });
      expect(doubled(after[name])).toEqual([]);
    }
    // Two before the backup, and what the lost ledger ran: none is left of its six.
    const limited = new Set([...lost.calls.limited.keys(), ...after.limited.keys()]);
    expect(limited.size).toBe(6);
    expect(repeated(lost.calls.open, after.open)).toHaveLength(1);
    const rows = await postgres.query(`SELECT DISTINCT state, reason FROM runs WHERE reason = 'restored'`, 'passed');
    expect(rows).toEqual([{ state: 'skipped', reason: 'restored' }]);
    await nothingIsUnaccounted(lost);
  }, 60_000);

  it('is not touched while a service runs on it, nor for a time to come', async () => {
    const url = postgres.url('passed');
    await expect(command(url, 'after-restore', '--ran-until', lost.ranUntil)).rejects.toThrow(
      /stop every replica first/,
    );
    await expect(command(url, 'after-restore', '--ran-until', '2999-01-01T00:00:00Z')).rejects.toThrow(
      /is yet to come/,
    );
    await expect(command(url, 'after-restore', '--ran-until', 'yesterday')).rejects.toThrow(/must be written like/);
    await expect(command(url, 'after-restore')).rejects.toThrow(/--ran-until/);
  }, 30_000);
});

/** Jobs of each second; a dump; four seconds more, which only the receiver remembers. */
async function liveAndLose(): Promise<Lost> {
  service = await serve(postgres.url());
  const firstAt = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const everySecond = { type: 'interval', every: 'PT1S', anchorAt: instant(firstAt), startAt: instant(firstAt) };
  const onceAt = firstAt + 4_000;
  const misfire = (policy: string): object => ({ policy, grace: GRACE });
  receiver.answer('/open', { hang: true }, {});
  const ids = {
    skip: await create('skip', everySecond, misfire('skip')),
    runLast: await create('runLast', everySecond, misfire('runLast')),
    runAll: await create('runAll', everySecond, misfire('runAll')),
    limited: await create('limited', { ...everySecond, maxRuns: 6 }, misfire('runAll')),
    once: await create('once', { type: 'once', at: instant(onceAt) }, misfire('runAll')),
    open: await create('open', { type: 'once', at: instant(firstAt) }, misfire('runAll')),
    bystander: await create('bystander', 'PT1H', misfire('runAll')),
  };
  await receiver.waitFor('two seconds of calls', () => callsOf(receiver, 'skip').size >= 2, 10_000);
  await receiver.waitFor('the open call', () => callsOf(receiver, 'open').size === 1, 10_000);
  const backupAt = Date.now();
  await program('pg_dump', '--format=custom', `--file=${join(dumps, 'carillon.dump')}`, postgres.url());
  await receiver.waitFor('the one-off call', () => callsOf(receiver, 'once').size === 1, 10_000);
  await sleep(Math.max(0, backupAt + LOST_MS - Date.now()));
  await service.stop();
  service = null;
  const ranUntil = instant(Date.now());
  await postgres.execute('DROP DATABASE carillon', 'postgres');
  const calls = Object.fromEntries(NAMES.map((name) => [name, callsOf(receiver, name)])) as Record<Name, Calls>;
  return { backupAt, ranUntil, ids, calls, requests: receiver.requests.length };
}

async function create(name: Name, schedule: unknown, misfire: object): Promise<string> {
  if (service === null) throw new Error('no service');
  const target = { type: 'http', url: `${receiver.url}/${name}`, timeout: 'PT30S' };
  const { id } = await call<{ id: string }>(service, 'POST', '/jobs', { name, schedule, misfire, target });
  return id;
}

async function restoreInto(database: string): Promise<string> {
  await postgres.execute(`CREATE DATABASE ${database}`, 'postgres');
  await program('pg_restore', '--exit-on-error', `--dbname=${postgres.url(database)}`, join(dumps, 'carillon.dump'));
  return postgres.url(database);
}

/** What is due by now has come, and the open run again. */
async function settled(fromRequest: number): Promise<void> {
  const now = instant(Date.now());
  await receiver.waitFor(
    'calls of what is due since, and of the open run',
    () => {
      const skip = [...callsOf(receiver, 'skip', fromRequest).keys()];
      return skip.filter((at) => at > now).length >= 2 && callsOf(receiver, 'open', fromRequest).size > 0;
    },
    20_000,
  );
}

function callsSince({ requests }: Pick<Lost, 'requests'>): Record<Name, Calls> {
  return Object.fromEntries(NAMES.map((name) => [name, callsOf(receiver, name, requests)])) as Record<Name, Calls>;
}

/** Between backup and loss. */
function isMissedBy(at: string, { ranUntil }: Lost): boolean {
  return at <= ranUntil;
}

/** The ledger has an answer for each occurrence that the versions of the jobs had. */
async function nothingIsUnaccounted({ ids, backupAt }: Lost): Promise<void> {
  for (const name of ['skip', 'runLast', 'runAll', 'once'] as const) {
    const audit = (): ReturnType<typeof auditOf> =>
      auditOf(service as ServiceProcess, ids[name], instant(backupAt - 10_000));
    const found = await waitFor(`an audit of ${name}`, audit, ({ missing }) => missing.length === 0);
    expect({ name, doubled: found.doubled, early: found.early }).toEqual({ name, doubled: [], early: [] });
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
