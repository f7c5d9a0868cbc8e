import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { chooseAccount } from '../../../src/platform/embedded-postgres/account.js';
import { guardServer } from '../../../src/platform/embedded-postgres/guard.js';
import { findFreePort } from '../../support/free-port.js';
import { waitFor } from '../../support/wait-for.js';
import { makeFolder } from './postgres.js';

/** As in docs/runbook.md, but for the addresses and the way in. */
const SETTINGS = ['pool_mode = transaction', 'max_client_conn = 500', 'server_reset_query_always = 0'];

/** A PgBouncer before one database, in transaction mode. */
export class PgBouncer {
  private child: ChildProcess | null = null;
  private ended: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly poolSize: number,
  ) {}

  static async create(postgresPort: number, poolSize: number): Promise<PgBouncer> {
    const bouncer = new PgBouncer(await makeFolder('pgbouncer'), await findFreePort(), poolSize);
    await bouncer.pointAt(postgresPort);
    await bouncer.start();
    return bouncer;
  }

  get url(): string {
    return `postgres://carillon@127.0.0.1:${this.port}/carillon`;
  }

  private async pointAt(postgresPort: number): Promise<void> {
    const lines = [
      ...['[databases]', `carillon = host=127.0.0.1 port=${postgresPort} dbname=carillon`, '[pgbouncer]'],
      ...[`listen_addr = 127.0.0.1`, `listen_port = ${this.port}`, 'unix_socket_dir =', 'auth_type = trust'],
      ...[
        `pidfile = ${join(this.folder, 'pid')}`,
        `auth_file = ${join(this.folder, 'users')}`,
        'admin_users = carillon',
        `default_pool_size = ${this.poolSize}`,
      ],
      ...SETTINGS,
    ];
    await this.write('users', '"carillon" ""');
    await this.write('pgbouncer.ini', lines.join('\n'));
  }

  async start(): Promise<void> {
    const account = (await chooseAccount('/none')) ?? {};
    const child = spawn('pgbouncer', ['-q', join(this.folder, 'pgbouncer.ini')], {
      ...account,
      ...{ cwd: '/', env: { PATH: `/usr/sbin:${process.env['PATH'] ?? ''}` }, stdio: 'ignore', detached: true },
    });
    const guard = guardServer({
      ...{ pid: child.pid as number, pidFile: join(this.folder, 'pid'), folder: this.folder },
      ...{ signals: ['SIGTERM', 'SIGKILL'], graceSeconds: 1, thenRemove: [this.folder] },
    });
    this.ended = new Promise((resolve) => child.once('exit', resolve)).then(() => guard.dismiss());
    this.child = child;
    child.unref();
    await waitFor('PgBouncer to answer', () => this.admin('SHOW VERSION'));
  }

  async kill(): Promise<void> {
    if (this.child === null) return;
    this.child.ref();
    this.child.kill('SIGKILL');
    this.child = null;
    await this.ended;
  }

  async admin(text: string): Promise<Record<string, string>[]> {
    const client = new pg.Client({ connectionString: this.url.replace(/carillon$/, 'pgbouncer') });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, string>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async write(name: string, text: string): Promise<void> {
    const file = join(this.folder, name);
    await writeFile(file, `${text}\n`);
    const account = await chooseAccount('/none');
    if (account !== null) await chown(file, account.uid, account.gid);
  }
}
