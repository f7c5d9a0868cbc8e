import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFolder } from '../../src/platform/embedded-postgres/folder-lock.js';
import { findFreePort } from '../../src/platform/embedded-postgres/free-port.js';
import { guardServer } from '../../src/platform/embedded-postgres/guard.js';
import type { Guard } from '../../src/platform/embedded-postgres/guard.js';
import { makeServiceFolder, removeServiceFolder } from './service-folder.js';

/** A Redis process of a test's own, to be stopped, frozen and started again on the same port. */
export interface RedisServer {
  url: string;
  port: number;
  /** Ends the process; `start` brings an empty Redis back on the same port. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Stops for good and removes its files. */
  dispose(): Promise<void>;
}

const INSTALL =
  'no redis-server on the PATH: install one (Debian and Ubuntu: `apt-get install redis-server`, macOS: ' +
  '`brew install redis`), or set TEST_REDIS_URL to a Redis that tests may use';
/** Of a server, and of a sentinel. */
const READY = /Ready to accept connections|Sentinel ID is/;
const BIND_ATTEMPTS = 5;
const CONFIGURATION = 'redis.conf';

export function startRedis(...flags: string[]): Promise<RedisServer> {
  return startWith(null, flags);
}

/** Watches over one primary by the name `primary`, and decides alone that it is down. */
export function startSentinel(primary: RedisServer, downAfterMs: number): Promise<RedisServer> {
  const lines = [
    `sentinel monitor primary 127.0.0.1 ${primary.port} 1`,
    `sentinel down-after-milliseconds primary ${downAfterMs}`,
    'sentinel failover-timeout primary 2000',
  ];
  return startWith(lines.join('\n'), ['--sentinel']);
}

/** With a file of settings where a server must have one to write to. */
async function startWith(configuration: string | null, flags: readonly string[]): Promise<RedisServer> {
  const executable = findExecutable();
  const folder = await makeServiceFolder('redis');
  await lockFolder(folder);
  if (configuration !== null) await writeFile(join(folder, CONFIGURATION), configuration);
  for (let attempt = 1; ; attempt += 1) {
    const server = redisServer(
      executable,
      folder,
      await findFreePort(),
      configuration === null ? [] : [CONFIGURATION],
      flags,
    );
    try {
      await server.start();
      return server;
    } catch (error) {
      if (attempt === BIND_ATTEMPTS || !/Address already in use/.test(String(error))) {
        await server.dispose();
        throw error;
      }
    }
  }
}

function findExecutable(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'redis-server');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  throw new Error(INSTALL);
}

function redisServer(
  executable: string,
  folder: string,
  port: number,
  files: readonly string[],
  flags: readonly string[],
): RedisServer {
  let child: ChildProcess | null = null;
  let guard: Guard | null = null;

  const server: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    async start() {
      if (child !== null) return;
      const pidFile = join(folder, 'redis.pid');
      const args = [
        ...files,
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--pidfile', pidFile],
        ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', ...flags],
      ];
      const started = spawn(executable, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      const signals: NodeJS.Signals[] = ['SIGCONT', 'SIGTERM', 'SIGKILL'];
      const guarded = { pidFile, folder, signals, graceSeconds: 1, thenRemove: [folder] };
      const startedGuard = started.pid === undefined ? null : guardServer({ pid: started.pid, ...guarded });
      started.once('exit', () => startedGuard?.serverEnded());
      try {
        await becomesReady(started);
      } catch (error) {
        await startedGuard?.dismiss();
        throw error;
      }
      child = started;
      guard = startedGuard;
      started.unref();
    },
    async stop(signal = 'SIGTERM') {
      if (child === null) return;
      await end(child, signal);
      child = null;
      await guard?.dismiss();
    },
    async restart(signal) {
      await server.stop(signal);
      await server.start();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async dispose() {
      await server.stop('SIGKILL');
      await removeServiceFolder(folder);
    },
  };
  return server;
}

async function becomesReady(child: ChildProcess): Promise<void> {
  const output = child.stdout as NonNullable<ChildProcess['stdout']>;
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: output }).on('line', (line) => {
      if (lines.length < 50) lines.push(line);
      if (READY.test(line)) resolve();
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`redis-server did not start: ${lines.slice(-3).join('; ')}`)));
  });
  (output as { unref?: () => void }).unref?.();
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGCONT'); // a frozen process takes no other signal than SIGKILL
  child.kill(signal);
  await Promise.race([exited, sleep(2_000, undefined, { ref: false })]);
  child.kill('SIGKILL');
  await exited;
}
