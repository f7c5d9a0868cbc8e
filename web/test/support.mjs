// What the tests of the dashboard and the screenshots need: the built service on a free port, and a browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '../..');
const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findBrowser() {
  return BROWSERS.find((path) => path !== undefined && existsSync(path));
}

export function launchBrowser() {
  return chromium.launch({
    executablePath: findBrowser(),
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

/** A page whose errors fail the test: what was thrown, and what the policy refused. Closed by `closePage`. */
export async function openPage(browser, address, options = {}) {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Europe/Paris',
    ...options,
  });
  page.setDefaultTimeout(15_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused/.test(message.text()))
      page.faults.push(message.text());
  });
  await page.goto(address);
  return page;
}

export async function closePage(page) {
  assert.deepEqual(page.faults, []);
  await page.close();
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The service with a Postgres of its own, in a folder that goes with it. `stop` and `start` may follow each other. */
export async function startService(env = {}) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'carillon-web-'));
  const url = `http://127.0.0.1:${port}`;
  let child;
  const start = async () => {
    child = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs')], {
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'warn', RATE_LIMIT: 'off' },
        ...{ PORT: String(port), DATA_DIR: folder, SHUTDOWN_TIMEOUT: '2s', ...env },
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    // A busy machine takes its time; one that never gets ready must not outlive the test.
    const ready = until(async () => (await fetch(`${url}/health/ready`)).ok, 120_000);
    await ready.catch(async (error) => {
      await stop();
      throw error;
    });
  };
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  await start();
  return {
    url,
    start,
    stop,
    databaseUrl: () => databaseUrl(join(folder, 'postgres')),
    api: (method, path, body, headers = {}) => callApi(url, method, path, body, headers),
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of the Postgres that the service brought along: its password and port stand beside its data. */
function databaseUrl(cluster) {
  const password = readFileSync(join(cluster, 'carillon.password'), 'utf8').trim();
  const port = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://carillon:${password}@127.0.0.1:${port}/carillon`;
}

async function callApi(url, method, path, body, headers) {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Waits for a condition, never for a time. */
export async function until(condition, timeoutMs = 15_000) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await delay(50);
  }
}
