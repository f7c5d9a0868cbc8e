import { spawn } from 'node:child_process';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';

const ROOT = join(import.meta.dirname, '..', '..');
const WORK = join(ROOT, '.bench');

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Everything a benchmark starts; `stop` ends it whatever happened. */
export class Stage {
  #stops = [];

  /** A Postgres of our own with the settings of `npm start` (fsync on), its data thrown away at the end. */
  async postgres() {
    const { startEmbeddedPostgres } = await import('../../dist/platform/embedded-postgres.js');
    const dataDir = join(WORK, `${process.pid}-${this.#stops.length}`);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const server = await startEmbeddedPostgres({ dataDir, log: () => undefined });
    this.onStop(async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    });
    await migrate(server.url);
    return server.url;
  }

  /** Another database of the same server, with our schema in it unless `empty`. */
  async database(serverUrl, name, { empty = false } = {}) {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    if (!empty) await migrate(url.href);
    return url.href;
  }

  /** A redis-server of our own on a free port, or the one of TEST_REDIS_URL. */
  async redis() {
    if (process.env.TEST_REDIS_URL) return process.env.TEST_REDIS_URL;
    const port = await freePort();
    const child = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.onStop(() => end(child, 'SIGTERM'));
    await lineWith(child, /Ready to accept connections/);
    return `redis://127.0.0.1:${port}`;
  }

  /** The built service as its own process; resolves when it listens. */
  async service(env) {
    const startedMs = performance.now();
    // BENCH_NODE_FLAGS: for profiling, e.g. --cpu-prof --cpu-prof-dir=…
    const flags = ['--max-semi-space-size=64', ...(process.env.BENCH_NODE_FLAGS?.split(' ').filter(Boolean) ?? [])];
    const child = spawn(process.execPath, [...flags, join(ROOT, 'dist', 'main.js')], {
      cwd: ROOT,
      env: {
        ...process.env,
        PORT: '0',
        AUTH: 'open',
        RATE_LIMIT: 'off',
        LOG_LEVEL: 'info',
        LOG_FORMAT: 'json',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const service = {
      child,
      url: '',
      readyMs: 0,
      stop: () => end(child, 'SIGTERM'),
      kill: () => end(child, 'SIGKILL'),
    };
    this.onStop(service.stop);
    const line = await lineWith(child, /listening.*http:\/\/[\d.:]+/, process.env.BENCH_LOG === '1');
    service.url = /http:\/\/[\d.]+:\d+/.exec(line)[0];
    service.readyMs = performance.now() - startedMs;
    return service;
  }

  /** A pool for seeding and for checking the ledger. */
  pool(url) {
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    pool.on('error', () => undefined); // a connection that Postgres ends at our end, while the pool is closing
    this.onStop(() => pool.end());
    return pool;
  }

  onStop(stop) {
    this.#stops.push(stop);
  }

  async stop() {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch((error) => console.error(String(error)));
    await rmdir(WORK).catch(() => undefined); // another benchmark may have its data there
  }
}

async function migrate(url) {
  const migrations = await import('../../dist/persistence/migrate.js');
  await migrations.migrate(url);
}

/** Runs a benchmark on a stage that is cleared away on every way out, Ctrl-C included. */
export async function onStage(run) {
  const stage = new Stage();
  const leave = () => void stage.stop().then(() => process.exit(130));
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  try {
    await run(stage);
  } finally {
    await stage.stop();
    process.removeListener('SIGINT', leave);
    process.removeListener('SIGTERM', leave);
  }
}

function lineWith(child, pattern, show = false) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (show) console.error(line);
      if (!pattern.test(line)) return;
      resolve(line);
      if (show) return;
      // From here on its log is thrown away unread, which costs next to nothing.
      lines.close();
      child.stdout.resume();
    });
    child.once('exit', (code) => reject(new Error(`the process ended with code ${code} before it was ready`)));
  });
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** Resolves when `condition` holds; throws with `what` after `limitMs`. */
export async function until(condition, limitMs, what) {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > endsAt) throw new Error(`gave up after ${limitMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
