import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';
import { makeServiceFolder, removeServiceFolder } from '../support/service-folder.js';
import { startService } from '../support/service-process.js';
import type { ServiceEnd, ServiceProcess } from '../support/service-process.js';
import { waitFor } from '../support/wait-for.js';

const MAIN = join(PROJECT_ROOT, 'dist/main.js');

describe('a service that runs', () => {
  let service: ServiceProcess;
  const get = (path: string) => fetch(service.url + path);

  beforeAll(async () => {
    service = await startService({ env: { DATABASE_URL: '' } });
  }, 30_000);
  afterAll(() => service.stop());

  it('answers its probes', async () => {
    for (const probe of ['live', 'ready', 'startup']) {
      const answer = await get(`/health/${probe}`);
      expect([probe, answer.status, await answer.json()]).toEqual([probe, 200, { status: 'ok' }]);
    }
  });

  it('tells how it is', async () => {
    const system = (await (await get('/system')).json()) as Record<string, unknown>;
    expect(system).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      role: 'all',
      leader: { self: true },
      queue: { waiting: 0, running: 0 },
      tzdb: expect.stringMatching(/^\d{4}[a-z]/),
      degraded: [],
    });
    expect(Math.abs(system.clockOffsetMs as number)).toBeLessThan(1_000);
  });

  it('shows its metrics', async () => {
    const text = await (await get('/metrics')).text();
    for (const name of [
      'runs_total',
      'lateness_seconds',
      'slots',
      'leader',
      'clock_offset_seconds',
      'http_request_seconds',
    ]) {
      expect(text).toContain(`# TYPE carillon_${name} `);
    }
  });

  it('serves the document that is in docs/', async () => {
    const written: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8'));
    expect(await (await get('/openapi.json')).json()).toEqual(written);
  });

  it('serves Swagger UI from its own files alone', async () => {
    const page = await (await get('/docs')).text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    const assets = [...page.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(
      ([, path]) => new URL(path ?? '', `${service.url}/`),
    );
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) expect([asset.pathname, (await fetch(asset)).status]).toEqual([asset.pathname, 200]);
  });

  it('lets no script run in that page but its own', async () => {
    const answer = await get('/docs');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
    const page = await answer.text();
    const scripts = page.match(/<script[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toMatch(/ src=(["'])\.?\/[^"']+\1/);
    expect(page).not.toMatch(/ on\w+=/);
  });

  it('says once that targets may have local addresses while it is open', () => {
    expect(
      service.lines.filter((line) => line.includes('targets may have loopback and private addresses')),
    ).toHaveLength(1);
  });

  it('greets a newcomer with where it is, a first job that works, and what is kept', async () => {
    const text = service.lines.join('\n');
    expect(text).toContain(`listening on ${service.url}`);
    expect(text).toContain(`${service.url}/docs`);
    expect(text).toMatch(/Kept: jobs and runs, in an embedded Postgres/);
    const [, body] = /-d '(\{.+\})'/.exec(text) ?? [];
    const answer = await fetch(`${service.url}/jobs`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(201);
  });

  it('stops within 5 s of SIGTERM, with exit code 0', async () => {
    const startedAt = performance.now();
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a service that is told to stop', () => {
  it('is not ready at once, serves on for SHUTDOWN_DELAY, and ends at once when told again', async () => {
    const service = await startService({ env: { SHUTDOWN_DELAY: '1m' } });
    let end: ServiceEnd | null = null;
    void service.exited.then((ended) => (end = ended));
    try {
      service.kill('SIGTERM');
      await waitFor('readiness to be refused', async () => (await fetch(`${service.url}/health/ready`)).status === 503);
      expect((await fetch(`${service.url}/jobs`)).status).toBe(200);
      // A repeat within a second is taken for an echo of the first, so it is told again until it goes.
      const tellAgain = () => {
        service.kill('SIGTERM');
        return end;
      };
      expect(await waitFor('the service to end', tellAgain)).toEqual({ code: 1, signal: null });
    } finally {
      await service.stop(100);
    }
  }, 30_000);
});

describe('a start that cannot be', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeServiceFolder('start');
  });
  afterAll(() => removeServiceFolder(folder));

  /** What it printed, but for its log below error, and the exit code. */
  function start(env: Record<string, string>, ...args: string[]): { lines: string[]; status: number | null } {
    const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error', PORT: '0', ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { lines: `${stdout}${stderr}`.split('\n').filter((line) => line !== ''), status };
  }

  it('tells all wrong settings at once', () => {
    expect(start({ PORT: 'abc', LEASE: 'x', HOST: '0.0.0.0', AUTH: 'open' })).toEqual({
      lines: [
        'carillon: PORT must be a whole number from 0 to 65535, got "abc"',
        expect.stringMatching(/^carillon: LEASE must be a duration/),
        expect.stringMatching(/^carillon: HOST must be a loopback address/),
      ],
      status: 1,
    });
  });

  it('names the server that a role of its own needs', () => {
    expect(start({ ROLE: 'worker', AUTH: 'open' })).toEqual({
      lines: [expect.stringMatching(/^carillon: ROLE=worker needs DATABASE_URL/)],
      status: 1,
    });
  });

  it('is open to this machine alone, and asks for a root key where it is not open', () => {
    const server = 'postgres://me:hunter2@127.0.0.1:1/x';
    for (const [env, line] of [
      [{ HOST: '0.0.0.0' }, /^carillon: ROOT_API_KEY must be set, for HOST is no loopback address/],
      [
        { HOST: '0.0.0.0', AUTH: 'open' },
        /^carillon: HOST must be a loopback address .*set AUTH=keys and ROOT_API_KEY$/,
      ],
      [{ DATABASE_URL: server }, /^carillon: ROOT_API_KEY must be set, for DATABASE_URL is set .*or set AUTH=open/],
      [{ AUTH: 'keys' }, /^carillon: ROOT_API_KEY must be set, for AUTH=keys/],
      [{ ROOT_API_KEY: 'hunter2' }, /^carillon: ROOT_API_KEY must be 16 to 512 printable characters/],
    ] as const) {
      const { lines, status } = start(env);
      expect([lines, status]).toEqual([[expect.stringMatching(line)], 1]);
      expect(lines.join()).not.toContain('hunter2');
    }
  });

  it('reads .env, and the environment before it', () => {
    writeFileSync(join(folder, '.env'), 'LEASE=never\nHORIZON=never\n');
    expect(start({ LEASE: '10s' }).lines).toEqual([expect.stringMatching(/^carillon: HORIZON must be/)]);
    writeFileSync(join(folder, '.env'), '');
  });

  it('names the port in use and the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    other.unref();
    const { port } = other.address() as AddressInfo;
    expect(start({ PORT: String(port) })).toEqual({
      lines: [`carillon: port ${port} is in use: set PORT to another, or PORT=0 for any that is free`],
      status: 1,
    });
    other.close();
  });

  it('names the database that does not answer, without its password', () => {
    expect(start({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x', AUTH: 'open' })).toEqual({
      lines: [
        expect.stringMatching(/^carillon: Postgres can't be reached at 127\.0\.0\.1:1 \(ECONNREFUSED\): start it/),
      ],
      status: 1,
    });
  });

  it('names the other Carillon on the same data folder', async () => {
    const data = join(folder, 'shared');
    const first = await startService({ env: { DATA_DIR: data } });
    try {
      expect(start({ DATA_DIR: data })).toEqual({
        lines: [expect.stringMatching(/^carillon: another Carillon \(pid \d+\) uses .+; stop it, or set DATA_DIR/)],
        status: 1,
      });
    } finally {
      await first.stop();
    }
  }, 30_000);

  it('knows its commands', () => {
    expect(start({}, 'migarte')).toEqual({
      lines: ['carillon: "migarte" is no command: serve, migrate, after-restore, rotate-keys'],
      status: 1,
    });
  });
});
