import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { PROJECT_ROOT } from '../support/project-root.js';
import { makeServiceFolder, removeServiceFolder } from '../support/service-folder.js';
import { startService } from '../support/service-process.js';
import { ApiClient, hasEnded } from './api-client.js';
import { Replicas } from './replicas.js';

jest.setTimeout(60_000);

const MAIN = join(PROJECT_ROOT, 'dist/main.js');
const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const TOKEN = 'the-token-of-the-test';

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly lines: readonly string[];
}

/** A command of Carillon, to its end. */
async function run(command: string, env: Record<string, string>): Promise<End> {
  const child = spawn(process.execPath, [MAIN, command], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: join(folder, 'data'), LOG_FORMAT: 'text', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, stdout, lines: stderr.split('\n').filter((line) => line !== '') };
}

/** A job with a token, and one run of it. */
async function deliver(api: ApiClient, id: string): Promise<void> {
  const { id: runId } = await api.trigger(id);
  const ended = await api.waitForRun('the run to end', runId, hasEnded);
  expect([ended.state, ended.error]).toEqual(['succeeded', null]);
}

let folder: string;
beforeAll(async () => {
  folder = await makeServiceFolder('keys');
});
afterAll(() => removeServiceFolder(folder));

describe('beside a Postgres of its own', () => {
  let replicas: Replicas;
  let env: Record<string, string>;

  beforeAll(async () => {
    replicas = await Replicas.open({ withRedis: false });
    env = { DATABASE_URL: replicas.database.url, AUTH: 'open' };
  });
  afterAll(() => replicas?.close());

  test('keys are changed while the service runs, and a start without one that is needed says which', async () => {
    const first = await replicas.start('all', { ENCRYPTION_KEYS: key('k1', 1) });
    const target = { url: `${replicas.receiver.url}/hook`, auth: { type: 'bearer' as const, token: TOKEN } };
    const { id } = await first.api.createJob({ name: 'secret', schedule: '@yearly', target });
    await first.api.must(201, 'POST', '/signing-secrets', {});
    await deliver(first.api, id);

    // The new key opens everywhere before it seals anywhere.
    const both = await replicas.start('all', { ENCRYPTION_KEYS: `${key('k2', 2)},${key('k1', 1)}` });
    await replicas.stop(first);
    const rotations = await Promise.all(
      [1, 2].map(() => run('rotate-keys', { ...env, ENCRYPTION_KEYS: `${key('k2', 2)},${key('k1', 1)}` })),
    );
    for (const { code, stdout, lines } of rotations) {
      expect([code, lines]).toEqual([0, []]);
      expect(stdout).toContain('all secrets are sealed with "k2"');
    }
    expect(rotations.map(({ stdout }) => stdout).join('')).toMatch(/secrets sealed anew.* from "k1" to "k2"/);
    await deliver(both.api, id);

    const second = await replicas.start('all', { ENCRYPTION_KEYS: key('k2', 2) });
    await replicas.stop(both);
    await deliver(second.api, id);
    const calls = replicas.receiver.requestsTo('/hook');
    expect(calls.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill(`Bearer ${TOKEN}`));
    expect(calls.every(({ headers }) => headers['webhook-signature'] !== undefined)).toBe(true);

    const lacks =
      'carillon: ENCRYPTION_KEYS lacks the key "k2", with which secrets in the database are sealed: add it behind the first, and run `npm run rotate-keys` before you take it away';
    const another =
      'carillon: the key "k2" of ENCRYPTION_KEYS is not the one of that name with which secrets in the database are sealed: put that back';
    for (const [keys, line] of [
      [{}, lacks],
      [{ ENCRYPTION_KEYS: key('k1', 1) }, lacks],
      [{ ENCRYPTION_KEYS: key('k2', 9) }, another],
    ] as const) {
      expect(await run('serve', { ...env, ...keys })).toMatchObject({ code: 1, lines: [line] });
    }
    const unreadable = await run('rotate-keys', { ...env, ENCRYPTION_KEYS: key('k3', 3) });
    expect([unreadable.code, unreadable.stdout]).toEqual([
      1,
      expect.stringContaining('with the key "k2", which ENCRYPTION_KEYS lacks'),
    ]);
    expect(await run('rotate-keys', env)).toMatchObject({
      code: 1,
      lines: ['carillon: ENCRYPTION_KEYS must be set to rotate keys: the new one first'],
    });
    // A scheduler needs none.
    const scheduler = await replicas.start('scheduler');
    await replicas.stop(scheduler, second);
  });

  test('what is wrong with the setting is told without repeating it', async () => {
    const { code, lines } = await run('serve', { ...env, ENCRYPTION_KEYS: `k1:hunter2,${key('k2', 2)}` });
    expect([code, lines]).toEqual([
      1,
      [expect.stringMatching(/^carillon: ENCRYPTION_KEYS must be names and keys of 32 bytes in base64/)],
    ]);
    expect(lines.join()).not.toMatch(/hunter2|AgIC/);
  });
});

describe('with the embedded Postgres', () => {
  const start = async (more: Record<string, string> = {}) => {
    const service = await startService({ env: { DATABASE_URL: '', DATA_DIR: join(folder, 'embedded'), ...more } });
    return { service, api: new ApiClient(service.url) };
  };
  const path = (): string => join(folder, 'embedded', 'encryption-key');

  test('a key is made and kept for this user alone, and goes on to open what it sealed', async () => {
    const first = await start();
    const target = {
      url: `${first.service.url}/health/live`,
      method: 'GET' as const,
      auth: { type: 'bearer' as const, token: TOKEN },
    };
    const { id } = await first.api.createJob({ name: 'secret', schedule: '@yearly', target });
    await deliver(first.api, id);
    await first.service.stop();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    const kept = await readFile(path(), 'utf8');
    expect(kept).toMatch(/^local-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/);

    // Also beside keys that are set later, which seal from then on.
    const second = await start({ ENCRYPTION_KEYS: key('k1', 1) });
    await second.api.must(200, 'PATCH', `/jobs/${id}`, {
      target: { url: `${second.service.url}/health/live`, auth: { token: TOKEN } },
    });
    await deliver(second.api, id);
    await second.service.stop();
    expect(await readFile(path(), 'utf8')).toBe(kept);
    expect(`${first.service.lines.join('\n')}${second.service.lines.join('\n')}`).not.toContain(kept.slice(20, 50));
  });

  test('a lost or spoilt key is told at the start', async () => {
    const env = { DATA_DIR: join(folder, 'embedded'), AUTH: 'open' };
    await rm(path());
    // The job's secret is under k1 by now.
    const lost = await run('serve', env);
    expect([lost.code, lost.lines]).toEqual([
      1,
      [expect.stringMatching(/^carillon: ENCRYPTION_KEYS lacks the key "k1"/)],
    ]);
    expect(existsSync(path())).toBe(true);
    await writeFile(path(), 'spoilt\n');
    const spoilt = await run('serve', env);
    expect([spoilt.code, spoilt.lines]).toEqual([
      1,
      [expect.stringMatching(/^carillon: .+encryption-key holds no encryption key: put back what it held/)],
    ]);
  });
});

test('a migrated database without secrets needs no key', async () => {
  const replicas = await Replicas.open({ withRedis: false });
  try {
    const { api } = await replicas.start('all');
    await api.createJob({ name: 'plain', schedule: '@yearly', target: 'https://example.com' });
    const refused = await api.post<{ detail: string }>('/signing-secrets', {});
    expect([refused.status, refused.body.detail]).toEqual([422, expect.stringContaining('ENCRYPTION_KEYS')]);
    const client = new pg.Client({ connectionString: replicas.database.url });
    await client.connect();
    expect((await client.query('SELECT 1 FROM signing_secrets')).rowCount).toBe(0);
    await client.end();
  } finally {
    await replicas.close();
  }
});
