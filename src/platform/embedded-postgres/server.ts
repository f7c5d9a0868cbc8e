import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from './cluster.js';
import type { ClusterAccess } from './cluster.js';
import { findFreePort } from './free-port.js';
import type { Guard } from './guard.js';

const READY = 'database system is ready to accept connections';
const TAIL_LINES = 30;
const BIND_ATTEMPTS = 5;
const LINGERING_PATIENCE_MS = 5_000;
/** Recovery after a crash replays the log and may take its time; silence for longer than this is a failure. */
const READY_PATIENCE_MS = 120_000;

/**
 * Given on every start rather than written into the cluster once, so that a newer Carillon brings its own. `fsync`,
 * `full_page_writes` and `synchronous_commit` are spelled out because what Carillon acknowledged must survive.
 */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // none: no path too long, nothing left behind in /tmp
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '128MB',
  dynamic_shared_memory_type: 'mmap', // inside the cluster: a killed server leaves nothing in /dev/shm
  io_method: 'sync', // three processes fewer, no loss at this size
  jit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  log_min_messages: 'log', // failed statements are the caller's to report, and may hold users' data
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

export interface ServerOptions {
  postgres: string;
  access: ClusterAccess;
  flags: string[];
  guard: (pid: number) => Guard;
}

export interface Server {
  process: ChildProcess;
  port: number;
  exited: Promise<number | null>;
  guard: Guard;
  /** Passes on what the server has to say about itself; before this its words go into the error, if there is one. */
  reportTo(log: (line: string) => void): void;
}

/** The server wrote this before it ended by itself, instead of becoming ready. */
export class ServerDied extends Error {
  override readonly name = 'ServerDied';
}

export async function launchServer(options: ServerOptions): Promise<Server> {
  const lingeringUntil = performance.now() + LINGERING_PATIENCE_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launchOnce(options, await findFreePort());
    } catch (error) {
      if (!(error instanceof ServerDied)) throw error;
      const portTaken = /Address already in use/.test(error.message) && attempt < BIND_ATTEMPTS;
      // Children of a server that was killed go by themselves, but not in the same instant.
      const lingering = /pre-existing shared memory block/.test(error.message) && performance.now() < lingeringUntil;
      if (!portTaken && !lingering) throw error;
      if (lingering) await sleep(100);
    }
  }
}

async function launchOnce(options: ServerOptions, port: number): Promise<Server> {
  const { postgres, access, flags } = options;
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(postgres, ['-D', access.dataArgument, '-p', String(port), ...settings, ...flags], {
    ...access.account,
    cwd: access.cwd,
    env: serverEnvironment(),
    detached: true, // Ctrl-C in a terminal is for Carillon, which stops Postgres last
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stderr = child.stderr as Socket;
  const tail: string[] = [];
  let report: (line: string) => void = () => undefined;
  const lines = createInterface({ input: stderr }).on('line', (line) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    if (isAlarming(line)) report(`embedded Postgres: ${line}`);
  });
  child.once('error', (error) => tail.push(error.message)); // it could not be spawned at all

  const { pid } = child;
  const guard = pid === undefined ? null : options.guard(pid);
  if (guard !== null) void exited.then(() => guard.serverEnded());
  const ready = await becomesReady(child, lines);
  if (!ready || pid === undefined || guard === null) {
    child.kill('SIGKILL');
    await guard?.dismiss();
    const lastWords = tail.find((line) => /FATAL|PANIC/.test(line)) ?? tail.at(-1) ?? 'it said nothing';
    throw new ServerDied(lastWords.replace(/^[A-Z]+: +/, '').replaceAll(access.dataArgument, access.cwd));
  }
  child.unref();
  stderr.unref();
  return { process: child, port, guard, exited, reportTo: (log) => (report = log) };
}

async function becomesReady(child: ChildProcess, lines: Interface): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), READY_PATIENCE_MS);
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      resolve(ready);
    };
    lines.on('line', (line) => {
      timer.refresh();
      if (line.includes(READY)) settle(true);
    });
    child.once('error', () => settle(false));
    child.once('close', () => settle(false)); // after its last line was read
  });
}

function isAlarming(line: string): boolean {
  return /^(FATAL|PANIC)|was terminated by signal/.test(line);
}

/** Fast, then immediate, then by force: within 3 s in all. Immediate is safe, it costs a replay at the next start. */
export async function stopServer(server: Server): Promise<void> {
  server.reportTo(() => undefined); // the last words of its sessions are expected
  server.process.ref();
  for (const [signal, patienceMs] of [
    ['SIGINT', 2_000],
    ['SIGQUIT', 700],
    ['SIGKILL', 300],
  ] as const) {
    if (server.process.exitCode !== null || server.process.signalCode !== null) return;
    server.process.kill(signal);
    // The child keeps the process alive while it runs; the timer must not do so afterwards.
    await Promise.race([server.exited, sleep(patienceMs, undefined, { ref: false })]);
  }
}
