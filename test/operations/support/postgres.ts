import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { chooseAccount } from '../../../src/platform/embedded-postgres/account.js';
import { guardServer } from '../../../src/platform/embedded-postgres/guard.js';
import { findFreePort } from '../../support/free-port.js';
import { waitFor } from '../../support/wait-for.js';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';
const PROGRAMS = ['postgres', 'initdb', 'pg_ctl', 'pg_basebackup', 'pg_dump', 'pg_restore'];

/** The programs of one installed Postgres, for the embedded one has none that back up. */
export function programFolder(): string {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(VERSIONS, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  const folder = folders.find((one) => PROGRAMS.every((program) => existsSync(join(one, program))));
  if (folder === undefined)
    throw new Error(`no folder with ${PROGRAMS.join(', ')}: install Postgres (Debian: postgresql)`);
  return folder;
}

/** A folder that whoever runs Postgres can reach, wherever the project lies. */
export async function makeFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `carillon-${name}-`));
  await give(folder);
  return folder;
}

async function give(folder: string): Promise<void> {
  const account = await chooseAccount(folder);
  if (account !== null) await chown(folder, account.uid, account.gid);
}

/** Runs a program of Postgres as who runs the servers; answers what it printed. */
export async function program(name: string, ...args: string[]): Promise<string> {
  const account = (await chooseAccount('/none')) ?? {};
  const { stdout } = await run(join(programFolder(), name), args, {
    ...account,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  return stdout;
}

/** A Postgres of a test's own, with the programs and the files that an operator would have. */
export class PostgresServer {
  private child: ChildProcess | null = null;
  private ended: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  static async create(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await makeFolder('postgres'), await findFreePort());
    await program('initdb', '-D', server.data, '-U', 'carillon', '--auth=trust', '--encoding=UTF8', '--no-sync');
    await server.start(settings);
    await server.execute('CREATE DATABASE carillon', 'postgres');
    return server;
  }

  /** A place for one that is made from a backup of another: `data` is empty so far. */
  static async place(): Promise<PostgresServer> {
    return new PostgresServer(await makeFolder('postgres'), await findFreePort());
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  url(database = 'carillon'): string {
    return `postgres://carillon@127.0.0.1:${this.port}/${database}`;
  }

  /** Comes back once it answers. `settings` hold for this start. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: '100',
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const account = (await chooseAccount(this.data)) ?? {};
    const child = spawn(join(programFolder(), 'postgres'), ['-D', this.data, '-p', String(this.port), ...flags], {
      ...account,
      ...{ cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }, stdio: 'ignore', detached: true },
    });
    const guard = guardServer({
      ...{ pid: child.pid as number, pidFile: join(this.data, 'postmaster.pid'), folder: this.folder },
      ...{ signals: ['SIGINT', 'SIGQUIT', 'SIGKILL'], graceSeconds: 1, thenRemove: [this.folder] },
    });
    this.ended = new Promise((resolve) => child.once('exit', resolve)).then(() => guard.dismiss());
    this.child = child;
    child.unref();
    await waitFor(
      'Postgres to answer',
      () => this.query('SELECT 1 AS one', 'postgres'),
      () => true,
      { timeoutMs: 15_000 },
    );
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    if (this.child === null) return;
    this.child.ref();
    this.child.kill(signal);
    this.child = null;
    await this.ended;
  }

  /** As the machine's end would: no checkpoint, no goodbye. */
  async crash(): Promise<void> {
    await this.stop('SIGQUIT');
  }

  async query<Row extends pg.QueryResultRow>(
    text: string,
    database = 'carillon',
    values: unknown[] = [],
  ): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async execute(text: string, database?: string): Promise<void> {
    await this.query(text, database);
  }

  async makeFolder(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    await give(folder);
    return folder;
  }

  async dispose(): Promise<void> {
    await this.stop('SIGQUIT');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
