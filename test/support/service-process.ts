import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/platform/embedded-postgres/free-port.js';
import { guardServer } from '../../src/platform/embedded-postgres/guard.js';
import { PROJECT_ROOT } from './project-root.js';
import { makeServiceFolder, removeServiceFolder } from './service-folder.js';

export interface ServiceOptions {
  /** Added to a clean environment, open to all: nothing of the test's own leaks in but PATH, HOME and TZ. */
  env?: Record<string, string>;
  /** Of node. Default: --enable-source-maps. */
  flags?: readonly string[];
  /** Default: dist/main.js of the project. */
  script?: string;
  timeoutMs?: number;
}

export interface ServiceEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServiceProcess {
  url: string;
  port: number;
  pid: number;
  /** What it printed to stdout and stderr, line by line. */
  lines: string[];
  exited: Promise<ServiceEnd>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM and, after the patience, SIGKILL; answers how it ended. */
  stop(patienceMs?: number): Promise<ServiceEnd>;
}

/** A port that was free before the service came to listen may be somebody's by then. */
const PORTS_TRIED = 3;

/** Starts the built service and answers when it listens. It ends with the test's process, however that ends. */
export async function startService(options: ServiceOptions = {}): Promise<ServiceProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      const isTaken = options.env?.['PORT'] === undefined && String(error).includes('is in use: set PORT to another');
      if (!isTaken || tries === PORTS_TRIED) throw error;
    }
  }
}

async function startOnce(options: ServiceOptions): Promise<ServiceProcess> {
  const script = options.script ?? join(PROJECT_ROOT, 'dist/main.js');
  if (!existsSync(script)) throw new Error(`${script} does not exist; run \`npm run build\` before these tests`);
  const folder = await makeServiceFolder('service');
  const port = Number(options.env?.['PORT'] ?? (await findFreePort()));
  const child = spawn(process.execPath, [...(options.flags ?? ['--enable-source-maps']), script], {
    cwd: folder,
    env: {
      ...inherited(),
      HOST: '127.0.0.1',
      AUTH: 'open',
      DATA_DIR: join(folder, 'data'),
      ...options.env,
      PORT: String(port),
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = once(child, 'exit').then(([code, signal]): ServiceEnd => ({ code, signal }));
  const pid = child.pid as number;
  await writeFile(join(folder, 'pid'), `${pid}\n`);
  const signals: NodeJS.Signals[] = ['SIGCONT', 'SIGKILL'];
  const guard = guardServer({ pid, pidFile: 'pid', folder, signals, graceSeconds: 1, thenRemove: [folder] });
  const cleaned = exited.then(async () => {
    await guard.dismiss();
    await removeServiceFolder(folder);
  });

  const stop = async (patienceMs = 10_000) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await Promise.race([exited, sleep(patienceMs, undefined, { ref: false })]);
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await cleaned;
    return exited;
  };

  try {
    await listening(child.stdout, child.stderr, lines, exited, options.timeoutMs ?? 60_000);
  } catch (error) {
    await stop(1_000);
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, port, pid, lines, exited, kill: (signal) => child.kill(signal), stop };
}

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TZ', 'NODE_OPTIONS'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function listening(
  stdout: NodeJS.ReadableStream,
  stderr: NodeJS.ReadableStream,
  lines: string[],
  exited: Promise<ServiceEnd>,
  timeoutMs: number,
): Promise<void> {
  const failure = (what: string) => new Error(`the service ${what}; it printed:\n${lines.slice(-30).join('\n')}`);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(failure(`did not listen within ${timeoutMs} ms`)), timeoutMs);
      for (const input of [stdout, stderr]) {
        createInterface({ input }).on('line', (line) => {
          lines.push(line);
          if (/\blistening\b/i.test(line)) resolve();
        });
        (input as Socket).unref();
      }
      void exited.then(({ code, signal }) => reject(failure(`ended at start (${signal ?? `exit code ${code}`})`)));
    });
  } finally {
    clearTimeout(timer);
  }
}
