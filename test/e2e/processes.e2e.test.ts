import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import type { RunSummary } from '../../src/runs/run.schemas.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { findFreePort } from '../support/free-port.js';
import { childrenOf, processesIn } from '../support/processes.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { makeServiceFolder, removeServiceFolder } from '../support/service-folder.js';
import { startService } from '../support/service-process.js';
import type { ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';
import { ApiClient, gaplessOccurrences, hasEnded } from './api-client.js';

jest.setTimeout(60_000);

const MAIN = join(PROJECT_ROOT, 'dist/main.js');

let folder: string;
let receiver: Receiver;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  folder = await makeServiceFolder('processes');
  receiver = await startReceiver();
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

afterAll(async () => {
  await receiver.close();
  await removeServiceFolder(folder);
});

async function start(
  env: Record<string, string>,
  script?: string,
): Promise<{ service: ServiceProcess; api: ApiClient }> {
  const service = await startService({ env, script });
  services.push(service);
  return { service, api: new ApiClient(service.url) };
}

interface End {
  code: number | null;
  stdout: string;
  /** Lines of stderr. */
  lines: string[];
}

/** A command that ends by itself. */
async function run(args: string[], env: Record<string, string>): Promise<End> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: join(folder, 'unused'), LOG_FORMAT: 'text', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  clearTimeout(limit);
  return { code: code as number | null, stdout, lines: stderr.split('\n').filter((line) => line !== '') };
}

async function withEmptyDatabase<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const name = `carillon_test_${process.env['CARILLON_TEST_RUN']}_${randomBytes(6).toString('hex')}`;
  const server = process.env['TEST_DATABASE_URL'] as string;
  await query(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  try {
    return await use(url.href);
  } finally {
    await query(server, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe('the embedded Postgres', () => {
  const dataDir = (): string => join(folder, 'stopped');
  const cluster = (): string => join(dataDir(), 'postgres');

  it.each([
    { signal: 'SIGTERM', answer: { hang: true } },
    { signal: 'SIGINT', answer: {} },
  ] as const)(
    'stops with the service within 5 s of $signal, with calls under way: $answer',
    async ({ signal, answer }) => {
      const { service, api } = await start({ DATA_DIR: dataDir() });
      receiver.answer(`/${signal}`, answer);
      await api.createJob({ name: signal, schedule: 'PT1S', target: `${receiver.url}/${signal}` });
      await receiver.waitFor('a call', () => receiver.requestsTo(`/${signal}`).length > 0);
      expect(processesIn(cluster()).length).toBeGreaterThan(2);

      const signalledAtMs = performance.now();
      service.kill(signal);
      expect(await service.exited).toEqual({ code: 0, signal: null });
      expect(performance.now() - signalledAtMs).toBeLessThan(5_000);
      expect(processesIn(cluster())).toEqual([]);
    },
  );

  it('whose data are damaged is left as it is, and the way out is named', async () => {
    const version = join(cluster(), 'PG_VERSION');
    await writeFile(version, 'rubbish');
    expect(await run([MAIN], { DATA_DIR: dataDir() })).toMatchObject({
      code: 1,
      lines: [
        expect.stringMatching(/^carillon: the Postgres cluster in .+ is damaged .+ set DATA_DIR to another folder/),
      ],
    });
    expect(await readFile(version, 'utf8')).toBe('rubbish');
  });
});

describe('a SIGKILL', () => {
  const dataDir = (): string => join(folder, 'killed');
  const cluster = (): string => join(dataDir(), 'postgres');
  const jobs = new Map<string, string>();

  afterAll(() => {
    for (const pid of processesIn(cluster())) process.kill(pid, 'SIGKILL');
  });

  async function startAgain(): Promise<{ service: ServiceProcess; api: ApiClient }> {
    return start({ DATA_DIR: dataDir(), LEASE: '2s' });
  }

  /** Kills it in a busy moment, and lets a few occurrences pass. */
  async function kill(service: ServiceProcess, others: readonly number[]): Promise<string> {
    const before = receiver.requestsTo('/busy').length;
    await receiver.waitFor('calls', () => receiver.requestsTo('/busy').length > before + 3);
    const killedAt = Date.now();
    for (const pid of [...others, service.pid]) killIfThere(pid);
    await service.exited;
    await waitFor('occurrences to pass', () => Date.now() - killedAt > 2_500);
    return new Date(killedAt).toISOString();
  }

  it('of everything but Postgres, and one of everything, lose no occurrence and double none', async () => {
    receiver.answer('/busy', (_request, count) => ({ delayMs: count % 3 === 0 ? 700 : 0 }));
    let { service, api } = await startAgain();
    for (const policy of ['skip', 'runLast', 'runAll'] as const) {
      const job = await api.createJob({
        name: policy,
        schedule: 'PT1S',
        target: `${receiver.url}/busy`,
        misfire: { policy, grace: 'PT0.5S' },
      });
      jobs.set(policy, job.id);
    }

    const [postmaster] = (await readFile(join(cluster(), 'postmaster.pid'), 'utf8')).split('\n').map(Number);
    const guards = childrenOf(service.pid).filter((pid) => pid !== postmaster);
    const firstKill = await kill(service, guards);
    expect(processesIn(cluster())).toContain(postmaster);
    ({ service, api } = await startAgain());
    expect(service.lines.join('\n')).toContain(`stopping a Postgres (pid ${postmaster}) that an earlier Carillon left`);

    const secondKill = await kill(service, [...childrenOf(service.pid), ...processesIn(cluster())]);
    ({ service, api } = await startAgain());
    const before = receiver.requestsTo('/busy').length;
    await receiver.waitFor('calls', () => receiver.requestsTo('/busy').length > before + 3);

    for (const [policy, id] of jobs) {
      await api.must(200, 'POST', `/jobs/${id}/pause`);
      const runs = await api.waitForRuns('its runs to end', id, (all) => all.every(hasEnded), 20_000);
      gaplessOccurrences(runs, 1_000);
      for (const killedAt of [firstKill, secondKill]) {
        const since = runs.filter(({ scheduledFor }) => scheduledFor > killedAt);
        expect([policy, missedFirst(since)]).toEqual([policy, expect.stringMatching(MISSED[policy] as RegExp)]);
      }
      expectDelivered(runs);
    }
  });

  /** What became of the occurrences found late at the restart, in their order. */
  const MISSED: Record<string, RegExp> = {
    skip: /^(skipped: misfire, ){2,}/,
    runLast: /^(skipped: misfire, )+succeeded/,
    runAll: /^succeeded, succeeded, /,
  };

  function missedFirst(runs: RunSummary[]): string {
    const missed = runs.filter(({ trigger }) => trigger === 'misfire');
    return missed.map(({ state, reason }) => `${state}${reason === null ? '' : `: ${reason}`}, `).join('');
  }

  /** What the ledger calls a success was called, and as often at most as it has attempts. */
  function expectDelivered(runs: RunSummary[]): void {
    const calls = new Map<unknown, number>();
    for (const { headers } of receiver.requestsTo('/busy')) {
      calls.set(headers['webhook-id'], (calls.get(headers['webhook-id']) ?? 0) + 1);
    }
    for (const { id, state, attempt } of runs) {
      expect(['succeeded', 'skipped']).toContain(state);
      if (state === 'skipped') expect(calls.get(id)).toBeUndefined();
      else expect(calls.get(id)).toBeGreaterThan(0);
      expect(calls.get(id) ?? 0).toBeLessThanOrEqual(attempt);
    }
  }
});

describe('the scripts of npm', () => {
  it('start builds where nothing is built, and is the service then', async () => {
    const project = join(folder, 'project');
    await mkdir(project);
    for (const name of ['src', 'migrations', 'scripts', 'package.json', 'package-lock.json']) {
      await cp(join(PROJECT_ROOT, name), join(project, name), { recursive: true });
    }
    await symlink(join(PROJECT_ROOT, 'node_modules'), join(project, 'node_modules'));
    const { service, api } = await start({ DATA_DIR: join(folder, 'started') }, join(project, 'scripts/start.mjs'));
    expect(existsSync(join(project, 'dist/main.js'))).toBe(true);
    expect((await api.get('/health/ready')).status).toBe(200);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
  });

  it('demo shows calls as they come, and ends on Ctrl-C with all that it has started', async () => {
    const dataDir = join(folder, 'demo');
    const port = String(await findFreePort());
    const demo = spawn(process.execPath, [join(PROJECT_ROOT, 'scripts/demo.mjs')], {
      env: { PATH: process.env['PATH'], PORT: port, DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const output: string[] = [];
      for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk: Buffer) => output.push(String(chunk)));
      const shown = async (pattern: RegExp): Promise<unknown> =>
        waitFor(
          String(pattern),
          () => output.join(''),
          (text) => pattern.test(text),
          { timeoutMs: 20_000 },
        );
      await shown(/demo-monday +At 09:00, only on Monday \(Europe\/Paris\); next \d{4}-/);
      await shown(/● demo-heartbeat +due [\d:.]{12} +\d+\.\d ms late +answered 200/);

      const ended = once(demo, 'exit');
      demo.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
      expect(output.join('')).toMatch(/stopping: calls under way get up to 3 s\n$/);
      expect(processesIn(join(dataDir, 'postgres'))).toEqual([]);
      await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
    } finally {
      demo.kill('SIGTERM');
    }
  });

  it('migrate, two at once, brings an empty database up to date once', () =>
    withEmptyDatabase(async (url) => {
      const migrate = () => run([join(PROJECT_ROOT, 'scripts/start.mjs'), 'migrate'], { DATABASE_URL: url });
      const ends = await Promise.all([migrate(), migrate()]);
      expect(ends.map(({ code, lines }) => ({ code, lines }))).toEqual(ends.map(() => ({ code: 0, lines: [] })));
      expect(ends.filter(({ stdout }) => stdout.includes('migrated: Ledger'))).toHaveLength(1);
      for (const { stdout } of ends) expect(stdout).toContain('the schema is up to date');
      expect(existsSync(join(folder, 'unused'))).toBe(false); // no embedded Postgres beside it

      const { api } = await start({ DATABASE_URL: url, MIGRATE_ON_START: 'off' });
      expect((await api.get('/jobs')).body).toMatchObject({ data: [] });
      await services.pop()?.stop();
    }));

  it('migrate is what a start without migrations asks for when the database is behind', () =>
    withEmptyDatabase(async (url) => {
      expect(await run([MAIN], { DATABASE_URL: url, MIGRATE_ON_START: 'off', AUTH: 'open' })).toMatchObject({
        code: 1,
        lines: [expect.stringMatching(/^carillon: the database of DATABASE_URL lacks .+: run `npm run migrate` first/)],
      });
      expect(await query(url, "SELECT 1 FROM pg_class WHERE relname = 'jobs'")).toEqual([]);
    }));
});

describe('clocks and zones around it', () => {
  const databases: TestDatabase[] = [];
  const replicas = new Map<string, { service: ServiceProcess; api: ApiClient }>();
  const shifted = (shiftMs: number): Record<string, string> => ({
    NODE_OPTIONS: `--require=${join(PROJECT_ROOT, 'test/support/host-clock.cjs')}`,
    TEST_CLOCK_SHIFT_MS: String(shiftMs),
  });

  beforeAll(async () => {
    const environments = { zoned: { TZ: 'America/Los_Angeles' }, ahead: shifted(300_000), behind: shifted(-300_000) };
    await Promise.all(
      Object.entries(environments).map(async ([name, env]) => {
        const database = await createTestDatabase();
        databases.push(database);
        const service = await startService({ env: { ...env, DATABASE_URL: database.url } });
        replicas.set(name, { service, api: new ApiClient(service.url) });
      }),
    );
  });

  afterAll(async () => {
    await Promise.all([...replicas.values()].map(({ service }) => service.stop()));
    await Promise.all(databases.map((database) => database.drop()));
  });

  function replica(name: string): { service: ServiceProcess; api: ApiClient } {
    return replicas.get(name) as { service: ServiceProcess; api: ApiClient };
  }

  it('off UTC, of the process and of the database, change nothing', async () => {
    for (const { url } of databases)
      expect(await query(url, 'SHOW timezone')).toEqual([{ TimeZone: 'America/St_Johns' }]);
    const { api } = replica('zoned');
    const at = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000).toISOString();
    const single = await api.createJob({ name: 'once', schedule: at, target: `${receiver.url}/zones` });
    expect(single.nextRunAt).toBe(at);
    const daily = await api.createJob({ name: 'daily', schedule: '0 0 * * *', target: receiver.url });
    expect(daily.nextRunAt).toMatch(/T00:00:00\.000Z$/);
    expect(Date.parse(daily.nextRunAt ?? '') - Date.now()).toBeLessThanOrEqual(86_400_000);
    const schedule = { type: 'cron', expression: '30 2 * * *', timeZone: 'Europe/Paris' };
    expect(await api.post('/schedules/preview', { schedule, from: '2027-03-27T12:00:00Z', count: 2 })).toMatchObject({
      status: 200,
      body: {
        occurrences: [
          { scheduledFor: '2027-03-28T01:00:00.000Z', local: '2027-03-28T03:00:00+02:00' },
          { scheduledFor: '2027-03-29T00:30:00.000Z', local: '2027-03-29T02:30:00+02:00' },
        ],
      },
    });

    const ended = ([run]: RunSummary[]): boolean => run !== undefined && hasEnded(run);
    const [run] = await api.waitForRuns('the run to end', single.id, ended);
    expect(run).toMatchObject({ scheduledFor: at, state: 'succeeded' });
    const [call] = receiver.requestsTo('/zones');
    expect(call?.headers['carillon-scheduled-for']).toBe(at);
    expect(call?.receivedAt).toBeGreaterThanOrEqual(Date.parse(at));
    const listed = async (from: string, to: string): Promise<unknown> =>
      (await api.get(`/runs?from=${from}&to=${to}`)).body;
    expect(await listed(at, at)).toMatchObject({ data: [{ id: run?.id }] });
    expect(await listed('2020-01-01T00:00:00Z', new Date(Date.parse(at) - 1).toISOString())).toMatchObject({
      data: [],
    });
  });

  it.each([
    { name: 'ahead', wrong: 'ahead of', shiftMs: 300_000 },
    { name: 'behind', wrong: 'behind', shiftMs: -300_000 },
  ])(
    "of a host 5 minutes $wrong the database's: nothing fires early, and it says so",
    async ({ name, wrong, shiftMs }) => {
      const { service, api } = replica(name);
      const path = `/shifted-${name}`;
      const { nextRunAt } = await api.createJob({ name: 'steady', schedule: 'PT1S', target: receiver.url + path });
      expect(Math.abs(Date.parse(nextRunAt ?? '') - Date.now())).toBeLessThan(60_000);
      await receiver.waitFor('two calls', () => receiver.requestsTo(path).length >= 2);
      for (const { headers, receivedAt } of receiver.requestsTo(path)) {
        const latenessMs = receivedAt - Date.parse(String(headers['carillon-scheduled-for']));
        expect(latenessMs).toBeGreaterThanOrEqual(0);
        expect(latenessMs).toBeLessThan(60_000);
      }
      const { clockOffsetMs } = (await api.get<{ clockOffsetMs: number }>('/system')).body;
      expect(Math.abs(clockOffsetMs - shiftMs)).toBeLessThan(2_000);
      expect(service.lines.join('\n')).toMatch(new RegExp(`this host's clock is \\d+\\.\\d s ${wrong} the database's`));
    },
  );
});

/** The death of one may have been the end of another. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
