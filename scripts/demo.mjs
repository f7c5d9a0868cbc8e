// The proof of concept in one command: starts Carillon and a small receiver, registers a few jobs, prints each call as it
// comes, and leaves everything up to play with until Ctrl-C.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..');
const DATA_DIR = process.env.DATA_DIR || '.carillon/demo'; // apart from what `npm start` keeps
const SKIPS_EVERY_MS = 1_000;
const colour = process.stdout.isTTY ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_code, text) => text;
const [RED, GREEN, YELLOW, FAINT] = [31, 32, 33, 2];

const receiver = createServer((request, response) => {
  const receivedAt = performance.timeOrigin + performance.now();
  request.resume();
  request.on('end', () => {
    const name = decodeURIComponent(String(request.headers['carillon-job-name']));
    const attempt = Number(request.headers['carillon-attempt']);
    const scheduledFor = String(request.headers['carillon-scheduled-for']);
    const status = name === 'demo-flaky' && attempt < 3 ? 503 : 200;
    // Slower than its schedule: the next occurrence comes while this run is still under way.
    const answerAfterMs = name === 'demo-slow' ? 7_000 : 0;
    const late = attempt === 1 ? `${(receivedAt - Date.parse(scheduledFor)).toFixed(1)} ms late` : `attempt ${attempt}`;
    const ends = answerAfterMs > 0 ? `answers ${status} in ${answerAfterMs / 1_000} s` : `answered ${status}`;
    show(receivedAt, status === 200 ? colour(GREEN, '●') : colour(RED, '✕'), { name, scheduledFor, late, ends });
    setTimeout(() => {
      response.statusCode = status;
      response.end(status === 200 ? 'ok' : 'not yet');
    }, answerAfterMs).unref();
  });
});

function show(at, mark, { name, scheduledFor, late, ends }) {
  const [time, due] = [new Date(at).toISOString(), scheduledFor].map((text) => text.slice(11, 23));
  console.log(`${time}  ${mark} ${name.padEnd(14)}  due ${due}  ${late.padStart(12)}  ${ends}`);
}

/** What was missed while the demo was away is skipped: its receiver was away too. */
const misfire = { policy: 'skip', grace: '5s' };

function jobs(url) {
  return [
    { name: 'demo-heartbeat', schedule: { type: 'interval', every: '2s' }, target: url, misfire },
    {
      name: 'demo-monday',
      schedule: { type: 'cron', expression: '0 9 * * MON', timeZone: 'Europe/Paris' },
      target: url,
    },
    {
      name: 'demo-flaky',
      description: 'Its target fails twice, then succeeds: one run, three attempts',
      schedule: { type: 'interval', every: '10s' },
      target: url,
      retry: { maxAttempts: 5, backoff: 'exponential', initialDelay: '1s' },
      misfire,
    },
    {
      name: 'demo-slow',
      description: 'Takes 7 s every 5 s: with overlap "skip" the occurrence in between is recorded as skipped',
      schedule: { type: 'interval', every: '5s' },
      target: url,
      overlap: 'skip',
      misfire,
    },
  ];
}

async function put(base, job) {
  const response = await fetch(`${base}/jobs/by-name/${encodeURIComponent(job.name)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`PUT ${job.name}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** A skipped occurrence reaches no receiver: the ledger tells of it. */
async function showSkips(base, jobId, from) {
  const shown = new Set();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SKIPS_EVERY_MS).unref());
    const answer = await fetch(`${base}/jobs/${jobId}/runs?state=skipped&limit=5&from=${from}`).catch(() => null);
    const runs = answer?.ok ? (await answer.json()).data : [];
    for (const { id, jobName: name, scheduledFor, reason, finishedAt } of runs.reverse()) {
      if (shown.has(id)) continue;
      shown.add(id);
      show(Date.parse(finishedAt), colour(YELLOW, '○'), { name, scheduledFor, late: '', ends: `skipped: ${reason}` });
    }
  }
}

async function run() {
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const hook = `http://127.0.0.1:${receiver.address().port}/`;
  const service = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs')], {
    cwd: ROOT,
    env: { LOG_LEVEL: 'warn', ...process.env, AUTH: 'open', DATA_DIR, LOG_FORMAT: 'text' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (!stopping) console.log('\nstopping: calls under way get up to 3 s');
      stopping = true;
      service.kill('SIGTERM');
    });
  }
  service.once('exit', (code) => {
    receiver.closeAllConnections();
    receiver.close();
    process.exitCode = stopping ? 0 : (code ?? 1);
  });

  const base = await listening(service);
  if (base === null) return;
  const from = new Date().toISOString();
  console.log('\nCarillon is up and registers the demo jobs:\n');
  const registered = new Map();
  for (const job of jobs(hook)) {
    const answer = await put(base, job);
    registered.set(answer.name, answer.id);
    console.log(`  ${answer.name.padEnd(14)}  ${answer.scheduleText}; next ${answer.nextRunAt}`);
  }
  console.log(`\n  ${base}/docs   the API, to try in the browser`);
  console.log(`  curl -s '${base}/runs?limit=5'   what the ledger says`);
  console.log(`\nEach call as it comes; Ctrl-C ends everything (the jobs and their runs are kept):\n`);
  void showSkips(base, registered.get('demo-slow'), from);
}

/** The URL that the service says it listens on; null when it ended before. Of the rest, its log is passed on. */
function listening(service) {
  return new Promise((resolve) => {
    createInterface({ input: service.stdout }).on('line', (line) => {
      const url = /listening.*?(http:\/\/[\w.:[\]]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      else if (/^\d\d:\d\d:\d\d/.test(line)) console.log(colour(FAINT, line));
    });
    service.once('exit', () => resolve(null));
  });
}

await run();
